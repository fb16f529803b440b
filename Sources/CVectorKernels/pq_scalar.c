// SPDX-License-Identifier: Apache-2.0

// Product quantisation in plain C.

// Bytes and bounds must be the same at every level, so no multiplication and addition may be fused.
#if defined(__clang__)
#pragma STDC FP_CONTRACT OFF
#elif defined(__GNUC__)
#pragma GCC optimize("fp-contract=off")
#endif

#include "kernels.h"
#include "pq_rounding.h"

void vk_scalar_pq_dot_table(
    const float *query, const float *words, size_t sub_vectors, size_t width, size_t codewords, float *table) {
    for (size_t j = 0; j < sub_vectors; j++) {
        float *out = table + j * codewords;
        for (size_t k = 0; k < codewords; k++) out[k] = 0;
        for (size_t d = 0; d < width; d++) {
            float component = vk_at(query, j * width + d);
            const float *row = words + (j * width + d) * codewords;
            for (size_t k = 0; k < codewords; k++) out[k] += component * vk_at(row, k);
        }
    }
}

struct vk_pq_scale vk_scalar_pq_quantize(
    const float *table, float scale, size_t sub_vectors, size_t codewords, uint8_t *bytes) {
    struct vk_pq_rounding rounding = {0, 0, 0};
    for (size_t j = 0; j < sub_vectors; j++) {
        struct vk_pq_range range = {INFINITY, -INFINITY};
        for (size_t k = 0; k < codewords; k++) {
            float number = vk_at(table, j * codewords + k);
            if (number < range.low) range.low = number;
            if (number > range.high) range.high = number;
        }
        // The smallest number waits where the sub-vector's first bytes go.
        float low = vk_pq_take_in(&rounding, range, scale);
        memcpy(bytes + j * codewords, &low, sizeof low);
    }
    struct vk_pq_levels levels = vk_pq_levels_of(&rounding, sub_vectors);
    for (size_t j = 0; j < sub_vectors; j++) {
        float low;
        memcpy(&low, bytes + j * codewords, sizeof low);
        for (size_t k = 0; k < codewords; k++) {
            float level = (scale * vk_at(table, j * codewords + k) - low) * levels.inverse;
            // What is not a number fails both tests.
            bytes[j * codewords + k] = level >= levels.most ? levels.most : level > 0 ? (uint8_t)level : 0;
        }
    }
    return levels.scale;
}

// ---- Sums over all rows -------------------------------------------------------------------------------------------

// Rows go eight at a time: their codes are one load, and their sums do not wait for each other.
#define ROWS 8

// The codes of `count` rows, the first one's in the lowest bits.
static inline uint64_t codes_of(const uint8_t *codes, size_t count) {
    uint64_t eight = 0;
    if (count < ROWS) {
        for (size_t i = 0; i < count; i++) eight |= (uint64_t)codes[i] << (8 * i);
        return eight;
    }
    memcpy(&eight, codes, sizeof eight);
#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    eight = __builtin_bswap64(eight);
#endif
    return eight;
}

struct byte_sums {
    uint32_t of[ROWS];
};

static inline struct byte_sums byte_sums_8(
    const uint8_t *codes, size_t stride, size_t count, size_t sub_vectors, const uint8_t *bytes) {
    struct byte_sums sums = {{0}};
    for (size_t j = 0; j < sub_vectors; j++, codes += stride, bytes += 256) {
        uint64_t eight = codes_of(codes, count);
        for (size_t i = 0; i < ROWS; i++) sums.of[i] += bytes[eight >> (8 * i) & 255];
    }
    return sums;
}

static inline struct byte_sums byte_sums_4(
    const uint8_t *codes, size_t stride, size_t count, size_t sub_vectors, const uint8_t *bytes) {
    struct byte_sums sums = {{0}};
    for (size_t j = 0; j < sub_vectors; j += 2, codes += stride, bytes += 32) {
        uint64_t eight = codes_of(codes, count);
        for (size_t i = 0; i < ROWS; i++)
            sums.of[i] += bytes[eight >> (8 * i) & 15] + bytes[16 + (eight >> (8 * i + 4) & 15)];
    }
    return sums;
}

// What becomes of the sums of `count` rows from `first` on; returns how many rows it reported.
static inline size_t select_rows(
    struct byte_sums sums, size_t first, size_t count, const float *terms, float constant, float step, float threshold,
    uint32_t *rows, float *bounds) {
    size_t selected = 0;
    for (size_t i = 0; i < count; i++) {
        float term = terms ? vk_at(terms, first + i) : 0;
        float bound = (constant + term) + step * (float)(uint16_t)sums.of[i];
        // What is not a number fails both tests.
        if (!(bound <= threshold) || !(term < INFINITY)) continue;
        rows[selected] = (uint32_t)(first + i);
        bounds[selected++] = bound;
    }
    return selected;
}

size_t vk_scalar_pq_select_8(
    const uint8_t *codes, size_t stride, size_t count, size_t sub_vectors, const uint8_t *bytes, const float *terms,
    float constant, float step, float threshold, uint32_t *rows, float *bounds, const void *next,
    size_t next_bytes) {
    (void)next, (void)next_bytes;
    size_t selected = 0;
    for (size_t r = 0, these; r < count; r += these) {
        these = count - r < ROWS ? count - r : ROWS;
        struct byte_sums sums = these == ROWS ? byte_sums_8(codes + r, stride, ROWS, sub_vectors, bytes)
                                              : byte_sums_8(codes + r, stride, these, sub_vectors, bytes);
        selected += select_rows(
            sums, r, these, terms, constant, step, threshold, rows + selected, bounds + selected);
    }
    return selected;
}

size_t vk_scalar_pq_select_4(
    const uint8_t *codes, size_t stride, size_t count, size_t sub_vectors, const uint8_t *bytes, const float *terms,
    float constant, float step, float threshold, uint32_t *rows, float *bounds, const void *next,
    size_t next_bytes) {
    (void)next, (void)next_bytes;
    size_t selected = 0;
    for (size_t r = 0, these; r < count; r += these) {
        these = count - r < ROWS ? count - r : ROWS;
        struct byte_sums sums = these == ROWS ? byte_sums_4(codes + r, stride, ROWS, sub_vectors, bytes)
                                              : byte_sums_4(codes + r, stride, these, sub_vectors, bytes);
        selected += select_rows(
            sums, r, these, terms, constant, step, threshold, rows + selected, bounds + selected);
    }
    return selected;
}

static inline void sum_8(
    const uint8_t *codes, size_t stride, size_t count, size_t sub_vectors, const float *table, float *out) {
    float sums[ROWS] = {0};
    for (size_t j = 0; j < sub_vectors; j++, codes += stride, table += 256) {
        uint64_t eight = codes_of(codes, count);
        for (size_t i = 0; i < ROWS; i++) sums[i] += vk_at(table, eight >> (8 * i) & 255);
    }
    memcpy(out, sums, count * sizeof *sums);
}

static inline void sum_4(
    const uint8_t *codes, size_t stride, size_t count, size_t sub_vectors, const float *table, float *out) {
    float sums[ROWS] = {0};
    for (size_t j = 0; j < sub_vectors; j += 2, codes += stride, table += 32) {
        uint64_t eight = codes_of(codes, count);
        for (size_t i = 0; i < ROWS; i++) sums[i] += vk_at(table, eight >> (8 * i) & 15);
        for (size_t i = 0; i < ROWS; i++) sums[i] += vk_at(table, 16 + (eight >> (8 * i + 4) & 15));
    }
    memcpy(out, sums, count * sizeof *sums);
}

void vk_scalar_pq_sum_8(
    const uint8_t *codes, size_t stride, size_t count, size_t sub_vectors, const float *table, float *sums) {
    size_t r = 0;
    for (; r + ROWS <= count; r += ROWS) sum_8(codes + r, stride, ROWS, sub_vectors, table, sums + r);
    if (r < count) sum_8(codes + r, stride, count - r, sub_vectors, table, sums + r);
}

void vk_scalar_pq_sum_4(
    const uint8_t *codes, size_t stride, size_t count, size_t sub_vectors, const float *table, float *sums) {
    size_t r = 0;
    for (; r + ROWS <= count; r += ROWS) sum_4(codes + r, stride, ROWS, sub_vectors, table, sums + r);
    if (r < count) sum_4(codes + r, stride, count - r, sub_vectors, table, sums + r);
}

// A row's codes lie far apart, and so do the numbers that they name: there is nothing for vectors to do. Four rows at
// a time do not wait for each other.
static inline void sum_row(
    const uint8_t *codes, size_t stride, size_t sub_vectors, uint32_t bits, const float *table, const uint32_t *rows,
    size_t count, float *out) {
    float sums[4] = {0};
    if (bits == 8) {
        for (size_t j = 0; j < sub_vectors; j++, codes += stride, table += 256)
            for (size_t i = 0; i < count; i++) sums[i] += table[codes[rows[i]]];
    } else {
        for (size_t j = 0; j < sub_vectors; j += 2, codes += stride, table += 32)
            for (size_t i = 0; i < count; i++) {
                sums[i] += table[codes[rows[i]] & 15];
                sums[i] += table[16 + (codes[rows[i]] >> 4)];
            }
    }
    memcpy(out, sums, count * sizeof *sums);
}

void vk_pq_sum_rows(
    const uint8_t *codes, size_t stride, size_t sub_vectors, uint32_t bits, const float *table, const uint32_t *rows,
    size_t count, float *sums) {
    size_t r = 0;
    for (; r + 4 <= count; r += 4) sum_row(codes, stride, sub_vectors, bits, table, rows + r, 4, sums + r);
    if (r < count) sum_row(codes, stride, sub_vectors, bits, table, rows + r, count - r, sums + r);
}

// ---- Single rows --------------------------------------------------------------------------------------------------

static inline uint32_t code_4(const uint8_t *codes, size_t stride, size_t row, size_t j) {
    return codes[j / 2 * stride + row] >> (j % 2 * 4) & 15;
}

static const float *word_of(
    const float *codebook, size_t width, uint32_t bits, const uint8_t *codes, size_t stride, size_t row, size_t j) {
    return bits == 4 ? codebook + (j * 16 + code_4(codes, stride, row, j)) * width
                     : codebook + (j * 256 + codes[j * stride + row]) * width;
}

void vk_scalar_pq_l2_rows(
    const float *vector, const float *codebook, size_t sub_vectors, size_t width, uint32_t bits, const uint8_t *codes,
    size_t stride, const uint32_t *rows, size_t count, float *distances) {
    for (size_t i = 0; i < count; i++) {
        float sum = 0;
        for (size_t j = 0; j < sub_vectors; j++) {
            const float *word = word_of(codebook, width, bits, codes, stride, rows[i], j);
            for (size_t d = 0; d < width; d++) {
                float difference = vk_at(vector, j * width + d) - vk_at(word, d);
                sum += difference * difference;
            }
        }
        distances[i] = sum;
    }
}

void vk_scalar_pq_dot_rows(
    const float *vector, const float *codebook, size_t sub_vectors, size_t width, uint32_t bits, const uint8_t *codes,
    size_t stride, const uint32_t *rows, size_t count, float *dots) {
    for (size_t i = 0; i < count; i++) {
        float sum = 0;
        for (size_t j = 0; j < sub_vectors; j++) {
            const float *word = word_of(codebook, width, bits, codes, stride, rows[i], j);
            for (size_t d = 0; d < width; d++) sum += vk_at(vector, j * width + d) * vk_at(word, d);
        }
        dots[i] = sum;
    }
}
