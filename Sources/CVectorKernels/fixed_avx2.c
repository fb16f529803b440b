// SPDX-License-Identifier: Apache-2.0

// Fixed point with AVX2.

#if defined(__x86_64__)

#if defined(__clang__)
#pragma STDC FP_CONTRACT OFF
#elif defined(__GNUC__)
#pragma GCC optimize("fp-contract=off")
#endif

#include <immintrin.h>

#include "kernels.h"

#define AVX2 __attribute__((target("avx2,fma")))
#define INLINE static inline __attribute__((always_inline))

// The dot products of `registers` times 8 columns.
AVX2 INLINE void columns(
    const int16_t *query, const int16_t *words, size_t dims, size_t lanes, size_t registers, __m256 factor,
    float *dots) {
    __m256 totals[4];
    for (size_t i = 0; i < registers; i++) totals[i] = _mm256_setzero_ps();
    for (size_t start = 0; start < dims; start += VK_FIXED_BLOCK) {
        size_t end = dims - start < VK_FIXED_BLOCK ? dims : start + VK_FIXED_BLOCK;
        __m256i sums[4];
        for (size_t i = 0; i < registers; i++) sums[i] = _mm256_setzero_si256();
        for (size_t d = start; d < end; d += 2) {
            int32_t two;
            memcpy(&two, query + d, sizeof two);
            __m256i pair = _mm256_set1_epi32(two);
            for (size_t i = 0; i < registers; i++) {
                __m256i these = _mm256_loadu_si256((const __m256i *)(const void *)(words + d * lanes + i * 16));
                sums[i] = _mm256_add_epi32(sums[i], _mm256_madd_epi16(pair, these));
            }
        }
        for (size_t i = 0; i < registers; i++) totals[i] = _mm256_add_ps(totals[i], _mm256_cvtepi32_ps(sums[i]));
    }
    for (size_t i = 0; i < registers; i++) _mm256_storeu_ps(dots + i * 8, _mm256_mul_ps(factor, totals[i]));
}

AVX2 void vk_avx2_fixed_dot_panels(
    const int16_t *query, size_t query_step, const int16_t *words, size_t panels, size_t dims, size_t lanes,
    float factor, float *dots) {
    __m256 factors = _mm256_set1_ps(factor);
    for (size_t p = 0; p < panels; p++) {
        const int16_t *own = query + p * query_step, *panel = words + p * dims * lanes;
        float *out = dots + p * lanes;
        size_t k = 0;
        for (; k + 32 <= lanes; k += 32) columns(own, panel + k * 2, dims, lanes, 4, factors, out + k);
        for (; k < lanes; k += 16) columns(own, panel + k * 2, dims, lanes, 2, factors, out + k);
    }
}

#else

// A file of C must declare something.
typedef int vk_no_fixed_avx2;

#endif
