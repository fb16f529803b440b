// SPDX-License-Identifier: Apache-2.0

// Scans of product-quantised rows with AVX-512: 64 rows a register.
//
// Codes are looked up in registers: a sub-vector's 256 bytes are four of them, loaded once for up to MOST_BLOCKS blocks
// of 64 rows. The bytes found are added up in 16 bits, even and odd rows apart, which needs no widening. The last block
// of a scan is loaded under a mask: lanes that are off are not touched, so nothing is read past a column's end.

#if defined(__x86_64__)

// Bounds must be the same number at every level, so no multiplication and addition may be fused.
#if defined(__clang__)
#pragma STDC FP_CONTRACT OFF
#elif defined(__GNUC__)
#pragma GCC optimize("fp-contract=off")
#endif

#include <immintrin.h>

#include "kernels.h"

#define AVX512 __attribute__((target("avx512f,avx512bw,avx512vl,avx512dq")))
#define AVX512VBMI __attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,avx512vbmi")))
#define INLINE static inline __attribute__((always_inline))

#define ROWS 64
#define MOST_BLOCKS 8

// What one call asks for, and what it has found.
struct scan {
    const uint8_t *codes;
    size_t stride, sub_vectors;
    const uint8_t *bytes;
    const float *terms;
    float constant, step, threshold;
    uint32_t *rows;
    float *bounds;
    const char *next;
    size_t next_bytes;
    size_t selected;
};

// Lane i of sums[b] belongs to row 2i of block b in `even`, to row 2i + 1 in `odd`.
struct sums {
    __m512i even[MOST_BLOCKS], odd[MOST_BLOCKS];
};

// Appends the lanes that passed. A compressing store to memory is microcode on some processors, so the lanes are
// compressed in a register and stored under a mask.
AVX512 INLINE void append(struct scan *scan, __mmask16 passed, __m512 bound, size_t first) {
    if (!passed) return;
    unsigned count = (unsigned)__builtin_popcount(passed);
    __mmask16 low = (__mmask16)((1u << count) - 1);
    __m512i lane = _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
    __m512i row = _mm512_add_epi32(_mm512_set1_epi32((int)(uint32_t)first), lane);
    _mm512_mask_storeu_epi32(scan->rows + scan->selected, low, _mm512_maskz_compress_epi32(passed, row));
    _mm512_mask_storeu_ps(scan->bounds + scan->selected, low, _mm512_maskz_compress_ps(passed, bound));
    scan->selected += count;
}

// The bounds of 16 rows, and in *passed those of the rows `among` that are to be reported.
AVX512 INLINE __m512 bounds_of(
    const struct scan *scan, __m256i sums, size_t first, __mmask16 among, __mmask16 *passed) {
    __m512 rest = _mm512_set1_ps(scan->constant);
    if (scan->terms) {
        __m512 term = _mm512_maskz_loadu_ps(among, scan->terms + first);
        among = _mm512_mask_cmp_ps_mask(among, term, _mm512_set1_ps(__builtin_inff()), _CMP_LT_OQ);
        rest = _mm512_add_ps(rest, term);
    } else {
        rest = _mm512_add_ps(rest, _mm512_setzero_ps());
    }
    __m512 sum = _mm512_cvtepi32_ps(_mm512_cvtepu16_epi32(sums));
    __m512 bound = _mm512_add_ps(rest, _mm512_mul_ps(_mm512_set1_ps(scan->step), sum));
    *passed = _mm512_mask_cmp_ps_mask(among, bound, _mm512_set1_ps(scan->threshold), _CMP_LE_OQ);
    return bound;
}

// Reports the rows of one block, which begins at row `first`.
AVX512 INLINE void select_block(struct scan *scan, __m512i even, __m512i odd, size_t first, __mmask64 among) {
    // Row order: a lane of 128 bits has 8 rows of `low`, and the next 8 rows are in the same lane of `high`.
    __m512i low = _mm512_unpacklo_epi16(even, odd), high = _mm512_unpackhi_epi16(even, odd);
    __m512i near = _mm512_permutex2var_epi64(low, _mm512_setr_epi64(0, 1, 8, 9, 2, 3, 10, 11), high);
    __m512i far = _mm512_permutex2var_epi64(low, _mm512_setr_epi64(4, 5, 12, 13, 6, 7, 14, 15), high);
    __mmask16 p0, p1, p2, p3;
    __m512 b0 = bounds_of(scan, _mm512_castsi512_si256(near), first, (__mmask16)among, &p0);
    __m512 b1 = bounds_of(scan, _mm512_extracti64x4_epi64(near, 1), first + 16, (__mmask16)(among >> 16), &p1);
    __m512 b2 = bounds_of(scan, _mm512_castsi512_si256(far), first + 32, (__mmask16)(among >> 32), &p2);
    __m512 b3 = bounds_of(scan, _mm512_extracti64x4_epi64(far, 1), first + 48, (__mmask16)(among >> 48), &p3);
    // Most blocks have no row to report.
    if (!(p0 | p1 | p2 | p3)) return;
    append(scan, p0, b0, first);
    append(scan, p1, b1, first + 16);
    append(scan, p2, b2, first + 32);
    append(scan, p3, b3, first + 48);
}

AVX512 INLINE void select_blocks(struct scan *scan, struct sums *sums, size_t blocks, size_t first, __mmask64 last) {
    for (size_t b = 0; b < blocks; b++)
        select_block(scan, sums->even[b], sums->odd[b], first + b * ROWS, b + 1 < blocks ? ~(__mmask64)0 : last);
}

// Asks for the part of what comes next that is as large as the codes of sub-vector j here. The look-ups keep the
// arithmetic busy and leave loads free, so this costs nothing, and codes from the third-level cache then cost what those
// from the second do. Into the second: the first has too few places for what is on its way.
//
// A row has `columns` bytes of codes.
AVX512 INLINE void ask_for_next(const struct scan *scan, size_t j, size_t columns, size_t blocks, size_t first) {
    size_t from = first * columns + j * blocks * ROWS;
    for (size_t b = 0; b < blocks; b++, from += ROWS)
        if (from < scan->next_bytes) _mm_prefetch(scan->next + from, _MM_HINT_T1);
}

// ---- Looking up ---------------------------------------------------------------------------------------------------

// The codes of a block. Only the last one may be short of rows.
AVX512 INLINE __m512i codes_of(const uint8_t *column, size_t b, size_t blocks, __mmask64 last) {
    return b + 1 < blocks ? _mm512_loadu_si512(column + b * ROWS) : _mm512_maskz_loadu_epi8(last, column + b * ROWS);
}

// Adds the bytes of 64 rows to the sums. `total` gets both rows of a pair, the odd one 256 times; take_odd_out takes it
// out again. All of this is modulo 65536.
AVX512 INLINE void add_bytes(__m512i *total, __m512i *odd, __m512i bytes) {
    *total = _mm512_add_epi16(*total, bytes);
    *odd = _mm512_add_epi16(*odd, _mm512_srli_epi16(bytes, 8));
}

AVX512 INLINE void take_odd_out(struct sums *sums, size_t blocks) {
    for (size_t b = 0; b < blocks; b++)
        sums->even[b] = _mm512_sub_epi16(sums->even[b], _mm512_slli_epi16(sums->odd[b], 8));
}

AVX512 INLINE struct sums no_sums(size_t blocks) {
    struct sums sums;
    for (size_t b = 0; b < blocks; b++) sums.even[b] = sums.odd[b] = _mm512_setzero_si512();
    return sums;
}

// With VBMI a byte is looked up among 128 at a time; the code's top bit says in which half.
AVX512VBMI INLINE void scan_8_vbmi(struct scan *scan, size_t blocks, size_t first, __mmask64 last) {
    struct sums sums = no_sums(blocks);
    for (size_t j = 0; j < scan->sub_vectors; j++) {
        const uint8_t *column = scan->codes + j * scan->stride + first, *bytes = scan->bytes + j * 256;
        ask_for_next(scan, j, scan->sub_vectors, blocks, first);
        __m512i t0 = _mm512_loadu_si512(bytes), t1 = _mm512_loadu_si512(bytes + 64);
        __m512i t2 = _mm512_loadu_si512(bytes + 128), t3 = _mm512_loadu_si512(bytes + 192);
        for (size_t b = 0; b < blocks; b++) {
            __m512i codes = codes_of(column, b, blocks, last);
            __m512i low = _mm512_permutex2var_epi8(t0, codes, t1), high = _mm512_permutex2var_epi8(t2, codes, t3);
            __m512i found = _mm512_mask_blend_epi8(_mm512_movepi8_mask(codes), low, high);
            add_bytes(&sums.even[b], &sums.odd[b], found);
        }
    }
    take_odd_out(&sums, blocks);
    select_blocks(scan, &sums, blocks, first, last);
}

// The 16-bit word in which the byte of a code lies, for the codes in the low bytes of `index` shifted right by one;
// the mask says which codes are above 127.
AVX512 INLINE __m512i word_of(const __m512i words[4], __m512i index, __mmask32 above) {
    return _mm512_mask_blend_epi16(
        above, _mm512_permutex2var_epi16(words[0], index, words[1]),
        _mm512_permutex2var_epi16(words[2], index, words[3]));
}

// Without VBMI words of 16 bits are looked up, among 64 at a time: bits 1 to 6 of a code say which, bit 7 in which
// half, bit 0 which byte of the word.
AVX512 INLINE void scan_8(struct scan *scan, size_t blocks, size_t first, __mmask64 last) {
    struct sums sums = no_sums(blocks);
    __m512i byte = _mm512_set1_epi16(0xFF);
    for (size_t j = 0; j < scan->sub_vectors; j++) {
        const uint8_t *column = scan->codes + j * scan->stride + first, *bytes = scan->bytes + j * 256;
        ask_for_next(scan, j, scan->sub_vectors, blocks, first);
        __m512i words[4];
        for (size_t t = 0; t < 4; t++) words[t] = _mm512_loadu_si512(bytes + t * 64);
        for (size_t b = 0; b < blocks; b++) {
            __m512i codes = codes_of(column, b, blocks, last);
            __m512i even = word_of(
                words, _mm512_srli_epi16(codes, 1), _mm512_test_epi16_mask(codes, _mm512_set1_epi16(0x80)));
            __m512i odd = word_of(words, _mm512_srli_epi16(codes, 9), _mm512_movepi16_mask(codes));
            __mmask32 even_high = _mm512_test_epi16_mask(codes, _mm512_set1_epi16(1));
            __mmask32 odd_high = _mm512_test_epi16_mask(codes, _mm512_set1_epi16(0x100));
            even = _mm512_mask_srli_epi16(even, even_high, even, 8);
            odd = _mm512_mask_srli_epi16(odd, odd_high, odd, 8);
            sums.even[b] = _mm512_add_epi16(sums.even[b], _mm512_and_si512(even, byte));
            sums.odd[b] = _mm512_add_epi16(sums.odd[b], _mm512_and_si512(odd, byte));
        }
    }
    select_blocks(scan, &sums, blocks, first, last);
}

AVX512 INLINE __m512i table_of_16(const uint8_t *bytes) {
    return _mm512_broadcast_i32x4(_mm_loadu_si128((const __m128i *)(const void *)bytes));
}

AVX512 INLINE void scan_4(struct scan *scan, size_t blocks, size_t first, __mmask64 last) {
    struct sums sums = no_sums(blocks);
    __m512i nibble = _mm512_set1_epi8(15);
    for (size_t j = 0; j < scan->sub_vectors / 2; j++) {
        const uint8_t *column = scan->codes + j * scan->stride + first;
        ask_for_next(scan, j, scan->sub_vectors / 2, blocks, first);
        __m512i t0 = table_of_16(scan->bytes + j * 32), t1 = table_of_16(scan->bytes + j * 32 + 16);
        for (size_t b = 0; b < blocks; b++) {
            __m512i codes = codes_of(column, b, blocks, last);
            __m512i high = _mm512_and_si512(_mm512_srli_epi16(codes, 4), nibble);
            add_bytes(&sums.even[b], &sums.odd[b], _mm512_shuffle_epi8(t0, _mm512_and_si512(codes, nibble)));
            add_bytes(&sums.even[b], &sums.odd[b], _mm512_shuffle_epi8(t1, high));
        }
    }
    take_odd_out(&sums, blocks);
    select_blocks(scan, &sums, blocks, first, last);
}

// ---- A whole scan -------------------------------------------------------------------------------------------------

// Scans of 1 to MOST_BLOCKS blocks, each a function of its own so that the sums stay in registers.
#define SCANS(TARGET, NAME)                                                                                            \
    TARGET static void NAME##_1(struct scan *scan, size_t first, __mmask64 last) { NAME(scan, 1, first, last); }       \
    TARGET static void NAME##_2(struct scan *scan, size_t first, __mmask64 last) { NAME(scan, 2, first, last); }       \
    TARGET static void NAME##_3(struct scan *scan, size_t first, __mmask64 last) { NAME(scan, 3, first, last); }       \
    TARGET static void NAME##_4(struct scan *scan, size_t first, __mmask64 last) { NAME(scan, 4, first, last); }       \
    TARGET static void NAME##_5(struct scan *scan, size_t first, __mmask64 last) { NAME(scan, 5, first, last); }       \
    TARGET static void NAME##_6(struct scan *scan, size_t first, __mmask64 last) { NAME(scan, 6, first, last); }       \
    TARGET static void NAME##_7(struct scan *scan, size_t first, __mmask64 last) { NAME(scan, 7, first, last); }       \
    TARGET static void NAME##_8(struct scan *scan, size_t first, __mmask64 last) { NAME(scan, 8, first, last); }       \
    static scan_function *const NAME##_by_blocks[MOST_BLOCKS] = {NAME##_1, NAME##_2, NAME##_3, NAME##_4,               \
                                                                 NAME##_5, NAME##_6, NAME##_7, NAME##_8}

typedef void scan_function(struct scan *scan, size_t first, __mmask64 last);

SCANS(AVX512VBMI, scan_8_vbmi);
SCANS(AVX512, scan_8);
SCANS(AVX512, scan_4);

// Shares the blocks out evenly: a scan of one block costs nearly what a scan of two does.
static size_t scan_all(struct scan *scan, size_t count, scan_function *const by_blocks[MOST_BLOCKS]) {
    size_t blocks = count / ROWS + (count % ROWS != 0);
    size_t scans = blocks / MOST_BLOCKS + (blocks % MOST_BLOCKS != 0);
    for (size_t first = 0; scans > 0; scans--) {
        size_t these = (blocks + scans - 1) / scans;
        size_t left = count - first - (these - 1) * ROWS;
        by_blocks[these - 1](scan, first, left < ROWS ? ((__mmask64)1 << left) - 1 : ~(__mmask64)0);
        blocks -= these;
        first += these * ROWS;
    }
    return scan->selected;
}

#define SELECT(NAME, BY_BLOCKS)                                                                                        \
    size_t NAME(                                                                                                       \
        const uint8_t *codes, size_t stride, size_t count, size_t sub_vectors, const uint8_t *bytes,                   \
        const float *terms, float constant, float step, float threshold, uint32_t *rows, float *bounds,                \
        const void *next, size_t next_bytes) {                                                                         \
        struct scan scan = {codes, stride, sub_vectors, bytes, terms,      constant, step,                             \
                            threshold, rows, bounds, next, next_bytes, 0};                                             \
        return scan_all(&scan, count, BY_BLOCKS);                                                                      \
    }

SELECT(vk_avx512vbmi_pq_select_8, scan_8_vbmi_by_blocks)
SELECT(vk_avx512_pq_select_8, scan_8_by_blocks)
SELECT(vk_avx512_pq_select_4, scan_4_by_blocks)

// ---- Sums of floats -----------------------------------------------------------------------------------------------

// With 4 bits a table of floats is one register. The sums of up to four times sixteen rows do not wait for each other.
AVX512 INLINE void sum_blocks(
    const uint8_t *codes, size_t stride, size_t blocks, __mmask16 last, size_t sub_vectors, const float *table,
    float *out) {
    __m512 sums[4];
    for (size_t b = 0; b < blocks; b++) sums[b] = _mm512_setzero_ps();
    for (size_t j = 0; j < sub_vectors; j += 2, codes += stride, table += 32) {
        __m512 t0 = _mm512_loadu_ps(table), t1 = _mm512_loadu_ps(table + 16);
        for (size_t b = 0; b < blocks; b++) {
            __m128i sixteen = _mm_maskz_loadu_epi8(b + 1 < blocks ? UINT16_MAX : last, codes + b * 16);
            // A look-up takes the lowest four bits of an index.
            __m512i index = _mm512_cvtepu8_epi32(sixteen);
            sums[b] = _mm512_add_ps(sums[b], _mm512_permutexvar_ps(index, t0));
            sums[b] = _mm512_add_ps(sums[b], _mm512_permutexvar_ps(_mm512_srli_epi32(index, 4), t1));
        }
    }
    for (size_t b = 0; b < blocks; b++)
        _mm512_mask_storeu_ps(out + b * 16, b + 1 < blocks ? UINT16_MAX : last, sums[b]);
}

AVX512 void vk_avx512_pq_sum_4(
    const uint8_t *codes, size_t stride, size_t count, size_t sub_vectors, const float *table, float *sums) {
    size_t r = 0;
    for (; r + 64 <= count; r += 64) sum_blocks(codes + r, stride, 4, UINT16_MAX, sub_vectors, table, sums + r);
    for (; r < count; r += 16) {
        __mmask16 last = count - r < 16 ? (__mmask16)((1u << (count - r)) - 1) : UINT16_MAX;
        sum_blocks(codes + r, stride, 1, last, sub_vectors, table, sums + r);
    }
}

#else

// A file of C must declare something.
typedef int vk_no_pq_avx512_select;

#endif
