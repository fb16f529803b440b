// SPDX-License-Identifier: Apache-2.0

// Fixed point with NEON.

#if defined(__aarch64__)

#if defined(__clang__)
#pragma STDC FP_CONTRACT OFF
#elif defined(__GNUC__)
#pragma GCC optimize("fp-contract=off")
#endif

#include <arm_neon.h>

#include "kernels.h"

void vk_neon_fixed_dot_panels(
    const int16_t *query, size_t query_step, const int16_t *words, size_t panels, size_t dims, size_t lanes,
    float factor, float *dots) {
    for (size_t p = 0; p < panels; p++) {
        const int16_t *own = query + p * query_step, *panel = words + p * dims * lanes;
        // 16 columns: four registers of four sums.
        for (size_t k = 0; k < lanes; k += 16) {
            float32x4_t totals[4];
            for (int i = 0; i < 4; i++) totals[i] = vdupq_n_f32(0);
            for (size_t start = 0; start < dims; start += VK_FIXED_BLOCK) {
                size_t end = dims - start < VK_FIXED_BLOCK ? dims : start + VK_FIXED_BLOCK;
                int32x4_t sums[4];
                for (int i = 0; i < 4; i++) sums[i] = vdupq_n_s32(0);
                for (size_t d = start; d < end; d += 2) {
                    int16x4_t first = vdup_n_s16(own[d]), second = vdup_n_s16(own[d + 1]);
                    for (int i = 0; i < 4; i++) {
                        // Takes the pairs apart: first components, second components.
                        int16x4x2_t pairs = vld2_s16(panel + d * lanes + k * 2 + (size_t)i * 8);
                        sums[i] = vmlal_s16(sums[i], pairs.val[0], first);
                        sums[i] = vmlal_s16(sums[i], pairs.val[1], second);
                    }
                }
                for (int i = 0; i < 4; i++) totals[i] = vaddq_f32(totals[i], vcvtq_f32_s32(sums[i]));
            }
            for (int i = 0; i < 4; i++)
                vst1q_f32(dots + p * lanes + k + (size_t)i * 4, vmulq_n_f32(totals[i], factor));
        }
    }
}

#else

// A file of C must declare something.
typedef int vk_no_fixed_neon;

#endif
