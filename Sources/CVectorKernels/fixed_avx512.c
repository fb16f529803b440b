// SPDX-License-Identifier: Apache-2.0

// Fixed point with AVX-512 and its instruction for neural networks, which multiplies and adds up pairs in one step.

#if defined(__x86_64__)

#if defined(__clang__)
#pragma STDC FP_CONTRACT OFF
#elif defined(__GNUC__)
#pragma GCC optimize("fp-contract=off")
#endif

#include <immintrin.h>

#include "kernels.h"

#define AVX512VNNI __attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,avx512vnni")))
#define INLINE static inline __attribute__((always_inline))

// Two components of the query in every lane.
AVX512VNNI INLINE __m512i pair_at(const int16_t *query) {
    int32_t pair;
    memcpy(&pair, query, sizeof pair);
    return _mm512_set1_epi32(pair);
}

AVX512VNNI INLINE __m512i words_at(const int16_t *words, size_t i) { return _mm512_loadu_si512(words + i * 32); }

// The dot products of `registers` times 16 columns.
AVX512VNNI INLINE void columns(
    const int16_t *query, const int16_t *words, size_t dims, size_t lanes, size_t registers, __m512 factor,
    float *dots) {
    __m512 totals[8];
    for (size_t i = 0; i < registers; i++) totals[i] = _mm512_setzero_ps();
    for (size_t start = 0; start < dims; start += VK_FIXED_BLOCK) {
        size_t end = dims - start < VK_FIXED_BLOCK ? dims : start + VK_FIXED_BLOCK;
        // Pairs of even and odd number apart: so few sums alone would wait for each other.
        __m512i sums[8], others[8];
        for (size_t i = 0; i < registers; i++) sums[i] = others[i] = _mm512_setzero_si512();
        size_t d = start;
        for (; d + 4 <= end; d += 4) {
            __m512i pair = pair_at(query + d), next = pair_at(query + d + 2);
            for (size_t i = 0; i < registers; i++) {
                sums[i] = _mm512_dpwssd_epi32(sums[i], pair, words_at(words + d * lanes, i));
                others[i] = _mm512_dpwssd_epi32(others[i], next, words_at(words + (d + 2) * lanes, i));
            }
        }
        if (d < end) {
            __m512i pair = pair_at(query + d);
            for (size_t i = 0; i < registers; i++)
                sums[i] = _mm512_dpwssd_epi32(sums[i], pair, words_at(words + d * lanes, i));
        }
        for (size_t i = 0; i < registers; i++)
            totals[i] = _mm512_add_ps(totals[i], _mm512_cvtepi32_ps(_mm512_add_epi32(sums[i], others[i])));
    }
    for (size_t i = 0; i < registers; i++) _mm512_storeu_ps(dots + i * 16, _mm512_mul_ps(factor, totals[i]));
}

AVX512VNNI void vk_avx512vnni_fixed_dot_panels(
    const int16_t *query, size_t query_step, const int16_t *words, size_t panels, size_t dims, size_t lanes,
    float factor, float *dots) {
    __m512 factors = _mm512_set1_ps(factor);
    for (size_t p = 0; p < panels; p++) {
        const int16_t *own = query + p * query_step, *panel = words + p * dims * lanes;
        float *out = dots + p * lanes;
        size_t k = 0;
        // Half of the 256 code words of a sub-vector at once: sums and totals stay in registers.
        for (; k + 128 <= lanes; k += 128) columns(own, panel + k * 2, dims, lanes, 8, factors, out + k);
        for (; k + 64 <= lanes; k += 64) columns(own, panel + k * 2, dims, lanes, 4, factors, out + k);
        for (; k < lanes; k += 16) columns(own, panel + k * 2, dims, lanes, 1, factors, out + k);
    }
}

#else

// A file of C must declare something.
typedef int vk_no_fixed_avx512;

#endif
