// SPDX-License-Identifier: Apache-2.0

// Scans of product-quantised rows with AVX2: 32 rows a register.
//
// A byte is looked up among sixteen at a time, and the instruction gives zero where the index has its top bit set. So
// of a sub-vector's sixteen tables, those of a code's two halves (0 to 127 and above) are joined in pairs by an "or",
// and the eight results by a tree of choices on the bits 4, 5 and 6. The bytes found are added up in 16 bits, even and
// odd rows apart. The last register of a scan overlaps the one before; fewer rows than a register's are left to plain
// C.

#if defined(__x86_64__)

// Bounds must be the same number at every level, so no multiplication and addition may be fused.
#if defined(__clang__)
#pragma STDC FP_CONTRACT OFF
#elif defined(__GNUC__)
#pragma GCC optimize("fp-contract=off")
#endif

#include <immintrin.h>

#include "kernels.h"

#define AVX2 __attribute__((target("avx2,fma")))
#define INLINE static inline __attribute__((always_inline))

#define ROWS 32
#define LANES 8

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

// The sums of 32 rows: lane i belongs to row 2i in `even`, to row 2i + 1 in `odd`.
struct sums {
    __m256i even, odd;
};

// Stores the bounds of eight rows and returns which of them are to be reported, a bit for each.
AVX2 INLINE uint32_t bounds_of(const struct scan *scan, __m128i sums, size_t first, float *bounds) {
    __m256 rest = _mm256_set1_ps(scan->constant), finite = _mm256_castsi256_ps(_mm256_set1_epi32(-1));
    if (scan->terms) {
        __m256 term = _mm256_loadu_ps(scan->terms + first);
        finite = _mm256_cmp_ps(term, _mm256_set1_ps(__builtin_inff()), _CMP_LT_OQ);
        rest = _mm256_add_ps(rest, term);
    } else {
        rest = _mm256_add_ps(rest, _mm256_setzero_ps());
    }
    __m256 sum = _mm256_cvtepi32_ps(_mm256_cvtepu16_epi32(sums));
    __m256 bound = _mm256_add_ps(rest, _mm256_mul_ps(_mm256_set1_ps(scan->step), sum));
    _mm256_storeu_ps(bounds, bound);
    __m256 passed = _mm256_cmp_ps(bound, _mm256_set1_ps(scan->threshold), _CMP_LE_OQ);
    return (uint32_t)_mm256_movemask_ps(_mm256_and_ps(passed, finite));
}

// Reports the rows of a register that begins at row `first`, those whose bit in `among` is set.
AVX2 INLINE void select_rows(struct scan *scan, struct sums sums, size_t first, uint32_t among) {
    // Row order: a lane of 128 bits has 8 rows of `low`, and the next 8 rows are in the same lane of `high`.
    __m256i low = _mm256_unpacklo_epi16(sums.even, sums.odd), high = _mm256_unpackhi_epi16(sums.even, sums.odd);
    float bounds[ROWS];
    uint32_t passed = bounds_of(scan, _mm256_castsi256_si128(low), first, bounds);
    passed |= bounds_of(scan, _mm256_castsi256_si128(high), first + LANES, bounds + LANES) << LANES;
    passed |= bounds_of(scan, _mm256_extracti128_si256(low, 1), first + 2 * LANES, bounds + 2 * LANES) << 2 * LANES;
    passed |= bounds_of(scan, _mm256_extracti128_si256(high, 1), first + 3 * LANES, bounds + 3 * LANES) << 3 * LANES;
    for (passed &= among; passed != 0; passed &= passed - 1) {
        unsigned lane = (unsigned)__builtin_ctz(passed);
        scan->rows[scan->selected] = (uint32_t)(first + lane);
        scan->bounds[scan->selected++] = bounds[lane];
    }
}

// ---- Looking up ---------------------------------------------------------------------------------------------------

// Adds the bytes of 32 rows to the sums. `even` gets both rows of a pair, the odd one 256 times; take_odd_out takes it
// out again. All of this is modulo 65536.
AVX2 INLINE void add_bytes(struct sums *sums, __m256i bytes) {
    sums->even = _mm256_add_epi16(sums->even, bytes);
    sums->odd = _mm256_add_epi16(sums->odd, _mm256_srli_epi16(bytes, 8));
}

AVX2 INLINE struct sums take_odd_out(struct sums sums) {
    return (struct sums){_mm256_sub_epi16(sums.even, _mm256_slli_epi16(sums.odd, 8)), sums.odd};
}

AVX2 INLINE __m256i look_up(const uint8_t *bytes, __m256i index) {
    return _mm256_shuffle_epi8(
        _mm256_broadcastsi128_si256(_mm_loadu_si128((const __m128i *)(const void *)bytes)), index);
}

// The byte of each code if bits 4 to 6 of the code were those of `bytes`.
AVX2 INLINE __m256i pair(const uint8_t *bytes, __m256i below, __m256i above) {
    return _mm256_or_si256(look_up(bytes, below), look_up(bytes + 128, above));
}

AVX2 INLINE struct sums sums_8(const struct scan *scan, size_t first) {
    struct sums sums = {_mm256_setzero_si256(), _mm256_setzero_si256()};
    for (size_t j = 0; j < scan->sub_vectors; j++) {
        const uint8_t *bytes = scan->bytes + j * 256;
        const uint8_t *column = scan->codes + j * scan->stride + first;
        __m256i codes = _mm256_loadu_si256((const __m256i *)(const void *)column);
        // Indices of codes up to 127 and of those above. A choice looks at the top bit of each byte alone.
        __m256i below = _mm256_and_si256(codes, _mm256_set1_epi8((char)0x8F));
        __m256i above = _mm256_xor_si256(below, _mm256_set1_epi8((char)0x80));
        __m256i bit4 = _mm256_slli_epi16(codes, 3), bit5 = _mm256_slli_epi16(codes, 2);
        __m256i bit6 = _mm256_slli_epi16(codes, 1);
        __m256i quarters[4];
        for (size_t i = 0; i < 4; i++)
            quarters[i] = _mm256_blendv_epi8(
                pair(bytes + i * 32, below, above), pair(bytes + i * 32 + 16, below, above), bit4);
        __m256i low = _mm256_blendv_epi8(quarters[0], quarters[1], bit5);
        __m256i high = _mm256_blendv_epi8(quarters[2], quarters[3], bit5);
        add_bytes(&sums, _mm256_blendv_epi8(low, high, bit6));
    }
    return take_odd_out(sums);
}

AVX2 INLINE struct sums sums_4(const struct scan *scan, size_t first) {
    struct sums sums = {_mm256_setzero_si256(), _mm256_setzero_si256()};
    __m256i nibble = _mm256_set1_epi8(15);
    for (size_t j = 0; j < scan->sub_vectors / 2; j++) {
        const uint8_t *bytes = scan->bytes + j * 32;
        const uint8_t *column = scan->codes + j * scan->stride + first;
        __m256i codes = _mm256_loadu_si256((const __m256i *)(const void *)column);
        add_bytes(&sums, look_up(bytes, _mm256_and_si256(codes, nibble)));
        add_bytes(&sums, look_up(bytes + 16, _mm256_and_si256(_mm256_srli_epi16(codes, 4), nibble)));
    }
    return take_odd_out(sums);
}

// ---- A whole scan -------------------------------------------------------------------------------------------------

AVX2 size_t vk_avx2_pq_select_8(
    const uint8_t *codes, size_t stride, size_t count, size_t sub_vectors, const uint8_t *bytes, const float *terms,
    float constant, float step, float threshold, uint32_t *rows, float *bounds, const void *next,
    size_t next_bytes) {
    (void)next, (void)next_bytes;
    if (count < ROWS)
        return vk_scalar_pq_select_8(
            codes, stride, count, sub_vectors, bytes, terms, constant, step, threshold, rows, bounds, NULL, 0);
    struct scan scan = {codes, stride, sub_vectors, bytes, terms, constant, step, threshold, rows, bounds, 0};
    size_t first = 0, rest = count % ROWS;
    for (; first + ROWS <= count; first += ROWS) select_rows(&scan, sums_8(&scan, first), first, UINT32_MAX);
    if (rest > 0) select_rows(&scan, sums_8(&scan, count - ROWS), count - ROWS, UINT32_MAX << (ROWS - rest));
    return scan.selected;
}

AVX2 size_t vk_avx2_pq_select_4(
    const uint8_t *codes, size_t stride, size_t count, size_t sub_vectors, const uint8_t *bytes, const float *terms,
    float constant, float step, float threshold, uint32_t *rows, float *bounds, const void *next,
    size_t next_bytes) {
    (void)next, (void)next_bytes;
    if (count < ROWS)
        return vk_scalar_pq_select_4(
            codes, stride, count, sub_vectors, bytes, terms, constant, step, threshold, rows, bounds, NULL, 0);
    struct scan scan = {codes, stride, sub_vectors, bytes, terms, constant, step, threshold, rows, bounds, 0};
    size_t first = 0, rest = count % ROWS;
    for (; first + ROWS <= count; first += ROWS) select_rows(&scan, sums_4(&scan, first), first, UINT32_MAX);
    if (rest > 0) select_rows(&scan, sums_4(&scan, count - ROWS), count - ROWS, UINT32_MAX << (ROWS - rest));
    return scan.selected;
}

#else

// A file of C must declare something.
typedef int vk_no_pq_avx2_select;

#endif
