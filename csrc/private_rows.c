/* SPDX-License-Identifier: Apache-2.0 */
/* A worker's own copies of the rows that all workers want; fw_train_chunk in fastw2v.h says why. */
#include <math.h>
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

float fw_walk_share(double n, int32_t copies)
{
    return n < 1e-6 ? 1.0f : (float)(expm1(-n) / (copies * expm1(-n / copies)));
}

/* `column` of private_pairs: 0 for input rows, 1 for output rows. */
static void merge_rows(const walk *w, float *shared, const float *own, const float *base, int column)
{
    enum { TENTHS = 3 }; /* of the learning rate, how far a pair pulls: found by trying */
    const size_t stride = w->model->stride;
    const int32_t rows = w->settings->private_rows;
    const int32_t workers = w->settings->workers;
    const double tokens = (double)w->centers.count * workers;
    const double rate = fabs((double)w->block.learning_rate);
    for (int32_t r = 0; r < rows; ++r, shared += stride, own += stride, base += stride) {
        const double pairs = (double)w->model->private_pairs[2 * r + column] * tokens;
        const float share = fw_walk_share(TENTHS / 10.0 * rate * pairs, workers);
        if (r + 4 < rows)
            prefetch_row(shared + 4 * stride, stride);
        if (column == 0 && walk_is_frozen(w, r))
            continue;
        for (size_t d = 0; d < stride; ++d)
            shared[d] += share * (own[d] - base[d]);
    }
}

void fw_walk_merge_private_rows(walk *w)
{
    merge_rows(w, w->model->input, w->private_input, w->base_input, 0);
    merge_rows(w, w->model->output, w->private_output, w->base_output, 1);
}
