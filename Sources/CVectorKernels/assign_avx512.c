// SPDX-License-Identifier: Apache-2.0

// The nearest centroid with AVX-512: 12 rows by 32 centroids are 24 of the 32 registers.

#if defined(__x86_64__)

#include <immintrin.h>

#include "kernels.h"

#define VECTOR __attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,avx2,fma")))
#define VEC __m512
#define NUMBERS __m512i
#define LANES 16
#define VECS 2
#define LONG_ROWS 12
#define SHORT_ROWS 6
#define SHORT_DIMS 32

VECTOR static inline VEC load(const float *a) { return _mm512_loadu_ps(a); }
VECTOR static inline VEC broadcast(float value) { return _mm512_set1_ps(value); }
VECTOR static inline VEC multiply_add(VEC a, VEC b, VEC c) { return _mm512_fmadd_ps(a, b, c); }
VECTOR static inline NUMBERS numbers_from(uint32_t first) {
    const __m512i lanes = _mm512_set_epi32(15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0);
    return _mm512_add_epi32(_mm512_set1_epi32((int32_t)first), lanes);
}

#include "assign_tiles.h"

VECTOR INLINED struct winners larger(struct winners w, VEC sums, NUMBERS centroids) {
    // False for a NaN.
    __mmask16 wins = _mm512_cmp_ps_mask(sums, w.sums, _CMP_GT_OQ);
    w.sums = _mm512_mask_mov_ps(w.sums, wins, sums);
    w.centroids = _mm512_mask_mov_epi32(w.centroids, wins, centroids);
    return w;
}

VECTOR INLINED uint32_t largest(struct winners w, float *sum) {
    *sum = _mm512_reduce_max_ps(w.sums);
    __mmask16 ties = _mm512_cmp_ps_mask(w.sums, _mm512_set1_ps(*sum), _CMP_EQ_OQ);
    return _mm512_mask_reduce_min_epu32(ties, w.centroids);
}

void vk_avx512_assign(
    const float *rows, size_t row_stride, size_t count, size_t dims, const float *packed, const float *bias,
    size_t centroids, uint32_t *nearest, float *scores) {
    assign(rows, row_stride, count, dims, packed, bias, centroids, nearest, scores);
}

#else

// A file of C must declare something.
typedef int vk_no_assign_avx512;

#endif
