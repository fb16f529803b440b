// SPDX-License-Identifier: Apache-2.0

// Holds every level that this processor has against the scalar one, and against itself. Built and run by `run`, which
// does so for 64-bit ARM on any machine; the Swift tests do the same and more, but need the machine.

#define _DEFAULT_SOURCE

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "CVectorKernels.h"

#define ROWS 4
#define MOST_DIMS 3072

static const char *const level_names[] = {"scalar", "avx2", "avx512", "neon"};
static long passed, failed;

static void expect(int condition, const char *what, int32_t level, size_t dims) {
    if (condition) {
        passed++;
    } else {
        // The first failures tell the story.
        if (++failed <= 20) fprintf(stderr, "failed: %s, %s, %zu dims\n", what, level_names[level], dims);
    }
}

// Accessible memory with a page on either side that must not be touched.
struct guarded {
    char *begin, *end;
};

static struct guarded guarded(size_t bytes) {
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    size_t inner = (bytes + page - 1) / page * page;
    char *all = mmap(NULL, inner + 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (all == MAP_FAILED || mprotect(all, page, PROT_NONE) || mprotect(all + page + inner, page, PROT_NONE)) {
        perror("guarded memory");
        exit(2);
    }
    return (struct guarded){all + page, all + page + inner};
}

static float random_float(void) {
    static uint64_t state = 1;
    state = state * 6364136223846793005u + 1442695040888963407u;
    return (float)(int32_t)(state >> 32) / 2147483648.0f;
}

struct results {
    float dot[ROWS], l2[ROWS], norm[ROWS];
};

static struct results by_pairs(const float *query, const float *rows, size_t dims) {
    struct results r;
    for (size_t i = 0; i < ROWS; i++) {
        r.dot[i] = vk_dot(query, rows + i * dims, dims);
        r.l2[i] = vk_l2(query, rows + i * dims, dims);
        r.norm[i] = vk_norm(rows + i * dims, dims);
    }
    return r;
}

static void check_rows(const float *query, const float *rows, size_t dims, const struct results *want, int32_t level) {
    struct results got;
    vk_dot_rows(query, rows, ROWS, dims, got.dot);
    vk_l2_rows(query, rows, ROWS, dims, got.l2);
    expect(!memcmp(got.dot, want->dot, sizeof got.dot), "dot_rows has the bits of dot", level, dims);
    expect(!memcmp(got.l2, want->l2, sizeof got.l2), "l2_rows has the bits of l2", level, dims);
    vk_dot_norm_rows(query, rows, ROWS, dims, got.dot, got.norm);
    expect(!memcmp(got.dot, want->dot, sizeof got.dot), "dot_norm_rows has the bits of dot", level, dims);
    expect(!memcmp(got.norm, want->norm, sizeof got.norm), "dot_norm_rows has the bits of norm", level, dims);
}

static void check(size_t dims, struct guarded query_memory, struct guarded row_memory) {
    static float query[MOST_DIMS], rows[ROWS * MOST_DIMS];
    size_t query_bytes = dims * sizeof(float), row_bytes = ROWS * query_bytes;
    for (size_t i = 0; i < dims; i++) query[i] = random_float();
    for (size_t i = 0; i < ROWS * dims; i++) rows[i] = random_float();

    // Each level adds up at most dims / 8 products one after another and a few more; each addition rounds by at most
    // 2^-24. Two levels may be wrong in opposite directions.
    double tolerance = 2 * ((double)dims / 8 + 16) * 0x1p-24;
    vk_level_force(VK_LEVEL_SCALAR);
    struct results scalar = by_pairs(query, rows, dims);

    for (int32_t level = VK_LEVEL_SCALAR; level <= VK_LEVEL_NEON; level++) {
        if (!vk_level_force(level)) continue;
        expect(vk_level_current() == level, "force", level, dims);
        struct results r = by_pairs(query, rows, dims);
        for (size_t i = 0; i < ROWS; i++) {
            double size = 0;
            for (size_t j = 0; j < dims; j++) size += fabs((double)query[j] * rows[i * dims + j]);
            expect(fabs((double)r.dot[i] - scalar.dot[i]) <= tolerance * size, "dot", level, dims);
            expect(fabs((double)r.l2[i] - scalar.l2[i]) <= 2 * tolerance * scalar.l2[i], "l2", level, dims);
            expect(fabs((double)r.norm[i] - scalar.norm[i]) <= tolerance * scalar.norm[i], "norm", level, dims);
        }
        check_rows(query, rows, dims, &r, level);

        // Against both guard pages, and at every distance from a register's alignment; also at an odd address.
        for (size_t shift = 0; shift <= 16; shift += shift < 4 ? 1 : 4) {
            float *at_begin_query = (float *)(void *)(query_memory.begin + shift);
            float *at_begin = (float *)(void *)(row_memory.begin + shift);
            memcpy(at_begin_query, query, query_bytes);
            memcpy(at_begin, rows, row_bytes);
            check_rows(at_begin_query, at_begin, dims, &r, level);
            float *at_end_query = (float *)(void *)(query_memory.end - query_bytes);
            float *at_end = (float *)(void *)(row_memory.end - row_bytes);
            memmove(at_end_query, query, query_bytes);
            memmove(at_end, rows, row_bytes);
            check_rows(at_end_query, at_end, dims, &r, level);
        }
    }
}

int main(void) {
    static const size_t models[] = {384, 768, 1536, 3072};
    struct guarded query_memory = guarded(MOST_DIMS * sizeof(float) + 16);
    struct guarded row_memory = guarded(ROWS * MOST_DIMS * sizeof(float) + 16);
    for (size_t dims = 1; dims <= 130; dims++) check(dims, query_memory, row_memory);
    for (size_t i = 0; i < sizeof models / sizeof models[0]; i++) check(models[i], query_memory, row_memory);

    printf("levels:");
    for (int32_t level = VK_LEVEL_SCALAR; level <= VK_LEVEL_NEON; level++)
        if (vk_level_is_supported(level)) printf(" %s", level_names[level]);
    printf("\n%ld passed, %ld failed\n", passed, failed);
    return failed != 0;
}
