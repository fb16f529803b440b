// SPDX-License-Identifier: Apache-2.0

#ifndef CVECTORKERNELS_PQ_H
#define CVECTORKERNELS_PQ_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

// Product quantisation: a vector of sub_vectors * width numbers is stored as one code for each sub-vector, the number
// of its code word. There are 256 code words for each sub-vector (8-bit codes) or 16 (4-bit codes).
//
// Codes lie transposed: byte j of row r is codes[j * stride + r]. With 8 bits byte j is the code of sub-vector j, with
// 4 bits its low half is the code of sub-vector 2j and its high half that of 2j + 1. `sub_vectors` is even for 4 bits.
//
// A table holds a number for each code word: table[j * codewords + k] for word k of sub-vector j.

// table[j][k] = the dot product of the query's sub-vector j with code word k of sub-vector j.
//
// `words` is the codebook with the code words of a sub-vector side by side:
// words[(j * width + d) * codewords + k] is component d of word k. `codewords` is 16 or 256.
void vk_pq_dot_table(
    const float *query, const float *words, size_t sub_vectors, size_t width, size_t codewords, float *table);

// What the numbers in a byte table mean: with v = scale * table[j][k] rounded to single precision (exact when scale is
// a power of two or its negative), for every choice of code words k_j,
//   sum of bytes[j][k_j] * step + bias <= sum of v[j][k_j] < the same + sub_vectors * step.
// The left half holds in real numbers, without any slack: a byte is rounded down, `step` is a little smaller than the
// quotient it stands for, and `bias` is rounded down. The right half holds but for 2^-20 of each of its terms.
struct vk_pq_scale {
    float step;
    float bias;
};

// Rounds scale * table down to bytes; the same bytes, step and bias at every level. No byte is larger than 255, nor so
// large that the sum of sub_vectors of them would leave 16 bits. sub_vectors is at most 65535.
//
// `step` is 1 and all bytes are 0 when all words of a sub-vector are equal everywhere, or so nearly that the step would
// be below 2^-125. It is so, too, when there are infinities, or numbers so large that their difference or the bias is
// no float; then the bias is -infinity and only the left half holds. An entry that is not a number becomes byte 0 and
// counts for nothing else, unless all entries of a sub-vector are such: then the bias is -infinity as well.
struct vk_pq_scale vk_pq_quantize(
    const float *table, float scale, size_t sub_vectors, size_t codewords, uint8_t *bytes);

// Rows whose lower bound
//   bound(r) = (constant + (terms ? terms[r] : 0)) + step * (sum over j of bytes[j][code of r], modulo 65536)
// is at most `threshold`: their numbers, ascending, into `rows`, and their bounds into `bounds`; returns how many.
// A row whose term is NaN or +infinity is never among them. Both arrays have room for `count`.
//
// `next` is memory that the caller will go through after this, the next codes say: as much of it as there are bytes of
// these codes is asked for between the look-ups, which leave time for that. NULL and 0 for none.
//
// The four operations are rounded to single precision one by one, in the order in which they are written, and so rows
// and bounds are the same, bit for bit, at every level. A bound is off the real number by less than
//   2^-22 * (|constant| + |terms[r]| + step * sum),
// and a caller that compares it with a distance of its own adds that, and the error of its distance, to the threshold:
// then no row is lost to rounding.
size_t vk_pq_select_8(
    const uint8_t *codes, size_t stride, size_t count, size_t sub_vectors, const uint8_t *bytes, const float *terms,
    float constant, float step, float threshold, uint32_t *rows, float *bounds, const void *next,
    size_t next_bytes);
size_t vk_pq_select_4(
    const uint8_t *codes, size_t stride, size_t count, size_t sub_vectors, const uint8_t *bytes, const float *terms,
    float constant, float step, float threshold, uint32_t *rows, float *bounds, const void *next,
    size_t next_bytes);

// sums[r] = the sum over j of table[j][code of r], for all rows: one addition after another from 0 on, j ascending, so
// that the sums are the same at every level.
void vk_pq_sum_8(
    const uint8_t *codes, size_t stride, size_t count, size_t sub_vectors, const float *table, float *sums);
void vk_pq_sum_4(
    const uint8_t *codes, size_t stride, size_t count, size_t sub_vectors, const float *table, float *sums);

// The same sums for some rows; `bits` is 4 or 8. The same at every level.
void vk_pq_sum_rows(
    const uint8_t *codes, size_t stride, size_t sub_vectors, uint32_t bits, const float *table, const uint32_t *rows,
    size_t count, float *sums);

// For some rows, the distance of `vector` from what their codes stand for, straight from the code words:
// l2: the sum over j of |vector_j - word(j, code)|^2; dot: the sum over j of vector_j . word(j, code).
//
// `codebook` has a word's components side by side: codebook[(j * codewords + k) * width + d]; `bits` is 4 or 8. Within
// a level a row's result does not depend on the other rows of the call.
void vk_pq_l2_rows(
    const float *vector, const float *codebook, size_t sub_vectors, size_t width, uint32_t bits, const uint8_t *codes,
    size_t stride, const uint32_t *rows, size_t count, float *distances);
void vk_pq_dot_rows(
    const float *vector, const float *codebook, size_t sub_vectors, size_t width, uint32_t bits, const uint8_t *codes,
    size_t stride, const uint32_t *rows, size_t count, float *dots);

// Chooses the code words of a row r: one number for each sub-vector into `codes`, for 4-bit codes too.
//
// With the chosen words side by side, w, and the error e = r - w: first the nearest word of every sub-vector, then for
// each sub-vector in turn, the others as they are by then, the word with the smallest
//   (w . e)^2 + weight * |e|^2.
// dots[j * codewords + k] is the dot product of sub-vector j of the row with its word k, as vk_pq_dot_table gives it,
// and norms[j * codewords + k] the word's dot product with itself. Among equals the first word wins. A score that is
// NaN or +infinity is never the smallest; when all are, the word stays (the first choice: word 0).
//
// Each operation is rounded to single precision one by one, in the same order at every level, and so the same tables
// give the same words.
void vk_pq_choose(
    const float *dots, const float *norms, size_t sub_vectors, size_t codewords, float weight, uint8_t *codes);

#ifdef __cplusplus
}
#endif

#endif
