/* SPDX-License-Identifier: Apache-2.0 */
/* Private: the rows of one matrix that a shard trains, in the model or in copies of its own. */
#ifndef FASTW2V_SHARD_ROWS_H
#define FASTW2V_SHARD_ROWS_H

#include <stddef.h>
#include <stdint.h>

/* A row of which there are copies, and whose: the shard merges it. */
typedef struct shard_merge {
    int32_t id;
    uint32_t shards; /* bit s: shard s has a copy */
} shard_merge;

/* Counts outlive a call, at the front of the shard's memory; pointers are laid out anew in each. */
typedef struct shard_counts {
    int32_t touched, copied, merged;
} shard_counts;

typedef struct shard_rows {
    shard_counts *counts;
    int32_t *copy_of;    /* (vocab_size): 1 + the copy of a row that the chunk uses; 0: it is trained in
                            the model; of other rows anything that was so once */
    int32_t *touched;    /* (most_rows + 1): ids of all rows that the chunk uses, each once */
    int32_t *copied;     /* (most_rows + 1): id of each copy */
    shard_merge *merges; /* (most_rows + 1): those that this shard will merge */
    float *copies;       /* (most_rows, stride) */
} shard_rows;

static inline float *shard_row(const shard_rows *rows, float *matrix, size_t stride, int32_t id)
{
    const int32_t copy = rows->copy_of[id];
    return copy > 0 ? rows->copies + (size_t)(copy - 1) * stride : matrix + (size_t)id * stride;
}

#endif
