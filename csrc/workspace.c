/* SPDX-License-Identifier: Apache-2.0 */
/* The layout of a walk in its workspace: one function says both how much and where. */
#include <math.h>
#include <string.h>

#include "walk.h"

typedef struct arena {
    char *base; /* null while counting */
    size_t used;
} arena;

static void *take(arena *a, size_t count, size_t size)
{
    void *const place = a->base ? a->base + a->used : NULL;
    const size_t bytes = count * size;
    a->used += (bytes + FW_ALIGNMENT - 1) / FW_ALIGNMENT * FW_ALIGNMENT;
    return place;
}

static size_t most_targets(const fw_settings *s)
{
    const size_t positives = s->architecture == FW_CBOW ? FW_CBOW_GROUP : 1;
    return positives + (size_t)s->negatives;
}

static size_t most_inputs(const fw_settings *s)
{
    return s->architecture == FW_CBOW ? FW_CBOW_GROUP : 2 * (size_t)s->window;
}

size_t fw_walk_layout(walk *w, const fw_settings *s, size_t stride, void *workspace)
{
    arena a = {workspace, 0};
    const size_t tokens = (size_t)s->chunk_tokens;
    const size_t n = most_inputs(s);
    const size_t m = most_targets(s);
    const size_t positions = 2 * (size_t)s->window + FW_CBOW_GROUP;
    const size_t pairs = fw_block_floats((int32_t)n, (int32_t)m);
    const size_t sets_a_center = s->scope == FW_SCOPE_EXAMPLE ? 2 * (size_t)s->window : 1;

    memset(w, 0, sizeof *w);
    w->centers.ids = take(&a, tokens, sizeof(int32_t));
    w->centers.first = take(&a, tokens, sizeof(int32_t));
    w->centers.last = take(&a, tokens, sizeof(int32_t));
    w->centers.rows = take(&a, tokens, sizeof(float *));
    w->negatives.drawn = take(&a, WALK_NOISE_BATCH, sizeof(int32_t));
    w->negatives.pool = take(&a, s->scope == FW_SCOPE_POOL ? (size_t)s->pool_size : 0, sizeof(float *));
    w->targets_size = sets_a_center * m;
    w->targets = take(&a, WALK_RING * w->targets_size, sizeof(float *));
    w->inputs = take(&a, n, sizeof(float *));
    w->labels = take(&a, pairs, sizeof(float));
    w->weights = take(&a, pairs, sizeof(float));
    w->masked_weights = take(&a, pairs, sizeof(float));
    w->losses = take(&a, pairs, sizeof(float));
    w->block.logits = take(&a, pairs, sizeof(float));
    w->block.residuals = take(&a, pairs, sizeof(float));
    w->block.scratch = take(&a, fw_block_scratch((int32_t)n, (int32_t)m, stride), sizeof(float));
    const size_t private_floats = (size_t)s->private_rows * stride;
    w->private_input = take(&a, private_floats, sizeof(float));
    w->private_output = take(&a, private_floats, sizeof(float));
    w->base_input = take(&a, private_floats, sizeof(float));
    w->base_output = take(&a, private_floats, sizeof(float));
    if (s->architecture == FW_CBOW) {
        w->gather = take(&a, FW_CBOW_GROUP * positions, sizeof(float));
        w->scatter = take(&a, FW_CBOW_GROUP * positions, sizeof(float));
        w->learning = take(&a, positions, sizeof(float *));
        w->gradients = take(&a, FW_CBOW_GROUP, sizeof(float *));
        float *const hidden = take(&a, FW_CBOW_GROUP * stride, sizeof(float));
        float *const gradients = take(&a, FW_CBOW_GROUP * stride, sizeof(float));
        for (size_t i = 0; workspace && i < FW_CBOW_GROUP; ++i) {
            w->inputs[i] = hidden + i * stride;
            w->gradients[i] = gradients + i * stride;
        }
    }
    if (s->architecture == FW_SKIP_GRAM)
        w->frozen_copies = take(&a, n * stride, sizeof(float));
    w->settings = s;
    w->block.inputs = w->inputs;
    w->block.gradients = w->gradients;
    w->block.labels = w->labels;
    w->block.weights = w->weights;
    return a.used;
}

/* Bounds keep every product below in range on 32-bit size_t's too, and positions near the end of a
 * chunk away from INT32_MAX; no sensible run is near them. */
static bool settings_in_range(const fw_settings *s, size_t stride)
{
    enum { MOST = 1 << 20, MOST_PAIRS = 1 << 25, MOST_TOKENS = 1 << 27, MOST_PRIVATE = 1 << 14 };
    return s->window >= 1 && s->window <= MOST && s->negatives >= 0 && s->negatives <= MOST &&
           s->chunk_tokens >= 1 && s->chunk_tokens <= MOST_TOKENS && s->pool_size >= 1 &&
           s->pool_size <= MOST && s->loss_interval >= 0 && s->negative_weight >= 0.0f &&
           isfinite(s->negative_weight) && s->private_rows >= 0 &&
           s->private_rows <= MOST_PRIVATE &&
           (unsigned)s->architecture <= FW_SKIP_GRAM && (unsigned)s->scope <= FW_SCOPE_POOL &&
           (int64_t)s->window * ((int64_t)s->negatives + 1) <= MOST_PAIRS && stride > 0 &&
           stride % FW_ROW_FLOATS == 0 && stride <= MOST;
}

size_t fw_workspace_size(const fw_settings *settings, size_t stride)
{
    walk counted;
    if (!settings || !settings_in_range(settings, stride))
        return 0;
    return fw_walk_layout(&counted, settings, stride, NULL);
}
