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

static const char *const level_names[] = {"scalar", "avx2", "avx512", "neon", "avx512vbmi"};
static long passed, failed;

static void expect(int condition, const char *what, int32_t level, size_t dims) {
    if (condition) {
        passed++;
    } else {
        // The first failures tell the story.
        if (++failed <= 20) fprintf(stderr, "failed: %s, %s, %zu\n", what, level_names[level], dims);
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

    for (int32_t level = VK_LEVEL_SCALAR; level <= VK_LEVEL_AVX512VBMI; level++) {
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

// ---- Product quantisation -----------------------------------------------------------------------------------------

#define PQ_MOST_PARTS 48
#define PQ_MOST_WIDTH 24
#define PQ_MOST_ROWS 330

// Bytes between the last float and the guard page: floats may lie at any address.
static size_t pq_shift;

static float float_at(const float *floats, size_t i) {
    float value;
    memcpy(&value, floats + i, sizeof value);
    return value;
}

static void put_float(float *floats, size_t i, float value) { memcpy(floats + i, &value, sizeof value); }

// Fills up with random bytes and returns where they begin, so that they end at the guard page.
static uint8_t *random_bytes(struct guarded memory, size_t count) {
    for (size_t i = 0; i < count; i++) memory.end[-1 - (ptrdiff_t)i] = (char)(int)(random_float() * 128);
    return (uint8_t *)memory.end - count;
}

static float *random_floats(struct guarded memory, size_t count) {
    float *floats = (float *)(void *)(memory.end - pq_shift - count * sizeof(float));
    for (size_t i = 0; i < count; i++) put_float(floats, i, random_float());
    return floats;
}

struct selection {
    size_t count;
    uint32_t rows[PQ_MOST_ROWS];
    float bounds[PQ_MOST_ROWS];
};

static int same_selection(const struct selection *a, const struct selection *b) {
    return a->count == b->count && !memcmp(a->rows, b->rows, a->count * sizeof *a->rows)
           && !memcmp(a->bounds, b->bounds, a->count * sizeof *a->bounds);
}

// Rows and bounds, and sums, are the same at each level.
static void check_pq_scan(size_t count, size_t parts, uint32_t bits, struct guarded memory[4]) {
    static struct selection want, got;
    static float want_sums[PQ_MOST_ROWS], got_sums[PQ_MOST_ROWS];
    size_t columns = bits == 4 ? parts / 2 : parts, entries = parts << bits, stride = count + count % 5;
    uint8_t *codes = random_bytes(memory[0], columns == 0 ? 0 : stride * (columns - 1) + count);
    uint8_t *bytes = random_bytes(memory[1], entries);
    float *terms = random_floats(memory[2], count), *table = random_floats(memory[3], entries);
    for (size_t i = 0; i < count; i++)
        put_float(terms, i, i % 17 == 5 ? (i % 2 ? NAN : INFINITY) : random_float() * 50);
    for (int trial = 0; trial < 6; trial++) {
        float threshold = trial % 3 == 0 ? INFINITY : (float)parts * (trial % 3 == 1 ? 40 : 30);
        for (int32_t level = VK_LEVEL_SCALAR; level <= VK_LEVEL_AVX512VBMI; level++) {
            if (!vk_level_force(level)) continue;
            struct selection *out = level == VK_LEVEL_SCALAR ? &want : &got;
            out->count = (bits == 4 ? vk_pq_select_4 : vk_pq_select_8)(
                codes, stride, count, parts, bytes, trial < 3 ? terms : NULL, 0.7f, 1 / 3.0f, threshold, out->rows,
                out->bounds, NULL, 0);
            expect(same_selection(&want, out), "pq_select has the bits of the scalar one", level, count);
            float *sums = level == VK_LEVEL_SCALAR ? want_sums : got_sums;
            (bits == 4 ? vk_pq_sum_4 : vk_pq_sum_8)(codes, stride, count, parts, table, sums);
            int same = !memcmp(want_sums, sums, count * sizeof *sums);
            expect(same, "pq_sum has the bits of the scalar one", level, count);
        }
    }
}

// Bytes are the same at each level; products with words are close.
static void check_pq_tables(size_t parts, size_t width, size_t codewords, struct guarded memory[4]) {
    static float want[PQ_MOST_PARTS * 256], got[PQ_MOST_PARTS * 256];
    static uint8_t want_bytes[PQ_MOST_PARTS * 256], got_bytes[PQ_MOST_PARTS * 256];
    static const float bad[] = {NAN, INFINITY, -INFINITY, 3e38f, -3e38f, 0, 1e-45f, 0.5f};
    size_t entries = parts * codewords;
    float *query = random_floats(memory[0], parts * width), *words = random_floats(memory[1], entries * width);
    for (size_t i = 0; i < 9; i++) {
        float *table = random_floats(memory[2], entries);
        // The last trial has good numbers alone.
        if (i < 8) put_float(table, i * 7 % entries, bad[i]);
        struct vk_pq_scale scale = {0, 0};
        for (int32_t level = VK_LEVEL_SCALAR; level <= VK_LEVEL_AVX512VBMI; level++) {
            if (!vk_level_force(level)) continue;
            uint8_t *bytes = level == VK_LEVEL_SCALAR ? want_bytes : got_bytes;
            struct vk_pq_scale its = vk_pq_quantize(table, i % 2 ? -2 : 0.3f, parts, codewords, bytes);
            if (level == VK_LEVEL_SCALAR) scale = its;
            expect(!memcmp(want_bytes, bytes, entries), "pq_quantize has the bytes of the scalar one", level, parts);
            expect(!memcmp(&scale, &its, sizeof scale), "pq_quantize has the scale of the scalar one", level, parts);
        }
    }
    for (int32_t level = VK_LEVEL_SCALAR; level <= VK_LEVEL_AVX512VBMI; level++) {
        if (!vk_level_force(level)) continue;
        float *table = level == VK_LEVEL_SCALAR ? want : got;
        vk_pq_dot_table(query, words, parts, width, codewords, table);
        int close = 1;
        for (size_t i = 0; i < entries; i++)
            close &= fabsf(table[i] - want[i]) <= 2 * (float)(width * (width + 1)) * 0x1p-24f;
        expect(close, "pq_dot_table", level, width);
    }
}

// Distances are close to the scalar ones, and a row's are the same whichever others are asked for.
static void check_pq_rows(size_t parts, size_t width, uint32_t bits, struct guarded memory[4]) {
    enum { COUNT = 11, ROWS_BEHIND = 20 };
    size_t columns = bits == 4 ? parts / 2 : parts;
    uint8_t *codes = random_bytes(memory[0], columns * ROWS_BEHIND);
    float *vector = random_floats(memory[1], parts * width);
    float *codebook = random_floats(memory[2], (parts << bits) * width);
    static const uint32_t rows[COUNT] = {19, 0, 3, 3, 7, 18, 12, 1, 0, 9, 10};
    float want[2][COUNT], got[2][COUNT], one[2];
    double tolerance = 2 * ((double)(parts * width) + 16) * 0x1p-24;
    for (int32_t level = VK_LEVEL_SCALAR; level <= VK_LEVEL_AVX512VBMI; level++) {
        if (!vk_level_force(level)) continue;
        float(*out)[COUNT] = level == VK_LEVEL_SCALAR ? want : got;
        vk_pq_l2_rows(vector, codebook, parts, width, bits, codes, ROWS_BEHIND, rows, COUNT, out[0]);
        vk_pq_dot_rows(vector, codebook, parts, width, bits, codes, ROWS_BEHIND, rows, COUNT, out[1]);
        for (size_t i = 0; i < COUNT; i++) {
            double l2_off = fabs((double)out[0][i] - want[0][i]), dot_off = fabs((double)out[1][i] - want[1][i]);
            expect(l2_off <= 2 * tolerance * want[0][i], "pq_l2_rows", level, width);
            // No product is larger than 1.
            expect(dot_off <= tolerance * (double)(parts * width), "pq_dot_rows", level, width);
            vk_pq_l2_rows(vector, codebook, parts, width, bits, codes, ROWS_BEHIND, rows + i, 1, one);
            vk_pq_dot_rows(vector, codebook, parts, width, bits, codes, ROWS_BEHIND, rows + i, 1, one + 1);
            expect(one[0] == out[0][i] && one[1] == out[1][i], "pq rows do not depend on each other", level, width);
        }
    }
}

// The words chosen are the same at each level, with numbers that are none among the tables and with equal ones.
static void check_pq_choose(size_t parts, size_t codewords, struct guarded memory[4]) {
    static const float bad[] = {NAN, INFINITY, -INFINITY, 3e38f, -3e38f, 1e-45f};
    uint8_t want[PQ_MOST_PARTS + 1];
    size_t entries = parts * codewords;
    for (size_t trial = 0; trial < 40; trial++) {
        float *dots = random_floats(memory[2], entries), *norms = random_floats(memory[3], entries);
        for (size_t i = 0; i < entries; i++) {
            float dot = float_at(dots, i), norm = fabsf(float_at(norms, i));
            if (trial % 4 == 1) dot = floorf(dot * 3), norm = floorf(norm * 3);
            if (trial % 4 == 2) dot = norm = 0.5f;
            put_float(dots, i, trial % 4 == 3 && i % 37 == trial ? bad[trial / 4 % 6] : dot);
            put_float(norms, i, trial == 39 ? NAN : norm);
        }
        uint8_t *got = (uint8_t *)memory[0].end - parts;
        for (int32_t level = VK_LEVEL_SCALAR; level <= VK_LEVEL_AVX512VBMI; level++) {
            if (!vk_level_force(level)) continue;
            vk_pq_choose(dots, norms, parts, codewords, trial % 5 == 0 ? 0 : 0.2f, got);
            if (level == VK_LEVEL_SCALAR) memcpy(want, got, parts);
            expect(!memcmp(want, got, parts), "pq_choose has the words of the scalar one", level, parts);
        }
    }
}

static void check_pq(void) {
    static const size_t parts[] = {2, 6, 48}, widths[] = {1, 2, 3, 5, 8, 16, PQ_MOST_WIDTH};
    struct guarded memory[4];
    for (size_t i = 0; i < 4; i++) memory[i] = guarded(PQ_MOST_PARTS * 256 * PQ_MOST_WIDTH * sizeof(float) + 1);
    for (uint32_t bits = 4; bits <= 8; bits += 4) {
        for (size_t count = 0; count <= PQ_MOST_PARTS; count++) {
            pq_shift = count % 2;
            check_pq_choose(count, (size_t)1 << bits, memory);
        }
        for (size_t count = 0; count <= PQ_MOST_ROWS; count++) {
            pq_shift = count % 2;
            check_pq_scan(count, count % 10 == 0 ? 48 : 2 + count % 3 * 2, bits, memory);
        }
        for (size_t p = 0; p < sizeof parts / sizeof parts[0]; p++)
            for (size_t w = 0; w < sizeof widths / sizeof widths[0]; w++) {
                for (pq_shift = 0; pq_shift < 2; pq_shift++) {
                    check_pq_tables(parts[p], widths[w], (size_t)1 << bits, memory);
                    check_pq_rows(parts[p], widths[w], bits, memory);
                }
            }
    }
}

int main(void) {
    static const size_t models[] = {384, 768, 1536, 3072};
    struct guarded query_memory = guarded(MOST_DIMS * sizeof(float) + 16);
    struct guarded row_memory = guarded(ROWS * MOST_DIMS * sizeof(float) + 16);
    for (size_t dims = 1; dims <= 130; dims++) check(dims, query_memory, row_memory);
    for (size_t i = 0; i < sizeof models / sizeof models[0]; i++) check(models[i], query_memory, row_memory);
    check_pq();

    printf("levels:");
    for (int32_t level = VK_LEVEL_SCALAR; level <= VK_LEVEL_AVX512VBMI; level++)
        if (vk_level_is_supported(level)) printf(" %s", level_names[level]);
    printf("\n%ld passed, %ld failed\n", passed, failed);
    return failed != 0;
}
