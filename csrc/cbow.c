/* SPDX-License-Identifier: Apache-2.0 */
/*
 * CBOW: the mean (or sum) of a window's input rows predicts its center. Groups of successive centers
 * take one step together: the hidden rows are one dense product of the rows under their windows with
 * coefficients that are 0 outside a center's own window, and the gradients go back the same way.
 */
#include "negatives.h"

typedef struct group {
    int32_t begin, count;      /* centers */
    int32_t first, positions;  /* the union of their windows */
} group;

static group group_at(const walk *w, int32_t begin)
{
    const walk_centers *const centers = &w->centers;
    const int32_t size = w->settings->scope == FW_SCOPE_POOL ? FW_CBOW_GROUP : 1;
    group g = {begin, size, centers->first[begin], 0};
    if (g.count > centers->count - begin)
        g.count = centers->count - begin;
    int32_t last = centers->last[begin];
    for (int32_t c = begin + 1; c < begin + g.count; ++c) {
        g.first = centers->first[c] < g.first ? centers->first[c] : g.first;
        last = centers->last[c] > last ? centers->last[c] : last;
    }
    g.positions = last - g.first + 1;
    return g;
}

/* The coefficients with which the rows under the windows make and share the hidden rows. */
static void prepare_coefficients(walk *w, const group *g)
{
    const fw_settings *const s = w->settings;
    for (int32_t i = 0; i < g->count; ++i) {
        const int32_t c = g->begin + i;
        const float n = (float)(w->centers.last[c] - w->centers.first[c]);
        const float forward = s->cbow_mean ? 1.0f / n : 1.0f;
        const float backward = s->cbow_exact_gradient ? forward : 1.0f;
        for (int32_t p = 0; p < g->positions; ++p) {
            const int32_t position = g->first + p;
            const bool inside = position >= w->centers.first[c] && position <= w->centers.last[c] &&
                                position != c;
            w->gather[i * g->positions + p] = inside ? forward : 0.0f;
            w->scatter[p * g->count + i] = inside ? backward : 0.0f;
        }
    }
}

/* Targets: the group's centers, each the positive of its own row only, then the negatives. */
static void prepare_labels(walk *w, const group *g, float *const *targets)
{
    const int32_t m = g->count + w->settings->negatives;
    for (int32_t i = 0; i < g->count; ++i) {
        float *const labels = w->labels + i * m;
        float *const weights = w->weights + i * m;
        for (int32_t j = 0; j < g->count; ++j)
            labels[j] = weights[j] = i == j ? 1.0f : 0.0f;
        for (int32_t j = g->count; j < m; ++j) {
            labels[j] = 0.0f;
            weights[j] = targets[j] == targets[i] ? 0.0f : w->settings->negative_weight;
        }
    }
    w->block.n_inputs = g->count;
    w->block.n_targets = m;
    w->block.targets = targets;
}

/* Move the rows that learn, and their coefficients, to the front; return how many those are. */
static int32_t leave_out_frozen(walk *w, const group *g)
{
    int32_t n = 0;
    for (int32_t p = 0; p < g->positions; ++p) {
        if (walk_is_frozen(w, w->centers.ids[g->first + p]))
            continue;
        w->learning[n] = w->centers.rows[g->first + p];
        for (int32_t i = 0; i < g->count; ++i)
            w->scatter[n * g->count + i] = w->scatter[p * g->count + i];
        ++n;
    }
    return n;
}

static void train_group(walk *w, const group *g, float *const *targets)
{
    const size_t stride = w->block.stride;
    float *const *const context = w->centers.rows + g->first;
    prepare_coefficients(w, g);
    prepare_labels(w, g, targets);
    w->kernels->combine_rows(stride, w->inputs, g->count, (const float *const *)context, g->positions,
                             w->gather, false);
    w->kernels->block_residuals(&w->block);
    w->kernels->block_update(&w->block);
    const int32_t learning = w->model->frozen ? leave_out_frozen(w, g) : g->positions;
    w->kernels->combine_rows(stride, w->model->frozen ? w->learning : context, learning,
                             (const float *const *)w->gradients, g->count, w->scatter, true);
    w->stats->examples += g->count;
    for (int32_t i = 0; i < g->count; ++i)
        if (walk_samples_loss(w, g->begin + i))
            fw_walk_add_losses(w, i, 1);
}

/* Choose a group's targets and ask for the rows that it will be the first to touch. */
static void prepare(walk *w, int32_t begin, int64_t step)
{
    const fw_model *const model = w->model;
    const walk_centers *const centers = &w->centers;
    if (begin >= centers->count)
        return;
    const group g = group_at(w, begin);
    float **const targets = walk_targets(w, step);
    for (int32_t i = 0; i < g.count; ++i) {
        targets[i] = walk_output_row(w, centers->ids[begin + i]);
        prefetch_row(targets[i], model->stride);
        const int64_t entering = (int64_t)begin + i + w->settings->window;
        if (entering < centers->count)
            prefetch_row(centers->rows[entering], model->stride);
    }
    if (w->settings->scope == FW_SCOPE_POOL)
        renew_pool(w, g.count);
    draw_negatives(w, w->settings->scope, NULL, targets + g.count);
}

void fw_walk_cbow(walk *w)
{
    const int32_t size = w->settings->scope == FW_SCOPE_POOL ? FW_CBOW_GROUP : 1;
    /* A group is as far ahead as so many centers: in steps, at least one. */
    const int32_t ahead = size == 1 ? WALK_AHEAD : 1;
    for (int32_t step = 0; step < ahead; ++step)
        prepare(w, step * size, step);
    int64_t step = 0;
    for (int32_t begin = 0; begin < w->centers.count; begin += size, ++step) {
        prepare(w, begin + ahead * size, step + ahead);
        const group g = group_at(w, begin);
        train_group(w, &g, walk_targets(w, step));
    }
}
