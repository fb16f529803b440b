// SPDX-License-Identifier: Apache-2.0

// The choice of code words on 64-bit ARM: four words at a time.

#if defined(__aarch64__)

// The words must be the same at every level, so no multiplication and addition may be fused by the compiler.
#if defined(__clang__)
#pragma STDC FP_CONTRACT OFF
#elif defined(__GNUC__)
#pragma GCC optimize("fp-contract=off")
#endif

#include <arm_neon.h>
#include <math.h>

#include "kernels.h"

#define VK_TARGET
#define INLINE static inline __attribute__((always_inline))

#define LANES 4

// As `best_word` in pq_choose.c. A lane keeps the first of its words with its smallest score.
INLINE uint32_t best(
    const float *dots, const float *norms, size_t codewords, int nearest, float others, float weight,
    uint32_t otherwise) {
    static const uint32_t first[LANES] = {0, 1, 2, 3};
    float32x4_t least = vdupq_n_f32(INFINITY), sums = vdupq_n_f32(others);
    uint32x4_t places = vdupq_n_u32(otherwise), these = vld1q_u32(first);
    for (size_t k = 0; k < codewords; k += LANES, these = vaddq_u32(these, vdupq_n_u32(LANES))) {
        float32x4_t dot = vld1q_f32(dots + k), u = vsubq_f32(dot, vld1q_f32(norms + k));
        float32x4_t score = vaddq_f32(u, dot);
        if (nearest) {
            score = vnegq_f32(score);
        } else {
            float32x4_t sum = vaddq_f32(sums, u);
            score = vsubq_f32(vmulq_f32(sum, sum), vmulq_n_f32(score, weight));
        }
        // Nothing is less than, or more than, what is not a number.
        uint32x4_t less = vcltq_f32(score, least);
        least = vbslq_f32(less, score, least);
        places = vbslq_u32(less, these, places);
    }
    // Lanes with a larger score get the largest number of all.
    uint32x4_t lowest = vceqq_f32(least, vdupq_n_f32(vminvq_f32(least)));
    return vminvq_u32(vornq_u32(places, lowest));
}

#include "pq_choose_sweep.h"

void vk_neon_pq_choose(
    const float *dots, const float *norms, size_t sub_vectors, size_t codewords, float weight, uint8_t *codes) {
    choose_words(dots, norms, sub_vectors, codewords, weight, codes);
}

#else

// A file of C must declare something.
typedef int vk_no_pq_choose_neon;

#endif
