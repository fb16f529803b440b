// SPDX-License-Identifier: Apache-2.0

// How a table is rounded to bytes: the arithmetic that all levels share, so that their bytes are the same.
//
// With v = scale * table[j][k], low_j the smallest v of sub-vector j, range the largest span of a sub-vector and most
// the largest byte, a byte is the integer part of x = (v - low_j) * (most / range), computed in single precision.
//
// Why the result is a lower bound. The difference, the quotient and the product round by at most u = 2^-24 each, so
// x <= (v - low_j) * (most / range) * (1 + u)^3, and the integer part may be one too large where the true quotient is
// just below an integer. The step makes up for it: it is range / most, less 2^-21 = 8u of itself. Its quotient and its
// product round by u each, so
//     byte * step <= (v - low_j) * (1 + u)^5 * (1 - 8u) < v - low_j
// in real numbers, for every byte. All of this needs normal numbers, so a step below 2^-125 counts as none.
// The bias is at most the sum of the low_j, in real numbers: it is added up in double precision, and rounded down.

#ifndef VK_PQ_ROUNDING_H
#define VK_PQ_ROUNDING_H

#include <float.h>
#include <math.h>
#include <string.h>

#include "kernels.h"

// The smallest and the largest number of a sub-vector's table before scaling. What is not a number does not count;
// where nothing counts, the smallest is +infinity and the largest -infinity.
struct vk_pq_range {
    float low, high;
};

// What is known after some sub-vectors.
struct vk_pq_rounding {
    double bias, size;
    float range;
};

// How to round; `most` is 0 when all bytes are 0.
struct vk_pq_levels {
    struct vk_pq_scale scale;
    float inverse;
    uint8_t most;
};

// Takes in a sub-vector and returns its low_j. Rounding keeps order, so the smallest product is that of the smallest
// number, or of the largest one under a negative scale.
static inline float vk_pq_take_in(struct vk_pq_rounding *rounding, struct vk_pq_range range, float scale) {
    float low = scale * (scale < 0 ? range.high : range.low);
    float high = scale * (scale < 0 ? range.low : range.high);
    if (high - low > rounding->range) rounding->range = high - low;
    rounding->bias += low;
    rounding->size += fabsf(low);
    return low;
}

// The largest float that is not above `number`, which is within the range of floats.
static inline float vk_pq_down(double number) {
    float nearest = (float)number;
    if ((double)nearest <= number) return nearest;
    uint32_t bits;
    memcpy(&bits, &nearest, sizeof bits);
    // Numbers of one sign are in the order of their bits; the one below zero is the smallest negative number.
    bits = nearest > 0 ? bits - 1 : nearest < 0 ? bits + 1 : 0x80000001;
    memcpy(&nearest, &bits, sizeof bits);
    return nearest;
}

static inline struct vk_pq_levels vk_pq_levels_of(const struct vk_pq_rounding *rounding, size_t sub_vectors) {
    struct vk_pq_levels levels = {{1, 0}, 0, 0};
    if (sub_vectors == 0) return levels;
    // 2^16 additions in double precision are wrong by at most 2^16 * 2^-53 of the sizes' sum.
    double bias = rounding->bias - rounding->size * 0x1p-36;
    if (!(bias >= -FLT_MAX && bias <= FLT_MAX) || !(rounding->range <= FLT_MAX)) {
        // There are infinities. No sum is below this bound.
        levels.scale.bias = -INFINITY;
        return levels;
    }
    levels.scale.bias = vk_pq_down(bias);
    size_t most = sub_vectors <= 257 ? 255 : 65535 / sub_vectors;
    float step = rounding->range / (float)most;
    if (most == 0 || !(step >= 0x1p-125f)) return levels;
    levels.scale.step = step * (1 - 0x1p-21f);
    levels.inverse = (float)most / rounding->range;
    levels.most = (uint8_t)most;
    return levels;
}

#endif
