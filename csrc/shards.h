/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Training by several workers that gives the same bits however many they are.
 *
 * A phase trains one chunk of each of a fixed number of shards, side by side. A row that only one of
 * these chunks uses is trained in the model, in place; of a row that several use, each has a copy of its
 * own, and after the phase
 *
 *     row += sum over the shards with a copy, in their order, of share * (copy - row)
 *
 * with a share that follows from how often the row is used. (Busy rows alone are merged otherwise, as
 * merge_row in kernels.h says; of all rows that keeps too little, where they are on their way and all pull
 * alike: the first epochs of a small corpus learnt half as much.) What a chunk uses depends on its draws
 * alone, so it is known before any vector is: each shard marks its rows first.
 *
 * A phase has two stages, and all workers must be through with one before any begins the next:
 *
 *   1. fw_train_shards for all shards, in any order and by any workers;
 *   2. fw_merge_shards for all shards, which also marks what the next phase will use.
 *
 * Before the first phase stage 2 is done once, on memory that is all zero.
 */
#ifndef FASTW2V_SHARDS_H
#define FASTW2V_SHARDS_H

#include "fastw2v.h"

#define FW_MOST_SHARDS 8

typedef struct fw_shards {
    int32_t n_shards;      /* 1..FW_MOST_SHARDS */
    uint8_t *marks;        /* (vocab_size, 2, FW_MOST_SHARDS), 64-byte aligned: 1 where a shard uses
                              the input or the output row of a word */
    void *const *memory;   /* (n_shards): fw_shard_size() bytes each, 64-byte aligned; both are 0 at
                              the start of a run, and not touched by others until its end */
    const float *pairs;    /* (vocab_size, 2): expected pairs per kept token in which the input and
                              the output row of a word stands */
} fw_shards;

/* Shard i trains chunk i; shards from n_chunks on have nothing to do. */
typedef struct fw_phase {
    const int32_t *ids;           /* the corpus from its first token */
    const int64_t *sentence_ends; /* all of them */
    int32_t n_chunks;             /* 0..n_shards */
    const int64_t *begins, *ends; /* (n_chunks) in tokens */
    const int64_t *first_ends;    /* (n_chunks): sentence_ends[first_ends[i]..last_ends[i] - 1] are */
    const int64_t *last_ends;     /* those of chunk i */
    const uint64_t *streams;      /* (n_chunks) */
    const double *learning_rates; /* (n_chunks) */
} fw_phase;

/* Bytes of memory of one shard; 0 if a setting is out of range. settings->private_rows must be 0. */
size_t fw_shard_size(const fw_settings *settings, const fw_model *model);

/*
 * Train chunks first..last - 1 of the phase. `stats` is of shape (n_chunks); those of these chunks are
 * written. Ends with the first that is not OK; then the run is over, for rows are in between.
 */
fw_status fw_train_shards(const fw_settings *settings, const fw_model *model,
                          const fw_shards *shards, const fw_phase *phase, int32_t first,
                          int32_t last, void *workspace, fw_stats *stats);

/* Merge what falls to shards first..last - 1, and mark the rows of their next chunks. */
fw_status fw_merge_shards(const fw_settings *settings, const fw_model *model,
                          const fw_shards *shards, const fw_phase *next, int32_t first,
                          int32_t last, void *workspace);

#endif
