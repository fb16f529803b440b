// SPDX-License-Identifier: Apache-2.0

// Scans of product-quantised rows on 64-bit ARM: 16 rows a register.
//
// A byte is looked up among 64 at a time, and a look-up leaves a lane alone where its index is 64 or more: four of
// them, each with the next 64 codes turned into 0 to 63, find a byte among 256. Such a table is sixteen registers, half
// of all, and so four blocks of 16 rows share one loading of it. The last block of a scan overlaps the one before;
// fewer rows than one block are left to plain C.

#if defined(__aarch64__)

// Bounds must be the same number at every level, so no multiplication and addition may be fused.
#if defined(__clang__)
#pragma STDC FP_CONTRACT OFF
#elif defined(__GNUC__)
#pragma GCC optimize("fp-contract=off")
#endif

#include <arm_neon.h>

#include "kernels.h"

#define INLINE static inline __attribute__((always_inline))

#define ROWS 16
#define LANES 4
#define MOST_BLOCKS 4

// What one call asks for, and what it has found.
struct scan {
    const uint8_t *codes;
    size_t stride, sub_vectors;
    const uint8_t *bytes;
    const float *terms;
    float constant, step, threshold;
    uint32_t *rows;
    float *bounds;
    size_t selected;
};

// The sums of the rows of each block, in the order of the rows.
struct sums {
    uint16x8_t low[MOST_BLOCKS], high[MOST_BLOCKS];
};

// Reports those of four rows that are to be reported and not below `from`.
INLINE void select_four(struct scan *scan, uint16x4_t sums, size_t first, size_t from) {
    float32x4_t rest = vdupq_n_f32(scan->constant);
    uint32x4_t finite = vdupq_n_u32(UINT32_MAX);
    if (scan->terms) {
        float32x4_t term = vld1q_f32(scan->terms + first);
        finite = vcltq_f32(term, vdupq_n_f32(__builtin_inff()));
        rest = vaddq_f32(rest, term);
    } else {
        rest = vaddq_f32(rest, vdupq_n_f32(0));
    }
    float32x4_t product = vmulq_f32(vdupq_n_f32(scan->step), vcvtq_f32_u32(vmovl_u16(sums)));
    float32x4_t bound = vaddq_f32(rest, product);
    uint32x4_t passed = vandq_u32(vcleq_f32(bound, vdupq_n_f32(scan->threshold)), finite);
    // Most have no row to report.
    if (vmaxvq_u32(passed) == 0) return;
    float bounds[LANES];
    uint32_t masks[LANES];
    vst1q_f32(bounds, bound);
    vst1q_u32(masks, passed);
    for (size_t i = 0; i < LANES; i++) {
        if (masks[i] == 0 || first + i < from) continue;
        scan->rows[scan->selected] = (uint32_t)(first + i);
        scan->bounds[scan->selected++] = bounds[i];
    }
}

INLINE void select_blocks(struct scan *scan, const struct sums *sums, size_t blocks, size_t first, size_t from) {
    for (size_t b = 0; b < blocks; b++, first += ROWS) {
        select_four(scan, vget_low_u16(sums->low[b]), first, from);
        select_four(scan, vget_high_u16(sums->low[b]), first + LANES, from);
        select_four(scan, vget_low_u16(sums->high[b]), first + 2 * LANES, from);
        select_four(scan, vget_high_u16(sums->high[b]), first + 3 * LANES, from);
    }
}

INLINE struct sums no_sums(size_t blocks) {
    struct sums sums;
    for (size_t b = 0; b < blocks; b++) sums.low[b] = sums.high[b] = vdupq_n_u16(0);
    return sums;
}

INLINE void add_bytes(struct sums *sums, size_t b, uint8x16_t bytes) {
    sums->low[b] = vaddw_u8(sums->low[b], vget_low_u8(bytes));
    sums->high[b] = vaddw_high_u8(sums->high[b], bytes);
}

// Scans rows from `first` on and reports those that are not below `from`.
INLINE void scan_8(struct scan *scan, size_t blocks, size_t first, size_t from) {
    struct sums sums = no_sums(blocks);
    for (size_t j = 0; j < scan->sub_vectors; j++) {
        const uint8_t *column = scan->codes + j * scan->stride + first, *bytes = scan->bytes + j * 256;
        uint8x16x4_t t0 = vld1q_u8_x4(bytes), t1 = vld1q_u8_x4(bytes + 64);
        uint8x16x4_t t2 = vld1q_u8_x4(bytes + 128), t3 = vld1q_u8_x4(bytes + 192);
        for (size_t b = 0; b < blocks; b++) {
            uint8x16_t codes = vld1q_u8(column + b * ROWS);
            uint8x16_t found = vqtbl4q_u8(t0, codes);
            found = vqtbx4q_u8(found, t1, veorq_u8(codes, vdupq_n_u8(64)));
            found = vqtbx4q_u8(found, t2, veorq_u8(codes, vdupq_n_u8(128)));
            found = vqtbx4q_u8(found, t3, veorq_u8(codes, vdupq_n_u8(192)));
            add_bytes(&sums, b, found);
        }
    }
    select_blocks(scan, &sums, blocks, first, from);
}

INLINE void scan_4(struct scan *scan, size_t blocks, size_t first, size_t from) {
    struct sums sums = no_sums(blocks);
    for (size_t j = 0; j < scan->sub_vectors / 2; j++) {
        const uint8_t *column = scan->codes + j * scan->stride + first;
        uint8x16_t t0 = vld1q_u8(scan->bytes + j * 32), t1 = vld1q_u8(scan->bytes + j * 32 + 16);
        for (size_t b = 0; b < blocks; b++) {
            uint8x16_t codes = vld1q_u8(column + b * ROWS);
            add_bytes(&sums, b, vqtbl1q_u8(t0, vandq_u8(codes, vdupq_n_u8(15))));
            add_bytes(&sums, b, vqtbl1q_u8(t1, vshrq_n_u8(codes, 4)));
        }
    }
    select_blocks(scan, &sums, blocks, first, from);
}

size_t vk_neon_pq_select_8(
    const uint8_t *codes, size_t stride, size_t count, size_t sub_vectors, const uint8_t *bytes, const float *terms,
    float constant, float step, float threshold, uint32_t *rows, float *bounds, const void *next,
    size_t next_bytes) {
    (void)next, (void)next_bytes;
    if (count < ROWS)
        return vk_scalar_pq_select_8(
            codes, stride, count, sub_vectors, bytes, terms, constant, step, threshold, rows, bounds, NULL, 0);
    struct scan scan = {codes, stride, sub_vectors, bytes, terms, constant, step, threshold, rows, bounds, 0};
    size_t r = 0;
    for (; r + MOST_BLOCKS * ROWS <= count; r += MOST_BLOCKS * ROWS) scan_8(&scan, MOST_BLOCKS, r, r);
    for (; r + ROWS <= count; r += ROWS) scan_8(&scan, 1, r, r);
    if (r < count) scan_8(&scan, 1, count - ROWS, r);
    return scan.selected;
}

size_t vk_neon_pq_select_4(
    const uint8_t *codes, size_t stride, size_t count, size_t sub_vectors, const uint8_t *bytes, const float *terms,
    float constant, float step, float threshold, uint32_t *rows, float *bounds, const void *next,
    size_t next_bytes) {
    (void)next, (void)next_bytes;
    if (count < ROWS)
        return vk_scalar_pq_select_4(
            codes, stride, count, sub_vectors, bytes, terms, constant, step, threshold, rows, bounds, NULL, 0);
    struct scan scan = {codes, stride, sub_vectors, bytes, terms, constant, step, threshold, rows, bounds, 0};
    size_t r = 0;
    for (; r + MOST_BLOCKS * ROWS <= count; r += MOST_BLOCKS * ROWS) scan_4(&scan, MOST_BLOCKS, r, r);
    for (; r + ROWS <= count; r += ROWS) scan_4(&scan, 1, r, r);
    if (r < count) scan_4(&scan, 1, count - ROWS, r);
    return scan.selected;
}

#else

// A file of C must declare something.
typedef int vk_no_pq_neon_select;

#endif
