// SPDX-License-Identifier: Apache-2.0

// What the instruction-set files and the dispatcher tell each other; not seen outside this target.

#ifndef VK_KERNELS_H
#define VK_KERNELS_H

#include "include/CVectorKernels.h"

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
};

extern const struct vk_kernels vk_kernels_scalar;

#if defined(__x86_64__)
extern const struct vk_kernels vk_kernels_avx2;
extern const struct vk_kernels vk_kernels_avx512;

// Shared by both tables; avx512.c says why.
float vk_avx2_dot(const float *a, const float *b, size_t n);
float vk_avx2_l2(const float *a, const float *b, size_t n);
float vk_avx2_norm(const float *a, size_t n);
void vk_avx2_dot_rows(const float *query, const float *rows, size_t count, size_t dims, float *dots);
void vk_avx2_l2_rows(const float *query, const float *rows, size_t count, size_t dims, float *distances);
void vk_avx2_dot_norm_rows(
    const float *query, const float *rows, size_t count, size_t dims, float *dots, float *norms);
#endif

#if defined(__aarch64__)
extern const struct vk_kernels vk_kernels_neon;
#endif

// How all the row kernels walk. They are bound by memory, and one core reads it fastest as a single ascending stream:
// rows are taken one after another because several at a time (which would save loads of the query, and wins in cache)
// look like as many streams to the hardware prefetcher and halve the speed. Software prefetches 1 to 16 KiB ahead
// gained nothing over the hardware's own with AVX2, or lost, so there are none. As it is, a scan keeps up with a loop
// that only adds the floats up.

#endif
