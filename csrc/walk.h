/* SPDX-License-Identifier: Apache-2.0 */
/* Private: the state of one walk over a chunk, laid out in the caller's workspace. */
#ifndef FASTW2V_WALK_H
#define FASTW2V_WALK_H

#include "kernels.h"
#include "shard_rows.h"

/* Negatives are drawn, and rows asked for, this many steps before they are used. A prototype lost a third
 * of its speed on Zen 4 without it; 2 to 12 steps are alike. The targets of the steps in between wait in
 * a ring, whose size is a power of two. */
#define WALK_AHEAD 4
#define WALK_RING 8

/* Draws from the noise distribution that are made together. */
#define WALK_NOISE_BATCH 64

/* The kept tokens of the chunk that have a context: "centers", in order. */
typedef struct walk_centers {
    int32_t *ids;
    int32_t *first; /* first and last position of the window, positions being indices into ids; */
    int32_t *last;  /* the center itself stands between them */
    float **rows;   /* their input rows; skip-gram moves them as it goes */
    int32_t count;
} walk_centers;

/* Where negatives come from. Counters number the draws of a substream. */
typedef struct walk_negatives {
    uint64_t noise_stream, noise_counter;
    uint64_t next_pick;   /* place of a pick, in 1/2^64 of the pool, before the next step */
    int32_t *drawn; /* the last batch of draws, and how many of them were given out */
    int32_t drawn_used;
    int32_t pool_head;
    uint64_t pool_credit; /* renewals due, in 1/65536 */
    float **pool;         /* output rows */
} walk_negatives;

typedef struct walk {
    const fw_settings *settings;
    const fw_model *model;
    const fw_kernels *kernels;
    walk_centers centers;
    walk_negatives negatives;
    float **targets;       /* (WALK_RING, targets_size): the targets of steps */
    size_t targets_size;
    float *gather;         /* (group, positions) coefficients of the hidden rows */
    float *scatter;        /* (positions, group) and of their gradients */
    float *masked_weights; /* copy of block.weights for a step in which a negative is the positive */
    float *labels;         /* (n, m), what block.labels and block.weights point to */
    float *weights;
    float *losses;         /* (n, m), of a block */
    float **inputs;
    float **gradients;
    float *private_input;  /* (private_rows, stride): a worker's own copies, */
    float *private_output;
    float *base_input;     /* and what they were at the start of the chunk */
    float *base_output;
    float *frozen_copies;  /* (inputs, stride) of skip-gram: what stands in for frozen rows */
    float **learning;      /* (positions) of CBOW: the rows under the windows that are not frozen */
    const shard_rows *shard; /* null: no rows of a shard */
    int32_t next_loss;       /* the next center whose loss is in the sample; -1: none */
    bool collides[WALK_RING]; /* of the steps in `targets`: one of the negatives is the positive */
    fw_block block;
    fw_stats *stats;
} walk;

/* Lay out a walk in `workspace`; returns the bytes used. With a null workspace, only counts. */
size_t fw_walk_layout(walk *w, const fw_settings *settings, size_t stride, void *workspace);

/* Check all of it, lay out the walk and find the centers of the chunk. */
fw_status fw_walk_open(walk *w, const fw_settings *settings, const fw_model *model,
                       const fw_chunk *chunk, void *workspace);

/* Train the centers that were found, on the rows where the walk finds them by now. */
fw_status fw_walk_train(walk *w, uint64_t stream, fw_stats *stats);

/* Start the draws of a chunk, the pool included. */
void fw_walk_open_negatives(walk *w, uint64_t stream);

/* Draw the next batch from the noise distribution. */
void fw_walk_draw_noise(walk *w);

/* The targets of step `step`: the positives, then the negatives; with EXAMPLE so for each pair. */
static inline float **walk_targets(const walk *w, int64_t step)
{
    return w->targets + (size_t)(step & (WALK_RING - 1)) * w->targets_size;
}

void fw_walk_skip_gram(walk *w);
void fw_walk_cbow(walk *w);

/* Take copies of the private rows, and give back what was learnt in them. */
void fw_walk_copy_private_rows(walk *w);
void fw_walk_merge_private_rows(walk *w);

/* Pull the rows of the chunk's words back to the anchor. */
void fw_walk_pull(walk *w);

/* Add the losses of the block's inputs i .. i + n - 1, which the step has just used, to the statistics. */
void fw_walk_add_losses(walk *w, int32_t i, int32_t n);

/* Whether the loss of center `c` is in the sample; to be asked for all of them in order. */
static inline bool walk_samples_loss(walk *w, int32_t c)
{
    if (c != w->next_loss)
        return false;
    w->next_loss += w->settings->loss_interval;
    return true;
}

/* The matrix of the row of `id`, its own or the model's. With several workers a third of the words and a
 * fifth of the negatives have rows of their own, at random: a branch made a word 4 % slower. */
static inline float *walk_matrix(const walk *w, int32_t id, float *own, float *shared)
{
    const uintptr_t is_own = 0 - (uintptr_t)(id < w->settings->private_rows); /* all bits, or none */
    return (float *)(((uintptr_t)own & is_own) | ((uintptr_t)shared & ~is_own));
}

/* Where the walk finds and changes the rows of a word: in copies of its own, or in the model. */
static inline float *walk_input_row(const walk *w, int32_t id)
{
    if (w->shard)
        return shard_row(&w->shard[0], w->model->input, w->model->stride, id);
    float *const matrix = walk_matrix(w, id, w->private_input, w->model->input);
    return matrix + (size_t)id * w->model->stride;
}

static inline bool walk_is_frozen(const walk *w, int32_t id)
{
    return w->model->frozen && w->model->frozen[id];
}

static inline float *walk_output_row(const walk *w, int32_t id)
{
    if (w->shard)
        return shard_row(&w->shard[1], w->model->output, w->model->stride, id);
    float *const matrix = walk_matrix(w, id, w->private_output, w->model->output);
    return matrix + (size_t)id * w->model->stride;
}

#endif
