// SPDX-License-Identifier: Apache-2.0

#ifndef CVECTORKERNELS_FIXED_H
#define CVECTORKERNELS_FIXED_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

// Dot products in fixed point of 16 bits: where an estimate with a known error is enough, they halve the memory that a
// query has to go through, and quarter its instructions. The same numbers, bit for bit, at every level.

// Components whose products are summed up as integers of 32 bits before they become a float.
enum { VK_FIXED_BLOCK = 32 };

// fixed[i] = floats[i] * scale, rounded to the nearest integer, ties to even. No product may be beyond 32767.
void vk_fixed_from_floats(const float *floats, size_t count, float scale, int16_t *fixed);

// Columns lie in panels, two components of each side by side: component d of column k of panel p is
// words[((p * dims + d / 2 * 2) * lanes) + k * 2 + d % 2]. `dims` is even, `lanes` a multiple of 16. Then
// dots[p * lanes + k] = factor * the sum over d of query[p * query_step + d] * that component.
//
// Sums of integers are exact; the caller sees to it that those of VK_FIXED_BLOCK components (from the first on, the last
// block may be shorter) fit 32 bits. They are turned into floats and added up one after another.
void vk_fixed_dot_panels(
    const int16_t *query, size_t query_step, const int16_t *words, size_t panels, size_t dims, size_t lanes,
    float factor, float *dots);

#ifdef __cplusplus
}
#endif

#endif
