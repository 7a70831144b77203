/* SPDX-License-Identifier: Apache-2.0 */
#include "vec_portable.h"

#include "block_step.h"

const fw_kernels fw_kernels_portable = {VEC_WIDTH, block_step, combine_rows};
