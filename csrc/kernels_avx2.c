/* SPDX-License-Identifier: Apache-2.0 */
#include "isa.h"

#ifdef FW_HAVE_X86

/* Only what follows may use these instructions; the rest of the build stays at the baseline. */
#if defined(__clang__)
#include <immintrin.h>
#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
#elif defined(__GNUC__)
#pragma GCC target("avx2,fma")
#endif

#include "vec_avx2.h"

#include "block_step.h"

const fw_kernels fw_kernels_avx2 = {VEC_WIDTH, block_step, combine_rows};

#ifdef __clang__
#pragma clang attribute pop
#endif

#else
typedef int fw_no_avx2_kernels; /* ISO C wants something in every file */
#endif
