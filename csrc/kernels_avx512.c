/* SPDX-License-Identifier: Apache-2.0 */
#include "isa.h"

#ifdef FW_HAVE_X86

/* Only what follows may use these instructions; the rest of the build stays at the baseline. */
#if defined(__clang__)
#include <immintrin.h>
#pragma clang attribute push(__attribute__((target("avx512f,avx2,fma,f16c"))), apply_to = function)
#elif defined(__GNUC__)
#pragma GCC target("avx512f,avx2,fma,f16c")
#endif

#include "vec_avx512.h"

#include "block_step.h"
#include "decimal_lanes.h"
#include "merge_row.h"
#include "nearest_rows.h"
#include "sketch_make.h"

const fw_kernels fw_kernels_avx512 = {
    VEC_WIDTH, block_residuals, block_update, block_losses, combine_rows, merge_row, pack_queries,
    search_rows, score_rows, measure_rows, score_one, sketch_rows, find_decimals,
};

#ifdef __clang__
#pragma clang attribute pop
#endif

#else
typedef int fw_no_avx512_kernels; /* ISO C wants something in every file */
#endif
