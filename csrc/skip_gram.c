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

FW_INLINE bool has_collision(float *const *targets, int32_t m)
{
    bool collision = false;
    for (int32_t j = 1; j < m; ++j)
        collision |= targets[j] == targets[0];
    return collision;
}

/* One block: n inputs against the center and a set of negatives. */
FW_INLINE void step(walk *w, int32_t c, int32_t n, float *const *inputs, float *const *targets)
{
    fw_block *const block = &w->block;
    block->n_inputs = n;
    block->inputs = inputs;
    block->targets = targets;
    block->weights = w->weights;
    if (has_collision(targets, block->n_targets))
        block->weights = mask_collisions(w, n, targets);
    w->kernels->block_step(block);
    w->stats->examples += n;
    if (walk_samples_loss(w, c))
        for (int32_t i = 0; i < n; ++i)
            fw_walk_add_loss(w, i);
}

/* Copy n pointers in pieces of a fixed size, which costs less than the right number. */
FW_INLINE void copy_rows(float **to, float *const *from, int32_t n)
{
    for (int32_t i = 0; i < n; i += WALK_COPIED_ROWS)
        memcpy(to + i, from + i, WALK_COPIED_ROWS * sizeof *to);
}

/* A frozen row takes part as a copy, and what the step makes of that is lost. */
static void copy_frozen(walk *w, const int32_t *ids, int32_t begin, int32_t end)
{
    const size_t stride = w->model->stride;
    for (int32_t i = begin; i < end; ++i) {
        float *const copy = w->frozen_copies + (size_t)i * stride;
        if (walk_is_frozen(w, ids[i - begin]))
            w->inputs[i] = memcpy(copy, w->inputs[i], stride * sizeof *copy);
    }
}

FW_INLINE void train_center(walk *w, const fw_scope scope, int32_t c)
{
    const walk_centers *const centers = &w->centers;
    const int32_t before = c - centers->first[c];
    const int32_t n = centers->last[c] - centers->first[c];
    float *const *const targets = walk_targets(w, c);
    copy_rows(w->inputs, centers->rows + c - before, before);
    copy_rows(w->inputs + before, centers->rows + c + 1, n - before);
    if (w->model->frozen) {
        copy_frozen(w, centers->ids + c - before, 0, before);
        copy_frozen(w, centers->ids + c + 1, before, n);
    }
    if (scope != FW_SCOPE_EXAMPLE)
        step(w, c, n, w->inputs, targets);
    else
        for (int32_t i = 0; i < n; ++i)
            step(w, c, 1, w->inputs + i, targets + i * w->block.n_targets);
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
    for (int32_t i = 0; i < sets; ++i, targets += w->block.n_targets) {
        targets[0] = positive;
        draw_negatives(w, scope, targets + 1);
    }
    prefetch_row(positive, model->stride);
    const int64_t entering = (int64_t)c + w->settings->window;
    if (entering < centers->count)
        prefetch_row(centers->rows[entering], model->stride);
}

FW_INLINE void train_centers(walk *w, const fw_scope scope)
{
    for (int32_t c = 0; c < WALK_AHEAD; ++c)
        prepare(w, scope, c);
    for (int32_t c = 0; c < w->centers.count; ++c) {
        prepare(w, scope, c + WALK_AHEAD);
        train_center(w, scope, c);
    }
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
