// SPDX-License-Identifier: Apache-2.0

// The nearest centroid on 64-bit ARM: 6 rows by 16 centroids are 24 of the 32 registers.

#if defined(__aarch64__)

#include <arm_neon.h>

#include "kernels.h"

#define VECTOR
#define VEC float32x4_t
#define NUMBERS uint32x4_t
#define LANES 4
#define VECS 4
#define LONG_ROWS 6
#define SHORT_ROWS 6
#define SHORT_DIMS 0

static inline VEC load(const float *a) { return vld1q_f32(a); }
static inline VEC broadcast(float value) { return vdupq_n_f32(value); }
static inline VEC multiply_add(VEC a, VEC b, VEC c) { return vfmaq_f32(c, a, b); }
static inline NUMBERS numbers_from(uint32_t first) {
    static const uint32_t lanes[LANES] = {0, 1, 2, 3};
    return vaddq_u32(vdupq_n_u32(first), vld1q_u32(lanes));
}

#include "assign_tiles.h"

INLINED struct winners larger(struct winners w, VEC sums, NUMBERS centroids) {
    // False for a NaN.
    uint32x4_t wins = vcgtq_f32(sums, w.sums);
    w.sums = vbslq_f32(wins, sums, w.sums);
    w.centroids = vbslq_u32(wins, centroids, w.centroids);
    return w;
}

INLINED uint32_t largest(struct winners w, float *sum) {
    *sum = vmaxvq_f32(w.sums);
    // The lowest number among the lanes that have it: the others count as the highest number there is.
    uint32x4_t ties = vceqq_f32(w.sums, vdupq_n_f32(*sum));
    return vminvq_u32(vornq_u32(w.centroids, ties));
}

void vk_neon_assign(
    const float *rows, size_t row_stride, size_t count, size_t dims, const float *packed, const float *bias,
    size_t centroids, uint32_t *nearest, float *scores) {
    assign(rows, row_stride, count, dims, packed, bias, centroids, nearest, scores);
}

#else

// A file of C must declare something.
typedef int vk_no_assign_neon;

#endif
