/* SPDX-License-Identifier: Apache-2.0 */
/*
 * CBOW: the mean (or sum) of a window's input rows predicts its center. Groups of successive centers
 * take one step together: the hidden rows are one dense product of the rows under their windows with
 * coefficients that are 0 outside a center's own window, and the gradients go back the same way.
 */
#include "prefetch.h"
#include "walk.h"

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

/* Rows under the windows and the coefficients with which they make and share the hidden rows. */
static void prepare_context(walk *w, const group *g)
{
    const fw_settings *const s = w->settings;
    for (int32_t p = 0; p < g->positions; ++p)
        w->context[p] = walk_row(w->model->input, w->model, w->centers.ids[g->first + p]);
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
static void prepare_targets(walk *w, const group *g, const int32_t *set)
{
    const fw_model *const model = w->model;
    const int32_t negatives = w->settings->negatives;
    const int32_t m = g->count + negatives;
    const int32_t *const ids = w->centers.ids + g->begin;
    for (int32_t j = 0; j < g->count; ++j)
        w->targets[j] = walk_row(model->output, model, ids[j]);
    for (int32_t k = 0; k < negatives; ++k)
        w->targets[g->count + k] = walk_row(model->output, model, set[k]);
    for (int32_t i = 0; i < g->count; ++i) {
        float *const labels = w->labels + i * m;
        float *const weights = w->weights + i * m;
        for (int32_t j = 0; j < g->count; ++j)
            labels[j] = weights[j] = i == j ? 1.0f : 0.0f;
        for (int32_t k = 0; k < negatives; ++k) {
            labels[g->count + k] = 0.0f;
            weights[g->count + k] = set[k] == ids[i] ? 0.0f : w->settings->negative_weight;
        }
    }
    w->block.n_inputs = g->count;
    w->block.n_targets = m;
}

static void train_group(walk *w, const group *g, const int32_t *set)
{
    const size_t stride = w->model->stride;
    prepare_context(w, g);
    prepare_targets(w, g, set);
    w->kernels->combine_rows(stride, w->inputs, g->count, w->context, g->positions, w->gather, false);
    w->kernels->block_step(&w->block);
    w->kernels->combine_rows(stride, (float *const *)w->context, g->positions,
                             (const float *const *)w->gradients, g->count, w->scatter, true);
    w->stats->examples += g->count;
    for (int32_t i = 0; i < g->count; ++i)
        if (walk_samples_loss(w, g->begin + i))
            fw_walk_add_loss(w, i);
}

/* Draw a group's negatives and ask for the rows that it will be the first to touch. */
static void prepare(walk *w, int32_t begin, int64_t step)
{
    const fw_model *const model = w->model;
    if (begin >= w->centers.count)
        return;
    const group g = group_at(w, begin);
    int32_t *const set = walk_set(w, step);
    fw_walk_draw_negatives(w, g.count, 1, set);
    for (int32_t k = 0; k < w->settings->negatives; ++k)
        prefetch_row(walk_row(model->output, model, set[k]), model->stride);
    for (int32_t c = begin; c < begin + g.count; ++c) {
        prefetch_row(walk_row(model->output, model, w->centers.ids[c]), model->stride);
        const int64_t entering = (int64_t)c + w->settings->window;
        if (entering < w->centers.count)
            prefetch_row(walk_row(model->input, model, w->centers.ids[entering]), model->stride);
    }
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
        train_group(w, &g, walk_set(w, step));
    }
}
