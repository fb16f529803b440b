// SPDX-License-Identifier: Apache-2.0

// The choice of code words with AVX2: eight words at a time.

#if defined(__x86_64__)

// The words must be the same at every level, so no multiplication and addition may be fused by the compiler.
#if defined(__clang__)
#pragma STDC FP_CONTRACT OFF
#elif defined(__GNUC__)
#pragma GCC optimize("fp-contract=off")
#endif

#include <immintrin.h>
#include <math.h>

#include "kernels.h"

#define VK_TARGET __attribute__((target("avx2,fma")))
#define INLINE static inline __attribute__((always_inline))

#define LANES 8

VK_TARGET INLINE __m128 halves(__m256 eight, int high) {
    return high ? _mm256_extractf128_ps(eight, 1) : _mm256_castps256_ps128(eight);
}

// As `best_word` in pq_choose.c. A lane keeps the first of its words with its smallest score.
VK_TARGET INLINE uint32_t best(
    const float *dots, const float *norms, size_t codewords, int nearest, float others, float weight,
    uint32_t otherwise) {
    __m256 least = _mm256_set1_ps(INFINITY), sums = _mm256_set1_ps(others), weights = _mm256_set1_ps(weight);
    __m256i places = _mm256_set1_epi32((int)otherwise), these = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
    for (size_t k = 0; k < codewords; k += LANES, these = _mm256_add_epi32(these, _mm256_set1_epi32(LANES))) {
        __m256 dot = _mm256_loadu_ps(dots + k), u = _mm256_sub_ps(dot, _mm256_loadu_ps(norms + k));
        __m256 score = _mm256_add_ps(u, dot);
        if (nearest) {
            score = _mm256_xor_ps(score, _mm256_set1_ps(-0.0f));
        } else {
            __m256 sum = _mm256_add_ps(sums, u);
            score = _mm256_sub_ps(_mm256_mul_ps(sum, sum), _mm256_mul_ps(weights, score));
        }
        __m256 less = _mm256_cmp_ps(score, least, _CMP_LT_OQ);
        // Of a number that is not one and another, the minimum instruction gives its second operand.
        least = _mm256_min_ps(score, least);
        places = _mm256_blendv_epi8(places, these, _mm256_castps_si256(less));
    }
    __m128 low = _mm_min_ps(halves(least, 0), halves(least, 1));
    low = _mm_min_ps(low, _mm_movehl_ps(low, low));
    low = _mm_min_ss(low, _mm_movehdup_ps(low));
    // Lanes with a larger score get the largest number of all.
    __m256 larger = _mm256_cmp_ps(least, _mm256_broadcastss_ps(low), _CMP_NEQ_UQ);
    __m256i left = _mm256_or_si256(places, _mm256_castps_si256(larger));
    __m128i first = _mm_min_epu32(_mm256_castsi256_si128(left), _mm256_extracti128_si256(left, 1));
    first = _mm_min_epu32(first, _mm_shuffle_epi32(first, _MM_SHUFFLE(1, 0, 3, 2)));
    first = _mm_min_epu32(first, _mm_shuffle_epi32(first, _MM_SHUFFLE(2, 3, 0, 1)));
    return (uint32_t)_mm_cvtsi128_si32(first);
}

#include "pq_choose_sweep.h"

VK_TARGET void vk_avx2_pq_choose(
    const float *dots, const float *norms, size_t sub_vectors, size_t codewords, float weight, uint8_t *codes) {
    choose_words(dots, norms, sub_vectors, codewords, weight, codes);
}

#else

// A file of C must declare something.
typedef int vk_no_pq_choose_avx2;

#endif
