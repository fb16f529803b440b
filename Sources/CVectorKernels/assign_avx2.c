// SPDX-License-Identifier: Apache-2.0

// The nearest centroid with AVX2: 6 rows by 16 centroids are 12 of the 16 registers.

#if defined(__x86_64__)

#include <immintrin.h>

#include "kernels.h"

#define VECTOR __attribute__((target("avx2,fma")))
#define VEC __m256
#define NUMBERS __m256i
#define LANES 8
#define VECS 2
#define LONG_ROWS 6
#define SHORT_ROWS 6
#define SHORT_DIMS 0

VECTOR static inline VEC load(const float *a) { return _mm256_loadu_ps(a); }
VECTOR static inline VEC broadcast(float value) { return _mm256_set1_ps(value); }
VECTOR static inline VEC multiply_add(VEC a, VEC b, VEC c) { return _mm256_fmadd_ps(a, b, c); }
VECTOR static inline NUMBERS numbers_from(uint32_t first) {
    return _mm256_add_epi32(_mm256_set1_epi32((int32_t)first), _mm256_set_epi32(7, 6, 5, 4, 3, 2, 1, 0));
}

#include "assign_tiles.h"

VECTOR INLINED struct winners larger(struct winners w, VEC sums, NUMBERS centroids) {
    // False for a NaN.
    __m256 wins = _mm256_cmp_ps(sums, w.sums, _CMP_GT_OQ);
    w.sums = _mm256_blendv_ps(w.sums, sums, wins);
    w.centroids = _mm256_castps_si256(
        _mm256_blendv_ps(_mm256_castsi256_ps(w.centroids), _mm256_castsi256_ps(centroids), wins));
    return w;
}

VECTOR INLINED uint32_t largest(struct winners w, float *sum) {
    __m256 most = _mm256_max_ps(w.sums, _mm256_permute2f128_ps(w.sums, w.sums, 1));
    most = _mm256_max_ps(most, _mm256_permute_ps(most, 0x4e));
    most = _mm256_max_ps(most, _mm256_permute_ps(most, 0xb1));
    *sum = _mm256_cvtss_f32(most);
    // The lowest number among the lanes that have it: the others count as the highest number there is.
    __m256i ties = _mm256_castps_si256(_mm256_cmp_ps(w.sums, most, _CMP_EQ_OQ));
    __m256i least = _mm256_or_si256(w.centroids, _mm256_andnot_si256(ties, _mm256_set1_epi32(-1)));
    least = _mm256_min_epu32(least, _mm256_permute2x128_si256(least, least, 1));
    least = _mm256_min_epu32(least, _mm256_shuffle_epi32(least, 0x4e));
    least = _mm256_min_epu32(least, _mm256_shuffle_epi32(least, 0xb1));
    return (uint32_t)_mm256_cvtsi256_si32(least);
}

void vk_avx2_assign(
    const float *rows, size_t row_stride, size_t count, size_t dims, const float *packed, const float *bias,
    size_t centroids, uint32_t *nearest, float *scores) {
    assign(rows, row_stride, count, dims, packed, bias, centroids, nearest, scores);
}

#else

// A file of C must declare something.
typedef int vk_no_assign_avx2;

#endif
