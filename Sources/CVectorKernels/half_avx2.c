// SPDX-License-Identifier: Apache-2.0

// Half precision with AVX2 and F16C.

#if defined(__x86_64__)

#include <immintrin.h>

#include "kernels.h"

#define AVX2 __attribute__((target("avx2,fma,f16c")))

AVX2 void vk_avx2_half_from_floats(const float *floats, size_t count, uint16_t *halves) {
    size_t i = 0;
    for (; i + 8 <= count; i += 8)
        _mm_storeu_si128(
            (__m128i *)(halves + i), _mm256_cvtps_ph(_mm256_loadu_ps(floats + i), _MM_FROUND_TO_NEAREST_INT));
    vk_scalar_half_from_floats(floats + i, count - i, halves + i);
}

AVX2 static inline __m256 load(const uint16_t *words) {
    return _mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)words));
}

AVX2 void vk_avx2_half_dot_panels(
    const float *query, size_t query_step, const uint16_t *words, size_t panels, size_t dims, size_t lanes,
    float *dots) {
    for (size_t p = 0; p < panels; p++) {
        const float *own = query + p * query_step;
        const uint16_t *panel = words + p * dims * lanes;
        float *out = dots + p * lanes;
        size_t k = 0;
        // Eight sums at a time: as many as hide the latency of an addition.
        for (; k + 64 <= lanes; k += 64) {
            __m256 sums[8];
            for (int i = 0; i < 8; i++) sums[i] = _mm256_setzero_ps();
            for (size_t d = 0; d < dims; d++) {
                __m256 q = _mm256_set1_ps(own[d]);
                for (int i = 0; i < 8; i++)
                    sums[i] = _mm256_fmadd_ps(q, load(panel + d * lanes + k + (size_t)i * 8), sums[i]);
            }
            for (int i = 0; i < 8; i++) _mm256_storeu_ps(out + k + (size_t)i * 8, sums[i]);
        }
        for (; k < lanes; k += 16) {
            __m256 low = _mm256_setzero_ps(), high = low;
            for (size_t d = 0; d < dims; d++) {
                __m256 q = _mm256_set1_ps(own[d]);
                low = _mm256_fmadd_ps(q, load(panel + d * lanes + k), low);
                high = _mm256_fmadd_ps(q, load(panel + d * lanes + k + 8), high);
            }
            _mm256_storeu_ps(out + k, low);
            _mm256_storeu_ps(out + k + 8, high);
        }
    }
}

#else

// A file of C must declare something.
typedef int vk_no_half_avx2;

#endif
