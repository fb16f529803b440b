// SPDX-License-Identifier: Apache-2.0

// Tables for product quantisation on 64-bit ARM: four floats a register.

#if defined(__aarch64__)

// The bytes must be the same at every level, so no multiplication and addition may be fused by the compiler.
#if defined(__clang__)
#pragma STDC FP_CONTRACT OFF
#elif defined(__GNUC__)
#pragma GCC optimize("fp-contract=off")
#endif

#include <arm_neon.h>
#include <string.h>

#include "kernels.h"
#include "pq_rounding.h"

#define INLINE static inline __attribute__((always_inline))

#define LANES 4

// ---- Dot products with all code words -----------------------------------------------------------------------------

// The products of one sub-vector with `registers` * 4 words.
INLINE void dots(
    const float *query, const float *words, size_t registers, size_t width, size_t codewords, float *table) {
    float32x4_t sums[16];
    for (size_t i = 0; i < registers; i++) sums[i] = vdupq_n_f32(0);
    for (size_t d = 0; d < width; d++, words += codewords)
        for (size_t i = 0; i < registers; i++)
            sums[i] = vfmaq_n_f32(sums[i], vld1q_f32(words + i * LANES), vk_at(query, d));
    for (size_t i = 0; i < registers; i++) vst1q_f32(table + i * LANES, sums[i]);
}

void vk_neon_pq_dot_table(
    const float *query, const float *words, size_t sub_vectors, size_t width, size_t codewords, float *table) {
    for (size_t j = 0; j < sub_vectors; j++) {
        const float *part = words + j * width * codewords;
        if (codewords == 16) {
            dots(query + j * width, part, 4, width, 16, table + j * 16);
        } else {
            for (size_t k = 0; k < 256; k += 64)
                dots(query + j * width, part + k, 16, width, 256, table + j * 256 + k);
        }
    }
}

// ---- Rounding to bytes --------------------------------------------------------------------------------------------

// The minimum of a number and what is not one is the number. Two of each, so that no minimum waits for the one before.
INLINE struct vk_pq_range range_of(const float *table, size_t codewords) {
    float32x4_t low0 = vdupq_n_f32(INFINITY), low1 = low0, high0 = vdupq_n_f32(-INFINITY), high1 = high0;
    for (size_t k = 0; k < codewords; k += 2 * LANES) {
        float32x4_t x0 = vld1q_f32(table + k), x1 = vld1q_f32(table + k + LANES);
        low0 = vminnmq_f32(low0, x0), low1 = vminnmq_f32(low1, x1);
        high0 = vmaxnmq_f32(high0, x0), high1 = vmaxnmq_f32(high1, x1);
    }
    return (struct vk_pq_range){vminnmvq_f32(vminnmq_f32(low0, low1)), vmaxnmvq_f32(vmaxnmq_f32(high0, high1))};
}

// Levels as 16-bit numbers; the conversion gives 0 for what is not a number.
INLINE uint16x4_t levels_of(const float *table, float scale, float32x4_t low, float inverse) {
    float32x4_t above = vsubq_f32(vmulq_n_f32(vld1q_f32(table), scale), low);
    return vqmovn_u32(vcvtq_u32_f32(vmulq_n_f32(above, inverse)));
}

// Rounds one sub-vector's table; the smallest number waits where its first bytes go.
INLINE void round_down(
    const float *table, float scale, const struct vk_pq_levels *levels, size_t codewords, uint8_t *bytes) {
    float lowest;
    memcpy(&lowest, bytes, sizeof lowest);
    float32x4_t low = vdupq_n_f32(lowest);
    for (size_t k = 0; k < codewords; k += 2 * LANES) {
        uint16x8_t eight = vcombine_u16(
            levels_of(table + k, scale, low, levels->inverse),
            levels_of(table + k + LANES, scale, low, levels->inverse));
        vst1_u8(bytes + k, vmin_u8(vqmovn_u16(eight), vdup_n_u8(levels->most)));
    }
}

struct vk_pq_scale vk_neon_pq_quantize(
    const float *table, float scale, size_t sub_vectors, size_t codewords, uint8_t *bytes) {
    struct vk_pq_rounding rounding = {0, 0, 0};
    for (size_t j = 0; j < sub_vectors; j++) {
        float low = vk_pq_take_in(&rounding, range_of(table + j * codewords, codewords), scale);
        memcpy(bytes + j * codewords, &low, sizeof low);
    }
    struct vk_pq_levels levels = vk_pq_levels_of(&rounding, sub_vectors);
    if (levels.most == 0) {
        memset(bytes, 0, sub_vectors * codewords);
    } else {
        for (size_t j = 0; j < sub_vectors; j++)
            round_down(table + j * codewords, scale, &levels, codewords, bytes + j * codewords);
    }
    return levels.scale;
}

#else

// A file of C must declare something.
typedef int vk_no_pq_neon_tables;

#endif
