// SPDX-License-Identifier: Apache-2.0

// Fixed point in plain C.

#include "kernels.h"

#if defined(__clang__)
#pragma STDC FP_CONTRACT OFF
#elif defined(__GNUC__)
#pragma GCC optimize("fp-contract=off")
#endif

void vk_fixed_from_floats(const float *floats, size_t count, float scale, int16_t *fixed) {
    // From 1.5 * 2^23 on neighbouring floats differ by 1: adding it rounds, and leaves the integer in the low bits.
    const float round = 0x1.8p23f;
    for (size_t i = 0; i < count; i++) {
        float shifted = vk_at(floats, i) * scale + round;
        uint32_t bits;
        memcpy(&bits, &shifted, sizeof bits);
        fixed[i] = (int16_t)(uint16_t)bits;
    }
}

void vk_scalar_fixed_dot_panels(
    const int16_t *query, size_t query_step, const int16_t *words, size_t panels, size_t dims, size_t lanes,
    float factor, float *dots) {
    for (size_t p = 0; p < panels; p++) {
        const int16_t *own = query + p * query_step, *panel = words + p * dims * lanes;
        for (size_t k = 0; k < lanes; k++) {
            float total = 0;
            for (size_t start = 0; start < dims; start += VK_FIXED_BLOCK) {
                int32_t sum = 0;
                for (size_t d = start; d < dims && d < start + VK_FIXED_BLOCK; d += 2) {
                    const int16_t *pair = panel + d * lanes + k * 2;
                    sum += (int32_t)own[d] * pair[0] + (int32_t)own[d + 1] * pair[1];
                }
                total += (float)sum;
            }
            dots[p * lanes + k] = factor * total;
        }
    }
}
