/* SPDX-License-Identifier: Apache-2.0 */
#include "isa.h"

#ifdef FW_HAVE_NEON

#include "vec_neon.h"

#include "block_step.h"

const fw_kernels fw_kernels_neon = {VEC_WIDTH, block_step, combine_rows};

#else
typedef int fw_no_neon_kernels; /* ISO C wants something in every file */
#endif
