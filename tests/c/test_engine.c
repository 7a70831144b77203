/* SPDX-License-Identifier: Apache-2.0 */
/* The engine without Python: random numbers, noise, training, and everything that it refuses. */
#include <math.h>

#include "fastw2v.h"
#include "guards.h"

/* ---- Names, numbers, noise -------------------------------------------------------------- */

static void test_isas(void)
{
    snprintf(test_context, sizeof test_context, "isas");
    HOLDS(fw_isa_available(FW_ISA_PORTABLE));
    HOLDS(fw_isa_available(fw_isa_best()));
    HOLDS(!fw_isa_available(FW_ISA_COUNT));
    HOLDS(fw_isa_name(FW_ISA_COUNT) == NULL);
    fw_isa isa = FW_ISA_PORTABLE;
    for (int i = 0; i < FW_ISA_COUNT; ++i) {
        const fw_status status = fw_isa_parse(fw_isa_name((fw_isa)i), &isa);
        HOLDS(isa == (fw_isa)i);
        HOLDS(status == (fw_isa_available(isa) ? FW_OK : FW_ERROR_ISA_UNAVAILABLE));
    }
    HOLDS(fw_isa_parse("sse", &isa) == FW_ERROR_ISA_UNKNOWN);
    HOLDS(fw_isa_parse("", &isa) == FW_ERROR_ISA_UNKNOWN);
    HOLDS(fw_isa_parse(NULL, &isa) == FW_ERROR_ARGUMENT);
    HOLDS(fw_isa_parse("avx2", NULL) == FW_ERROR_ARGUMENT);
}

static void test_messages(void)
{
    snprintf(test_context, sizeof test_context, "messages");
    const char *const unknown = fw_status_message(FW_STATUS_COUNT);
    HOLDS(unknown != NULL);
    for (int code = 0; code < FW_STATUS_COUNT; ++code) {
        const char *const message = fw_status_message((fw_status)code);
        HOLDS(message && *message && strcmp(message, unknown) != 0);
    }
}

static void test_random_numbers(void)
{
    snprintf(test_context, sizeof test_context, "random numbers");
    /* The published outputs of SplitMix64 from 1234567. */
    static const uint64_t published[] = {
        UINT64_C(6457827717110365317), UINT64_C(3203168211198807973), UINT64_C(9817491932198370423),
        UINT64_C(4593380528125082431), UINT64_C(16408922859458223821)};
    for (uint64_t i = 0; i < 5; ++i)
        HOLDS(fw_draw(1234567, i) == published[i]);
    HOLDS(fw_substream(1234567, FW_PURPOSE_NOISE) == published[FW_PURPOSE_NOISE]);
    HOLDS(fw_stream(0, 0, 0) != fw_stream(0, 0, 1));
    HOLDS(fw_stream(0, 1, 0) != fw_stream(0, 0, 1));
    HOLDS(fw_stream(1, 0, 0) != fw_stream(0, 1, 0));
    HOLDS((fw_stream(3, 0, 4) ^ fw_stream(3, 5, 4)) == 5);
}

static void test_noise(void)
{
    enum { SIZE = 6, DRAWS = 100000 };
    snprintf(test_context, sizeof test_context, "noise");
    double *const weights = guarded_alloc(SIZE * sizeof(double));
    double *const scaled = guarded_alloc(SIZE * sizeof(double));
    fw_alias *const table = guarded_alloc(SIZE * sizeof(fw_alias));
    int32_t *const work = guarded_alloc(SIZE * sizeof(int32_t));
    double sum = 0.0;
    for (int i = 0; i < SIZE; ++i)
        sum += weights[i] = (double)(i * i); /* the first is never drawn */
    HOLDS(fw_noise_build(weights, SIZE, table, scaled, work) == FW_OK);

    int histogram[SIZE] = {0};
    for (uint64_t i = 0; i < DRAWS; ++i) {
        const int32_t id = fw_noise_draw(table, SIZE, 99, i);
        HOLDS(id >= 0 && id < SIZE);
        ++histogram[id];
    }
    HOLDS(histogram[0] == 0);
    double chi_square = 0.0;
    for (int i = 1; i < SIZE; ++i) {
        const double expected = DRAWS * weights[i] / sum;
        chi_square += (histogram[i] - expected) * (histogram[i] - expected) / expected;
    }
    HOLDS(chi_square < 23.5); /* 4 degrees of freedom: exceeded once in 10,000 seeds */

    HOLDS(fw_noise_build(NULL, SIZE, table, scaled, work) == FW_ERROR_ARGUMENT);
    HOLDS(fw_noise_build(weights, 0, table, scaled, work) == FW_ERROR_ARGUMENT);
    HOLDS(fw_noise_build(weights, 1, table, scaled, work) == FW_ERROR_PROBABILITY);
    static const double wrong[] = {-1.0, NAN, INFINITY};
    for (int i = 0; i < 3; ++i) {
        weights[2] = wrong[i];
        HOLDS(fw_noise_build(weights, SIZE, table, scaled, work) == FW_ERROR_PROBABILITY);
    }
    guards_check();
}

/* ---- Training --------------------------------------------------------------------------- */

enum { VOCAB_SIZE = 50, STRIDE = 32, DIM = 20, N_TOKENS = 600, BEGIN = 7 };

typedef struct run {
    fw_settings settings;
    fw_model model;
    fw_chunk chunk;
    int32_t *ids;
    int64_t *sentence_ends;
    void *workspace;
} run;

/* Words of a sentence are neighbours in the vocabulary, so that there is something to learn. */
static void fill_corpus(run *r)
{
    r->ids = guarded_alloc(N_TOKENS * sizeof(int32_t));
    r->sentence_ends = guarded_alloc(N_TOKENS * sizeof(int64_t));
    size_t n_sentences = 0;
    int32_t topic = 0;
    for (int t = 0; t < N_TOKENS; ++t) {
        const uint64_t bits = fw_draw(5, (uint64_t)t);
        r->ids[t] = (topic + (int32_t)(bits % 5)) % VOCAB_SIZE;
        if (t + 1 == N_TOKENS || (t > BEGIN && bits >> 60 == 0)) {
            r->sentence_ends[n_sentences++] = t + 1;
            topic = (int32_t)((bits >> 8) % VOCAB_SIZE);
        }
    }
    r->chunk = (fw_chunk){.ids = r->ids,
                          .begin = BEGIN,
                          .end = N_TOKENS,
                          .sentence_ends = r->sentence_ends,
                          .n_sentences = n_sentences,
                          .stream = fw_stream(1, 2, 3),
                          .learning_rate = 0.05f};
}

static void fill_model(run *r)
{
    float *const input = guarded_alloc(VOCAB_SIZE * STRIDE * sizeof(float));
    uint32_t *const keep_threshold = guarded_alloc(VOCAB_SIZE * sizeof(uint32_t));
    fw_alias *const noise = guarded_alloc(VOCAB_SIZE * sizeof(fw_alias));
    double weights[VOCAB_SIZE], scaled[VOCAB_SIZE];
    int32_t work[VOCAB_SIZE];
    for (int w = 0; w < VOCAB_SIZE; ++w) {
        weights[w] = 1.0 / (w + 1);
        keep_threshold[w] = w % 7 ? UINT32_MAX : UINT32_MAX / 2;
        for (int d = 0; d < DIM; ++d)
            input[w * STRIDE + d] =
                (float)((double)fw_draw(9, (uint64_t)(w * DIM + d)) / 1.8e19 - 0.5) / DIM;
    }
    HOLDS(fw_noise_build(weights, VOCAB_SIZE, noise, scaled, work) == FW_OK);
    r->model = (fw_model){.input = input,
                          .output = guarded_alloc(VOCAB_SIZE * STRIDE * sizeof(float)),
                          .stride = STRIDE,
                          .vector_size = DIM,
                          .vocab_size = VOCAB_SIZE,
                          .keep_threshold = keep_threshold,
                          .noise = noise};
}

static run new_run(fw_isa isa, fw_architecture architecture, fw_scope scope)
{
    run r;
    r.settings = (fw_settings){.isa = isa,
                               .architecture = architecture,
                               .scope = scope,
                               .window = 5,
                               .shrink_windows = true,
                               .negatives = 5,
                               .negative_weight = 1.0f,
                               .pool_size = 64,
                               .pool_refresh = 65536,
                               .cbow_mean = true,
                               .cbow_exact_gradient = false,
                               .chunk_tokens = N_TOKENS - BEGIN,
                               .loss_interval = 1};
    fill_corpus(&r);
    fill_model(&r);
    const size_t size = fw_workspace_size(&r.settings, STRIDE);
    HOLDS(size > 0);
    r.workspace = guarded_alloc(size);
    memset(r.workspace, 0xFF, size);
    return r;
}

static fw_status train(const run *r, fw_stats *stats)
{
    return fw_train_chunk(&r->settings, &r->model, &r->chunk, r->workspace, stats);
}

static void test_training(fw_isa isa, fw_architecture architecture, fw_scope scope)
{
    snprintf(test_context, sizeof test_context, "isa=%s architecture=%d scope=%d",
             fw_isa_name(isa), (int)architecture, (int)scope);
    run r = new_run(isa, architecture, scope);
    fw_stats first = {0}, last = {0};
    HOLDS(train(&r, &first) == FW_OK);
    HOLDS(first.kept_tokens > 400 && first.kept_tokens < N_TOKENS);
    HOLDS(first.examples >= first.kept_tokens);
    HOLDS(first.loss_examples == first.examples);
    for (uint64_t epoch = 0; epoch < 20; ++epoch) {
        r.chunk.stream = fw_stream(1, epoch, 0);
        HOLDS(train(&r, &last) == FW_OK);
    }
    const double before = first.loss_sum / (double)first.examples;
    const double after = last.loss_sum / (double)last.examples;
    HOLDS(before < 6.0 * log(2.0) * 1.01); /* with output vectors of zero: six logits of zero */
    HOLDS(after < 0.8 * before);
    for (int w = 0; w < VOCAB_SIZE; ++w)
        for (int d = DIM; d < STRIDE; ++d)
            HOLDS(r.model.input[w * STRIDE + d] == 0.0f && r.model.output[w * STRIDE + d] == 0.0f);
    guards_check();
}

/* The bits of both matrices, folded. */
static uint64_t digest(const run *r)
{
    uint64_t hash = 0;
    for (size_t i = 0; i < (size_t)VOCAB_SIZE * STRIDE; ++i) {
        uint32_t bits[2];
        memcpy(bits, r->model.input + i, sizeof *bits);
        memcpy(bits + 1, r->model.output + i, sizeof *bits);
        hash = fw_draw(hash ^ ((uint64_t)bits[0] << 32 | bits[1]), i);
    }
    return hash;
}

static void test_same_bits(fw_isa isa, fw_architecture architecture, fw_scope scope)
{
    uint64_t seen[2];
    for (int k = 0; k < 2; ++k) {
        const run r = new_run(isa, architecture, scope);
        fw_stats stats;
        HOLDS(train(&r, &stats) == FW_OK);
        seen[k] = digest(&r);
        guards_check();
    }
    HOLDS(seen[0] == seen[1]);
}

/* Chunks in one call are the same chunks in calls of their own. */
static void test_stretch(fw_isa isa, fw_architecture architecture, fw_scope scope)
{
    const run whole = new_run(isa, architecture, scope);
    run parts = new_run(isa, architecture, scope);
    const int64_t middle = whole.sentence_ends[1] + 1; /* within a sentence */
    const int64_t borders[] = {whole.chunk.begin, middle, whole.chunk.end};
    const uint64_t streams[] = {fw_stream(1, 0, 0), fw_stream(1, 0, 1)};
    const double learning_rates[] = {0.05, 0.02};
    const fw_stretch stretch = {
        whole.chunk.ids, 2, borders, whole.chunk.sentence_ends, whole.chunk.n_sentences, streams,
        learning_rates};
    fw_stats stats[2], expected[2];
    HOLDS(fw_train_chunks(&whole.settings, &whole.model, &stretch, whole.workspace, stats) == FW_OK);
    for (int c = 0; c < 2; ++c) {
        parts.chunk.begin = borders[c];
        parts.chunk.end = borders[c + 1];
        parts.chunk.sentence_ends = whole.chunk.sentence_ends + 2 * c;
        parts.chunk.n_sentences = c == 0 ? 3 : whole.chunk.n_sentences - 2;
        parts.chunk.stream = streams[c];
        parts.chunk.learning_rate = (float)learning_rates[c];
        HOLDS(train(&parts, expected + c) == FW_OK);
        HOLDS(stats[c].kept_tokens == expected[c].kept_tokens && stats[c].kept_tokens > 0);
        HOLDS(stats[c].examples == expected[c].examples);
        HOLDS(stats[c].loss_sum == expected[c].loss_sum);
    }
    HOLDS(digest(&whole) == digest(&parts));
    HOLDS(fw_train_chunks(&whole.settings, &whole.model, NULL, whole.workspace, stats) ==
          FW_ERROR_ARGUMENT);
    HOLDS(fw_train_chunks(&whole.settings, &whole.model, &stretch, whole.workspace, NULL) ==
          FW_ERROR_ARGUMENT);
    guards_check();
}

/* ---- Refusals --------------------------------------------------------------------------- */

/* Train on `bad`, which shares the matrices of `good`. */
static void check_refused(const run *good, const run *bad, fw_status expected)
{
    const uint64_t before = digest(good);
    fw_stats stats;
    HOLDS(train(bad, &stats) == expected);
    HOLDS(stats.kept_tokens == 0 && stats.examples == 0 && stats.loss_examples == 0);
    HOLDS(digest(good) == before);
}

static void test_refused_training(void)
{
    const run good = new_run(fw_isa_best(), FW_SKIP_GRAM, FW_SCOPE_WINDOW);
#define REFUSED(status, field, value)                                              \
    do {                                                                           \
        snprintf(test_context, sizeof test_context, "%s = %s", #field, #value);    \
        run bad = good;                                                            \
        bad.field = value;                                                         \
        check_refused(&good, &bad, status);                                        \
    } while (0)
    REFUSED(FW_ERROR_ARGUMENT, workspace, NULL);
    REFUSED(FW_ERROR_ARGUMENT, model.output, NULL);
    REFUSED(FW_ERROR_ARGUMENT, model.keep_threshold, NULL);
    REFUSED(FW_ERROR_ARGUMENT, model.noise, NULL);
    REFUSED(FW_ERROR_ARGUMENT, model.vocab_size, 0);
    REFUSED(FW_ERROR_ARGUMENT, model.stride, 0);
    REFUSED(FW_ERROR_ARGUMENT, model.vector_size, 0);
    REFUSED(FW_ERROR_ARGUMENT, model.vector_size, STRIDE + 1);
    REFUSED(FW_ERROR_ARGUMENT, chunk.ids, NULL);
    REFUSED(FW_ERROR_ARGUMENT, chunk.sentence_ends, NULL);
    REFUSED(FW_ERROR_ARGUMENT, chunk.begin, -1);
    REFUSED(FW_ERROR_ARGUMENT, chunk.end, BEGIN - 1);
    REFUSED(FW_ERROR_ARGUMENT, chunk.learning_rate, NAN);
    REFUSED(FW_ERROR_ARGUMENT, chunk.learning_rate, INFINITY);
    REFUSED(FW_ERROR_ARGUMENT, settings.chunk_tokens, 10);
    REFUSED(FW_ERROR_ARGUMENT, settings.chunk_tokens, INT32_MAX);
    REFUSED(FW_ERROR_ARGUMENT, settings.window, 0);
    REFUSED(FW_ERROR_ARGUMENT, settings.window, INT32_MAX);
    REFUSED(FW_ERROR_ARGUMENT, settings.negatives, -1);
    REFUSED(FW_ERROR_ARGUMENT, settings.negatives, INT32_MAX);
    REFUSED(FW_ERROR_ARGUMENT, settings.negative_weight, -1.0f);
    REFUSED(FW_ERROR_ARGUMENT, settings.negative_weight, INFINITY);
    REFUSED(FW_ERROR_ARGUMENT, settings.pool_size, 0);
    REFUSED(FW_ERROR_ARGUMENT, settings.loss_interval, -1);
    REFUSED(FW_ERROR_ALIGNMENT, workspace, (char *)good.workspace + 8);
    REFUSED(FW_ERROR_ALIGNMENT, model.stride, STRIDE + 1);
    REFUSED(FW_ERROR_ID_RANGE, model.vocab_size, 10);
    REFUSED(FW_ERROR_ID_RANGE, ids[BEGIN + 100], VOCAB_SIZE);
    good.ids[BEGIN + 100] = 0;
    REFUSED(FW_ERROR_ID_RANGE, ids[BEGIN], -1);
    good.ids[BEGIN] = 0;
    REFUSED(FW_ERROR_SENTENCE_ENDS, chunk.n_sentences, good.chunk.n_sentences - 1);
    REFUSED(FW_ERROR_SENTENCE_ENDS, chunk.n_sentences, 0);
    const int64_t first_end = good.sentence_ends[0];
    REFUSED(FW_ERROR_SENTENCE_ENDS, sentence_ends[0], BEGIN);
    REFUSED(FW_ERROR_SENTENCE_ENDS, sentence_ends[0], good.sentence_ends[1]);
    good.sentence_ends[0] = first_end;
    REFUSED(FW_ERROR_ISA_UNAVAILABLE, settings.isa, FW_ISA_COUNT);
    REFUSED(FW_ERROR_ISA_UNAVAILABLE, settings.isa,
            fw_isa_available(FW_ISA_NEON) ? FW_ISA_AVX2 : FW_ISA_NEON); /* no build has both */
#undef REFUSED
    fw_stats stats;
    HOLDS(fw_train_chunk(NULL, &good.model, &good.chunk, good.workspace, &stats) == FW_ERROR_ARGUMENT);
    HOLDS(fw_train_chunk(&good.settings, NULL, &good.chunk, good.workspace, &stats) ==
          FW_ERROR_ARGUMENT);
    HOLDS(fw_train_chunk(&good.settings, &good.model, NULL, good.workspace, &stats) ==
          FW_ERROR_ARGUMENT);
    HOLDS(train(&good, NULL) == FW_ERROR_ARGUMENT);
    HOLDS(fw_workspace_size(NULL, STRIDE) == 0);
    HOLDS(train(&good, &stats) == FW_OK); /* the good one was good */
    good.model.input[good.ids[BEGIN] * STRIDE] = NAN;
    HOLDS(train(&good, &stats) == FW_ERROR_NOT_FINITE);
    guards_check();
}

static void test_empty_chunk(void)
{
    snprintf(test_context, sizeof test_context, "empty chunk");
    run r = new_run(fw_isa_best(), FW_CBOW, FW_SCOPE_POOL);
    r.chunk.end = r.chunk.begin;
    check_refused(&r, &r, FW_OK);
    guards_check();
}

int main(void)
{
    test_isas();
    test_messages();
    test_random_numbers();
    test_noise();
    for (int isa = 0; isa < FW_ISA_COUNT; ++isa)
        for (int mode = 0; mode < 6 && fw_isa_available((fw_isa)isa); ++mode) {
            test_training((fw_isa)isa, (fw_architecture)(mode % 2), (fw_scope)(mode / 2));
            test_same_bits((fw_isa)isa, (fw_architecture)(mode % 2), (fw_scope)(mode / 2));
            test_stretch((fw_isa)isa, (fw_architecture)(mode % 2), (fw_scope)(mode / 2));
        }
    test_refused_training();
    test_empty_chunk();
    return report("test_engine");
}
