// SPDX-License-Identifier: Apache-2.0

// Tables for product quantisation with AVX-512: sixteen floats a register.

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

#define AVX512 __attribute__((target("avx512f,avx512bw,avx512vl,avx512dq")))
#define INLINE static inline __attribute__((always_inline))

#define LANES 16

// ---- Dot products with all code words -----------------------------------------------------------------------------

// The products with 256 words fit in half of the registers; then the codebook is read once, in ascending order, and
// reading it is what costs.
AVX512 static void dot_table_256(
    const float *query, const float *words, size_t sub_vectors, size_t width, float *table) {
    for (size_t j = 0; j < sub_vectors; j++) {
        __m512 dots[16];
        for (size_t i = 0; i < 16; i++) dots[i] = _mm512_setzero_ps();
        for (size_t d = 0; d < width; d++, words += 256) {
            __m512 component = _mm512_set1_ps(vk_at(query++, 0));
            for (size_t i = 0; i < 16; i++)
                dots[i] = _mm512_fmadd_ps(component, _mm512_loadu_ps(words + i * LANES), dots[i]);
        }
        for (size_t i = 0; i < 16; i++, table += LANES) _mm512_storeu_ps(table, dots[i]);
    }
}

// The products of `count` sub-vectors with 16 words each; several, so that their additions do not wait for each other.
AVX512 INLINE void dot_table_16(const float *query, const float *words, size_t count, size_t width, float *table) {
    __m512 dots[4];
    for (size_t i = 0; i < count; i++) dots[i] = _mm512_setzero_ps();
    for (size_t d = 0; d < width; d++)
        for (size_t i = 0; i < count; i++) {
            size_t place = i * width + d;
            __m512 component = _mm512_set1_ps(vk_at(query, place));
            dots[i] = _mm512_fmadd_ps(component, _mm512_loadu_ps(words + place * LANES), dots[i]);
        }
    for (size_t i = 0; i < count; i++) _mm512_storeu_ps(table + i * LANES, dots[i]);
}

AVX512 void vk_avx512_pq_dot_table(
    const float *query, const float *words, size_t sub_vectors, size_t width, size_t codewords, float *table) {
    if (codewords == 256) {
        dot_table_256(query, words, sub_vectors, width, table);
        return;
    }
    size_t j = 0;
    for (; j + 4 <= sub_vectors; j += 4)
        dot_table_16(query + j * width, words + j * width * LANES, 4, width, table + j * LANES);
    for (; j < sub_vectors; j++)
        dot_table_16(query + j * width, words + j * width * LANES, 1, width, table + j * LANES);
}

// ---- Rounding to bytes --------------------------------------------------------------------------------------------

// Of a number that is not one and another, the minimum instruction gives its second operand.
AVX512 INLINE struct vk_pq_range range_of(const float *table, size_t codewords) {
    __m512 low = _mm512_set1_ps(INFINITY), high = _mm512_set1_ps(-INFINITY);
    for (size_t k = 0; k < codewords; k += LANES) {
        __m512 x = _mm512_loadu_ps(table + k);
        low = _mm512_min_ps(x, low), high = _mm512_max_ps(x, high);
    }
    return (struct vk_pq_range){_mm512_reduce_min_ps(low), _mm512_reduce_max_ps(high)};
}

// Levels as 32-bit numbers; what is not a number becomes a negative one.
AVX512 INLINE __m512i levels_of(const float *table, __m512 scale, __m512 low, __m512 inverse) {
    __m512 above = _mm512_sub_ps(_mm512_mul_ps(_mm512_loadu_ps(table), scale), low);
    return _mm512_cvttps_epi32(_mm512_mul_ps(above, inverse));
}

// Packing works within 128 bits: of each of four registers it has taken four numbers when it comes to the next.
AVX512 INLINE __m512i packed(__m512i a, __m512i b, __m512i c, __m512i d) {
    __m512i bytes = _mm512_packus_epi16(_mm512_packus_epi32(a, b), _mm512_packus_epi32(c, d));
    return _mm512_permutexvar_epi32(
        _mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15), bytes);
}

// Rounds one sub-vector's table; the smallest number waits where its first bytes go.
AVX512 INLINE void round_down(
    const float *table, float scale, const struct vk_pq_levels *levels, size_t codewords, uint8_t *bytes) {
    float lowest;
    memcpy(&lowest, bytes, sizeof lowest);
    __m512 scales = _mm512_set1_ps(scale), low = _mm512_set1_ps(lowest), inverse = _mm512_set1_ps(levels->inverse);
    __m512i most = _mm512_set1_epi8((char)levels->most);
    if (codewords == LANES) {
        __m512i first = levels_of(table, scales, low, inverse);
        __m512i sixteen = _mm512_min_epu8(packed(first, first, first, first), most);
        _mm_storeu_si128((__m128i *)(void *)bytes, _mm512_castsi512_si128(sixteen));
        return;
    }
    for (size_t k = 0; k < codewords; k += 4 * LANES) {
        __m512i sixty_four = packed(
            levels_of(table + k, scales, low, inverse), levels_of(table + k + LANES, scales, low, inverse),
            levels_of(table + k + 2 * LANES, scales, low, inverse),
            levels_of(table + k + 3 * LANES, scales, low, inverse));
        _mm512_storeu_si512(bytes + k, _mm512_min_epu8(sixty_four, most));
    }
}

AVX512 struct vk_pq_scale vk_avx512_pq_quantize(
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
typedef int vk_no_pq_avx512_tables;

#endif
