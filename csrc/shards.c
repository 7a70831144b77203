/* SPDX-License-Identifier: Apache-2.0 */
/* Chunks side by side, each on copies of the rows that others want too; shards.h says how. */
#include "shards.h"

#include <math.h>
#include <string.h>

#include "noise.h"
#include "prefetch.h"
#include "rng.h"
#include "walk.h"

/* Rows are asked for so many before they are copied or merged, and what says where they are so many. */
#define SHARD_AHEAD 4
#define SHARD_FAR_AHEAD 12

/*
 * Of the learning rate, how far a pair pulls a row, for the share of its copies. Skip-gram of 100 MB of
 * text: 0 diverges, .03 and .05 are alike, .1 and .3 lose half a point and one and a half of analogies.
 */
#define HOW_FAR 0.05

/* Rows that are marked together, so that the loads of a batch wait together. */
#define SHARD_BATCH 64

typedef enum side { INPUT, OUTPUT, N_SIDES } side;

typedef struct shard_header {
    shard_counts counts[N_SIDES];
    double pull; /* kept tokens of the last chunk times its learning rate */
} shard_header;

typedef struct shard {
    shard_header *header;
    shard_rows rows[N_SIDES];
} shard;

/* ---- Memory ------------------------------------------------------------------------------ */

/* Most draws from the noise distribution of a chunk. */
static int64_t most_draws(const fw_settings *s)
{
    const int64_t sets =
        s->scope == FW_SCOPE_EXAMPLE && s->architecture == FW_SKIP_GRAM ? 2 * (int64_t)s->window : 1;
    if (s->scope != FW_SCOPE_POOL)
        return sets * s->negatives * s->chunk_tokens;
    return s->pool_size + (((int64_t)s->pool_refresh * s->chunk_tokens) >> 16);
}

static size_t most_rows(const fw_settings *s, const fw_model *model, side which)
{
    const int64_t used = s->chunk_tokens + (which == OUTPUT ? most_draws(s) : 0);
    return (size_t)(used < model->vocab_size ? used : model->vocab_size);
}

static void *take(char *base, size_t *used, size_t count, size_t size)
{
    void *const place = base ? base + *used : NULL;
    *used += (count * size + FW_ALIGNMENT - 1) / FW_ALIGNMENT * FW_ALIGNMENT;
    return place;
}

/* Lay out a shard in its memory; returns the bytes used. With null memory, only counts. */
static size_t lay_out(shard *sh, const fw_settings *s, const fw_model *model, void *memory)
{
    size_t used = 0;
    sh->header = take(memory, &used, 1, sizeof *sh->header);
    for (side which = INPUT; which < N_SIDES; ++which) {
        shard_rows *const rows = &sh->rows[which];
        const size_t most = most_rows(s, model, which);
        rows->counts = memory ? &sh->header->counts[which] : NULL;
        rows->copy_of = take(memory, &used, (size_t)model->vocab_size, sizeof *rows->copy_of);
        rows->touched = take(memory, &used, most + 1, sizeof *rows->touched);
        rows->copied = take(memory, &used, most + 1, sizeof *rows->copied);
        rows->merges = take(memory, &used, most + 1, sizeof *rows->merges);
        rows->copies = take(memory, &used, most * model->stride, sizeof *rows->copies);
    }
    return used;
}

size_t fw_shard_size(const fw_settings *settings, const fw_model *model)
{
    shard counted;
    if (!settings || !model || settings->private_rows > 0 ||
        fw_workspace_size(settings, model->stride) == 0)
        return 0;
    return lay_out(&counted, settings, model, NULL);
}

static fw_status check(const fw_settings *settings, const fw_model *model, const fw_shards *shards,
                       const fw_phase *phase, int32_t first, int32_t last)
{
    if (!shards || !phase || !shards->marks || !shards->memory || !shards->pairs ||
        (uintptr_t)shards->marks % FW_ALIGNMENT || shards->n_shards < 1 ||
        shards->n_shards > FW_MOST_SHARDS || phase->n_chunks < 0 ||
        phase->n_chunks > shards->n_shards || first < 0 || last < first ||
        last > shards->n_shards || fw_shard_size(settings, model) == 0)
        return FW_ERROR_ARGUMENT;
    for (int32_t s = 0; s < shards->n_shards; ++s)
        if (!shards->memory[s] || (uintptr_t)shards->memory[s] % FW_ALIGNMENT)
            return FW_ERROR_ALIGNMENT;
    return FW_OK;
}

static fw_chunk chunk_of(const fw_phase *phase, int32_t s)
{
    const fw_chunk chunk = {phase->ids,
                            phase->begins[s],
                            phase->ends[s],
                            phase->sentence_ends + phase->first_ends[s],
                            (size_t)(phase->last_ends[s] - phase->first_ends[s]),
                            phase->streams[s],
                            (float)phase->learning_rates[s]};
    return chunk;
}

/* ---- Which rows a chunk uses ------------------------------------------------------------- */

/* The marks of one row, one for each shard. */
static uint8_t *marks_of(const fw_shards *shards, side which, int32_t id)
{
    return shards->marks + ((size_t)id * N_SIDES + which) * FW_MOST_SHARDS;
}

static void mark(const fw_shards *shards, shard_rows *rows, side which, int32_t s, int32_t id)
{
    uint8_t *const marked = marks_of(shards, which, id) + s;
    rows->touched[rows->counts->touched] = id;
    rows->counts->touched += !*marked;
    *marked = 1;
}

/* How many draws the walk will make: see fw_train_chunk in fastw2v.h. */
static int64_t count_draws(const walk *w)
{
    const fw_settings *const s = w->settings;
    const int64_t n = w->centers.count;
    if (s->negatives == 0 || n == 0)
        return 0;
    if (s->scope == FW_SCOPE_POOL)
        return s->pool_size + (int64_t)(((uint64_t)s->pool_refresh * (uint64_t)n) >> 16);
    if (s->scope == FW_SCOPE_WINDOW || s->architecture == FW_CBOW)
        return s->negatives * n;
    int64_t examples = 0;
    for (int64_t c = 0; c < n; ++c)
        examples += w->centers.last[c] - w->centers.first[c];
    return s->negatives * examples;
}

static void clear_marks(const fw_shards *shards, shard *sh, int32_t s)
{
    for (side which = INPUT; which < N_SIDES; ++which) {
        shard_rows *const rows = &sh->rows[which];
        for (int32_t i = 0; i < rows->counts->touched; ++i)
            marks_of(shards, which, rows->touched[i])[s] = 0;
        rows->counts->touched = 0;
    }
}

static void mark_centers(const walk *w, const fw_shards *shards, shard *sh, int32_t s)
{
    const int32_t n = w->centers.count;
    for (int32_t c = 0; c < n; ++c) {
        if (c + SHARD_FAR_AHEAD < n)
            prefetch_line(marks_of(shards, INPUT, w->centers.ids[c + SHARD_FAR_AHEAD]));
        for (side which = INPUT; which < N_SIDES; ++which)
            mark(shards, &sh->rows[which], which, s, w->centers.ids[c]);
    }
}

static void mark_negatives(const walk *w, const fw_shards *shards, shard *sh, int32_t s,
                           uint64_t stream)
{
    const uint64_t noise = fw_substream(stream, FW_PURPOSE_NOISE);
    const int64_t draws = count_draws(w);
    for (int64_t begin = 0; begin < draws; begin += SHARD_BATCH) {
        const int64_t n = draws - begin < SHARD_BATCH ? draws - begin : SHARD_BATCH;
        int32_t ids[SHARD_BATCH];
        for (int64_t i = 0; i < n; ++i) {
            ids[i] = noise_draw(w->model->noise, w->model->vocab_size, noise, (uint64_t)(begin + i));
            prefetch_line(marks_of(shards, OUTPUT, ids[i]));
        }
        for (int64_t i = 0; i < n; ++i)
            mark(shards, &sh->rows[OUTPUT], OUTPUT, s, ids[i]);
    }
}

/* ---- Copies of the rows that others use too ---------------------------------------------- */

/* How many of eight bytes are 1, the others being 0. */
static int32_t count_marks(const uint8_t *marks)
{
    uint64_t all;
    memcpy(&all, marks, sizeof all);
    return (int32_t)((all * UINT64_C(0x0101010101010101)) >> 56);
}

static uint32_t users_of(const uint8_t *marks)
{
    uint32_t users = 0;
    for (int32_t s = 0; s < FW_MOST_SHARDS; ++s)
        users |= (uint32_t)marks[s] << s;
    return users;
}

/* The first user from shard id % n_shards on, in a ring, merges the row: so all have as much to do. */
static bool falls_to(uint32_t users, int32_t s, int32_t id, int32_t n_shards)
{
    const int32_t first = id % n_shards;
    const int32_t place = s >= first ? s - first : s - first + n_shards;
    const uint32_t ring = (users | users << n_shards) >> first;
    return (ring & ((UINT32_C(1) << place) - 1)) == 0;
}

/* Without branches: whether a row is used by others is as good as random. */
static void choose_copies(const fw_shards *shards, shard_rows *rows, side which, int32_t s)
{
    shard_counts *const n = rows->counts;
    n->copied = n->merged = 0;
    for (int32_t i = 0; i < n->touched; ++i) {
        const int32_t id = rows->touched[i];
        const bool is_shared = count_marks(marks_of(shards, which, id)) > 1;
        rows->copied[n->copied] = id;
        n->copied += is_shared;
        rows->copy_of[id] = is_shared ? n->copied : 0;
    }
    for (int32_t i = 0; i < n->copied; ++i) {
        const int32_t id = rows->copied[i];
        const uint32_t users = users_of(marks_of(shards, which, id));
        rows->merges[n->merged] = (shard_merge){id, users};
        n->merged += falls_to(users, s, id, shards->n_shards);
    }
}

static void copy_rows(const float *matrix, size_t stride, shard_rows *rows)
{
    const int32_t n = rows->counts->copied;
    for (int32_t i = 0; i < n; ++i) {
        if (i + SHARD_AHEAD < n)
            prefetch_row(matrix + (size_t)rows->copied[i + SHARD_AHEAD] * stride, stride);
        memcpy(rows->copies + (size_t)i * stride, matrix + (size_t)rows->copied[i] * stride,
               stride * sizeof *matrix);
    }
}

static fw_status train_shard(const fw_settings *settings, const fw_model *model,
                             const fw_shards *shards, const fw_chunk *chunk, int32_t s,
                             void *workspace, fw_stats *stats)
{
    shard sh;
    walk w;
    float *const matrices[N_SIDES] = {model->input, model->output};
    const fw_status status = fw_walk_open(&w, settings, model, chunk, workspace);
    if (status != FW_OK)
        return status;
    lay_out(&sh, settings, model, shards->memory[s]);
    for (side which = INPUT; which < N_SIDES; ++which) {
        choose_copies(shards, &sh.rows[which], which, s);
        copy_rows(matrices[which], model->stride, &sh.rows[which]);
    }
    sh.header->pull = fabs((double)w.block.learning_rate) * w.centers.count;
    w.shard = sh.rows;
    return fw_walk_train(&w, chunk->stream, stats);
}

fw_status fw_train_shards(const fw_settings *settings, const fw_model *model,
                          const fw_shards *shards, const fw_phase *phase, int32_t first,
                          int32_t last, void *workspace, fw_stats *stats)
{
    fw_status status = check(settings, model, shards, phase, first, last);
    if (status == FW_OK && !stats)
        status = FW_ERROR_ARGUMENT;
    for (int32_t s = first; s < last && status == FW_OK; ++s) {
        if (s < phase->n_chunks) {
            const fw_chunk chunk = chunk_of(phase, s);
            stats[s] = (fw_stats){0};
            status = train_shard(settings, model, shards, &chunk, s, workspace, stats + s);
        } else {
            shard idle;
            lay_out(&idle, settings, model, shards->memory[s]);
            *idle.header = (shard_header){0};
        }
    }
    return status;
}

/* ---- Merging ----------------------------------------------------------------------------- */

/*
 * The share of its move that each of `copies` copies of a row gives to the model. If they are pulled
 * towards the same place, each by a factor 1 - e^(-n / copies) of the way, the sum of their moves goes
 * too far; with this share it goes 1 - e^-n of the way, as one after the other would. A row that stands
 * in few pairs gives nearly all of its move, one that stands in very many one part in `copies`.
 */
static float share_of(double n, int32_t copies)
{
    return n < 1e-6 ? 1.0f : (float)(expm1(-n) / (copies * expm1(-n / copies)));
}

static void add_shares(float *row, const float *const *copies, int32_t n, size_t stride, float share)
{
    for (size_t d = 0; d < stride; d += FW_ROW_FLOATS) {
        float old[FW_ROW_FLOATS], sum[FW_ROW_FLOATS];
        memcpy(old, row + d, sizeof old);
        memcpy(sum, old, sizeof sum);
        for (int32_t k = 0; k < n; ++k)
            for (int32_t i = 0; i < FW_ROW_FLOATS; ++i)
                sum[i] += share * (copies[k][d + (size_t)i] - old[i]);
        memcpy(row + d, sum, sizeof sum);
    }
}

/* The copies of a row, in the order of the shards; returns how many. */
static int32_t find_copies(const shard *all, side which, const shard_merge *merge, size_t stride,
                           const float **copies)
{
    int32_t n = 0;
    for (int32_t s = 0; merge->shards >> s; ++s) {
        const shard_rows *const rows = &all[s].rows[which];
        if (merge->shards >> s & 1)
            copies[n++] = rows->copies + (size_t)(rows->copy_of[merge->id] - 1) * stride;
    }
    return n;
}

/* Ask for what merges i + SHARD_AHEAD and i + SHARD_FAR_AHEAD will want. */
static void look_ahead(const shard *all, side which, const shard_rows *rows, int32_t i,
                       const float *matrix, size_t stride)
{
    if (i + SHARD_FAR_AHEAD < rows->counts->merged) {
        const shard_merge *const far = rows->merges + i + SHARD_FAR_AHEAD;
        for (int32_t s = 0; far->shards >> s; ++s)
            prefetch_line(all[s].rows[which].copy_of + far->id);
    }
    if (i + SHARD_AHEAD < rows->counts->merged) {
        const shard_merge *const near = rows->merges + i + SHARD_AHEAD;
        const float *copies[FW_MOST_SHARDS];
        const int32_t n = find_copies(all, which, near, stride, copies);
        prefetch_row(matrix + (size_t)near->id * stride, stride);
        for (int32_t k = 0; k < n; ++k)
            for (size_t d = 0; d < stride; d += FW_ROW_FLOATS)
                prefetch_line(copies[k] + d);
    }
}

static void merge_rows(const fw_model *model, const fw_shards *shards, const shard *all, side which,
                       int32_t s, double pull)
{
    const shard_rows *const rows = &all[s].rows[which];
    float *const matrix = which == INPUT ? model->input : model->output;
    const size_t stride = model->stride;
    for (int32_t i = 0; i < rows->counts->merged; ++i) {
        const shard_merge *const merge = rows->merges + i;
        const float *copies[FW_MOST_SHARDS];
        const int32_t n = find_copies(all, which, merge, stride, copies);
        const double pairs = (double)shards->pairs[2 * (size_t)merge->id + which];
        look_ahead(all, which, rows, i, matrix, stride);
        add_shares(matrix + (size_t)merge->id * stride, copies, n, stride,
                   share_of(HOW_FAR * pull * pairs, n));
    }
}

fw_status fw_merge_shards(const fw_settings *settings, const fw_model *model,
                          const fw_shards *shards, const fw_phase *next, int32_t first,
                          int32_t last, void *workspace)
{
    fw_status status = check(settings, model, shards, next, first, last);
    if (status != FW_OK)
        return status;
    shard all[FW_MOST_SHARDS];
    double pull = 0.0;
    for (int32_t s = 0; s < shards->n_shards; ++s) {
        lay_out(&all[s], settings, model, shards->memory[s]);
        pull += all[s].header->pull;
    }
    for (int32_t s = first; s < last && status == FW_OK; ++s) {
        for (side which = INPUT; which < N_SIDES; ++which)
            merge_rows(model, shards, all, which, s, pull);
        clear_marks(shards, &all[s], s);
        if (s >= next->n_chunks)
            continue;
        walk w;
        const fw_chunk chunk = chunk_of(next, s);
        status = fw_walk_open(&w, settings, model, &chunk, workspace);
        if (status == FW_OK) {
            mark_centers(&w, shards, &all[s], s);
            mark_negatives(&w, shards, &all[s], s, chunk.stream);
        }
    }
    return status;
}
