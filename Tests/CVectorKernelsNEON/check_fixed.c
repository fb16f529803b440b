// SPDX-License-Identifier: Apache-2.0

// Fixed point: every level gives the same bits as plain C, and writes nothing behind its results.

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "CVectorKernels.h"

static const char *const names[] = {"scalar", "avx2", "avx512", "neon", "avx512vbmi"};
static size_t passed, failed;

static uint64_t state = 42;

static int16_t random_word(void) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    // So small that the sum of 32 products fits 32 bits.
    return (int16_t)((int32_t)(state >> 40 & 0x3fff) - 0x2000);
}

static void check(size_t panels, size_t dims, size_t lanes, int is_by_part) {
    size_t words = panels * dims * lanes, queries = is_by_part ? panels * dims : dims, results = panels * lanes;
    int16_t *panel = malloc(words * sizeof *panel), *query = malloc(queries * sizeof *query);
    float *want = malloc((results + 1) * sizeof *want), *got = malloc((results + 1) * sizeof *got);
    for (size_t i = 0; i < words; i++) panel[i] = random_word();
    for (size_t i = 0; i < queries; i++) query[i] = random_word();
    vk_level_force(VK_LEVEL_SCALAR);
    want[results] = 7;
    vk_fixed_dot_panels(query, is_by_part ? dims : 0, panel, panels, dims, lanes, 0.37f, want);
    for (int32_t level = 0; level <= VK_LEVEL_AVX512VBMI; level++) {
        if (!vk_level_force(level)) continue;
        memset(got, 0, results * sizeof *got);
        got[results] = 7;
        vk_fixed_dot_panels(query, is_by_part ? dims : 0, panel, panels, dims, lanes, 0.37f, got);
        if (memcmp(want, got, (results + 1) * sizeof *got) == 0) {
            passed++;
        } else {
            failed++;
            printf("FAILED: %s, %zu panels, %zu components, %zu lanes\n", names[level], panels, dims, lanes);
        }
    }
    free(panel), free(query), free(want), free(got);
}

int main(void) {
    printf("levels:");
    for (int32_t level = 0; level <= VK_LEVEL_AVX512VBMI; level++)
        if (vk_level_is_supported(level)) printf(" %s", names[level]);
    printf("\n");
    for (size_t panels = 1; panels <= 3; panels++)
        for (size_t dims = 2; dims <= 80; dims += 2)
            for (size_t lanes = 16; lanes <= 208; lanes += 16)
                for (int is_by_part = 0; is_by_part < 2; is_by_part++) check(panels, dims, lanes, is_by_part);
    printf("%zu passed, %zu failed\n", passed, failed);
    return failed != 0;
}
