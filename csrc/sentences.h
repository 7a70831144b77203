/* SPDX-License-Identifier: Apache-2.0 */
/* Sentences as weighted sums of the rows of their words. */
#ifndef FASTW2V_SENTENCES_H
#define FASTW2V_SENTENCES_H

#include <stddef.h>
#include <stdint.h>

#include "status.h"

typedef struct fw_sentences {
    const void *rows;       /* row i begins i * row_bytes after it; aligned as an element */
    ptrdiff_t row_bytes;    /* a multiple of element_bytes */
    size_t element_bytes;   /* 4: float32, 2: float16, 1: int8 */
    size_t vector_size;     /* elements of a row, >= 1 */
    int32_t n_rows;
    const float *scales;    /* (n_rows), or null: row i is scales[i] times its elements */
    const float *weights;   /* (n_rows), or null: how much row i counts, 1 */
    const int32_t *ids;     /* (n_tokens) rows; one below 0 is no word, and left out */
    int64_t n_tokens;
    const int64_t *ends;    /* (n_sentences) sentence i is ids[ends[i - 1]..ends[i]], the first from 0 */
    size_t n_sentences;
} fw_sentences;

/*
 * sums[i]   = sum over the words w of sentence i of weight_w * row_w         (n_sentences, vector_size)
 * totals[i] = sum over the same of abs(weight_w)                             (n_sentences)
 * known[i]  = how many words these are                                       (n_sentences)
 *
 * Sums are float32 in the order of the words, without fused multiply-adds: the same bits everywhere.
 * Says ID_RANGE for an id from n_rows on, SENTENCE_ENDS if ends fall or leave the tokens; what was
 * written by then stays.
 */
fw_status fw_sum_sentences(const fw_sentences *sentences, float *sums, double *totals, int64_t *known);

#endif
