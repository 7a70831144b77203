/* SPDX-License-Identifier: Apache-2.0 */
#include "vec_portable.h"

#include "block_step.h"
#include "merge_row.h"
#include "nearest_rows.h"
#include "sketch_make.h"

const fw_kernels fw_kernels_portable = {
    VEC_WIDTH, block_residuals, block_update, block_losses, combine_rows, merge_row, pack_queries,
    search_rows, score_rows, measure_rows, score_one, sketch_rows, NULL,
};
