/* SPDX-License-Identifier: Apache-2.0 */
/* Skip-gram: the context words of a center predict it (word2vec.c's direction). */
#include <string.h>

#include "compiler.h"
#include "negatives.h"

/* The weights of a step on n inputs: those prepared, with the columns of collisions set to 0. */
static const float *mask_collisions(walk *w, int32_t n, float *const *targets)
{
    const int32_t m = w->block.n_targets;
    memcpy(w->masked_weights, w->weights, (size_t)n * (size_t)m * sizeof(float));
    for (int32_t j = 1; j < m; ++j)
        for (int32_t i = 0; i < n && targets[j] == targets[0]; ++i)
            w->masked_weights[i * m + j] = 0.0f;
    return w->masked_weights;
}

/* Choose the targets of center c and ask for the rows that it will be the first to touch. */
FW_INLINE void prepare(walk *w, const fw_scope scope, int32_t c)
{
    const fw_model *const model = w->model;
    const walk_centers *const centers = &w->centers;
    if (c >= centers->count)
        return;
    float *const positive = walk_output_row(w, centers->ids[c]);
    float **targets = walk_targets(w, c);
    const int32_t sets = scope == FW_SCOPE_EXAMPLE ? centers->last[c] - centers->first[c] : 1;
    if (scope == FW_SCOPE_POOL)
        renew_pool(w, 1);
    bool collides = false;
    for (int32_t i = 0; i < sets; ++i, targets += w->block.n_targets) {
        targets[0] = positive;
        collides |= draw_negatives(w, scope, positive, targets + 1);
    }
    w->collides[c & (WALK_RING - 1)] = collides;
    prefetch_row(positive, model->stride);
    const int64_t entering = (int64_t)c + w->settings->window;
    if (entering < centers->count)
        prefetch_row(centers->rows[entering], model->stride);
}

/* The first half of a step: n inputs against the center c and a set of negatives. */
FW_INLINE void begin_step(walk *w, int32_t c, int32_t n, float *const *inputs, float *const *targets)
{
    fw_block *const block = &w->block;
    block->n_inputs = n;
    block->inputs = inputs;
    block->targets = targets;
    block->weights = w->weights;
    if (w->collides[c & (WALK_RING - 1)])
        block->weights = mask_collisions(w, n, targets);
    w->kernels->block_residuals(block);
}

FW_INLINE void end_step(walk *w, bool samples_loss)
{
    const int32_t n = w->block.n_inputs;
    w->kernels->block_update(&w->block);
    w->stats->examples += n;
    if (samples_loss)
        fw_walk_add_losses(w, 0, n);
}

/* A frozen row takes part as a copy, and what the step makes of that is lost. */
static float *const *copy_frozen(walk *w, int32_t c, float *const *rows)
{
    const size_t stride = w->model->stride;
    const int32_t *const ids = w->centers.ids + w->centers.first[c];
    const int32_t before = c - w->centers.first[c];
    const int32_t n = w->centers.last[c] - w->centers.first[c];
    for (int32_t i = 0; i < n; ++i) {
        float *const copy = w->frozen_copies + (size_t)i * stride;
        w->inputs[i] = walk_is_frozen(w, ids[i < before ? i : i + 1])
                           ? memcpy(copy, rows[i], stride * sizeof *copy)
                           : rows[i];
    }
    return w->inputs;
}

/*
 * The input rows of the context of a center, without a gap: the center's own place in `rows` is taken by
 * the word before it, whose place was taken by the one before that, `previous`. So word k is at k + 1 if
 * it is before the center, and at k if it is behind.
 */
FW_INLINE float *const *context_rows(walk *w, int32_t c, float **previous)
{
    float **const rows = w->centers.rows;
    float *const own = rows[c];
    rows[c] = *previous;
    *previous = own;
    float *const *const context = rows + w->centers.first[c] + 1;
    return w->model->frozen ? copy_frozen(w, c, context) : context;
}

FW_INLINE void train_center(walk *w, const fw_scope scope, int32_t c, float **previous)
{
    float *const *const inputs = context_rows(w, c, previous);
    float *const *const targets = walk_targets(w, c);
    const int32_t n = w->centers.last[c] - w->centers.first[c];
    const bool samples_loss = walk_samples_loss(w, c);
    if (scope != FW_SCOPE_EXAMPLE) {
        begin_step(w, c, n, inputs, targets);
        prepare(w, scope, c + WALK_AHEAD); /* here, where the update waits for its sigmoids */
        end_step(w, samples_loss);
        return;
    }
    prepare(w, scope, c + WALK_AHEAD);
    for (int32_t i = 0; i < n; ++i) {
        begin_step(w, c, 1, inputs + i, targets + i * w->block.n_targets);
        end_step(w, samples_loss);
    }
}

FW_INLINE void train_centers(walk *w, const fw_scope scope)
{
    for (int32_t c = 0; c < WALK_AHEAD; ++c)
        prepare(w, scope, c);
    float *previous = NULL;
    for (int32_t c = 0; c < w->centers.count; ++c)
        train_center(w, scope, c, &previous);
}

static void prepare_labels(walk *w)
{
    const int32_t m = 1 + w->settings->negatives;
    w->block.n_targets = m;
    for (int32_t i = 0; i < 2 * w->settings->window && i < w->centers.count; ++i) {
        for (int32_t j = 0; j < m; ++j) {
            w->labels[i * m + j] = j == 0 ? 1.0f : 0.0f;
            w->weights[i * m + j] = j == 0 ? 1.0f : w->settings->negative_weight;
        }
    }
}

void fw_walk_skip_gram(walk *w)
{
    prepare_labels(w);
    switch (w->settings->scope) { /* a literal at each call: no scope is asked for twice */
    case FW_SCOPE_EXAMPLE: train_centers(w, FW_SCOPE_EXAMPLE); break;
    case FW_SCOPE_WINDOW: train_centers(w, FW_SCOPE_WINDOW); break;
    case FW_SCOPE_POOL: train_centers(w, FW_SCOPE_POOL); break;
    }
}
