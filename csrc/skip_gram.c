/* SPDX-License-Identifier: Apache-2.0 */
/* Skip-gram: the context words of a center predict it (word2vec.c's direction). */
#include <string.h>

#include "prefetch.h"
#include "walk.h"

/* The weights of a step on n inputs: those prepared, with the columns of collisions set to 0. */
static const float *weights_for(walk *w, int32_t n, int32_t center_id, const int32_t *set)
{
    const int32_t m = w->block.n_targets;
    const float *weights = w->weights;
    for (int32_t j = 1; j < m; ++j) {
        if (set[j - 1] != center_id)
            continue;
        if (weights == w->weights) {
            memcpy(w->masked_weights, w->weights, (size_t)n * (size_t)m * sizeof(float));
            weights = w->masked_weights;
        }
        for (int32_t i = 0; i < n; ++i)
            w->masked_weights[i * m + j] = 0.0f;
    }
    return weights;
}

/* One block: n prepared inputs against the center and a set of negatives. */
static void step(walk *w, int32_t n, int32_t c, const int32_t *set)
{
    const fw_model *const model = w->model;
    const int32_t center_id = w->centers.ids[c];
    w->targets[0] = walk_row(model->output, model, center_id);
    for (int32_t k = 0; k < w->settings->negatives; ++k)
        w->targets[1 + k] = walk_row(model->output, model, set[k]);
    w->block.n_inputs = n;
    w->block.weights = weights_for(w, n, center_id, set);
    w->kernels->block_step(&w->block);
    w->stats->examples += n;
    if (walk_samples_loss(w, c))
        for (int32_t i = 0; i < n; ++i)
            fw_walk_add_loss(w, i);
}

static void train_center(walk *w, int32_t c, const int32_t *set)
{
    const fw_model *const model = w->model;
    const int32_t first = w->centers.first[c];
    const int32_t last = w->centers.last[c];
    const bool one_by_one = w->settings->scope == FW_SCOPE_EXAMPLE;
    int32_t n = 0;
    for (int32_t position = first; position <= last; ++position) {
        if (position == c)
            continue;
        w->inputs[n++] = walk_row(model->input, model, w->centers.ids[position]);
        if (one_by_one) {
            step(w, 1, c, set);
            set += w->settings->negatives;
            n = 0;
        }
    }
    if (!one_by_one)
        step(w, n, c, set);
}

/* Draw the negatives of center c and ask for all rows that it will be the first to touch. */
static void prepare(walk *w, int32_t c)
{
    const fw_model *const model = w->model;
    const walk_centers *const centers = &w->centers;
    if (c >= centers->count)
        return;
    const int32_t contexts = centers->last[c] - centers->first[c];
    const int32_t sets = w->settings->scope == FW_SCOPE_EXAMPLE ? contexts : 1;
    int32_t *const set = walk_set(w, c);
    fw_walk_draw_negatives(w, 1, contexts, set);
    for (int32_t k = 0; k < sets * w->settings->negatives; ++k)
        prefetch_row(walk_row(model->output, model, set[k]), model->stride);
    prefetch_row(walk_row(model->output, model, centers->ids[c]), model->stride);
    const int64_t entering = (int64_t)c + w->settings->window;
    if (entering < centers->count)
        prefetch_row(walk_row(model->input, model, centers->ids[entering]), model->stride);
}

static void prepare_labels(walk *w)
{
    const int32_t m = 1 + w->settings->negatives;
    w->block.n_targets = m;
    for (int32_t i = 0; i < 2 * w->settings->window; ++i) {
        for (int32_t j = 0; j < m; ++j) {
            w->labels[i * m + j] = j == 0 ? 1.0f : 0.0f;
            w->weights[i * m + j] = j == 0 ? 1.0f : w->settings->negative_weight;
        }
    }
}

void fw_walk_skip_gram(walk *w)
{
    prepare_labels(w);
    for (int32_t c = 0; c < WALK_AHEAD; ++c)
        prepare(w, c);
    for (int32_t c = 0; c < w->centers.count; ++c) {
        prepare(w, c + WALK_AHEAD);
        train_center(w, c, walk_set(w, c));
    }
}
