// SPDX-License-Identifier: Apache-2.0

// The walk over a row's sub-vectors that all levels share; only how the best word is found is theirs.
//
// A file that includes this has defined
//   VK_TARGET  the attribute of its functions, or nothing,
//   best       what `best_word` in pq_choose.c is: a function of the same arguments and the same result, always inlined.
//
// With d = r_j . w and n = |w|^2, word w of sub-vector j adds u = d - n to (row less error) . error, and, but for what
// is the same for all words, n - 2d = -(u + d) to |error|^2. So a sum of u is all that is carried from one sub-vector
// to the next. Every level does the same operations in the same order and fuses none.

#ifndef VK_PQ_CHOOSE_SWEEP_H
#define VK_PQ_CHOOSE_SWEEP_H

#include "kernels.h"

VK_TARGET static inline __attribute__((always_inline)) float along(const float *dots, const float *norms, size_t word) {
    return vk_at(dots, word) - vk_at(norms, word);
}

VK_TARGET static inline __attribute__((always_inline)) void choose_words(
    const float *dots, const float *norms, size_t sub_vectors, size_t codewords, float weight, uint8_t *codes) {
    float all = 0;
    for (size_t j = 0; j < sub_vectors; j++) {
        size_t first = j * codewords;
        codes[j] = (uint8_t)best(dots + first, norms + first, codewords, 1, 0, 1, 0);
        all += along(dots + first, norms + first, codes[j]);
    }
    for (size_t j = 0; j < sub_vectors; j++) {
        size_t first = j * codewords;
        float others = all - along(dots + first, norms + first, codes[j]);
        codes[j] = (uint8_t)best(dots + first, norms + first, codewords, 0, others, weight, codes[j]);
        all = others + along(dots + first, norms + first, codes[j]);
    }
}

#endif
