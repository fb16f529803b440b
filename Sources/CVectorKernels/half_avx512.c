// SPDX-License-Identifier: Apache-2.0

// Half precision with AVX-512.

#if defined(__x86_64__)

#include <immintrin.h>

#include "kernels.h"

#define AVX512 __attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,avx2,fma,f16c")))

AVX512 static inline __m512 load(const uint16_t *words) {
    return _mm512_cvtph_ps(_mm256_loadu_si256((const __m256i *)words));
}

AVX512 void vk_avx512_half_dot_panels(
    const float *query, size_t query_step, const uint16_t *words, size_t panels, size_t dims, size_t lanes,
    float *dots) {
    for (size_t p = 0; p < panels; p++) {
        const float *own = query + p * query_step;
        const uint16_t *panel = words + p * dims * lanes;
        float *out = dots + p * lanes;
        size_t k = 0;
        // The 256 code words of a sub-vector at once: its words are read in the order of memory.
        for (; k + 256 <= lanes; k += 256) {
            __m512 sums[16];
            for (int i = 0; i < 16; i++) sums[i] = _mm512_setzero_ps();
            for (size_t d = 0; d < dims; d++) {
                __m512 q = _mm512_set1_ps(own[d]);
                for (int i = 0; i < 16; i++)
                    sums[i] = _mm512_fmadd_ps(q, load(panel + d * lanes + k + (size_t)i * 16), sums[i]);
            }
            for (int i = 0; i < 16; i++) _mm512_storeu_ps(out + k + (size_t)i * 16, sums[i]);
        }
        for (; k + 64 <= lanes; k += 64) {
            // Even and odd components apart: four sums alone would wait for each other.
            __m512 even[4], odd[4];
            for (int i = 0; i < 4; i++) even[i] = odd[i] = _mm512_setzero_ps();
            size_t d = 0;
            for (; d + 2 <= dims; d += 2) {
                __m512 q0 = _mm512_set1_ps(own[d]), q1 = _mm512_set1_ps(own[d + 1]);
                for (int i = 0; i < 4; i++) {
                    even[i] = _mm512_fmadd_ps(q0, load(panel + d * lanes + k + (size_t)i * 16), even[i]);
                    odd[i] = _mm512_fmadd_ps(q1, load(panel + (d + 1) * lanes + k + (size_t)i * 16), odd[i]);
                }
            }
            if (d < dims) {
                __m512 q = _mm512_set1_ps(own[d]);
                for (int i = 0; i < 4; i++)
                    even[i] = _mm512_fmadd_ps(q, load(panel + d * lanes + k + (size_t)i * 16), even[i]);
            }
            for (int i = 0; i < 4; i++)
                _mm512_storeu_ps(out + k + (size_t)i * 16, _mm512_add_ps(even[i], odd[i]));
        }
        for (; k < lanes; k += 16) {
            __m512 sum = _mm512_setzero_ps();
            for (size_t d = 0; d < dims; d++)
                sum = _mm512_fmadd_ps(_mm512_set1_ps(own[d]), load(panel + d * lanes + k), sum);
            _mm512_storeu_ps(out + k, sum);
        }
    }
}

#else

// A file of C must declare something.
typedef int vk_no_half_avx512;

#endif
