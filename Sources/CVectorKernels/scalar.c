// SPDX-License-Identifier: Apache-2.0

// Plain C for every processor.
//
// Eight running sums instead of one: the additions do not wait for each other, and the compiler may keep the sums in
// vector registers without changing the order of a single addition, which it must not do on its own.

#include <string.h>

#include "kernels.h"

// A compiler may fuse a multiplication and an addition where the processor can, and need not decide alike in each
// function; then a row's distance would depend on which of them computed it.
#if defined(__clang__)
#pragma STDC FP_CONTRACT OFF
#elif defined(__GNUC__)
#pragma GCC optimize("fp-contract=off")
#endif

#define LANES 8

// a[i] at an address that need not be a multiple of four; compilers make a plain load of it.
static inline float at(const float *a, size_t i) {
    float value;
    memcpy(&value, a + i, sizeof value);
    return value;
}

static inline float square_of_difference(float a, float b) { return (a - b) * (a - b); }

static float sum_of(const float s[LANES]) {
    return ((s[0] + s[4]) + (s[2] + s[6])) + ((s[1] + s[5]) + (s[3] + s[7]));
}

static float dot(const float *a, const float *b, size_t n) {
    float sums[LANES] = {0};
    size_t i = 0;
    for (; i + LANES <= n; i += LANES)
        for (size_t lane = 0; lane < LANES; lane++) sums[lane] += at(a, i + lane) * at(b, i + lane);
    for (size_t lane = 0; i + lane < n; lane++) sums[lane] += at(a, i + lane) * at(b, i + lane);
    return sum_of(sums);
}

static float l2(const float *a, const float *b, size_t n) {
    float sums[LANES] = {0};
    size_t i = 0;
    for (; i + LANES <= n; i += LANES)
        for (size_t lane = 0; lane < LANES; lane++)
            sums[lane] += square_of_difference(at(a, i + lane), at(b, i + lane));
    for (size_t lane = 0; i + lane < n; lane++)
        sums[lane] += square_of_difference(at(a, i + lane), at(b, i + lane));
    return sum_of(sums);
}

static float norm(const float *a, size_t n) { return dot(a, a, n); }

// Both results in the order of `dot`, so that they have its bits.
static void dot_norm(const float *query, const float *row, size_t n, float *dot_out, float *norm_out) {
    float dots[LANES] = {0};
    float squares[LANES] = {0};
    size_t i = 0;
    for (; i + LANES <= n; i += LANES)
        for (size_t lane = 0; lane < LANES; lane++) {
            float x = at(row, i + lane);
            dots[lane] += at(query, i + lane) * x;
            squares[lane] += x * x;
        }
    for (size_t lane = 0; i + lane < n; lane++) {
        float x = at(row, i + lane);
        dots[lane] += at(query, i + lane) * x;
        squares[lane] += x * x;
    }
    *dot_out = sum_of(dots);
    *norm_out = sum_of(squares);
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

const struct vk_kernels vk_kernels_scalar = {
    .level = VK_LEVEL_SCALAR,
    .dot = dot,
    .l2 = l2,
    .norm = norm,
    .dot_rows = dot_rows,
    .l2_rows = l2_rows,
    .dot_norm_rows = dot_norm_rows,
    .pq_dot_table = vk_scalar_pq_dot_table,
    .pq_quantize = vk_scalar_pq_quantize,
    .pq_select_8 = vk_scalar_pq_select_8,
    .pq_select_4 = vk_scalar_pq_select_4,
    .pq_sum_8 = vk_scalar_pq_sum_8,
    .pq_sum_4 = vk_scalar_pq_sum_4,
    .pq_l2_rows = vk_scalar_pq_l2_rows,
    .pq_dot_rows = vk_scalar_pq_dot_rows,
    .pq_choose = vk_scalar_pq_choose,
    .assign = vk_scalar_assign,
    .fixed_dot_panels = vk_scalar_fixed_dot_panels,
};
