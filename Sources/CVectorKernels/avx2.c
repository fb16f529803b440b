// SPDX-License-Identifier: Apache-2.0

// x86-64 with AVX2 and FMA: eight floats a register. The AVX-512 level uses these functions too.
//
// Four running sums per result hide the latency of the multiply-add (4 cycles, two a cycle on most cores).
// A step takes 32 floats; the rest goes to the first sum in eights, the last of them under a mask. A masked load does
// not touch the lanes that are off, so nothing is read past the row, and 0 * 0 adds nothing to the sum.

#if defined(__x86_64__)

#include <immintrin.h>

#include "kernels.h"

// Only the functions so marked may use the instructions; the rest of the program runs on any x86-64.
#define AVX2 __attribute__((target("avx2,fma")))

#define LANES 8
#define STEP (4 * LANES)

struct sums {
    __m256 s0, s1, s2, s3;
};

AVX2 static inline struct sums no_sums(void) {
    __m256 zero = _mm256_setzero_ps();
    return (struct sums){zero, zero, zero, zero};
}

AVX2 static inline float total(struct sums s) {
    __m256 eight = _mm256_add_ps(_mm256_add_ps(s.s0, s.s1), _mm256_add_ps(s.s2, s.s3));
    __m128 four = _mm_add_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1));
    __m128 two = _mm_add_ps(four, _mm_movehl_ps(four, four));
    return _mm_cvtss_f32(_mm_add_ss(two, _mm_movehdup_ps(two)));
}

// The lanes of a load that begins `left` > 0 floats before the end of a row: a lane is on where its top bit is set.
AVX2 static inline __m256i lanes_left(size_t left) {
    __m256i lane = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
    return _mm256_cmpgt_epi32(_mm256_set1_epi32(left < LANES ? (int)left : LANES), lane);
}

AVX2 float vk_avx2_dot(const float *a, const float *b, size_t n) {
    struct sums s = no_sums();
    size_t i = 0;
    for (; i + STEP <= n; i += STEP) {
        s.s0 = _mm256_fmadd_ps(_mm256_loadu_ps(a + i), _mm256_loadu_ps(b + i), s.s0);
        s.s1 = _mm256_fmadd_ps(_mm256_loadu_ps(a + i + 8), _mm256_loadu_ps(b + i + 8), s.s1);
        s.s2 = _mm256_fmadd_ps(_mm256_loadu_ps(a + i + 16), _mm256_loadu_ps(b + i + 16), s.s2);
        s.s3 = _mm256_fmadd_ps(_mm256_loadu_ps(a + i + 24), _mm256_loadu_ps(b + i + 24), s.s3);
    }
    for (; i < n; i += LANES) {
        __m256i mask = lanes_left(n - i);
        s.s0 = _mm256_fmadd_ps(_mm256_maskload_ps(a + i, mask), _mm256_maskload_ps(b + i, mask), s.s0);
    }
    return total(s);
}

AVX2 static inline __m256 add_square(__m256 a, __m256 b, __m256 sum) {
    __m256 difference = _mm256_sub_ps(a, b);
    return _mm256_fmadd_ps(difference, difference, sum);
}

AVX2 float vk_avx2_l2(const float *a, const float *b, size_t n) {
    struct sums s = no_sums();
    size_t i = 0;
    for (; i + STEP <= n; i += STEP) {
        s.s0 = add_square(_mm256_loadu_ps(a + i), _mm256_loadu_ps(b + i), s.s0);
        s.s1 = add_square(_mm256_loadu_ps(a + i + 8), _mm256_loadu_ps(b + i + 8), s.s1);
        s.s2 = add_square(_mm256_loadu_ps(a + i + 16), _mm256_loadu_ps(b + i + 16), s.s2);
        s.s3 = add_square(_mm256_loadu_ps(a + i + 24), _mm256_loadu_ps(b + i + 24), s.s3);
    }
    for (; i < n; i += LANES) {
        __m256i mask = lanes_left(n - i);
        s.s0 = add_square(_mm256_maskload_ps(a + i, mask), _mm256_maskload_ps(b + i, mask), s.s0);
    }
    return total(s);
}

AVX2 float vk_avx2_norm(const float *a, size_t n) { return vk_avx2_dot(a, a, n); }

// Both results in the order of `vk_avx2_dot`, so that they have its bits.
AVX2 static inline void dot_norm(const float *query, const float *row, size_t n, float *dot_out, float *norm_out) {
    struct sums d = no_sums();
    struct sums s = no_sums();
    size_t i = 0;
    for (; i + STEP <= n; i += STEP) {
        __m256 x0 = _mm256_loadu_ps(row + i);
        __m256 x1 = _mm256_loadu_ps(row + i + 8);
        __m256 x2 = _mm256_loadu_ps(row + i + 16);
        __m256 x3 = _mm256_loadu_ps(row + i + 24);
        d.s0 = _mm256_fmadd_ps(_mm256_loadu_ps(query + i), x0, d.s0);
        d.s1 = _mm256_fmadd_ps(_mm256_loadu_ps(query + i + 8), x1, d.s1);
        d.s2 = _mm256_fmadd_ps(_mm256_loadu_ps(query + i + 16), x2, d.s2);
        d.s3 = _mm256_fmadd_ps(_mm256_loadu_ps(query + i + 24), x3, d.s3);
        s.s0 = _mm256_fmadd_ps(x0, x0, s.s0);
        s.s1 = _mm256_fmadd_ps(x1, x1, s.s1);
        s.s2 = _mm256_fmadd_ps(x2, x2, s.s2);
        s.s3 = _mm256_fmadd_ps(x3, x3, s.s3);
    }
    for (; i < n; i += LANES) {
        __m256i mask = lanes_left(n - i);
        __m256 x = _mm256_maskload_ps(row + i, mask);
        d.s0 = _mm256_fmadd_ps(_mm256_maskload_ps(query + i, mask), x, d.s0);
        s.s0 = _mm256_fmadd_ps(x, x, s.s0);
    }
    *dot_out = total(d);
    *norm_out = total(s);
}

AVX2 void vk_avx2_dot_rows(const float *query, const float *rows, size_t count, size_t dims, float *dots) {
    for (size_t i = 0; i < count; i++) dots[i] = vk_avx2_dot(query, rows + i * dims, dims);
}

AVX2 void vk_avx2_l2_rows(const float *query, const float *rows, size_t count, size_t dims, float *distances) {
    for (size_t i = 0; i < count; i++) distances[i] = vk_avx2_l2(query, rows + i * dims, dims);
}

AVX2 void vk_avx2_dot_norm_rows(
    const float *query, const float *rows, size_t count, size_t dims, float *dots, float *norms) {
    for (size_t i = 0; i < count; i++) dot_norm(query, rows + i * dims, dims, dots + i, norms + i);
}

const struct vk_kernels vk_kernels_avx2 = {
    .level = VK_LEVEL_AVX2,
    .dot = vk_avx2_dot,
    .l2 = vk_avx2_l2,
    .norm = vk_avx2_norm,
    .dot_rows = vk_avx2_dot_rows,
    .l2_rows = vk_avx2_l2_rows,
    .dot_norm_rows = vk_avx2_dot_norm_rows,
    .pq_dot_table = vk_avx2_pq_dot_table,
    .pq_quantize = vk_avx2_pq_quantize,
    .pq_select_8 = vk_avx2_pq_select_8,
    .pq_select_4 = vk_avx2_pq_select_4,
    .pq_sum_8 = vk_scalar_pq_sum_8,
    .pq_sum_4 = vk_scalar_pq_sum_4,
    .pq_l2_rows = vk_avx2_pq_l2_rows,
    .pq_dot_rows = vk_avx2_pq_dot_rows,
    .pq_choose = vk_avx2_pq_choose,
    .assign = vk_avx2_assign,
    .fixed_dot_panels = vk_avx2_fixed_dot_panels,
};

#else

// A file of C must declare something.
typedef int vk_no_avx2;

#endif
