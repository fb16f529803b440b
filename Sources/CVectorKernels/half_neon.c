// SPDX-License-Identifier: Apache-2.0

// Half precision with NEON.

#if defined(__aarch64__)

#include <arm_neon.h>

#include "kernels.h"

static inline float32x4_t load(const uint16_t *words) {
    return vcvt_f32_f16(vreinterpret_f16_u16(vld1_u16(words)));
}

void vk_neon_half_from_floats(const float *floats, size_t count, uint16_t *halves) {
    size_t i = 0;
    for (; i + 4 <= count; i += 4)
        vst1_u16(halves + i, vreinterpret_u16_f16(vcvt_f16_f32(vld1q_f32(floats + i))));
    vk_scalar_half_from_floats(floats + i, count - i, halves + i);
}

void vk_neon_half_dot_panels(
    const float *query, size_t query_step, const uint16_t *words, size_t panels, size_t dims, size_t lanes,
    float *dots) {
    for (size_t p = 0; p < panels; p++) {
        const float *own = query + p * query_step;
        const uint16_t *panel = words + p * dims * lanes;
        float *out = dots + p * lanes;
        for (size_t k = 0; k < lanes; k += 16) {
            float32x4_t sums[4];
            for (int i = 0; i < 4; i++) sums[i] = vdupq_n_f32(0);
            for (size_t d = 0; d < dims; d++) {
                float32x4_t q = vdupq_n_f32(own[d]);
                for (int i = 0; i < 4; i++)
                    sums[i] = vfmaq_f32(sums[i], q, load(panel + d * lanes + k + (size_t)i * 4));
            }
            for (int i = 0; i < 4; i++) vst1q_f32(out + k + (size_t)i * 4, sums[i]);
        }
    }
}

#else

// A file of C must declare something.
typedef int vk_no_half_neon;

#endif
