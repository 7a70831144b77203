/* SPDX-License-Identifier: Apache-2.0 */
#include "isa.h"

#ifdef FW_HAVE_NEON

#include "vec_neon.h"

#include "block_step.h"
#include "merge_row.h"
#include "nearest_rows.h"
#include "sketch_make.h"
#include "sketch_rows.h"

const fw_kernels fw_kernels_neon = {
    VEC_WIDTH, block_residuals, block_update, block_losses, combine_rows, merge_row, pack_queries,
    search_rows, score_rows, measure_rows, score_one, sketch_rows, NULL,
};
const fw_sketch_kernels fw_sketch_neon = {pack_codes, search_codes, false};

#else
typedef int fw_no_neon_kernels; /* ISO C wants something in every file */
#endif
