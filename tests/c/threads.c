/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What races when threads train one model: rows of the two matrices, as fastw2v.h says, and nothing
 * else. Built with -fsanitize=thread, which tells of every race through a function of ours, so that
 * the one that is wanted is known by its address and hides no other. Two faults are made on purpose,
 * to see that they are found.
 */
#define _POSIX_C_SOURCE 200809L /* fork, which strict C11 hides */
#include <pthread.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fastw2v.h"
#include "guards.h"

enum { THREADS = 4, CHUNKS = 2, CHUNK = 100, VOCAB_SIZE = 30, DIM = 10, STRIDE = 16, PRIVATE = 8 };

/* A race is told of even where the same instructions have raced before, once for each address. */
const char *__tsan_default_options(void);
const char *__tsan_default_options(void)
{
    return "suppress_equal_stacks=0 suppress_equal_addresses=1 exitcode=0 symbolize=0";
}

/* Of the sanitizer, which calls the first with each report, under a lock. */
void __tsan_on_report(void *report);
int __tsan_get_report_data(void *report, const char **description, int *count, int *stacks, int *mops,
                           int *locations, int *mutexes, int *threads, int *unique_tids,
                           void **sleep_trace, unsigned long trace_size);
int __tsan_get_report_mop(void *report, unsigned long index, int *tid, void **address, int *size,
                          int *write, int *atomic, void **trace, unsigned long trace_size);

typedef enum fault { NO_FAULT, SHARED_STATS, CHANGED_TABLE } fault;

static float *matrices; /* input and output rows, one after the other */
#define MATRIX_FLOATS ((size_t)VOCAB_SIZE * STRIDE)
static int races_on_rows, other_reports;

static bool is_on_rows(const void *address)
{
    const uintptr_t begin = (uintptr_t)matrices, at = (uintptr_t)address;
    return at >= begin && at < begin + 2 * MATRIX_FLOATS * sizeof *matrices;
}

__attribute__((no_sanitize("thread"))) void __tsan_on_report(void *report)
{
    const char *description;
    int numbers[7], tid, size, write, atomic, on_rows = 0;
    void *trace[1], *address;
    __tsan_get_report_data(report, &description, numbers, numbers + 1, numbers + 2, numbers + 3,
                           numbers + 4, numbers + 5, numbers + 6, trace, 1);
    const int n_accesses = numbers[2];
    for (int i = 0; i < n_accesses; ++i) {
        __tsan_get_report_mop(report, (unsigned long)i, &tid, &address, &size, &write, &atomic, trace,
                              1);
        on_rows += is_on_rows(address);
    }
    if (n_accesses > 0 && on_rows == n_accesses)
        races_on_rows++;
    else
        other_reports++;
}

/* ---- A small model ---------------------------------------------------------------------- */

static int32_t ids[THREADS * CHUNKS * CHUNK];
static int64_t sentence_ends[THREADS * CHUNKS * CHUNK / 10];
static uint32_t keep_threshold[VOCAB_SIZE];
static fw_alias noise[VOCAB_SIZE];

static void fill(void)
{
    double weights[VOCAB_SIZE], scaled[VOCAB_SIZE];
    int32_t work[VOCAB_SIZE];
    for (int w = 0; w < VOCAB_SIZE; ++w) {
        weights[w] = 1.0 / (w + 1);
        keep_threshold[w] = UINT32_MAX / 2;
    }
    HOLDS(fw_noise_build(weights, VOCAB_SIZE, noise, scaled, work) == FW_OK);
    for (int t = 0; t < THREADS * CHUNKS * CHUNK; ++t)
        ids[t] = fw_noise_draw(noise, VOCAB_SIZE, 7, (uint64_t)t);
    for (int s = 0; s < THREADS * CHUNKS * CHUNK / 10; ++s)
        sentence_ends[s] = 10 * (s + 1);
    matrices = guarded_alloc(2 * MATRIX_FLOATS * sizeof *matrices);
    for (int w = 0; w < VOCAB_SIZE; ++w)
        for (int d = 0; d < DIM; ++d)
            matrices[w * STRIDE + d] = (float)random_below(1000) / 1e5f;
}

/* ---- Threads ---------------------------------------------------------------------------- */

typedef struct worker {
    const fw_settings *settings;
    void *workspace;
    fw_stats *stats;
    int number;
    fault fault;
    fw_status status;
} worker;

static void *train(void *argument)
{
    worker *const w = argument;
    const fw_model model = {.input = matrices,
                            .output = matrices + MATRIX_FLOATS,
                            .stride = STRIDE,
                            .vector_size = DIM,
                            .vocab_size = VOCAB_SIZE,
                            .keep_threshold = keep_threshold,
                            .noise = noise};
    for (int c = 0; c < CHUNKS && w->status == FW_OK; ++c) {
        const int place = w->number * CHUNKS + c;
        const fw_chunk chunk = {.ids = ids,
                                .begin = place * CHUNK,
                                .end = (place + 1) * CHUNK,
                                .sentence_ends = sentence_ends + place * CHUNK / 10,
                                .n_sentences = CHUNK / 10,
                                .stream = fw_stream(1, 0, (uint64_t)place),
                                .learning_rate = 0.01f};
        w->status = fw_train_chunk(w->settings, &model, &chunk, w->workspace, w->stats);
        if (w->fault == CHANGED_TABLE && w->number == 0)
            keep_threshold[c] = UINT32_MAX / 3;
    }
    return NULL;
}

static void check_threads(fw_isa isa, fw_architecture architecture, fw_scope scope, int private_rows,
                          fault made)
{
    snprintf(test_context, sizeof test_context, "isa=%s architecture=%d scope=%d private=%d fault=%d",
             fw_isa_name(isa), (int)architecture, (int)scope, private_rows, (int)made);
    const fw_settings settings = {.isa = isa,
                                  .architecture = architecture,
                                  .scope = scope,
                                  .window = 5,
                                  .shrink_windows = true,
                                  .negatives = 5,
                                  .negative_weight = 1.0f,
                                  .pool_size = 64,
                                  .pool_refresh = 65536,
                                  .cbow_mean = true,
                                  .chunk_tokens = CHUNK,
                                  .loss_interval = 1,
                                  .private_rows = private_rows};
    worker workers[THREADS];
    pthread_t threads[THREADS];
    fw_stats stats[THREADS];
    races_on_rows = other_reports = 0;
    fill();
    for (int i = 0; i < THREADS; ++i)
        workers[i] = (worker){.settings = &settings,
                              .workspace = guarded_alloc(fw_workspace_size(&settings, STRIDE)),
                              .stats = made == SHARED_STATS ? stats : stats + i,
                              .number = i,
                              .fault = made};
    for (int i = 0; i < THREADS; ++i)
        HOLDS(pthread_create(threads + i, NULL, train, workers + i) == 0);
    for (int i = 0; i < THREADS; ++i)
        HOLDS(pthread_join(threads[i], NULL) == 0 && workers[i].status == FW_OK);
    HOLDS(made != NO_FAULT || races_on_rows > 0);
    HOLDS((other_reports > 0) == (made != NO_FAULT));
    guards_check();
}

/* In a process of its own: an address is told of once in each. */
static void check_in_child(fw_isa isa, fw_architecture architecture, fw_scope scope,
                           int private_rows, fault made)
{
    fflush(stdout);
    const pid_t child = fork();
    if (child == 0) {
        failures = 0;
        HOLDS(freopen("/dev/null", "w", stderr)); /* where the reports go */
        check_threads(isa, architecture, scope, private_rows, made);
        exit(failures != 0);
    }
    int status = -1;
    HOLDS(child > 0 && waitpid(child, &status, 0) == child);
    failures += status != 0;
}

int main(void)
{
    for (int i = 0; i < 2; ++i) {
        const fw_isa isa = i == 0 ? FW_ISA_PORTABLE : fw_isa_best();
        for (int mode = 0; mode < 6; ++mode)
            check_in_child(isa, (fw_architecture)(mode % 2), (fw_scope)(mode / 2), i * PRIVATE, NO_FAULT);
        check_in_child(isa, FW_SKIP_GRAM, FW_SCOPE_POOL, 0, SHARED_STATS);
        check_in_child(isa, FW_SKIP_GRAM, FW_SCOPE_POOL, 0, CHANGED_TABLE);
    }
    return report("threads");
}
