/* SPDX-License-Identifier: Apache-2.0 */
/* Private: the state of one walk over a chunk, laid out in the caller's workspace. */
#ifndef FASTW2V_WALK_H
#define FASTW2V_WALK_H

#include "kernels.h"

/* Negatives are drawn, and their rows asked for, this many steps before they are used: a prototype
 * lost a third of its speed on Zen 4 without it, and any distance from 1 to 12 was alike. */
#define WALK_AHEAD 4

/* The kept tokens of the chunk that have a context: "centers", in order. */
typedef struct walk_centers {
    int32_t *ids;
    int32_t *first; /* first and last position of the window, positions being indices into ids; */
    int32_t *last;  /* the center itself stands between them */
    int32_t count;
} walk_centers;

/* Where negatives come from. Counters number the draws of a substream. */
typedef struct walk_negatives {
    uint64_t noise_stream, noise_counter;
    uint64_t picks_stream, picks_counter;
    int32_t *pool;
    int32_t pool_head;
    uint32_t pool_credit; /* renewals due, in 1/65536 */
} walk_negatives;

typedef struct walk {
    const fw_settings *settings;
    const fw_model *model;
    const fw_kernels *kernels;
    walk_centers centers;
    walk_negatives negatives;
    int32_t *sets;         /* (WALK_AHEAD + 1, set_size): ring of negative sets */
    size_t set_size;
    const float **context; /* input rows under a CBOW group's windows */
    float *gather;         /* (group, positions) coefficients of the hidden rows */
    float *scatter;        /* (positions, group) and of their gradients */
    float *masked_weights; /* copy of block.weights for a step in which a negative is the positive */
    float *labels;         /* (n, m), what block.labels and block.weights point to */
    float *weights;
    float **inputs;
    float **targets;
    float **gradients;
    fw_block block;
    fw_stats *stats;
} walk;

/* Lay out a walk in `workspace`; returns the bytes used. With a null workspace, only counts. */
size_t fw_walk_layout(walk *w, const fw_settings *settings, size_t stride, void *workspace);

/* Draw the next negatives of a step over `n_centers` centers with `n_examples` examples in all. */
void fw_walk_draw_negatives(walk *w, int32_t n_centers, int32_t n_examples, int32_t *set);

/* The slot of step `step` in the ring. */
static inline int32_t *walk_set(const walk *w, int64_t step)
{
    return w->sets + (size_t)(step % (WALK_AHEAD + 1)) * w->set_size;
}

void fw_walk_skip_gram(walk *w);
void fw_walk_cbow(walk *w);

/* Add the loss of the block's row `i`, which the step has just used, to the statistics. */
void fw_walk_add_loss(walk *w, int32_t i);

/* Whether the loss of center `c` is in the sample. */
static inline bool walk_samples_loss(const walk *w, int32_t c)
{
    return w->settings->loss_interval > 0 && c % w->settings->loss_interval == 0;
}

static inline float *walk_row(float *matrix, const fw_model *model, int32_t id)
{
    return matrix + (size_t)id * model->stride;
}

#endif
