// SPDX-License-Identifier: Apache-2.0

// Distances of single product-quantised rows on 64-bit ARM.
//
// A row costs a code byte and a code word from somewhere in the codebook for each sub-vector. Waiting for those is what
// takes the time, so four rows go together, each with a sum of its own, which is the same without the other rows.

#if defined(__aarch64__)

#include <arm_neon.h>

#include "kernels.h"

#define INLINE static inline __attribute__((always_inline))

#define LANES 4
#define TOGETHER 4

struct rows {
    const float *vector, *codebook;
    size_t sub_vectors, width;
    const uint8_t *codes;
    size_t stride;
};

enum metric { L2, DOT };

INLINE float32x4_t add(float32x4_t sum, float32x4_t a, float32x4_t b, enum metric metric) {
    if (metric == DOT) return vfmaq_f32(sum, a, b);
    float32x4_t difference = vsubq_f32(a, b);
    return vfmaq_f32(sum, difference, difference);
}

// `count` < 4 floats, and zeros.
INLINE float32x4_t load_rest(const float *a, size_t count) {
    float padded[LANES] = {0};
    for (size_t i = 0; i < count; i++) padded[i] = vk_at(a, i);
    return vld1q_f32(padded);
}

INLINE void some_rows(
    const struct rows *rows, const uint32_t *numbers, size_t count, float *out, uint32_t bits, enum metric metric) {
    size_t whole = rows->width / LANES * LANES, rest = rows->width - whole;
    const float *vector = rows->vector, *codebook = rows->codebook;
    float32x4_t sums[TOGETHER];
    for (size_t i = 0; i < count; i++) sums[i] = vdupq_n_f32(0);
    for (size_t j = 0; j < rows->sub_vectors; j++) {
        const uint8_t *column = rows->codes + (bits == 4 ? j / 2 : j) * rows->stride;
        const float *words[TOGETHER];
        for (size_t i = 0; i < count; i++) {
            size_t code = column[numbers[i]];
            if (bits == 4) code = code >> (j % 2 * 4) & 15;
            words[i] = codebook + code * rows->width;
        }
        for (size_t d = 0; d < whole; d += LANES) {
            float32x4_t components = vld1q_f32(vector + d);
            for (size_t i = 0; i < count; i++) sums[i] = add(sums[i], components, vld1q_f32(words[i] + d), metric);
        }
        if (rest > 0) {
            float32x4_t components = load_rest(vector + whole, rest);
            for (size_t i = 0; i < count; i++)
                sums[i] = add(sums[i], components, load_rest(words[i] + whole, rest), metric);
        }
        vector += rows->width;
        codebook += ((size_t)1 << bits) * rows->width;
    }
    for (size_t i = 0; i < count; i++) out[i] = vaddvq_f32(sums[i]);
}

INLINE void all_rows(
    const struct rows *rows, const uint32_t *numbers, size_t count, float *out, uint32_t bits, enum metric metric) {
    size_t i = 0;
    for (; i + TOGETHER <= count; i += TOGETHER) some_rows(rows, numbers + i, TOGETHER, out + i, bits, metric);
    for (; i < count; i++) some_rows(rows, numbers + i, 1, out + i, bits, metric);
}

void vk_neon_pq_l2_rows(
    const float *vector, const float *codebook, size_t sub_vectors, size_t width, uint32_t bits, const uint8_t *codes,
    size_t stride, const uint32_t *rows, size_t count, float *distances) {
    struct rows all = {vector, codebook, sub_vectors, width, codes, stride};
    if (bits == 4)
        all_rows(&all, rows, count, distances, 4, L2);
    else
        all_rows(&all, rows, count, distances, 8, L2);
}

void vk_neon_pq_dot_rows(
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
typedef int vk_no_pq_neon_rows;

#endif
