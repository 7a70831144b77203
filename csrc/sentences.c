/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sums of rows, see sentences.h. Plain loops, which compilers vectorise for the baseline: rows come from
 * all over the matrix, and most of the time goes into fetching them, not into adding.
 */
#include "sentences.h"

#include <math.h>

#include "compiler.h"
#include "half.h"
#include "prefetch.h"

/* Far enough for a row from memory, near enough to be still in the first cache when it is added. */
#define WORDS_AHEAD 8
#define LINE_BYTES 64

FW_INLINE const void *row_at(const fw_sentences *s, int32_t id)
{
    return (const char *)s->rows + id * s->row_bytes;
}

static void prefetch_word(const fw_sentences *s, int32_t id)
{
    if (id < 0 || id >= s->n_rows)
        return;
    const char *const row = row_at(s, id);
    const size_t n_bytes = s->vector_size * s->element_bytes;
    for (size_t i = 0; i < n_bytes; i += LINE_BYTES)
        prefetch_line(row + i);
    prefetch_line(row + n_bytes - 1);
}

static void add_float32(float *restrict sum, const float *row, float factor, size_t n)
{
    for (size_t d = 0; d < n; ++d)
        sum[d] += factor * row[d];
}

static void add_float16(float *restrict sum, const uint16_t *row, float factor, size_t n)
{
    for (size_t d = 0; d < n; ++d)
        sum[d] += factor * half_to_float(row[d]);
}

static void add_int8(float *restrict sum, const int8_t *row, float factor, size_t n)
{
    for (size_t d = 0; d < n; ++d)
        sum[d] += factor * (float)row[d];
}

static void add_row(const fw_sentences *s, int32_t id, float weight, float *sum)
{
    const void *const row = row_at(s, id);
    const float factor = s->scales ? weight * s->scales[id] : weight;
    switch (s->element_bytes) {
    case 1: add_int8(sum, row, factor, s->vector_size); break;
    case 2: add_float16(sum, row, factor, s->vector_size); break;
    default: add_float32(sum, row, factor, s->vector_size); break;
    }
}

fw_status fw_sum_sentences(const fw_sentences *s, float *sums, double *totals, int64_t *known)
{
    if (!s || !s->rows || !s->ids || !s->ends || !sums || !totals || !known || s->vector_size < 1 ||
        s->n_rows < 0 || (s->element_bytes != 1 && s->element_bytes != 2 && s->element_bytes != 4))
        return FW_ERROR_ARGUMENT;
    int64_t t = 0;
    for (size_t i = 0; i < s->n_sentences; ++i) {
        float *const sum = sums + i * s->vector_size;
        for (size_t d = 0; d < s->vector_size; ++d)
            sum[d] = 0.0f;
        totals[i] = 0.0;
        known[i] = 0;
        if (s->ends[i] < t || s->ends[i] > s->n_tokens)
            return FW_ERROR_SENTENCE_ENDS;
        for (; t < s->ends[i]; ++t) {
            if (t + WORDS_AHEAD < s->n_tokens)
                prefetch_word(s, s->ids[t + WORDS_AHEAD]);
            const int32_t id = s->ids[t];
            if (id < 0)
                continue;
            if (id >= s->n_rows)
                return FW_ERROR_ID_RANGE;
            const float weight = s->weights ? s->weights[id] : 1.0f;
            add_row(s, id, weight, sum);
            totals[i] += fabs((double)weight);
            ++known[i];
        }
    }
    return FW_OK;
}
