// SPDX-License-Identifier: Apache-2.0

#ifndef CVECTORKERNELS_ASSIGN_H
#define CVECTORKERNELS_ASSIGN_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

// The nearest of many centroids for each of many rows: what k-means and product quantisation spend their time in.

// Centroids lie packed in panels of VK_PANEL: component d of centroid c is
// packed[(c / VK_PANEL * dims + d) * VK_PANEL + c % VK_PANEL]. The last panel is filled up with zeros.
enum { VK_PANEL = 32 };

// Floats that `count` packed centroids take.
size_t vk_packed_floats(size_t count, size_t dims);

void vk_pack_centroids(const float *centroids, size_t count, size_t dims, float *packed);

// For each row x the centroid c with the smallest score = bias[c] - 2 (x . c), the lowest number among equal scores,
// and that score. With bias[c] = |c|^2 that is the nearest centroid, and the score + |x|^2 the squared distance;
// with bias 0 the centroid of the largest dot product.
//
// Row i begins at rows + i * row_stride (floats). `bias` has room for whole panels, filled up with +infinity.
// `scores` may be NULL. A row with a NaN gets number 0. There is at least one centroid.
void vk_assign(
    const float *rows, size_t row_stride, size_t count, size_t dims, const float *packed, const float *bias,
    size_t centroids, uint32_t *nearest, float *scores);

#ifdef __cplusplus
}
#endif

#endif
