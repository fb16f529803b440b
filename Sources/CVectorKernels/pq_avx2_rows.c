// SPDX-License-Identifier: Apache-2.0

// Distances of single product-quantised rows with AVX2 and FMA; the AVX-512 levels use them too.
//
// A row costs a code byte and a code word from somewhere in the codebook for each sub-vector. Waiting for those is what
// takes the time, so four rows go together, each with a sum of its own, which is the same without the other rows.

#if defined(__x86_64__)

#include <immintrin.h>

#include "kernels.h"

#define AVX2 __attribute__((target("avx2,fma")))
#define INLINE static inline __attribute__((always_inline))

#define LANES 8
#define TOGETHER 4

struct rows {
    const float *vector, *codebook;
    size_t sub_vectors, width;
    const uint8_t *codes;
    size_t stride;
};

enum metric { L2, DOT };

AVX2 INLINE __m256 add(__m256 sum, __m256 a, __m256 b, enum metric metric) {
    if (metric == DOT) return _mm256_fmadd_ps(a, b, sum);
    __m256 difference = _mm256_sub_ps(a, b);
    return _mm256_fmadd_ps(difference, difference, sum);
}

AVX2 INLINE float total(__m256 eight) {
    __m128 four = _mm_add_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1));
    __m128 two = _mm_add_ps(four, _mm_movehl_ps(four, four));
    return _mm_cvtss_f32(_mm_add_ss(two, _mm_movehdup_ps(two)));
}

// A word's components beyond the last whole register come under a mask, which leaves what lies behind them untouched.
AVX2 INLINE void some_rows(
    const struct rows *rows, const uint32_t *numbers, size_t count, float *out, uint32_t bits, enum metric metric) {
    size_t whole = rows->width / LANES * LANES;
    __m256i rest = _mm256_cmpgt_epi32(
        _mm256_set1_epi32((int)(rows->width - whole)), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
    const float *vector = rows->vector, *codebook = rows->codebook;
    __m256 sums[TOGETHER];
    for (size_t i = 0; i < count; i++) sums[i] = _mm256_setzero_ps();
    for (size_t j = 0; j < rows->sub_vectors; j++) {
        const uint8_t *column = rows->codes + (bits == 4 ? j / 2 : j) * rows->stride;
        const float *words[TOGETHER];
        for (size_t i = 0; i < count; i++) {
            size_t code = column[numbers[i]];
            if (bits == 4) code = code >> (j % 2 * 4) & 15;
            words[i] = codebook + code * rows->width;
        }
        for (size_t d = 0; d < whole; d += LANES) {
            __m256 components = _mm256_loadu_ps(vector + d);
            for (size_t i = 0; i < count; i++)
                sums[i] = add(sums[i], components, _mm256_loadu_ps(words[i] + d), metric);
        }
        if (whole < rows->width) {
            __m256 components = _mm256_maskload_ps(vector + whole, rest);
            for (size_t i = 0; i < count; i++)
                sums[i] = add(sums[i], components, _mm256_maskload_ps(words[i] + whole, rest), metric);
        }
        vector += rows->width;
        codebook += ((size_t)1 << bits) * rows->width;
    }
    for (size_t i = 0; i < count; i++) out[i] = total(sums[i]);
}

AVX2 INLINE void all_rows(
    const struct rows *rows, const uint32_t *numbers, size_t count, float *out, uint32_t bits, enum metric metric) {
    size_t i = 0;
    for (; i + TOGETHER <= count; i += TOGETHER) some_rows(rows, numbers + i, TOGETHER, out + i, bits, metric);
    for (; i < count; i++) some_rows(rows, numbers + i, 1, out + i, bits, metric);
}

AVX2 void vk_avx2_pq_l2_rows(
    const float *vector, const float *codebook, size_t sub_vectors, size_t width, uint32_t bits, const uint8_t *codes,
    size_t stride, const uint32_t *rows, size_t count, float *distances) {
    struct rows all = {vector, codebook, sub_vectors, width, codes, stride};
    if (bits == 4)
        all_rows(&all, rows, count, distances, 4, L2);
    else
        all_rows(&all, rows, count, distances, 8, L2);
}

AVX2 void vk_avx2_pq_dot_rows(
    const float *vector, const float *codebook, size_t sub_vectors, size_t width, uint32_t bits, const uint8_t *codes,
    size_t stride, const uint32_t *rows, size_t count, float *dots) {
    struct rows all = {vector, codebook, sub_vectors, width, codes, stride};
    if (bits == 4)
        all_rows(&all, rows, count, dots, 4, DOT);
    else
        all_rows(&all, rows, count, dots, 8, DOT);
}

#else

// A file of C must declare something.
typedef int vk_no_pq_avx2_rows;

#endif
