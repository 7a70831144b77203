/* SPDX-License-Identifier: Apache-2.0 */
/* Words are held near where they were; fw_train_chunk in fastw2v.h says how. */
#include "prefetch.h"
#include "walk.h"

/* Centers, ahead of the one that pulls, whose anchors are asked for. */
#define PULL_AHEAD 8

static void pull(float *row, const float *anchor, size_t vector_size, float share)
{
    for (size_t d = 0; d < vector_size; ++d)
        row[d] -= share * (row[d] - anchor[d]);
}

static void prefetch_anchor(const walk *w, int32_t c)
{
    const fw_anchor *const anchor = w->model->anchor;
    const int32_t r = c < w->centers.count ? anchor->rows[w->centers.ids[c]] : -1;
    if (r < 0)
        return;
    prefetch_row(anchor->input + (size_t)r * anchor->input_stride, w->model->vector_size);
    if (anchor->output)
        prefetch_row(anchor->output + (size_t)r * anchor->output_stride, w->model->vector_size);
}

void fw_walk_pull(walk *w)
{
    const fw_anchor *const anchor = w->model->anchor;
    const size_t vector_size = w->model->vector_size;
    for (int32_t c = 0; c < w->centers.count; ++c) {
        const int32_t id = w->centers.ids[c];
        const int32_t r = anchor->rows[id];
        const float strength = w->block.learning_rate * anchor->strength[id];
        const float share = strength < 1.0f ? strength : 1.0f;
        prefetch_anchor(w, c + PULL_AHEAD);
        if (r < 0)
            continue;
        if (!walk_is_frozen(w, id))
            pull(walk_input_row(w, id), anchor->input + (size_t)r * anchor->input_stride, vector_size,
                 share);
        if (anchor->output)
            pull(walk_output_row(w, id), anchor->output + (size_t)r * anchor->output_stride,
                 vector_size, share);
    }
}
