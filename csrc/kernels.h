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
    /* weight * (log(1 + e^s) - label * s) of the logits s, the cross-entropies; (n, m) like the logits, with
     * as much room. */
    void (*block_losses)(const fw_block *block, float *losses);
    void (*combine_rows)(size_t stride, float *const *to, int32_t n_to, const float *const *from,
                         int32_t n_from, const float *coefficients, bool accumulate);
    /*
     * Give a row what a copy of it learnt since the copy was made, from `base`, while others gave it theirs:
     *
     *     others = row - base        move = copy - base
     *     row += move - c * others,  c = move . others / others . others, bounded by 0 and 1
     *
     * Moves at right angles are summed, and of what several learnt alike only one is kept, for a busy row
     * is taken all of the way to its place by any of them within a chunk. Summed, 64 workers would throw it
     * far beyond; averaged, each would count for a 64th where it learnt something of its own. (The model
     * combiner of Gill et al. 2019, arXiv:1909.03359, but for moves against each other, which theirs takes
     * apart as well.)
     */
    void (*merge_row)(float *row, const float *copy, const float *base, size_t stride);
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
