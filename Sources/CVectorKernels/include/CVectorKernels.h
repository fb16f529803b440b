// SPDX-License-Identifier: Apache-2.0

#ifndef CVECTORKERNELS_H
#define CVECTORKERNELS_H

#include <stddef.h>
#include <stdint.h>

#include "assign.h"
#include "fixed.h"
#include "pq.h"

#ifdef __cplusplus
extern "C" {
#endif

// Loops over vectors, written once per instruction set and chosen at run time.
//
// All pointers may have any address (no alignment is asked for), no kernel reads a byte past the arguments' stated
// length, and n, dims and count may be any number including 0. Nothing is allocated and nothing is checked.
//
// Levels may sum in different orders, and then their results differ in the last bits. Within one level the result for a
// pair of vectors depends on their values alone: not on their addresses, and not on which function or block of rows
// computed it. A distance computed again is therefore the same number.

// ---- Levels -------------------------------------------------------------------------------------------------------

enum {
    VK_LEVEL_SCALAR = 0,
    VK_LEVEL_AVX2 = 1,    // x86-64 with AVX2 and FMA
    VK_LEVEL_AVX512 = 2,  // x86-64 with AVX-512 F, BW, VL and DQ
    VK_LEVEL_NEON = 3,    // 64-bit ARM
    VK_LEVEL_AVX512VBMI = 4,  // VK_LEVEL_AVX512 with VBMI and VNNI
};

// 1 when this processor and operating system can run the level.
int32_t vk_level_is_supported(int32_t level);

// The level in use: the best supported one, unless another is forced.
int32_t vk_level_current(void);

// Uses `level` from now on, in all threads; a negative number goes back to the best one. Returns 0 and changes nothing
// when the level is not supported.
int32_t vk_level_force(int32_t level);

// ---- One pair of vectors ------------------------------------------------------------------------------------------

float vk_dot(const float *a, const float *b, size_t n);

// The sum of (a[i] - b[i])^2.
float vk_l2(const float *a, const float *b, size_t n);

// The sum of a[i]^2; the same bits as vk_dot(a, a, n).
float vk_norm(const float *a, size_t n);

// ---- One query against `count` rows of `dims` floats that lie one after another -----------------------------------

void vk_dot_rows(const float *query, const float *rows, size_t count, size_t dims, float *dots);

void vk_l2_rows(const float *query, const float *rows, size_t count, size_t dims, float *distances);

// For each row its dot product with the query and its own squared norm, in one pass over the memory: the cosine needs
// both, and reading the rows is what costs.
void vk_dot_norm_rows(
    const float *query, const float *rows, size_t count, size_t dims, float *dots, float *norms);

// ---- Memory --------------------------------------------------------------------------------------------------------

// Asks for `length` bytes before they are needed. A hint: it never faults, whatever the address.
//
// Into the second-level cache: the first one has few places for what is on its way, and with those taken, fetching 50
// rows of 1.5 KiB from memory takes 9.6 us instead of 5.8 (Zen 4).
static inline void vk_prefetch(const void *bytes, size_t length) {
#if defined(__GNUC__)
    for (size_t offset = 0; offset < length; offset += 64) __builtin_prefetch((const char *)bytes + offset, 0, 2);
#else
    (void)bytes;
    (void)length;
#endif
}

#ifdef __cplusplus
}
#endif

#endif
