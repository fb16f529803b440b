// SPDX-License-Identifier: Apache-2.0

// The choice of code words with AVX-512: sixteen words at a time.

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

#define VK_TARGET __attribute__((target("avx512f,avx512bw,avx512vl,avx512dq")))
#define INLINE static inline __attribute__((always_inline))

#define LANES 16

// As `best_word` in pq_choose.c. A lane keeps the first of its words with its smallest score.
VK_TARGET INLINE uint32_t best(
    const float *dots, const float *norms, size_t codewords, int nearest, float others, float weight,
    uint32_t otherwise) {
    __m512 least = _mm512_set1_ps(INFINITY), sums = _mm512_set1_ps(others), weights = _mm512_set1_ps(weight);
    __m512i places = _mm512_set1_epi32((int)otherwise);
    __m512i these = _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
    for (size_t k = 0; k < codewords; k += LANES, these = _mm512_add_epi32(these, _mm512_set1_epi32(LANES))) {
        __m512 dot = _mm512_loadu_ps(dots + k), u = _mm512_sub_ps(dot, _mm512_loadu_ps(norms + k));
        __m512 score = _mm512_add_ps(u, dot);
        if (nearest) {
            score = _mm512_xor_ps(score, _mm512_set1_ps(-0.0f));
        } else {
            __m512 sum = _mm512_add_ps(sums, u);
            score = _mm512_sub_ps(_mm512_mul_ps(sum, sum), _mm512_mul_ps(weights, score));
        }
        __mmask16 less = _mm512_cmp_ps_mask(score, least, _CMP_LT_OQ);
        // Of a number that is not one and another, the minimum instruction gives its second operand.
        least = _mm512_min_ps(score, least);
        places = _mm512_mask_mov_epi32(places, less, these);
    }
    __m512 lowest = _mm512_set1_ps(_mm512_reduce_min_ps(least));
    return _mm512_mask_reduce_min_epu32(_mm512_cmp_ps_mask(least, lowest, _CMP_EQ_OQ), places);
}

#include "pq_choose_sweep.h"

VK_TARGET void vk_avx512_pq_choose(
    const float *dots, const float *norms, size_t sub_vectors, size_t codewords, float weight, uint8_t *codes) {
    choose_words(dots, norms, sub_vectors, codewords, weight, codes);
}

#else

// A file of C must declare something.
typedef int vk_no_pq_choose_avx512;

#endif
