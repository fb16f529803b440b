// SPDX-License-Identifier: Apache-2.0

// The nearest centroid in plain C, and the packing that all levels share.

#include "kernels.h"

#if defined(__clang__)
#pragma STDC FP_CONTRACT OFF
#elif defined(__GNUC__)
#pragma GCC optimize("fp-contract=off")
#endif

size_t vk_packed_floats(size_t count, size_t dims) { return (count + VK_PANEL - 1) / VK_PANEL * VK_PANEL * dims; }

void vk_pack_centroids(const float *centroids, size_t count, size_t dims, float *packed) {
    for (size_t panel = 0; panel * VK_PANEL < count; panel++)
        for (size_t d = 0; d < dims; d++)
            for (size_t lane = 0; lane < VK_PANEL; lane++) {
                size_t centroid = panel * VK_PANEL + lane;
                packed[(panel * dims + d) * VK_PANEL + lane] = centroid < count ? centroids[centroid * dims + d] : 0;
            }
}

void vk_scalar_assign(
    const float *rows, size_t row_stride, size_t count, size_t dims, const float *packed, const float *bias,
    size_t centroids, uint32_t *nearest, float *scores) {
    for (size_t i = 0; i < count; i++) {
        const float *row = rows + i * row_stride;
        uint32_t best = 0;
        float best_score = __builtin_inff();
        for (size_t panel = 0; panel * VK_PANEL < centroids; panel++) {
            float dots[VK_PANEL] = {0};
            for (size_t d = 0; d < dims; d++) {
                const float *components = packed + (panel * dims + d) * VK_PANEL;
                for (size_t lane = 0; lane < VK_PANEL; lane++) dots[lane] += row[d] * components[lane];
            }
            for (size_t lane = 0; lane < VK_PANEL && panel * VK_PANEL + lane < centroids; lane++) {
                float score = bias[panel * VK_PANEL + lane] - 2 * dots[lane];
                if (score < best_score) {
                    best_score = score;
                    best = (uint32_t)(panel * VK_PANEL + lane);
                }
            }
        }
        nearest[i] = best;
        if (scores) scores[i] = best_score;
    }
}
