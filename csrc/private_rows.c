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

/*
 * The share of its move that a row gives to the model. If `workers` of them pull a row towards the same
 * place, each by a factor 1 - e^(-N / workers) of the way, the sum of their moves goes too far; with
 * this share it goes 1 - e^-N of the way, as one worker after the other would. A row that stands in
 * few pairs gives nearly all of its move, one that stands in very many one part in `workers`.
 */
static float share_of_move(const walk *w, float pairs_per_token)
{
    enum { TENTHS = 3 }; /* of the learning rate, how far a pair pulls: found by trying */
    const double workers = w->settings->workers;
    const double pairs = (double)pairs_per_token * w->centers.count * workers;
    const double n = TENTHS / 10.0 * fabs((double)w->block.learning_rate) * pairs;
    return n < 1e-6 ? 1.0f : (float)(expm1(-n) / (workers * expm1(-n / workers)));
}

/* `column` of private_pairs: 0 for input rows, 1 for output rows. */
static void merge_rows(const walk *w, float *shared, const float *own, const float *base, int column)
{
    const size_t stride = w->model->stride;
    const int32_t rows = w->settings->private_rows;
    for (int32_t r = 0; r < rows; ++r, shared += stride, own += stride, base += stride) {
        const float share = share_of_move(w, w->model->private_pairs[2 * r + column]);
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
