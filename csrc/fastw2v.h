/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fastw2v engine: skip-gram and CBOW with negative sampling (Mikolov et al. 2013), in plain C11.
 *
 * The engine works on views of memory that the caller owns and keeps no pointer after a call
 * returns. It starts no threads, does no I/O and has no writable globals; the only thing that it
 * allocates is the opaque fw_lexicon (lexicon.h). Any number of threads may call any function at
 * the same time, each with a workspace of its own.
 *
 * Races. fw_train_chunk updates rows of the two matrices in place without locks. Workers that
 * share a model race on those rows on purpose (Hogwild, Recht et al. 2011), and on nothing else.
 *
 * Rows. A matrix row is `stride` floats: vector_size rounded up to a multiple of FW_ROW_FLOATS,
 * 64-byte aligned, the padding zero. Every update by finite numbers keeps the padding zero, so no
 * kernel has a tail.
 *
 * Floating point. Fused multiply-adds are explicit and each instruction set gives the same bits
 * every time; different instruction sets add in a different order and agree to rounding.
 */
#ifndef FASTW2V_H
#define FASTW2V_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lexicon.h"
#include "status.h"

#define FW_ROW_FLOATS 16
#define FW_ALIGNMENT 64

/* ---- Instruction sets ------------------------------------------------------------------- */

/*
 * In rising order of preference within one architecture. Choose one with fw_isa_best, fw_isa_parse or
 * fw_isa_available and keep it: asking the CPU is slow, so the calls below that take an isa check
 * only that this build has it, not again that the CPU does.
 */
typedef enum fw_isa { FW_ISA_PORTABLE, FW_ISA_NEON, FW_ISA_AVX2, FW_ISA_AVX512, FW_ISA_COUNT } fw_isa;

/* Whether this build holds kernels for `isa` and this CPU and operating system can run them. */
bool fw_isa_available(fw_isa isa);
/* The fastest one that is available. */
fw_isa fw_isa_best(void);
/* "portable", "neon", "avx2", "avx512"; null outside the enum. */
const char *fw_isa_name(fw_isa isa);
/* The inverse of fw_isa_name; says ISA_UNKNOWN or ISA_UNAVAILABLE. */
fw_status fw_isa_parse(const char *name, fw_isa *isa);

/* ---- Random numbers --------------------------------------------------------------------- */

/*
 * Counter-based: draw i of a stream is a pure function, so any language replays it.
 *   mix(z): z ^= z >> 30; z *= 0xBF58476D1CE4E5B9; z ^= z >> 27; z *= 0x94D049BB133111EB; z ^= z >> 31
 *   fw_stream(seed, epoch, chunk) = mix(mix(seed + G) + chunk + G), the last 24 bits those of `epoch`
 *   fw_substream(stream, purpose) = mix(stream + (purpose + 1) * G)
 *   fw_draw(substream, i)         = mix(substream + (i + 1) * G)          (SplitMix64, Steele 2014)
 * with G = 0x9E3779B97F4A7C15, all modulo 2^64. A draw in [0, n) from 32 bits r is (r * n) >> 32.
 */
#define FW_EPOCH_BITS UINT64_C(0xFFFFFF) /* of a stream */
typedef enum fw_purpose { FW_PURPOSE_TOKENS, FW_PURPOSE_NOISE, FW_PURPOSE_PICKS } fw_purpose;
uint64_t fw_stream(uint64_t seed, uint64_t epoch, uint64_t chunk);
uint64_t fw_substream(uint64_t stream, fw_purpose purpose);
uint64_t fw_draw(uint64_t substream, uint64_t counter);

/* ---- Noise distribution ----------------------------------------------------------------- */

/* One column of an alias table (Walker 1977; built as Vose 1991). */
typedef struct fw_alias {
    uint32_t threshold; /* below it the column's own id is drawn, else `other` */
    int32_t other;
} fw_alias;

/*
 * Build the table of `size` columns from non-negative weights, which need not sum to 1.
 * `scaled` and `work` are scratch of `size` elements each.
 */
fw_status fw_noise_build(const double *weights, int32_t size, fw_alias *table, double *scaled,
                         int32_t *work);
/*
 * Draw i of a substream: with r = fw_draw(substream, i), column = (high32(r) * size) >> 32,
 * and id = low32(r) < table[column].threshold ? column : table[column].other.
 */
int32_t fw_noise_draw(const fw_alias *table, int32_t size, uint64_t substream, uint64_t counter);

/* ---- The block step --------------------------------------------------------------------- */

/*
 * n input rows against m output rows ("targets"), the one operation that all training is made of:
 *   s_ij = X_i . Y_j                                             logits, all from the old values
 *   g_ij = learning_rate * weight_ij * (label_ij - sigmoid(s_ij))      residuals
 *   for i = 0 .. n-1:  D = sum_j g_ij Y_j (old Y);  Y'_j += g_ij X_i;  X_i += D
 *   for j = 0 .. m-1:  Y_j += Y'_j                               (Y' starts at 0)
 * With distinct rows this is one exact gradient step on the weighted cross-entropy. A row may stand
 * more than once among the inputs or the targets: then its updates add up, and an input row that
 * stands twice shows Y' its first update. With `gradients`, X_i stays as it is (so Y' sees the old
 * row however often it stands) and D is written, not added, to gradients[i], which must not alias
 * any row.
 */
typedef struct fw_block {
    int32_t n_inputs;        /* n >= 1 */
    int32_t n_targets;       /* m >= 1 */
    size_t stride;           /* floats in every row */
    float learning_rate;
    float *const *inputs;    /* n rows */
    float *const *targets;   /* m rows */
    float *const *gradients; /* n rows, or null */
    const float *labels;     /* (n, m), in [0, 1] */
    const float *weights;    /* (n, m); 0 takes a pair out of the step */
    float *logits;           /* (n, m), written: s_ij */
    float *residuals;        /* (n, m), written: g_ij */
    float *scratch;          /* fw_block_scratch(...), written; 64-byte aligned */
} fw_block;
/* The four (n, m) arrays have room for fw_block_floats(n, m) floats each and are 64-byte aligned. */
size_t fw_block_floats(int32_t n_inputs, int32_t n_targets);
/* Floats of scratch: for m rows or for two vecs of each input. */
size_t fw_block_scratch(int32_t n_inputs, int32_t n_targets, size_t stride);
fw_status fw_block_step(fw_isa isa, const fw_block *block);

/*
 * to_i = sum_j c_ij from_j, or to_i += with `accumulate`; i < n_to, j < n_from, c of shape
 * (n_to, n_from). CBOW's weighted gather, and with c transposed its scatter. Rows may repeat among
 * `to` when accumulating; no row may be both in `to` and in `from`.
 */
fw_status fw_combine_rows(fw_isa isa, size_t stride, float *const *to, int32_t n_to,
                          const float *const *from, int32_t n_from, const float *coefficients,
                          bool accumulate);

/* ---- Training --------------------------------------------------------------------------- */

typedef enum fw_architecture { FW_CBOW, FW_SKIP_GRAM } fw_architecture;

/* What one set of negatives serves. */
typedef enum fw_scope {
    FW_SCOPE_EXAMPLE, /* one example, the textbook: a (center, context) pair, or a CBOW window */
    FW_SCOPE_WINDOW,  /* all pairs of a center's window (for CBOW the same as EXAMPLE) */
    FW_SCOPE_POOL     /* as WINDOW, but picked from a slowly renewed pool; CBOW takes
                         FW_CBOW_GROUP adjacent centers a step, and they share the set */
} fw_scope;
#define FW_CBOW_GROUP 4

typedef struct fw_settings {
    fw_isa isa;
    fw_architecture architecture;
    fw_scope scope;
    int32_t window;          /* c >= 1: the most context words on each side */
    bool shrink_windows;     /* draw the reduced window uniformly from 1..c, else always c */
    int32_t negatives;       /* ids in a set of negatives, >= 0 */
    float negative_weight;   /* weight of each of them in the loss, >= 0 */
    int32_t pool_size;       /* P >= 1; read with FW_SCOPE_POOL only */
    uint32_t pool_refresh;   /* pool entries renewed per center, in units of 1/65536 */
    bool cbow_mean;          /* hidden = mean of the context rows, else their sum */
    bool cbow_exact_gradient; /* divide the gradient of a mean by n; word2vec.c does not */
    int32_t chunk_tokens;    /* no chunk is longer; at most 2^27 */
    int32_t loss_interval;   /* sample the loss at centers c with c % loss_interval == 0; 0: never */
    int32_t private_rows;    /* rows 0 .. private_rows - 1 of both matrices are trained in copies of the
                                worker's own, merged after each chunk; at most 2^14; 0: none */
} fw_settings;

/* Words that are held near where they were: every center of such a word pulls its rows back,
 * row -= pull * (row - what it was), with pull = min(1, learning_rate * strength). */
typedef struct fw_anchor {
    const float *input;     /* (n_held, input_stride): what rows were; vector_size floats of each are read */
    const float *output;    /* (n_held, output_stride); null: output rows are not held */
    size_t input_stride;    /* in floats, as are those of the matrices; neither needs to be aligned */
    size_t output_stride;
    const int32_t *rows;    /* (vocab_size): the word's row of both; -1: the word is not held */
    const float *strength;  /* (vocab_size), >= 0 */
} fw_anchor;

/* What the workers of a run share. `input` and `output` are updated, the rest is read. */
typedef struct fw_model {
    float *input;                   /* (vocab_size, stride) */
    float *output;                  /* (vocab_size, stride) */
    size_t stride;
    size_t vector_size;             /* floats of a row in use, 1..stride; the rest is padding */
    int32_t vocab_size;
    const uint32_t *keep_threshold; /* (vocab_size): a token stays if its 32 random bits are <= it, so
                                       with probability (threshold + 1) / 2^32 */
    const fw_alias *noise;          /* (vocab_size) */
    const uint8_t *frozen;          /* (vocab_size): input rows of words with 1 are read only; or null */
    const fw_anchor *anchor;        /* or null */
} fw_model;

/* Tokens begin..end of an encoded corpus, a piece of an epoch. */
typedef struct fw_chunk {
    const int32_t *ids;           /* the corpus from its first token, not from `begin` */
    int64_t begin, end;
    const int64_t *sentence_ends; /* strictly rising ends, the first > begin, the last >= end; */
    size_t n_sentences;           /* windows cross neither an end nor the borders of the chunk */
    uint64_t stream;              /* fw_stream(seed, epoch, chunk) */
    float learning_rate;
} fw_chunk;

typedef struct fw_stats {
    int64_t kept_tokens;   /* centers trained: tokens that survived subsampling with a context */
    int64_t examples;      /* (center, context) pairs, or CBOW windows */
    int64_t loss_examples; /* of these, how many are in loss_sum */
    double loss_sum;       /* sum over these of -log s(pos) - sum_k weight_k * log s(-neg_k), from the
                              logits before the update; a masked negative has weight_k = 0 */
} fw_stats;

/* Bytes of 64-byte aligned scratch that fw_train_chunk needs; 0 if a setting is out of range. */
size_t fw_workspace_size(const fw_settings *settings, size_t stride);

/*
 * Train on one chunk, in place. The walk, which a replay must follow draw for draw:
 *
 * 1. Token t of the chunk (t = 0 at `begin`) draws r = draw(TOKENS, t) of the stream that the chunk has
 *    in epoch 0. Modulo 2^32, it is kept if high32(r) + epoch * 0x6A09E667 <= keep_threshold[id], and
 *    its reduced window is 1 + (((low32(r) + epoch * 0x9E3779B9) * window) >> 32), or `window` without
 *    shrink_windows: what befalls a token is as random as ever, but evenly spread over its epochs.
 *    Kept tokens close ranks; a sentence with fewer than two of them is dropped. The rest are the
 *    centers c = 0, 1, ..., each with a context: the kept words of its sentence at most its reduced
 *    window away.
 * 2. Every center (with CBOW and FW_SCOPE_POOL: every group of up to FW_CBOW_GROUP successive
 *    centers of the chunk, across sentence ends too) takes its negatives in order:
 *    - EXAMPLE: `negatives` draws(NOISE, counter++) for each example, contexts from left to right;
 *    - WINDOW: one such set for the center;
 *    - POOL: the pool starts as P draws(NOISE, counter++). Each center (each of the group) adds
 *      pool_refresh to an accumulator that starts at 0; while it is >= 65536 it loses 65536 and
 *      pool[head] = draw(NOISE, counter++), head = (head + 1) mod P, head starting at 0. Then the
 *      set is pool[(high32(p) * P) >> 32], pool[(high32(p') * P) >> 32], ..., with p growing by G
 *      from one pick to the next through the whole chunk, and p = substream(PICKS) + G at its first.
 * 3. The block step. Skip-gram: inputs = input rows of the context from left to right, targets =
 *    output rows of the center, label 1 and weight 1, then of the negatives, label 0 and
 *    negative_weight. EXAMPLE: one block a pair. CBOW: hidden row = mean (or sum) of the context's
 *    input rows; the gradient of the hidden row goes back to each of them, divided by n (the size
 *    of the context, repeats counted) with cbow_exact_gradient and cbow_mean. In a group all hidden
 *    rows are made first, then comes one block, then all gradients go back; the targets are the
 *    group's centers, then the negatives; a center's weight is 1 in its own row, 0 in the others.
 * 4. A negative that equals the positive of its row has weight 0 in that row, and only there.
 *
 * 5. Private rows. Two workers want the rows of the most frequent words all the time, and moving them
 *    between distant cores takes longer than training. So a worker trains copies of them, and merges
 *    them after the chunk, as merge_row in csrc/kernels.h says. Vocabularies are in order of
 *    frequency, so these are the first rows.
 *
 * 6. Frozen rows take part in every step as they are; what the step would add to them is lost.
 *
 * 7. The anchor. After the last step of the chunk, before private rows are merged, every center in its
 *    order pulls the input row of its word, if that is not frozen, and its output row.
 *
 * Before anything is changed, ids and sentence ends are checked. NOT_FINITE is said after the chunk
 * if a sampled loss was not finite. `workspace` has fw_workspace_size() bytes.
 */
fw_status fw_train_chunk(const fw_settings *settings, const fw_model *model, const fw_chunk *chunk,
                         void *workspace, fw_stats *stats);

/* Chunks that follow one another: chunk i is tokens borders[i]..borders[i + 1]. */
typedef struct fw_stretch {
    const int32_t *ids;           /* the corpus from its first token */
    size_t n_chunks;
    const int64_t *borders;       /* (n_chunks + 1) */
    const int64_t *sentence_ends; /* as of one chunk, borders[0]..borders[n_chunks] */
    size_t n_sentences;
    const uint64_t *streams;      /* (n_chunks) */
    const double *learning_rates; /* (n_chunks) */
} fw_stretch;

/*
 * fw_train_chunk for each of them in order, with `stats` of shape (n_chunks); ends with the first that
 * is not OK. For callers whose every call costs something: threads of Python pass on a lock.
 */
fw_status fw_train_chunks(const fw_settings *settings, const fw_model *model,
                          const fw_stretch *stretch, void *workspace, fw_stats *stats);

#endif
