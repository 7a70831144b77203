/* SPDX-License-Identifier: Apache-2.0 */
/* One chunk: check, subsample, windows, then the steps of skip-gram or CBOW. */
#include "walk.h"

#include <math.h>

#include "rng.h"

static fw_status check_chunk(const fw_settings *s, const fw_model *model, const fw_chunk *chunk)
{
    if (!chunk->ids || !chunk->sentence_ends || chunk->begin < 0 || chunk->end < chunk->begin ||
        chunk->end - chunk->begin > s->chunk_tokens || !isfinite(chunk->learning_rate))
        return FW_ERROR_ARGUMENT;
    uint32_t outside = 0;
    for (int64_t t = chunk->begin; t < chunk->end; ++t)
        outside |= (uint32_t)chunk->ids[t] >= (uint32_t)model->vocab_size;
    if (outside)
        return FW_ERROR_ID_RANGE;
    int64_t previous = chunk->begin;
    for (size_t s_pos = 0; s_pos < chunk->n_sentences; ++s_pos) {
        if (chunk->sentence_ends[s_pos] <= previous)
            return FW_ERROR_SENTENCE_ENDS;
        previous = chunk->sentence_ends[s_pos];
    }
    return previous < chunk->end ? FW_ERROR_SENTENCE_ENDS : FW_OK;
}

static fw_status check(const fw_settings *s, const fw_model *model, const fw_chunk *chunk,
                       const void *workspace)
{
    if (!s || !model || !chunk || !workspace || !model->input || !model->output ||
        !model->keep_threshold || !model->noise || model->vocab_size < 1 ||
        model->vector_size < 1 || model->vector_size > model->stride ||
        s->private_rows > model->vocab_size ||
        (model->anchor &&
         !(model->anchor->input && model->anchor->rows && model->anchor->strength)))
        return FW_ERROR_ARGUMENT;
    if ((uintptr_t)workspace % FW_ALIGNMENT || (uintptr_t)model->input % FW_ALIGNMENT ||
        (uintptr_t)model->output % FW_ALIGNMENT || model->stride % FW_ROW_FLOATS)
        return FW_ERROR_ALIGNMENT;
    if (fw_workspace_size(s, model->stride) == 0)
        return FW_ERROR_ARGUMENT;
    return check_chunk(s, model, chunk);
}

/*
 * The draws of a token in successive epochs are multiples of an irrational number apart, modulo 1, which
 * spreads any number of them evenly (Kronecker sequence): a word that is kept two times of five is kept in two
 * of five epochs, and each context word is seen as often as its distance says. Words of few occurrences are
 * learnt with less noise. Two numbers, so that short windows do not go with being kept.
 */
#define KEEP_STEP UINT32_C(0x6A09E667)   /* the fraction of sqrt(2) */
#define WINDOW_STEP UINT32_C(0x9E3779B9) /* and of the golden ratio, times 2^32 */

/* Keep or drop the tokens of one sentence; `first` takes the reduced windows for the time being. */
static int32_t subsample(walk *w, const fw_chunk *chunk, int64_t begin, int64_t end, int32_t kept)
{
    const uint64_t substream = fw_substream(chunk->stream & ~FW_EPOCH_BITS, FW_PURPOSE_TOKENS);
    const uint32_t epoch = (uint32_t)(chunk->stream & FW_EPOCH_BITS);
    const uint32_t keep_shift = epoch * KEEP_STEP;
    const uint32_t window_shift = epoch * WINDOW_STEP;
    const uint32_t window = (uint32_t)w->settings->window;
    const bool shrink = w->settings->shrink_windows;
    const uint32_t *const keep_threshold = w->model->keep_threshold;
    for (int64_t t = begin; t < end; ++t) {
        const uint64_t r = rng_draw(substream, (uint64_t)(t - chunk->begin));
        const int32_t id = chunk->ids[t];
        w->centers.ids[kept] = id;
        w->centers.first[kept] =
            (int32_t)(shrink ? 1 + rng_below((uint32_t)r + window_shift, window) : window);
        kept += (uint32_t)(r >> 32) + keep_shift <= keep_threshold[id];
    }
    return kept;
}

/* Turn the reduced windows of positions begin..end, one sentence, into first and last positions. */
static void bound_windows(walk_centers *centers, int32_t begin, int32_t end)
{
    for (int32_t c = begin; c < end; ++c) {
        const int32_t reduced_window = centers->first[c];
        centers->first[c] = c - begin > reduced_window ? c - reduced_window : begin;
        centers->last[c] = end - 1 - c > reduced_window ? c + reduced_window : end - 1;
    }
}

static void find_centers(walk *w, const fw_chunk *chunk)
{
    int64_t begin = chunk->begin;
    for (size_t s = 0; s < chunk->n_sentences && begin < chunk->end; ++s) {
        const int64_t end =
            chunk->sentence_ends[s] < chunk->end ? chunk->sentence_ends[s] : chunk->end;
        const int32_t kept = subsample(w, chunk, begin, end, w->centers.count);
        if (kept - w->centers.count >= 2) { /* a word alone has no context */
            bound_windows(&w->centers, w->centers.count, kept);
            w->centers.count = kept;
        }
        begin = end;
    }
}

void fw_walk_add_losses(walk *w, int32_t i, int32_t n)
{
    const size_t m = (size_t)w->block.n_targets;
    w->kernels->block_losses(&w->block, w->losses);
    double sum = 0.0;
    for (size_t a = (size_t)i * m; a < (size_t)(i + n) * m; ++a)
        sum += (double)w->losses[a];
    w->stats->loss_sum += sum;
    w->stats->loss_examples += n;
}

/* Floats of a row that the kernels have to visit: short vecs leave some padding out. */
static size_t used_floats(const fw_model *model, const fw_kernels *kernels)
{
    return (model->vector_size + kernels->vec_floats - 1) / kernels->vec_floats * kernels->vec_floats;
}

fw_status fw_walk_open(walk *w, const fw_settings *settings, const fw_model *model,
                       const fw_chunk *chunk, void *workspace)
{
    const fw_status status = check(settings, model, chunk, workspace);
    if (status != FW_OK)
        return status;
    fw_walk_layout(w, settings, model->stride, workspace);
    w->model = model;
    w->kernels = fw_kernels_of(settings->isa);
    if (!w->kernels)
        return FW_ERROR_ISA_UNAVAILABLE;
    w->block.learning_rate = chunk->learning_rate;
    w->block.stride = used_floats(model, w->kernels);
    find_centers(w, chunk);
    return FW_OK;
}

fw_status fw_walk_train(walk *w, uint64_t stream, fw_stats *stats)
{
    w->stats = stats;
    w->next_loss = w->settings->loss_interval > 0 ? 0 : -1;
    for (int32_t c = 0; c < w->centers.count; ++c)
        w->centers.rows[c] = walk_input_row(w, w->centers.ids[c]);
    fw_walk_open_negatives(w, stream);
    if (w->settings->architecture == FW_SKIP_GRAM)
        fw_walk_skip_gram(w);
    else
        fw_walk_cbow(w);
    if (w->model->anchor && w->block.learning_rate != 0.0f)
        fw_walk_pull(w);
    stats->kept_tokens = w->centers.count;
    return isfinite(stats->loss_sum) ? FW_OK : FW_ERROR_NOT_FINITE;
}

fw_status fw_train_chunk(const fw_settings *settings, const fw_model *model, const fw_chunk *chunk,
                         void *workspace, fw_stats *stats)
{
    if (!stats)
        return FW_ERROR_ARGUMENT;
    *stats = (fw_stats){0};
    walk w;
    fw_status status = fw_walk_open(&w, settings, model, chunk, workspace);
    if (status != FW_OK)
        return status;
    if (settings->private_rows > 0)
        fw_walk_copy_private_rows(&w);
    status = fw_walk_train(&w, chunk->stream, stats);
    if (settings->private_rows > 0)
        fw_walk_merge_private_rows(&w);
    return status;
}

/* The ends from *first on that chunk `c` needs; the last chunk takes, and checks, all that are left. */
static size_t count_sentences(const fw_stretch *stretch, size_t c, size_t *first)
{
    const int64_t *const ends = stretch->sentence_ends;
    const size_t n = stretch->n_sentences;
    while (c > 0 && *first < n && ends[*first] <= stretch->borders[c])
        ++*first;
    if (c + 1 == stretch->n_chunks)
        return n - *first;
    size_t last = *first;
    while (last < n && ends[last] < stretch->borders[c + 1])
        ++last;
    return last < n ? last + 1 - *first : n - *first;
}

fw_status fw_train_chunks(const fw_settings *settings, const fw_model *model,
                          const fw_stretch *stretch, void *workspace, fw_stats *stats)
{
    if (!stretch || !stretch->borders || !stretch->sentence_ends || !stretch->streams ||
        !stretch->learning_rates || !stats)
        return FW_ERROR_ARGUMENT;
    fw_status status = FW_OK;
    size_t first = 0;
    for (size_t c = 0; c < stretch->n_chunks && status == FW_OK; ++c) {
        const size_t n_sentences = count_sentences(stretch, c, &first);
        const fw_chunk chunk = {stretch->ids,
                                stretch->borders[c],
                                stretch->borders[c + 1],
                                stretch->sentence_ends + first,
                                n_sentences,
                                stretch->streams[c],
                                (float)stretch->learning_rates[c]};
        status = fw_train_chunk(settings, model, &chunk, workspace, stats + c);
    }
    return status;
}
