// SPDX-License-Identifier: Apache-2.0

// Chooses the level and forwards to it.

#include <stdatomic.h>

#include "kernels.h"

// The kernels of `level`; NULL when it is unknown or cannot run here.
static const struct vk_kernels *kernels_of(int32_t level) {
    switch (level) {
    case VK_LEVEL_SCALAR:
        return &vk_kernels_scalar;
#if defined(__x86_64__)
    // The built-in asks the operating system too: registers that it does not save count as absent.
    case VK_LEVEL_AVX2:
        __builtin_cpu_init();
        return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") ? &vk_kernels_avx2 : NULL;
    case VK_LEVEL_AVX512:
        __builtin_cpu_init();
        // Its table has functions of AVX2 in it.
        return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw")
                       && __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq")
                       && kernels_of(VK_LEVEL_AVX2)
                   ? &vk_kernels_avx512
                   : NULL;
    case VK_LEVEL_AVX512VBMI:
        __builtin_cpu_init();
        return __builtin_cpu_supports("avx512vbmi") && __builtin_cpu_supports("avx512vnni")
                       && kernels_of(VK_LEVEL_AVX512)
                   ? &vk_kernels_avx512vbmi
                   : NULL;
#endif
#if defined(__aarch64__)
    // Part of the base architecture.
    case VK_LEVEL_NEON:
        return &vk_kernels_neon;
#endif
    default:
        return NULL;
    }
}

static const struct vk_kernels *best_kernels(void) {
    static const int32_t best_first[] = {VK_LEVEL_AVX512VBMI, VK_LEVEL_AVX512, VK_LEVEL_AVX2, VK_LEVEL_NEON};
    for (size_t i = 0; i < sizeof best_first / sizeof best_first[0]; i++) {
        const struct vk_kernels *kernels = kernels_of(best_first[i]);
        if (kernels) return kernels;
    }
    return &vk_kernels_scalar;
}

// NULL until first used. The tables are constant, so relaxed order is enough; two threads that come first together
// store the same pointer.
static _Atomic(const struct vk_kernels *) chosen;

static inline const struct vk_kernels *current(void) {
    const struct vk_kernels *kernels = atomic_load_explicit(&chosen, memory_order_relaxed);
    if (!kernels) {
        kernels = best_kernels();
        atomic_store_explicit(&chosen, kernels, memory_order_relaxed);
    }
    return kernels;
}

int32_t vk_level_is_supported(int32_t level) { return kernels_of(level) != NULL; }

int32_t vk_level_current(void) { return current()->level; }

int32_t vk_level_force(int32_t level) {
    const struct vk_kernels *kernels = level < 0 ? best_kernels() : kernels_of(level);
    if (!kernels) return 0;
    atomic_store_explicit(&chosen, kernels, memory_order_relaxed);
    return 1;
}

float vk_dot(const float *a, const float *b, size_t n) { return current()->dot(a, b, n); }

float vk_l2(const float *a, const float *b, size_t n) { return current()->l2(a, b, n); }

float vk_norm(const float *a, size_t n) { return current()->norm(a, n); }

void vk_dot_rows(const float *query, const float *rows, size_t count, size_t dims, float *dots) {
    current()->dot_rows(query, rows, count, dims, dots);
}

void vk_l2_rows(const float *query, const float *rows, size_t count, size_t dims, float *distances) {
    current()->l2_rows(query, rows, count, dims, distances);
}

void vk_dot_norm_rows(
    const float *query, const float *rows, size_t count, size_t dims, float *dots, float *norms) {
    current()->dot_norm_rows(query, rows, count, dims, dots, norms);
}

void vk_pq_dot_table(
    const float *query, const float *words, size_t sub_vectors, size_t width, size_t codewords, float *table) {
    current()->pq_dot_table(query, words, sub_vectors, width, codewords, table);
}

struct vk_pq_scale vk_pq_quantize(
    const float *table, float scale, size_t sub_vectors, size_t codewords, uint8_t *bytes) {
    return current()->pq_quantize(table, scale, sub_vectors, codewords, bytes);
}

size_t vk_pq_select_8(
    const uint8_t *codes, size_t stride, size_t count, size_t sub_vectors, const uint8_t *bytes, const float *terms,
    float constant, float step, float threshold, uint32_t *rows, float *bounds, const void *next,
    size_t next_bytes) {
    return current()->pq_select_8(
        codes, stride, count, sub_vectors, bytes, terms, constant, step, threshold, rows, bounds, next, next_bytes);
}

size_t vk_pq_select_4(
    const uint8_t *codes, size_t stride, size_t count, size_t sub_vectors, const uint8_t *bytes, const float *terms,
    float constant, float step, float threshold, uint32_t *rows, float *bounds, const void *next,
    size_t next_bytes) {
    return current()->pq_select_4(
        codes, stride, count, sub_vectors, bytes, terms, constant, step, threshold, rows, bounds, next, next_bytes);
}

void vk_pq_sum_8(
    const uint8_t *codes, size_t stride, size_t count, size_t sub_vectors, const float *table, float *sums) {
    current()->pq_sum_8(codes, stride, count, sub_vectors, table, sums);
}

void vk_pq_sum_4(
    const uint8_t *codes, size_t stride, size_t count, size_t sub_vectors, const float *table, float *sums) {
    current()->pq_sum_4(codes, stride, count, sub_vectors, table, sums);
}

void vk_pq_l2_rows(
    const float *vector, const float *codebook, size_t sub_vectors, size_t width, uint32_t bits, const uint8_t *codes,
    size_t stride, const uint32_t *rows, size_t count, float *distances) {
    current()->pq_l2_rows(vector, codebook, sub_vectors, width, bits, codes, stride, rows, count, distances);
}

void vk_pq_dot_rows(
    const float *vector, const float *codebook, size_t sub_vectors, size_t width, uint32_t bits, const uint8_t *codes,
    size_t stride, const uint32_t *rows, size_t count, float *dots) {
    current()->pq_dot_rows(vector, codebook, sub_vectors, width, bits, codes, stride, rows, count, dots);
}

void vk_pq_choose(
    const float *dots, const float *norms, size_t sub_vectors, size_t codewords, float weight, uint8_t *codes) {
    current()->pq_choose(dots, norms, sub_vectors, codewords, weight, codes);
}

void vk_assign(
    const float *rows, size_t row_stride, size_t count, size_t dims, const float *packed, const float *bias,
    size_t centroids, uint32_t *nearest, float *scores) {
    current()->assign(rows, row_stride, count, dims, packed, bias, centroids, nearest, scores);
}

void vk_fixed_dot_panels(
    const int16_t *query, size_t query_step, const int16_t *words, size_t panels, size_t dims, size_t lanes,
    float factor, float *dots) {
    current()->fixed_dot_panels(query, query_step, words, panels, dims, lanes, factor, dots);
}
