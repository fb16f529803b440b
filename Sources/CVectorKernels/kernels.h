// SPDX-License-Identifier: Apache-2.0

// What the instruction-set files and the dispatcher tell each other; not seen outside this target.

#ifndef VK_KERNELS_H
#define VK_KERNELS_H

#include <string.h>

#include "include/CVectorKernels.h"

// a[i] at an address that need not be a multiple of four; compilers make a plain load of it.
static inline float vk_at(const float *a, size_t i) {
    float value;
    // As bytes, because of a pointer to floats a compiler may believe that it is aligned.
    memcpy(&value, (const char *)a + i * sizeof value, sizeof value);
    return value;
}

typedef size_t vk_pq_select_function(
    const uint8_t *codes, size_t stride, size_t count, size_t sub_vectors, const uint8_t *bytes, const float *terms,
    float constant, float step, float threshold, uint32_t *rows, float *bounds, const void *next,
    size_t next_bytes);
typedef void vk_pq_sum_function(
    const uint8_t *codes, size_t stride, size_t count, size_t sub_vectors, const float *table, float *sums);
typedef void vk_pq_rows_function(
    const float *vector, const float *codebook, size_t sub_vectors, size_t width, uint32_t bits, const uint8_t *codes,
    size_t stride, const uint32_t *rows, size_t count, float *out);
typedef void vk_fixed_dot_panels_function(
    const int16_t *query, size_t query_step, const int16_t *words, size_t panels, size_t dims, size_t lanes,
    float factor, float *dots);
typedef void vk_pq_choose_function(
    const float *dots, const float *norms, size_t sub_vectors, size_t codewords, float weight, uint8_t *codes);
typedef void vk_assign_function(
    const float *rows, size_t row_stride, size_t count, size_t dims, const float *packed, const float *bias,
    size_t centroids, uint32_t *nearest, float *scores);

// The functions of one level. A new kernel is a new member here, a function in every level's file (or the scalar one,
// where an instruction set has nothing better to offer) and a forwarding function in dispatch.c.
struct vk_kernels {
    int32_t level;
    float (*dot)(const float *a, const float *b, size_t n);
    float (*l2)(const float *a, const float *b, size_t n);
    float (*norm)(const float *a, size_t n);
    void (*dot_rows)(const float *query, const float *rows, size_t count, size_t dims, float *dots);
    void (*l2_rows)(const float *query, const float *rows, size_t count, size_t dims, float *distances);
    void (*dot_norm_rows)(
        const float *query, const float *rows, size_t count, size_t dims, float *dots, float *norms);
    void (*pq_dot_table)(
        const float *query, const float *words, size_t sub_vectors, size_t width, size_t codewords, float *table);
    struct vk_pq_scale (*pq_quantize)(
        const float *table, float scale, size_t sub_vectors, size_t codewords, uint8_t *bytes);
    vk_pq_select_function *pq_select_8;
    vk_pq_select_function *pq_select_4;
    vk_pq_sum_function *pq_sum_8;
    vk_pq_sum_function *pq_sum_4;
    vk_pq_rows_function *pq_l2_rows;
    vk_pq_rows_function *pq_dot_rows;
    vk_pq_choose_function *pq_choose;
    vk_assign_function *assign;
    vk_fixed_dot_panels_function *fixed_dot_panels;
};

extern const struct vk_kernels vk_kernels_scalar;

void vk_scalar_pq_dot_table(
    const float *query, const float *words, size_t sub_vectors, size_t width, size_t codewords, float *table);
struct vk_pq_scale vk_scalar_pq_quantize(
    const float *table, float scale, size_t sub_vectors, size_t codewords, uint8_t *bytes);
vk_pq_select_function vk_scalar_pq_select_8, vk_scalar_pq_select_4;
vk_pq_sum_function vk_scalar_pq_sum_8, vk_scalar_pq_sum_4;
vk_pq_rows_function vk_scalar_pq_l2_rows, vk_scalar_pq_dot_rows;
vk_pq_choose_function vk_scalar_pq_choose;
vk_assign_function vk_scalar_assign;
vk_fixed_dot_panels_function vk_scalar_fixed_dot_panels;

#if defined(__x86_64__)
vk_fixed_dot_panels_function vk_avx2_fixed_dot_panels, vk_avx512vnni_fixed_dot_panels;
#endif

#if defined(__aarch64__)
vk_fixed_dot_panels_function vk_neon_fixed_dot_panels;
#endif

#if defined(__x86_64__)
extern const struct vk_kernels vk_kernels_avx2;
extern const struct vk_kernels vk_kernels_avx512;
extern const struct vk_kernels vk_kernels_avx512vbmi;

vk_pq_choose_function vk_avx2_pq_choose, vk_avx512_pq_choose;
vk_assign_function vk_avx2_assign, vk_avx512_assign;

// Shared by both tables; avx512.c says why.
float vk_avx2_dot(const float *a, const float *b, size_t n);
float vk_avx2_l2(const float *a, const float *b, size_t n);
float vk_avx2_norm(const float *a, size_t n);
void vk_avx2_dot_rows(const float *query, const float *rows, size_t count, size_t dims, float *dots);
void vk_avx2_l2_rows(const float *query, const float *rows, size_t count, size_t dims, float *distances);
void vk_avx2_dot_norm_rows(
    const float *query, const float *rows, size_t count, size_t dims, float *dots, float *norms);

void vk_avx2_pq_dot_table(
    const float *query, const float *words, size_t sub_vectors, size_t width, size_t codewords, float *table);
struct vk_pq_scale vk_avx2_pq_quantize(
    const float *table, float scale, size_t sub_vectors, size_t codewords, uint8_t *bytes);
vk_pq_select_function vk_avx2_pq_select_8, vk_avx2_pq_select_4;
vk_pq_rows_function vk_avx2_pq_l2_rows, vk_avx2_pq_dot_rows;

void vk_avx512_pq_dot_table(
    const float *query, const float *words, size_t sub_vectors, size_t width, size_t codewords, float *table);
struct vk_pq_scale vk_avx512_pq_quantize(
    const float *table, float scale, size_t sub_vectors, size_t codewords, uint8_t *bytes);
vk_pq_select_function vk_avx512_pq_select_8, vk_avx512vbmi_pq_select_8, vk_avx512_pq_select_4;
vk_pq_sum_function vk_avx512_pq_sum_4;
#endif

#if defined(__aarch64__)
extern const struct vk_kernels vk_kernels_neon;

void vk_neon_pq_dot_table(
    const float *query, const float *words, size_t sub_vectors, size_t width, size_t codewords, float *table);
struct vk_pq_scale vk_neon_pq_quantize(
    const float *table, float scale, size_t sub_vectors, size_t codewords, uint8_t *bytes);
vk_pq_select_function vk_neon_pq_select_8, vk_neon_pq_select_4;
vk_pq_rows_function vk_neon_pq_l2_rows, vk_neon_pq_dot_rows;

vk_pq_choose_function vk_neon_pq_choose;
vk_assign_function vk_neon_assign;
#endif

// How all the row kernels walk. They are bound by memory, and one core reads it fastest as a single ascending stream:
// rows are taken one after another because several at a time (which would save loads of the query, and wins in cache)
// look like as many streams to the hardware prefetcher and halve the speed. Software prefetches 1 to 16 KiB ahead
// gained nothing over the hardware's own with AVX2, or lost, so there are none. As it is, a scan keeps up with a loop
// that only adds the floats up.

#endif
