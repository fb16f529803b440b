// SPDX-License-Identifier: Apache-2.0

// Holds the nearest centroids of every level that this processor has against the definition in double precision, and
// against the same rows alone. Built and run by `run`.

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "CVectorKernels.h"

#define ROWS 29
#define MOST_DIMS 400
#define MOST_CENTROIDS 290
#define GAP 3

static const char *const level_names[] = {"scalar", "avx2", "avx512", "neon", "avx512vbmi"};
static long passed, failed;

static float rows[ROWS * (MOST_DIMS + GAP)], centroids[MOST_CENTROIDS * MOST_DIMS];
static float packed[(MOST_CENTROIDS + VK_PANEL) * MOST_DIMS], bias[MOST_CENTROIDS + VK_PANEL];

static void expect(int condition, const char *what, int32_t level, size_t dims, size_t count) {
    if (condition) {
        passed++;
    } else if (++failed <= 20) {
        fprintf(stderr, "failed: %s, %s, %zu dims, %zu centroids\n", what, level_names[level], dims, count);
    }
}

static float random_float(void) {
    static uint64_t state = 1;
    state = state * 6364136223846793005u + 1442695040888963407u;
    return (float)(int32_t)(state >> 32) / 2147483648.0f;
}

static double score(const float *row, const float *centroid, size_t dims) {
    double sum = 0;
    for (size_t d = 0; d < dims; d++) sum += (double)centroid[d] * centroid[d] - 2 * (double)row[d] * centroid[d];
    return sum;
}

static void check(size_t dims, size_t count) {
    size_t stride = dims + GAP;
    for (size_t i = 0; i < ROWS * stride; i++) rows[i] = random_float();
    for (size_t i = 0; i < count * dims; i++) centroids[i] = random_float();
    // The last centroid is the first again, and never chosen.
    memcpy(centroids + (count - 1) * dims, centroids, dims * sizeof(float));
    rows[7 * stride + dims / 2] = NAN;
    vk_pack_centroids(centroids, count, dims, packed);
    for (size_t c = 0; c < MOST_CENTROIDS + VK_PANEL; c++) bias[c] = INFINITY;
    for (size_t c = 0; c < count; c++) bias[c] = vk_norm(centroids + c * dims, dims);
    for (int32_t level = VK_LEVEL_SCALAR; level <= VK_LEVEL_AVX512VBMI; level++) {
        if (!vk_level_force(level)) continue;
        uint32_t nearest[ROWS];
        float scores[ROWS];
        vk_assign(rows, stride, ROWS, dims, packed, bias, count, nearest, scores);
        for (size_t i = 0; i < ROWS; i++) {
            uint32_t alone;
            float alone_score;
            const float *row = rows + i * stride;
            vk_assign(row, stride, 1, dims, packed, bias, count, &alone, &alone_score);
            expect(
                alone == nearest[i] && alone_score == scores[i], "rows do not depend on each other", level, dims,
                count);
            if (i == 7) {
                expect(nearest[i] == 0, "a NaN is nearest to the first", level, dims, count);
                continue;
            }
            double best = INFINITY, slack = (double)(dims + 16) * (double)dims * 0x1p-23;
            for (size_t c = 0; c < count; c++) best = fmin(best, score(row, centroids + c * dims, dims));
            expect(nearest[i] < count && (count == 1 || nearest[i] != count - 1), "lowest number", level, dims, count);
            expect(
                nearest[i] < count && score(row, centroids + nearest[i] * dims, dims) <= best + slack, "nearest", level,
                dims, count);
            expect(fabs(scores[i] - best) <= slack, "score", level, dims, count);
        }
    }
}

int main(void) {
    static const size_t dims[] = {1, 2, 3, 4, 8, 16, 31, 32, 33, 100, MOST_DIMS};
    static const size_t counts[] = {1, 2, 4, 5, 8, 9, 16, 17, 31, 32, 33, 49, 64, 100, 256, MOST_CENTROIDS};
    for (size_t d = 0; d < sizeof dims / sizeof dims[0]; d++)
        for (size_t c = 0; c < sizeof counts / sizeof counts[0]; c++) check(dims[d], counts[c]);

    printf("levels:");
    for (int32_t level = VK_LEVEL_SCALAR; level <= VK_LEVEL_AVX512VBMI; level++)
        if (vk_level_is_supported(level)) printf(" %s", level_names[level]);
    printf("\n%ld passed, %ld failed\n", passed, failed);
    return failed != 0;
}
