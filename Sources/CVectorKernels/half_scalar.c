// SPDX-License-Identifier: Apache-2.0

// Half precision in plain C.

#include <string.h>

#include "kernels.h"

#if defined(__clang__)
#pragma STDC FP_CONTRACT OFF
#elif defined(__GNUC__)
#pragma GCC optimize("fp-contract=off")
#endif

static inline float float_of(uint32_t bits) {
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

// The exponent and fraction where single precision has them, with an exponent that is 112 too small: multiplying by
// 2^112 mends that, for subnormal numbers too.
static inline float from_half(uint16_t half) {
    float magnitude = float_of((uint32_t)(half & 0x7fff) << 13) * 0x1p112f;
    return half & 0x8000 ? -magnitude : magnitude;
}

static uint16_t to_half(float value) {
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    uint16_t sign = (uint16_t)(bits >> 16 & 0x8000);
    uint32_t magnitude = bits & 0x7fffffff;
    // Below the smallest normal number: adding 0.5 leaves the fraction, rounded, in the lowest bits.
    if (magnitude < 0x38800000) {
        float shifted = float_of(magnitude) + 0.5f;
        memcpy(&bits, &shifted, sizeof bits);
        return (uint16_t)(sign | (bits - 0x3f000000));
    }
    magnitude += 0xfff + (magnitude >> 13 & 1);
    return (uint16_t)(sign | ((magnitude - 0x38000000) >> 13));
}

void vk_scalar_half_from_floats(const float *floats, size_t count, uint16_t *halves) {
    for (size_t i = 0; i < count; i++) halves[i] = to_half(vk_at(floats, i));
}

void vk_scalar_half_dot_panels(
    const float *query, size_t query_step, const uint16_t *words, size_t panels, size_t dims, size_t lanes,
    float *dots) {
    for (size_t p = 0; p < panels; p++) {
        float *out = dots + p * lanes;
        for (size_t k = 0; k < lanes; k++) out[k] = 0;
        for (size_t d = 0; d < dims; d++) {
            float q = vk_at(query + p * query_step, d);
            const uint16_t *row = words + (p * dims + d) * lanes;
            for (size_t k = 0; k < lanes; k++) out[k] += q * from_half(row[k]);
        }
    }
}
