/* SPDX-License-Identifier: Apache-2.0 */
/* Instruction set -> kernels, and the checked public face of the kernels. */
#include "isa.h"
#include "kernels.h"

const fw_kernels *fw_kernels_of(fw_isa isa)
{
    switch (isa) {
    case FW_ISA_PORTABLE: return &fw_kernels_portable;
#ifdef FW_HAVE_NEON
    case FW_ISA_NEON: return &fw_kernels_neon;
#endif
#ifdef FW_HAVE_X86
    case FW_ISA_AVX2: return &fw_kernels_avx2;
    case FW_ISA_AVX512: return &fw_kernels_avx512;
#endif
    default: return NULL;
    }
}

const fw_sketch_kernels *fw_sketch_kernels_of(fw_isa isa, bool has_byte_dots)
{
    (void)has_byte_dots;
    switch (isa) {
#ifdef FW_HAVE_NEON
    case FW_ISA_NEON: return &fw_sketch_neon;
#endif
#ifdef FW_HAVE_X86
    case FW_ISA_AVX2: return &fw_sketch_avx2;
    case FW_ISA_AVX512: return has_byte_dots ? &fw_sketch_vnni : &fw_sketch_avx2;
#endif
    default: return NULL;
    }
}

static bool misaligned(const void *pointer)
{
    return (uintptr_t)pointer % FW_ALIGNMENT != 0;
}

static fw_status check_rows(const float *const *rows, int32_t n)
{
    if (!rows || n < 1)
        return FW_ERROR_ARGUMENT;
    for (int32_t i = 0; i < n; ++i) {
        if (!rows[i])
            return FW_ERROR_ARGUMENT;
        if (misaligned(rows[i]))
            return FW_ERROR_ALIGNMENT;
    }
    return FW_OK;
}

static bool bad_stride(size_t stride)
{
    return stride == 0 || stride % FW_ROW_FLOATS != 0;
}

size_t fw_block_floats(int32_t n_inputs, int32_t n_targets)
{
    /* One more row of floats than (n, m) rounded up: kernels store whole vecs from any pair on. */
    const size_t pairs = (size_t)n_inputs * (size_t)n_targets;
    return (pairs / FW_ROW_FLOATS + 2) * FW_ROW_FLOATS;
}

size_t fw_block_scratch(int32_t n_inputs, int32_t n_targets, size_t stride)
{
    const size_t pairs_of_vecs = 2 * (size_t)n_inputs * FW_ROW_FLOATS;
    const size_t deltas = (size_t)n_targets * stride;
    return pairs_of_vecs > deltas ? pairs_of_vecs : deltas;
}

fw_status fw_block_step(fw_isa isa, const fw_block *block)
{
    const fw_kernels *kernels = fw_kernels_of(isa);
    if (!kernels)
        return FW_ERROR_ISA_UNAVAILABLE;
    if (!block || !block->labels || !block->weights || !block->logits || !block->residuals ||
        !block->scratch)
        return FW_ERROR_ARGUMENT;
    if (bad_stride(block->stride) || misaligned(block->labels) || misaligned(block->weights) ||
        misaligned(block->logits) || misaligned(block->residuals) || misaligned(block->scratch))
        return FW_ERROR_ALIGNMENT;
    fw_status status = check_rows((const float *const *)block->inputs, block->n_inputs);
    if (status == FW_OK)
        status = check_rows((const float *const *)block->targets, block->n_targets);
    if (status == FW_OK && block->gradients)
        status = check_rows((const float *const *)block->gradients, block->n_inputs);
    if (status == FW_OK) {
        kernels->block_residuals(block);
        kernels->block_update(block);
    }
    return status;
}

fw_status fw_combine_rows(fw_isa isa, size_t stride, float *const *to, int32_t n_to,
                          const float *const *from, int32_t n_from, const float *coefficients,
                          bool accumulate)
{
    const fw_kernels *kernels = fw_kernels_of(isa);
    if (!kernels)
        return FW_ERROR_ISA_UNAVAILABLE;
    if (!coefficients)
        return FW_ERROR_ARGUMENT;
    if (bad_stride(stride))
        return FW_ERROR_ALIGNMENT;
    fw_status status = check_rows((const float *const *)to, n_to);
    if (status == FW_OK)
        status = check_rows(from, n_from);
    if (status == FW_OK)
        kernels->combine_rows(stride, to, n_to, from, n_from, coefficients, accumulate);
    return status;
}
