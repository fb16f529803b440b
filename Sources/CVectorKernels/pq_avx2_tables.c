// SPDX-License-Identifier: Apache-2.0

// Tables for product quantisation with AVX2 and FMA: eight floats a register.

#if defined(__x86_64__)

// The bytes must be the same at every level, so no multiplication and addition may be fused by the compiler.
#if defined(__clang__)
#pragma STDC FP_CONTRACT OFF
#elif defined(__GNUC__)
#pragma GCC optimize("fp-contract=off")
#endif

#include <immintrin.h>
#include <string.h>

#include "kernels.h"
#include "pq_rounding.h"

#define AVX2 __attribute__((target("avx2,fma")))
#define INLINE static inline __attribute__((always_inline))

#define LANES 8

// ---- Dot products with all code words -----------------------------------------------------------------------------

// The products of `count` sub-vectors with `registers` * 8 words each, eight sums in all: as many as hide the latency
// of the multiply-add.
AVX2 INLINE void dots(
    const float *query, const float *words, size_t count, size_t registers, size_t width, size_t codewords,
    float *table) {
    __m256 sums[8];
    for (size_t i = 0; i < count * registers; i++) sums[i] = _mm256_setzero_ps();
    for (size_t d = 0; d < width; d++)
        for (size_t j = 0; j < count; j++) {
            __m256 component = _mm256_set1_ps(vk_at(query, j * width + d));
            const float *row = words + (j * width + d) * codewords;
            for (size_t i = 0; i < registers; i++)
                sums[j * registers + i] =
                    _mm256_fmadd_ps(component, _mm256_loadu_ps(row + i * LANES), sums[j * registers + i]);
        }
    for (size_t i = 0; i < count * registers; i++)
        _mm256_storeu_ps(table + i / registers * codewords + i % registers * LANES, sums[i]);
}

AVX2 void vk_avx2_pq_dot_table(
    const float *query, const float *words, size_t sub_vectors, size_t width, size_t codewords, float *table) {
    size_t j = 0;
    if (codewords == 16)
        for (; j + 4 <= sub_vectors; j += 4)
            dots(query + j * width, words + j * width * 16, 4, 2, width, 16, table + j * 16);
    for (; j < sub_vectors; j++) {
        const float *part = words + j * width * codewords;
        float *out = table + j * codewords;
        if (codewords == 16) {
            dots(query + j * width, part, 1, 2, width, 16, out);
        } else {
            for (size_t k = 0; k < 256; k += 64) dots(query + j * width, part + k, 1, 8, width, 256, out + k);
        }
    }
}

// ---- Rounding to bytes --------------------------------------------------------------------------------------------

AVX2 INLINE __m128 halves(__m256 eight, int high) {
    return high ? _mm256_extractf128_ps(eight, 1) : _mm256_castps256_ps128(eight);
}

// Of a number that is not one and another, the minimum instruction gives its second operand. Two of each, so that no
// minimum waits for the one before.
AVX2 INLINE struct vk_pq_range range_of(const float *table, size_t codewords) {
    __m256 low0 = _mm256_set1_ps(INFINITY), low1 = low0, high0 = _mm256_set1_ps(-INFINITY), high1 = high0;
    for (size_t k = 0; k < codewords; k += 2 * LANES) {
        __m256 x0 = _mm256_loadu_ps(table + k), x1 = _mm256_loadu_ps(table + k + LANES);
        low0 = _mm256_min_ps(x0, low0), low1 = _mm256_min_ps(x1, low1);
        high0 = _mm256_max_ps(x0, high0), high1 = _mm256_max_ps(x1, high1);
    }
    __m256 low8 = _mm256_min_ps(low0, low1), high8 = _mm256_max_ps(high0, high1);
    __m128 low = _mm_min_ps(halves(low8, 0), halves(low8, 1)), high = _mm_max_ps(halves(high8, 0), halves(high8, 1));
    low = _mm_min_ps(low, _mm_movehl_ps(low, low)), high = _mm_max_ps(high, _mm_movehl_ps(high, high));
    low = _mm_min_ss(low, _mm_movehdup_ps(low)), high = _mm_max_ss(high, _mm_movehdup_ps(high));
    return (struct vk_pq_range){_mm_cvtss_f32(low), _mm_cvtss_f32(high)};
}

// Levels as 32-bit numbers; what is not a number becomes a negative one.
AVX2 INLINE __m256i levels_of(const float *table, __m256 scale, __m256 low, __m256 inverse) {
    __m256 above = _mm256_sub_ps(_mm256_mul_ps(_mm256_loadu_ps(table), scale), low);
    return _mm256_cvttps_epi32(_mm256_mul_ps(above, inverse));
}

// Packing works within 128 bits: of each of four registers it has taken four numbers when it comes to the next.
AVX2 INLINE __m256i packed(__m256i a, __m256i b, __m256i c, __m256i d) {
    __m256i bytes = _mm256_packus_epi16(_mm256_packus_epi32(a, b), _mm256_packus_epi32(c, d));
    return _mm256_permutevar8x32_epi32(bytes, _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7));
}

// Rounds one sub-vector's table; the smallest number waits where its first bytes go.
AVX2 INLINE void round_down(
    const float *table, float scale, const struct vk_pq_levels *levels, size_t codewords, uint8_t *bytes) {
    float lowest;
    memcpy(&lowest, bytes, sizeof lowest);
    __m256 scales = _mm256_set1_ps(scale), low = _mm256_set1_ps(lowest), inverse = _mm256_set1_ps(levels->inverse);
    __m256i most = _mm256_set1_epi8((char)levels->most);
    for (size_t k = 0; k < codewords; k += 2 * LANES) {
        __m256i a = levels_of(table + k, scales, low, inverse);
        __m256i b = levels_of(table + k + LANES, scales, low, inverse);
        __m128i sixteen = _mm256_castsi256_si128(_mm256_min_epu8(packed(a, b, a, b), most));
        _mm_storeu_si128((__m128i *)(void *)(bytes + k), sixteen);
    }
}

AVX2 struct vk_pq_scale vk_avx2_pq_quantize(
    const float *table, float scale, size_t sub_vectors, size_t codewords, uint8_t *bytes) {
    struct vk_pq_rounding rounding = {0, 0, 0};
    for (size_t j = 0; j < sub_vectors; j++) {
        float low = vk_pq_take_in(&rounding, range_of(table + j * codewords, codewords), scale);
        memcpy(bytes + j * codewords, &low, sizeof low);
    }
    struct vk_pq_levels levels = vk_pq_levels_of(&rounding, sub_vectors);
    if (levels.most == 0) {
        memset(bytes, 0, sub_vectors * codewords);
    } else {
        for (size_t j = 0; j < sub_vectors; j++)
            round_down(table + j * codewords, scale, &levels, codewords, bytes + j * codewords);
    }
    return levels.scale;
}

#else

// A file of C must declare something.
typedef int vk_no_pq_avx2_tables;

#endif
