/* SPDX-License-Identifier: Apache-2.0 */
/* A worker's own copies of the rows that all workers want; fw_train_chunk in fastw2v.h says why. */
#include <string.h>

#include "prefetch.h"
#include "walk.h"

static void copy_rows(const walk *w, const float *shared, float *own, float *base)
{
    const size_t floats = (size_t)w->settings->private_rows * w->model->stride;
    memcpy(base, shared, floats * sizeof *base);
    memcpy(own, base, floats * sizeof *own);
}

void fw_walk_copy_private_rows(walk *w)
{
    copy_rows(w, w->model->input, w->private_input, w->base_input);
    copy_rows(w, w->model->output, w->private_output, w->base_output);
}

static void merge_rows(const walk *w, float *shared, const float *own, const float *base,
                       bool is_input)
{
    const size_t stride = w->model->stride;
    const int32_t rows = w->settings->private_rows;
    for (int32_t r = 0; r < rows; ++r, shared += stride, own += stride, base += stride) {
        if (r + 4 < rows)
            prefetch_row(shared + 4 * stride, stride);
        if (!(is_input && walk_is_frozen(w, r)))
            w->kernels->merge_row(shared, own, base, w->block.stride);
    }
}

void fw_walk_merge_private_rows(walk *w)
{
    merge_rows(w, w->model->input, w->private_input, w->base_input, true);
    merge_rows(w, w->model->output, w->private_output, w->base_output, false);
}
