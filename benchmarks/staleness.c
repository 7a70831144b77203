/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Many workers of the real engine on one thread, in lock step: what stale rows do to the vectors.
 *
 * Each worker is a coroutine inside fw_train_chunk, on a chunk of its own. In a round each of them
 * takes one step (a block; for CBOW with gather and scatter) on copies of its rows, so that all have
 * computed from the same matrices; then all write back, in one of two ways:
 *   ADDED  row += the worker's change: every update is stale by those of W - 1 others, none is lost;
 *   LOST   row = the worker's copy: of those who changed a row in the round, only the last one counts.
 * Threads do neither: they add 64 bytes at a time, at times that no clock aligns. ADDED is close to
 * that, LOST is far worse. For comparison:
 *   FRESH  every worker writes back before the next one reads: W places of the corpus, nothing stale.
 */
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>
#include <ucontext.h>

/* Here the walk asks for its kernels, and gets ours. */
#define fw_kernels_of staleness_kernels_of
#include "../csrc/walk.c"
#undef fw_kernels_of
const fw_kernels *fw_kernels_of(fw_isa isa);

enum { STACK_BYTES = 1 << 18 };
enum { ADDED, LOST, FRESH };

/* Of a matrix row: the last round in which it was used, and by how many workers. */
typedef struct usage {
    int64_t round;
    int64_t workers;
} usage;

typedef struct worker {
    ucontext_t first; /* to begin on a stack of its own; from then on longjmp, which is no system call */
    jmp_buf resume;
    void *stack;
    void *workspace;
    float **rows;  /* the distinct rows of the matrices that this round has touched, */
    float *copies; /* (most_rows, stride), and what became of them */
    size_t n_rows;
    bool begun, ended;
} worker;

typedef struct staleness_totals {
    int64_t rounds, kept_tokens;
    int64_t uses;      /* rows used by a worker in a round */
    int64_t conflicts; /* of these, by another in the same round, too */
    int64_t loss_examples;
    double loss_sum;
} staleness_totals;

static struct {
    const fw_settings *settings;
    const fw_model *model;
    const fw_chunk *chunks;
    int64_t n_chunks, next_chunk;
    int write_back;
    worker *workers, *current;
    jmp_buf scheduler;
    size_t most_rows;
    float **inputs, **targets; /* of the block that is being computed */
    usage *usages;             /* of the input rows, then of the output rows */
    fw_status status;
    staleness_totals *totals;
} sim;

/* ---- A worker's step on copies ----------------------------------------------------------- */

static usage *usage_of(const float *row)
{
    const fw_model *const m = sim.model;
    const size_t floats = (size_t)m->vocab_size * m->stride;
    const bool is_input = row >= m->input && row < m->input + floats;
    const size_t index = is_input ? (size_t)(row - m->input) : floats + (size_t)(row - m->output);
    return sim.usages + index / m->stride;
}

static float *copy_of(float *row)
{
    worker *const me = sim.current;
    const size_t stride = sim.model->stride;
    for (size_t r = 0; r < me->n_rows; ++r)
        if (me->rows[r] == row)
            return me->copies + r * stride;
    usage *const use = usage_of(row);
    use->workers = use->round == sim.totals->rounds ? use->workers + 1 : 1;
    use->round = sim.totals->rounds;
    float *const copy = me->copies + me->n_rows * stride;
    me->rows[me->n_rows++] = row;
    return memcpy(copy, row, stride * sizeof(float));
}

static void wait_for_the_others(void)
{
    if (!_setjmp(sim.current->resume))
        _longjmp(sim.scheduler, 1);
}

/* The block on the worker's copies of its rows, which stay the same until the others have done theirs. */
static fw_block on_copies(const fw_block *block)
{
    fw_block copied = *block;
    copied.targets = sim.targets;
    for (int32_t j = 0; j < block->n_targets; ++j)
        sim.targets[j] = copy_of(block->targets[j]);
    if (!block->gradients) { /* CBOW's inputs are the worker's own */
        copied.inputs = sim.inputs;
        for (int32_t i = 0; i < block->n_inputs; ++i)
            sim.inputs[i] = copy_of(block->inputs[i]);
    }
    return copied;
}

static void residuals(const fw_block *block)
{
    const fw_block copied = on_copies(block);
    fw_kernels_of(sim.settings->isa)->block_residuals(&copied);
}

static void update(const fw_block *block)
{
    const fw_block copied = on_copies(block);
    fw_kernels_of(sim.settings->isa)->block_update(&copied);
    if (!block->gradients)
        wait_for_the_others();
}

/* Gather reads the matrices, which nobody changes before the round ends; scatter ends a step. */
static void combine(size_t stride, float *const *to, int32_t n_to, const float *const *from,
                    int32_t n_from, const float *coefficients, bool accumulate)
{
    if (accumulate) {
        for (int32_t i = 0; i < n_to; ++i)
            sim.inputs[i] = copy_of(to[i]);
        to = sim.inputs;
    }
    fw_kernels_of(sim.settings->isa)
        ->combine_rows(stride, to, n_to, from, n_from, coefficients, accumulate);
    if (accumulate)
        wait_for_the_others();
}

const fw_kernels *staleness_kernels_of(fw_isa isa)
{
    static fw_kernels kernels;
    const fw_kernels *const engine = fw_kernels_of(isa);
    if (engine)
        kernels = (fw_kernels){engine->vec_floats, residuals, update, engine->block_losses, combine,
                               engine->merge_row};
    return engine ? &kernels : NULL;
}

/* ---- Rounds ------------------------------------------------------------------------------ */

/* The body of a worker: chunk after chunk, as in training/run.py. */
static void work(void)
{
    worker *const me = sim.current;
    while (sim.next_chunk < sim.n_chunks && sim.status == FW_OK) {
        fw_stats stats;
        const fw_chunk *const chunk = sim.chunks + sim.next_chunk++;
        const fw_status status =
            fw_train_chunk(sim.settings, sim.model, chunk, me->workspace, &stats);
        sim.totals->kept_tokens += stats.kept_tokens;
        sim.totals->loss_examples += stats.loss_examples;
        sim.totals->loss_sum += stats.loss_sum;
        if (status != FW_OK)
            sim.status = status;
    }
    me->ended = true;
    _longjmp(sim.scheduler, 1);
}

/* Let a worker take one step. */
static void resume(worker *w)
{
    sim.current = w;
    if (_setjmp(sim.scheduler))
        return;
    if (w->begun)
        _longjmp(w->resume, 1);
    w->begun = true;
    setcontext(&w->first);
}

/* What one worker alone has changed is copied, so that one worker's bits are the engine's. */
static bool is_added(const float *row)
{
    return sim.write_back == ADDED && usage_of(row)->workers > 1;
}

static void write_back(worker *first, int32_t n_workers)
{
    const size_t stride = sim.model->stride;
    for (worker *w = first; w < first + n_workers; ++w) /* no row has moved yet */
        for (size_t r = 0; r < w->n_rows; ++r) {
            ++sim.totals->uses;
            sim.totals->conflicts += usage_of(w->rows[r])->workers > 1;
            for (size_t d = 0; is_added(w->rows[r]) && d < stride; ++d)
                w->copies[r * stride + d] -= w->rows[r][d];
        }
    for (worker *w = first; w < first + n_workers; ++w) {
        for (size_t r = 0; r < w->n_rows; ++r) {
            const float *const copy = w->copies + r * stride;
            if (!is_added(w->rows[r]))
                memcpy(w->rows[r], copy, stride * sizeof(float));
            else
                for (size_t d = 0; d < stride; ++d)
                    w->rows[r][d] += copy[d];
        }
        w->n_rows = 0;
    }
}

static void run_rounds(int32_t n_workers)
{
    for (bool any = true; any;) {
        ++sim.totals->rounds;
        any = false;
        for (worker *w = sim.workers; w < sim.workers + n_workers; ++w) {
            if (!w->ended)
                resume(w);
            any |= !w->ended;
            if (sim.write_back == FRESH)
                write_back(w, 1);
        }
        write_back(sim.workers, n_workers);
    }
}

/* ---- Memory ------------------------------------------------------------------------------ */

static void *aligned(size_t bytes)
{
    return aligned_alloc(FW_ALIGNMENT, (bytes + FW_ALIGNMENT - 1) / FW_ALIGNMENT * FW_ALIGNMENT);
}

static bool open_worker(worker *w)
{
    const size_t stride = sim.model->stride;
    w->stack = malloc(STACK_BYTES);
    w->workspace = aligned(fw_workspace_size(sim.settings, stride));
    w->rows = malloc(sim.most_rows * sizeof *w->rows);
    w->copies = aligned(sim.most_rows * stride * sizeof(float));
    if (!w->stack || !w->workspace || !w->rows || !w->copies || getcontext(&w->first))
        return false;
    w->first.uc_stack.ss_sp = w->stack;
    w->first.uc_stack.ss_size = STACK_BYTES;
    makecontext(&w->first, work, 0);
    return true;
}

static void close_worker(worker *w)
{
    free(w->stack);
    free(w->workspace);
    free(w->rows);
    free(w->copies);
}

/* Train all chunks, in order, on `n_workers` workers in lock step. */
fw_status staleness_train(const fw_settings *settings, const fw_model *model, const fw_chunk *chunks,
                          int64_t n_chunks, int32_t n_workers, int32_t write_back_mode,
                          staleness_totals *totals)
{
    const size_t window = (size_t)settings->window, negatives = (size_t)settings->negatives;
    *totals = (staleness_totals){0};
    memset(&sim, 0, sizeof sim);
    sim.settings = settings, sim.model = model, sim.totals = totals;
    sim.chunks = chunks, sim.n_chunks = n_chunks, sim.write_back = write_back_mode;
    sim.most_rows = 2 * window + FW_CBOW_GROUP + FW_CBOW_GROUP + negatives + 1;
    sim.inputs = malloc(sim.most_rows * sizeof *sim.inputs);
    sim.targets = malloc(sim.most_rows * sizeof *sim.targets);
    sim.usages = calloc(2 * (size_t)model->vocab_size, sizeof *sim.usages);
    sim.workers = calloc((size_t)n_workers, sizeof *sim.workers);
    bool is_open = sim.inputs && sim.targets && sim.usages && sim.workers;
    for (int32_t w = 0; is_open && w < n_workers; ++w)
        is_open = open_worker(sim.workers + w);
    sim.status = is_open ? FW_OK : FW_ERROR_MEMORY;
    if (is_open)
        run_rounds(n_workers);
    for (int32_t w = 0; sim.workers && w < n_workers; ++w)
        close_worker(sim.workers + w);
    free(sim.inputs);
    free(sim.targets);
    free(sim.usages);
    free(sim.workers);
    return sim.status;
}
