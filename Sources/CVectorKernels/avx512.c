// SPDX-License-Identifier: Apache-2.0

// x86-64 with AVX-512.
//
// For floats it has no functions of its own. Wider ones were written and measured on Zen 4: on rows in the second-level
// cache they are as fast as AVX2's, whose two loads a cycle fetch as much; on rows in memory they are 10 to 20% slower
// for some addresses of the query, while AVX2's keep up with memory wherever the query lies.

#if defined(__x86_64__)

#include "kernels.h"

const struct vk_kernels vk_kernels_avx512 = {
    .level = VK_LEVEL_AVX512,
    .dot = vk_avx2_dot,
    .l2 = vk_avx2_l2,
    .norm = vk_avx2_norm,
    .dot_rows = vk_avx2_dot_rows,
    .l2_rows = vk_avx2_l2_rows,
    .dot_norm_rows = vk_avx2_dot_norm_rows,
    .pq_dot_table = vk_avx512_pq_dot_table,
    .pq_quantize = vk_avx512_pq_quantize,
    .pq_select_8 = vk_avx512_pq_select_8,
    .pq_select_4 = vk_avx512_pq_select_4,
    .pq_sum_8 = vk_scalar_pq_sum_8,
    .pq_sum_4 = vk_avx512_pq_sum_4,
    .pq_l2_rows = vk_avx2_pq_l2_rows,
    .pq_dot_rows = vk_avx2_pq_dot_rows,
    .pq_choose = vk_avx512_pq_choose,
    .assign = vk_avx512_assign,
    .fixed_dot_panels = vk_avx2_fixed_dot_panels,
};

const struct vk_kernels vk_kernels_avx512vbmi = {
    .level = VK_LEVEL_AVX512VBMI,
    .dot = vk_avx2_dot,
    .l2 = vk_avx2_l2,
    .norm = vk_avx2_norm,
    .dot_rows = vk_avx2_dot_rows,
    .l2_rows = vk_avx2_l2_rows,
    .dot_norm_rows = vk_avx2_dot_norm_rows,
    .pq_dot_table = vk_avx512_pq_dot_table,
    .pq_quantize = vk_avx512_pq_quantize,
    .pq_select_8 = vk_avx512vbmi_pq_select_8,
    .pq_select_4 = vk_avx512_pq_select_4,
    .pq_sum_8 = vk_scalar_pq_sum_8,
    .pq_sum_4 = vk_avx512_pq_sum_4,
    .pq_l2_rows = vk_avx2_pq_l2_rows,
    .pq_dot_rows = vk_avx2_pq_dot_rows,
    .pq_choose = vk_avx512_pq_choose,
    .assign = vk_avx512_assign,
    .fixed_dot_panels = vk_avx512vnni_fixed_dot_panels,
};

#else

// A file of C must declare something.
typedef int vk_no_avx512;

#endif
