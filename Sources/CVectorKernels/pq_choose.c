// SPDX-License-Identifier: Apache-2.0

// The choice of code words in plain C.

// The words must be the same at every level, so no multiplication and addition may be fused.
#if defined(__clang__)
#pragma STDC FP_CONTRACT OFF
#elif defined(__GNUC__)
#pragma GCC optimize("fp-contract=off")
#endif

#include <math.h>

#include "kernels.h"

#define VK_TARGET

// The word of the smallest score, the first one among equals; `otherwise` when no score is a number below infinity.
// The score is -(u + d) when `nearest` is set, and (others + u)^2 - weight * (u + d) when it is not; see the header.
static inline __attribute__((always_inline)) uint32_t best_word(
    const float *dots, const float *norms, size_t codewords, int nearest, float others, float weight,
    uint32_t otherwise) {
    float least = INFINITY;
    uint32_t best = otherwise;
    for (size_t k = 0; k < codewords; k++) {
        float dot = vk_at(dots, k), u = dot - vk_at(norms, k), sum = others + u, part = weight * (u + dot);
        float score = nearest ? -(u + dot) : sum * sum - part;
        if (score < least) least = score, best = (uint32_t)k;
    }
    return best;
}

#define best best_word
#include "pq_choose_sweep.h"

void vk_scalar_pq_choose(
    const float *dots, const float *norms, size_t sub_vectors, size_t codewords, float weight, uint8_t *codes) {
    choose_words(dots, norms, sub_vectors, codewords, weight, codes);
}
