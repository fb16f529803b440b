// SPDX-License-Identifier: Apache-2.0

#ifndef CVECTORKERNELS_HALF_H
#define CVECTORKERNELS_HALF_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

// Dot products with numbers of half precision: where an estimate with a known error is enough, they halve the memory
// that a query has to go through. Sums are of single precision.

// Half-precision numbers (IEEE binary16), rounded to nearest, ties to even. No input may be beyond 65504.
void vk_half_from_floats(const float *floats, size_t count, uint16_t *halves);

// Columns lie in panels: component d of column k of panel p is words[(p * dims + d) * lanes + k], and
// dots[p * lanes + k] = the sum over d of query[p * query_step + d] * that. `lanes` is a multiple of 16; no word is
// infinite or NaN.
void vk_half_dot_panels(
    const float *query, size_t query_step, const uint16_t *words, size_t panels, size_t dims, size_t lanes,
    float *dots);

#ifdef __cplusplus
}
#endif

#endif
