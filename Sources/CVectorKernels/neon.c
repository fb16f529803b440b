// SPDX-License-Identifier: Apache-2.0

// 64-bit ARM: four floats a register.
//
// Four running sums per result hide the latency of the multiply-add. A step takes 16 floats; the rest goes to the first
// sum in fours, the last of them from a copy padded with zeros, because NEON has no masked loads: nothing is read past
// the row, and 0 * 0 adds nothing to the sum.

#if defined(__aarch64__)

#include <arm_neon.h>
#include <string.h>

#include "kernels.h"

#define LANES 4
#define STEP (4 * LANES)

struct sums {
    float32x4_t s0, s1, s2, s3;
};

static inline struct sums no_sums(void) {
    float32x4_t zero = vdupq_n_f32(0);
    return (struct sums){zero, zero, zero, zero};
}

static inline float total(struct sums s) {
    return vaddvq_f32(vaddq_f32(vaddq_f32(s.s0, s.s1), vaddq_f32(s.s2, s.s3)));
}

// Four floats, or the `left` > 0 that are there and zeros.
static inline float32x4_t load_left(const float *a, size_t left) {
    if (left >= LANES) return vld1q_f32(a);
    float padded[LANES] = {0};
    memcpy(padded, a, left * sizeof(float));
    return vld1q_f32(padded);
}

static float dot(const float *a, const float *b, size_t n) {
    struct sums s = no_sums();
    size_t i = 0;
    for (; i + STEP <= n; i += STEP) {
        s.s0 = vfmaq_f32(s.s0, vld1q_f32(a + i), vld1q_f32(b + i));
        s.s1 = vfmaq_f32(s.s1, vld1q_f32(a + i + 4), vld1q_f32(b + i + 4));
        s.s2 = vfmaq_f32(s.s2, vld1q_f32(a + i + 8), vld1q_f32(b + i + 8));
        s.s3 = vfmaq_f32(s.s3, vld1q_f32(a + i + 12), vld1q_f32(b + i + 12));
    }
    for (; i < n; i += LANES) s.s0 = vfmaq_f32(s.s0, load_left(a + i, n - i), load_left(b + i, n - i));
    return total(s);
}

static inline float32x4_t add_square(float32x4_t sum, float32x4_t a, float32x4_t b) {
    float32x4_t difference = vsubq_f32(a, b);
    return vfmaq_f32(sum, difference, difference);
}

static float l2(const float *a, const float *b, size_t n) {
    struct sums s = no_sums();
    size_t i = 0;
    for (; i + STEP <= n; i += STEP) {
        s.s0 = add_square(s.s0, vld1q_f32(a + i), vld1q_f32(b + i));
        s.s1 = add_square(s.s1, vld1q_f32(a + i + 4), vld1q_f32(b + i + 4));
        s.s2 = add_square(s.s2, vld1q_f32(a + i + 8), vld1q_f32(b + i + 8));
        s.s3 = add_square(s.s3, vld1q_f32(a + i + 12), vld1q_f32(b + i + 12));
    }
    for (; i < n; i += LANES) s.s0 = add_square(s.s0, load_left(a + i, n - i), load_left(b + i, n - i));
    return total(s);
}

static float norm(const float *a, size_t n) { return dot(a, a, n); }

// Both results in the order of `dot`, so that they have its bits.
static inline void dot_norm(const float *query, const float *row, size_t n, float *dot_out, float *norm_out) {
    struct sums d = no_sums();
    struct sums s = no_sums();
    size_t i = 0;
    for (; i + STEP <= n; i += STEP) {
        float32x4_t x0 = vld1q_f32(row + i);
        float32x4_t x1 = vld1q_f32(row + i + 4);
        float32x4_t x2 = vld1q_f32(row + i + 8);
        float32x4_t x3 = vld1q_f32(row + i + 12);
        d.s0 = vfmaq_f32(d.s0, vld1q_f32(query + i), x0);
        d.s1 = vfmaq_f32(d.s1, vld1q_f32(query + i + 4), x1);
        d.s2 = vfmaq_f32(d.s2, vld1q_f32(query + i + 8), x2);
        d.s3 = vfmaq_f32(d.s3, vld1q_f32(query + i + 12), x3);
        s.s0 = vfmaq_f32(s.s0, x0, x0);
        s.s1 = vfmaq_f32(s.s1, x1, x1);
        s.s2 = vfmaq_f32(s.s2, x2, x2);
        s.s3 = vfmaq_f32(s.s3, x3, x3);
    }
    for (; i < n; i += LANES) {
        float32x4_t x = load_left(row + i, n - i);
        d.s0 = vfmaq_f32(d.s0, load_left(query + i, n - i), x);
        s.s0 = vfmaq_f32(s.s0, x, x);
    }
    *dot_out = total(d);
    *norm_out = total(s);
}

static void dot_rows(const float *query, const float *rows, size_t count, size_t dims, float *dots) {
    for (size_t i = 0; i < count; i++) dots[i] = dot(query, rows + i * dims, dims);
}

static void l2_rows(const float *query, const float *rows, size_t count, size_t dims, float *distances) {
    for (size_t i = 0; i < count; i++) distances[i] = l2(query, rows + i * dims, dims);
}

static void dot_norm_rows(
    const float *query, const float *rows, size_t count, size_t dims, float *dots, float *norms) {
    for (size_t i = 0; i < count; i++) dot_norm(query, rows + i * dims, dims, dots + i, norms + i);
}

const struct vk_kernels vk_kernels_neon = {
    .level = VK_LEVEL_NEON,
    .dot = dot,
    .l2 = l2,
    .norm = norm,
    .dot_rows = dot_rows,
    .l2_rows = l2_rows,
    .dot_norm_rows = dot_norm_rows,
    .pq_dot_table = vk_neon_pq_dot_table,
    .pq_quantize = vk_neon_pq_quantize,
    .pq_select_8 = vk_neon_pq_select_8,
    .pq_select_4 = vk_neon_pq_select_4,
    .pq_sum_8 = vk_scalar_pq_sum_8,
    .pq_sum_4 = vk_scalar_pq_sum_4,
    .pq_l2_rows = vk_neon_pq_l2_rows,
    .pq_dot_rows = vk_neon_pq_dot_rows,
    .pq_choose = vk_neon_pq_choose,
    .assign = vk_neon_assign,
    .fixed_dot_panels = vk_neon_fixed_dot_panels,
};

#else

// A file of C must declare something.
typedef int vk_no_neon;

#endif
