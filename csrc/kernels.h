/* SPDX-License-Identifier: Apache-2.0 */
/* Private: what every instruction set provides. The walk makes one indirect call a block. */
#ifndef FASTW2V_KERNELS_H
#define FASTW2V_KERNELS_H

#include "decimal.h"
#include "fastw2v.h"
#include "nearest_state.h"

typedef struct fw_kernels {
    size_t vec_floats; /* a multiple of it is enough for block->stride and `stride` below */
    /* The block step: logits and residuals, then the update, both of the old rows. */
    void (*block_residuals)(const fw_block *block);
    void (*block_update)(const fw_block *block);
    void (*combine_rows)(size_t stride, float *const *to, int32_t n_to, const float *const *from,
                         int32_t n_from, const float *coefficients, bool accumulate);
    /* In tiles of many queries, or each by itself. */
    void (*pack_queries)(const fw_search_state *state, bool in_tiles);
    void (*search_rows)(const fw_search_state *state, const fw_rows *rows, int32_t first_id);
    void (*score_rows)(const fw_search_state *state, const fw_rows *rows, const float *query,
                       float *scores);
    void (*measure_rows)(const fw_search_state *state, const fw_rows *rows, float *norms);
    float (*score_one)(const fw_search_state *state, const fw_rows *rows, size_t i, size_t query);
    void (*sketch_rows)(const fw_search_state *state, const fw_rows *rows,
                        const fw_sketch *sketch);
    /* Of positive, finite numbers by their bits; null where each by itself is faster. */
    void (*find_decimals)(const uint32_t *bits, fw_decimals *found);
} fw_kernels;

extern const fw_kernels fw_kernels_portable;
extern const fw_kernels fw_kernels_neon;
extern const fw_kernels fw_kernels_avx2;
extern const fw_kernels fw_kernels_avx512;

/* The kernels of an instruction set, or null if this build has none. Whether the CPU can run them was
 * asked when the isa was chosen: CPUID traps in a virtual machine and costs 30 us, 1 % of a chunk. */
const fw_kernels *fw_kernels_of(fw_isa isa);

#endif
