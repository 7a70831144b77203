/* SPDX-License-Identifier: Apache-2.0 */
/* A search: its workspace, the best rows of each query in a heap, and the checks of the public face. */
#include "nearest.h"

#include <math.h>
#include <string.h>

#include "kernels.h"
#include "nearest_state.h"

/* ---- Workspace -------------------------------------------------------------------------- */

/* Bounds that keep every product below far from the end of a size_t of 64 bits, and on one of 32 bits
 * memory ends sooner. */
enum { MOST_FLOATS = 1 << 24, MOST_QUERIES = 1 << 24 };

static size_t round_up(size_t n)
{
    return (n + FW_ROW_FLOATS - 1) / FW_ROW_FLOATS * FW_ROW_FLOATS;
}

/* Cut a workspace up (without one: only count); return the bytes of it. */
static size_t lay_out(fw_search_state *state, size_t n_queries, size_t vector_size, bool has_sketch,
                      float *workspace)
{
    const size_t lanes = round_up(n_queries), row = round_up(vector_size);
    const size_t sketched = has_sketch ? lanes : 0;
    const size_t codes = sketched * ((vector_size + 7) / 8 * 2);
    const size_t parts[] = {lanes, lanes,    lanes * row, FW_MOST_TILE_ROWS * row, codes,
                            sketched, sketched, sketched,    sketched, sketched, sketched,
                            sketched};
    float *begins[sizeof parts / sizeof *parts];
    size_t used = 0;
    for (size_t i = 0; i < sizeof parts / sizeof *parts; ++i) {
        begins[i] = workspace ? workspace + used : NULL;
        used += parts[i];
    }
    state->n_lanes = lanes;
    state->row_floats = row;
    state->thresholds = begins[0];
    state->n_held = (int32_t *)(void *)begins[1];
    state->packed = begins[2];
    state->unpacked = begins[3];
    state->sketch.codes = (int8_t *)(void *)begins[4];
    state->sketch.sum = (int32_t *)(void *)begins[5];
    state->sketch.scale = begins[6];
    state->sketch.length = begins[7];
    state->sketch.error = begins[8];
    state->sketch.offset = begins[9];
    state->sketch.inverse = begins[10];
    state->sketch.starts = (int32_t *)(void *)begins[11];
    return used * sizeof(float);
}

static bool in_range(const fw_search *s)
{
    return s->vector_size >= 1 && s->vector_size <= MOST_FLOATS && s->n_queries >= 1 &&
           s->n_queries <= MOST_QUERIES && s->n_found >= 1 && s->n_excluded >= 0 &&
           (!s->has_sketch || fw_sketch_coarse_bytes(s->vector_size) > 0);
}

/* With so many floats a row. */
static size_t sketch_bytes(size_t vector_size, size_t n_floats)
{
    enum { MOST = 1 << 16 }; /* 2^16 * 255 * 127 < 2^31 */
    if (vector_size < 1 || vector_size > MOST)
        return 0;
    return ((vector_size + 7) / 8 * 4 + n_floats * sizeof(float)) * FW_SKETCH_ROWS;
}

size_t fw_sketch_coarse_bytes(size_t vector_size)
{
    return sketch_bytes(vector_size, 3);
}

size_t fw_sketch_fine_bytes(size_t vector_size)
{
    return sketch_bytes(vector_size, 1);
}

size_t fw_search_workspace_size(const fw_search *search)
{
    fw_search_state counted;
    if (!search || !in_range(search))
        return 0;
    return lay_out(&counted, (size_t)search->n_queries, search->vector_size, search->has_sketch, NULL);
}

size_t fw_score_workspace_size(size_t vector_size)
{
    fw_search_state counted;
    if (vector_size < 1 || vector_size > MOST_FLOATS)
        return 0;
    return lay_out(&counted, 1, vector_size, false, NULL);
}

/* ---- The best so far -------------------------------------------------------------------- */

/* A heap of the rows held: none is better than those below it. Scores and ids of one query. */
typedef struct heap {
    float *scores;
    int32_t *ids;
    int32_t n;
} heap;

static bool is_worse(float score, int32_t id, float than_score, int32_t than_id)
{
    return score < than_score || (score == than_score && id > than_id);
}

static void put(heap *h, int32_t at, float score, int32_t id)
{
    h->scores[at] = score;
    h->ids[at] = id;
}

/* Let a row rise from a free place at the end to where it belongs. */
static void rise(heap *h, int32_t at, float score, int32_t id)
{
    while (at > 0) {
        const int32_t above = (at - 1) / 2;
        if (!is_worse(score, id, h->scores[above], h->ids[above]))
            break;
        put(h, at, h->scores[above], h->ids[above]);
        at = above;
    }
    put(h, at, score, id);
}

/* Let a row sink from the free root. */
static void sink(heap *h, float score, int32_t id)
{
    int32_t at = 0;
    for (int64_t next; (next = 2 * (int64_t)at + 1) < h->n; at = (int32_t)next) {
        if (next + 1 < h->n &&
            is_worse(h->scores[next + 1], h->ids[next + 1], h->scores[next], h->ids[next]))
            ++next;
        if (!is_worse(h->scores[next], h->ids[next], score, id))
            break;
        put(h, at, h->scores[next], h->ids[next]);
    }
    put(h, at, score, id);
}

static heap heap_of(const fw_search_state *state, size_t query)
{
    const size_t begin = query * (size_t)state->search->n_found;
    const heap h = {state->search->scores + begin, state->search->ids + begin, state->n_held[query]};
    return h;
}

static bool is_excluded(const fw_search *search, size_t query, int32_t id)
{
    const size_t n = (size_t)search->n_excluded;
    for (size_t i = 0; i < n; ++i)
        if (search->excluded[query * n + i] == id)
            return true;
    return false;
}

void fw_search_offer(const fw_search_state *state, size_t query, int32_t id, float score)
{
    const fw_search *const search = state->search;
    if (is_excluded(search, query, id))
        return;
    heap h = heap_of(state, query);
    if (h.n < search->n_found) {
        state->n_held[query] = h.n + 1;
        rise(&h, h.n, score, id);
    } else {
        sink(&h, score, id);
    }
    if (state->n_held[query] == search->n_found)
        state->thresholds[query] = h.scores[0];
}

void fw_search_consider(const fw_search_state *state, const fw_rows *rows, size_t i, size_t query,
                        int32_t id)
{
    const float score = fw_kernels_of(state->search->isa)->score_one(state, rows, i, query);
    if (score > state->thresholds[query])
        fw_search_offer(state, query, id, score);
}

/* Best first: the worst of the heap goes to the end, again and again. */
static void sort_heap(heap *h)
{
    while (h->n > 1) {
        const float score = h->scores[0];
        const int32_t id = h->ids[0];
        h->n -= 1;
        sink(h, h->scores[h->n], h->ids[h->n]);
        put(h, h->n, score, id);
    }
}

/* ---- The public face -------------------------------------------------------------------- */

static size_t element_size(fw_row_type type)
{
    return type == FW_ROW_INT8 ? 1 : type == FW_ROW_FLOAT16 ? 2 : 4;
}

static fw_status check_search(const fw_search *search, void *workspace, fw_search_state *state)
{
    if (!search || !workspace || !in_range(search) || !search->queries || !search->scores ||
        !search->ids || (search->n_excluded > 0 && !search->excluded))
        return FW_ERROR_ARGUMENT;
    if ((uintptr_t)workspace % FW_ALIGNMENT != 0)
        return FW_ERROR_ALIGNMENT;
    lay_out(state, (size_t)search->n_queries, search->vector_size, search->has_sketch, workspace);
    state->search = search;
    return fw_kernels_of(search->isa) ? FW_OK : FW_ERROR_ISA_UNAVAILABLE;
}

static fw_status check_rows(const fw_rows *rows, bool needs_norms)
{
    if (!rows || (unsigned)rows->type >= FW_ROW_TYPE_COUNT || rows->n_rows < 0 ||
        rows->vector_size < 1 || rows->vector_size > MOST_FLOATS)
        return FW_ERROR_ARGUMENT;
    if (rows->n_rows > 0 && (!rows->data || (needs_norms && !rows->inverse_norms)))
        return FW_ERROR_ARGUMENT;
    const size_t size = element_size(rows->type);
    if ((uintptr_t)rows->data % size != 0 || rows->row_bytes % size != 0)
        return FW_ERROR_ALIGNMENT;
    return FW_OK;
}

/* The kernels that search the sketch, or null where there is none or it would take longer. */
static const fw_sketch_kernels *sketch_kernels(const fw_search *search)
{
    if (!search->has_sketch)
        return NULL;
    const fw_sketch_kernels *const kernels =
        fw_sketch_kernels_of(search->isa, search->has_byte_dots);
    const bool pays = kernels && (search->n_queries <= FW_FEW_QUERIES || kernels->has_tiles);
    return pays ? kernels : NULL;
}

static fw_status check_sketch(const fw_sketch *sketch)
{
    if (!sketch || !sketch->coarse || !sketch->fine)
        return FW_ERROR_ARGUMENT;
    return ((uintptr_t)sketch->coarse | (uintptr_t)sketch->fine) % FW_ALIGNMENT == 0
               ? FW_OK
               : FW_ERROR_ALIGNMENT;
}

fw_status fw_search_begin(const fw_search *search, void *workspace)
{
    fw_search_state state;
    const fw_status status = check_search(search, workspace, &state);
    if (status != FW_OK)
        return status;
    memset(state.n_held, 0, (size_t)search->n_queries * sizeof *state.n_held);
    for (size_t q = 0; q < state.n_lanes; ++q)
        state.thresholds[q] = q < (size_t)search->n_queries ? -INFINITY : INFINITY;
    const fw_sketch_kernels *const sketch = sketch_kernels(search);
    const bool in_tiles = !sketch && search->n_queries > FW_FEW_QUERIES;
    fw_kernels_of(search->isa)->pack_queries(&state, in_tiles);
    if (sketch)
        sketch->pack_queries(&state);
    return FW_OK;
}

fw_status fw_search_rows(const fw_search *search, const fw_rows *rows, int32_t first_id,
                         void *workspace)
{
    fw_search_state state;
    fw_status status = check_search(search, workspace, &state);
    if (status == FW_OK)
        status = check_rows(rows, true);
    if (status != FW_OK)
        return status;
    if (rows->vector_size != search->vector_size || first_id < 0 ||
        rows->n_rows > INT32_MAX - first_id)
        return FW_ERROR_ARGUMENT;
    if (search->has_sketch)
        status = check_sketch(rows->sketch);
    if (status != FW_OK)
        return status;
    const fw_sketch_kernels *const sketch = sketch_kernels(search);
    if (sketch)
        sketch->search_rows(&state, rows, first_id);
    else
        fw_kernels_of(search->isa)->search_rows(&state, rows, first_id);
    return FW_OK;
}

fw_status fw_search_end(const fw_search *search, void *workspace)
{
    fw_search_state state;
    const fw_status status = check_search(search, workspace, &state);
    if (status != FW_OK)
        return status;
    for (size_t q = 0; q < (size_t)search->n_queries; ++q) {
        heap h = heap_of(&state, q);
        const int32_t n_held = h.n;
        sort_heap(&h);
        for (int32_t i = n_held; i < search->n_found; ++i)
            put(&h, i, NAN, -1);
    }
    return FW_OK;
}

/* Lay a workspace out for rows that no search is made in. */
static fw_status check_single(fw_isa isa, const fw_rows *rows, bool needs_norms, void *workspace,
                              fw_search_state *state)
{
    if (!fw_kernels_of(isa))
        return FW_ERROR_ISA_UNAVAILABLE;
    if (!workspace)
        return FW_ERROR_ARGUMENT;
    if ((uintptr_t)workspace % FW_ALIGNMENT != 0)
        return FW_ERROR_ALIGNMENT;
    const fw_status status = check_rows(rows, needs_norms);
    if (status == FW_OK)
        lay_out(state, 1, rows->vector_size, false, workspace);
    return status;
}

fw_status fw_score_rows(fw_isa isa, const fw_rows *rows, const float *query, float *scores,
                        void *workspace)
{
    fw_search_state state = {0};
    const fw_status status = check_single(isa, rows, true, workspace, &state);
    if (status != FW_OK)
        return status;
    if (!query || !scores)
        return FW_ERROR_ARGUMENT;
    fw_kernels_of(isa)->score_rows(&state, rows, query, scores);
    return FW_OK;
}

fw_status fw_measure_rows(fw_isa isa, const fw_rows *rows, float *norms, void *workspace)
{
    fw_search_state state = {0};
    const fw_status status = check_single(isa, rows, false, workspace, &state);
    if (status != FW_OK)
        return status;
    if (!norms)
        return FW_ERROR_ARGUMENT;
    fw_kernels_of(isa)->measure_rows(&state, rows, norms);
    return FW_OK;
}

fw_status fw_sketch_rows(fw_isa isa, const fw_rows *rows, const fw_sketch *sketch, void *workspace)
{
    fw_search_state state = {0};
    fw_status status = check_single(isa, rows, true, workspace, &state);
    if (status == FW_OK)
        status = check_sketch(sketch);
    if (status != FW_OK)
        return status;
    if (fw_sketch_coarse_bytes(rows->vector_size) == 0)
        return FW_ERROR_ARGUMENT;
    fw_kernels_of(isa)->sketch_rows(&state, rows, sketch);
    return FW_OK;
}
