/* SPDX-License-Identifier: Apache-2.0 */
/* The block step and the weighted sums of rows of every instruction set, against the definitions. */
#include <math.h>

#include "fastw2v.h"
#include "guards.h"
#include "kernels.h"

enum { MOST = 24, MOST_FLOATS = 304, SPARE = 2 };

static float random_float(void) /* in [-1, 1) */
{
    return (float)random_below(1 << 24) / 8388608.0f - 1.0f;
}

static float *floats(size_t count)
{
    return guarded_alloc(count * sizeof(float));
}

/* Rows of `dim` floats, SPARE more than are used, and which of them stand where. */
typedef struct table {
    int n;
    size_t rows, dim, stride;
    float *matrix;
    size_t row_of[MOST];
    float *row[MOST];
    double expected[MOST + SPARE][MOST_FLOATS];
} table;

static void new_table(table *t, int n, size_t dim, bool repeat)
{
    t->n = n;
    t->rows = (size_t)n + SPARE;
    t->dim = dim;
    t->stride = (dim + FW_ROW_FLOATS - 1) / FW_ROW_FLOATS * FW_ROW_FLOATS;
    t->matrix = floats(t->rows * t->stride);
    for (int i = 0; i < n; ++i) {
        t->row_of[i] = repeat ? (size_t)random_below((uint32_t)n) : (size_t)i;
        t->row[i] = t->matrix + t->row_of[i] * t->stride;
    }
}

/* Small whole numbers after a head of +-64, or real numbers in [-1, 1) / sqrt(dim). */
static void fill_table(table *t, bool whole)
{
    memset(t->expected, 0, sizeof t->expected);
    for (size_t r = 0; r < t->rows; ++r)
        for (size_t d = 0; d < t->dim; ++d) {
            float value = random_float() / sqrtf((float)t->dim);
            if (whole)
                value = d == 0 ? (random_below(2) ? 64.0f : -64.0f) : (float)random_below(5) - 2.0f;
            t->matrix[r * t->stride + d] = value;
            t->expected[r][d] = (double)value;
        }
}

/* Every float of the matrix: rows that are in no block and padding have not changed. */
static void check_table(const table *t, double tolerance)
{
    for (size_t r = 0; r < t->rows; ++r)
        for (size_t d = 0; d < t->stride; ++d)
            HOLDS(fabs((double)t->matrix[r * t->stride + d] - t->expected[r][d]) <=
                  (d < t->dim ? tolerance : 0.0));
}

/* ---- The block step --------------------------------------------------------------------- */

typedef struct step {
    table inputs, targets, gradients;
    fw_block block;
    float *labels, *weights;
    double logits[MOST * MOST], residuals[MOST * MOST];
} step;

static step s; /* too large for some stacks */

static void new_step(int n, int m, size_t dim, bool repeat, bool gradients)
{
    new_table(&s.inputs, n, dim, repeat);
    new_table(&s.targets, m, dim, repeat);
    new_table(&s.gradients, n, dim, false);
    const size_t pairs = fw_block_floats(n, m);
    s.labels = floats(pairs);
    s.weights = floats(pairs);
    s.block = (fw_block){
        .n_inputs = n,
        .n_targets = m,
        .stride = s.inputs.stride,
        .learning_rate = 0.5f,
        .inputs = s.inputs.row,
        .targets = s.targets.row,
        .gradients = gradients ? s.gradients.row : NULL,
        .labels = s.labels,
        .weights = s.weights,
        .logits = floats(pairs),
        .residuals = floats(pairs),
        .scratch = floats(fw_block_scratch(n, m, s.inputs.stride)),
    };
}

static double dot(const table *x, int i, const table *y, int j)
{
    double sum = 0.0;
    for (size_t d = 0; d < x->dim; ++d)
        sum += (double)x->row[i][d] * (double)y->row[j][d];
    return sum;
}

/*
 * With whole numbers all logits are beyond +-100, where the sigmoid is 0 or 1. With the label that
 * it misses every result is a small multiple of 1/2: exact, whatever the order of the sums.
 */
static void fill_step(bool whole)
{
    fill_table(&s.inputs, whole);
    fill_table(&s.targets, whole);
    memset(s.gradients.expected, 0, sizeof s.gradients.expected);
    for (int i = 0; i < s.block.n_inputs; ++i)
        for (int j = 0; j < s.block.n_targets; ++j) {
            const int a = i * s.block.n_targets + j;
            s.logits[a] = dot(&s.inputs, i, &s.targets, j);
            s.labels[a] = s.logits[a] < 0.0 ? 1.0f : 0.0f;
            s.weights[a] = (float)random_below(3);
            if (!whole)
                s.labels[a] = 0.5f + 0.5f * random_float();
            s.residuals[a] = 0.5 * (double)s.weights[a] *
                             ((double)s.labels[a] - 1.0 / (1.0 + exp(-s.logits[a])));
        }
}

/* The definition in fastw2v.h, in double; the matrices still hold the old values. */
static void expect_step(void)
{
    static double update[MOST][MOST_FLOATS];
    memset(update, 0, sizeof update);
    for (int i = 0; i < s.block.n_inputs; ++i) {
        double *const x = s.inputs.expected[s.inputs.row_of[i]];
        for (size_t d = 0; d < s.inputs.dim; ++d) {
            double gradient = 0.0;
            for (int j = 0; j < s.block.n_targets; ++j) {
                const double g = s.residuals[i * s.block.n_targets + j];
                gradient += g * (double)s.targets.row[j][d];
                update[j][d] += g * x[d];
            }
            if (s.block.gradients)
                s.gradients.expected[i][d] = gradient;
            else
                x[d] += gradient;
        }
    }
    for (int j = 0; j < s.block.n_targets; ++j)
        for (size_t d = 0; d < s.targets.dim; ++d)
            s.targets.expected[s.targets.row_of[j]][d] += update[j][d];
}

/*
 * Real numbers: 24 x 24 pairs of logits below 1, so sums of 48 terms below 1 at most, each with a
 * few roundings of 6e-8; growing by at most half that with each repetition of a row.
 */
static void test_step(fw_isa isa, bool whole)
{
    const double tolerance = whole ? 0.0 : 5e-5;
    fill_step(whole);
    expect_step();
    HOLDS(fw_block_step(isa, &s.block) == FW_OK);
    for (int a = 0; a < s.block.n_inputs * s.block.n_targets; ++a) {
        HOLDS(fabs((double)s.block.logits[a] - s.logits[a]) <= tolerance);
        HOLDS(fabs((double)s.block.residuals[a] - s.residuals[a]) <= tolerance);
    }
    check_table(&s.inputs, tolerance);
    check_table(&s.targets, tolerance);
    check_table(&s.gradients, tolerance);
    guards_check();
}

static void test_block_steps(fw_isa isa)
{
    static const size_t dims[] = {1, 15, 16, 17, 100, 300};
    static const int targets[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 21};
    for (size_t d = 0; d < sizeof dims / sizeof *dims; ++d)
        for (size_t m = 0; m < sizeof targets / sizeof *targets; ++m)
            for (int n = 1; n <= 10; n += n < 5 ? 1 : 5)
                for (int kind = 0; kind < 8; ++kind) {
                    const bool repeat = kind & 1, gradients = kind & 2, whole = kind & 4;
                    snprintf(test_context, sizeof test_context,
                             "isa=%s dim=%zu n=%d m=%d repeat=%d gradients=%d whole=%d",
                             fw_isa_name(isa), dims[d], n, targets[m], repeat, gradients, whole);
                    new_step(n, targets[m], dims[d], repeat, gradients);
                    test_step(isa, whole);
                }
}

/* ---- Weighted sums of rows -------------------------------------------------------------- */

static void test_combination(fw_isa isa, int n_to, int n_from, size_t dim, bool accumulate)
{
    table *const to = &s.inputs, *const from = &s.targets;
    snprintf(test_context, sizeof test_context, "isa=%s dim=%zu n_to=%d n_from=%d accumulate=%d",
             fw_isa_name(isa), dim, n_to, n_from, accumulate);
    new_table(to, n_to, dim, accumulate);
    new_table(from, n_from, dim, true);
    fill_table(to, true);
    fill_table(from, true);
    float *const c = floats((size_t)n_to * (size_t)n_from);
    for (int i = 0; i < n_to; ++i)
        for (size_t d = 0; d < dim; ++d) {
            double sum = accumulate ? to->expected[to->row_of[i]][d] : 0.0;
            for (int j = 0; j < n_from; ++j) {
                if (d == 0)
                    c[i * n_from + j] = (float)random_below(9) - 4.0f;
                sum += (double)c[i * n_from + j] * (double)from->row[j][d];
            }
            to->expected[to->row_of[i]][d] = sum;
        }
    HOLDS(fw_combine_rows(isa, to->stride, to->row, n_to, (const float *const *)from->row, n_from, c,
                          accumulate) == FW_OK);
    check_table(to, 0.0);
    check_table(from, 0.0);
    guards_check();
}

static void test_combinations(fw_isa isa)
{
    static const size_t dims[] = {1, 15, 16, 17, 100, 300};
    for (size_t d = 0; d < sizeof dims / sizeof *dims; ++d)
        for (int n_to = 1; n_to <= 11; ++n_to)
            for (int n_from = 1; n_from <= 10; n_from += 3) {
                test_combination(isa, n_to, n_from, dims[d], false);
                test_combination(isa, n_to, n_from, dims[d], true);
            }
}

/*
 * Losses of logits from -100 to 100 against the definition, in double precision. A logit is exact; e^-abs(s)
 * has a relative error of (1.2 abs(s) + 2) * 2^-24, the polynomial behind it 3.5, the sum half a unit, and
 * label * s and the difference another each, of what is left of s.
 */
static void test_losses(fw_isa isa)
{
    enum { N = 401, M = 5, PAIRS = N * M };
    snprintf(test_context, sizeof test_context, "losses, %s", fw_isa_name(isa));
    const size_t room = fw_block_floats(N, M);
    float *const logits = floats(room), *const labels = floats(room);
    float *const weights = floats(room), *const losses = floats(room);
    memset(losses, 0, room * sizeof(float));
    for (int a = 0; a < PAIRS; ++a) {
        logits[a] = (float)(a - PAIRS / 2) / (PAIRS / 200.0f);
        labels[a] = (float)(random_below(3)) / 2.0f;
        weights[a] = a % 7 == 0 ? 0.0f : (float)random_below(1 << 10) / 256.0f;
    }
    const fw_block block = {.n_inputs = N, .n_targets = M, .labels = labels, .weights = weights,
                            .logits = logits};
    fw_kernels_of(isa)->block_losses(&block, losses);
    for (int a = 0; a < PAIRS; ++a) {
        const double logit = logits[a], tail = log1p(exp(-fabs(logit)));
        const double expected = weights[a] * (fmax(logit, 0.0) + tail - labels[a] * logit);
        const double units = (1.2 * fabs(logit) + 6.0) * tail + 2.0 * fabs(logit);
        HOLDS(fabs(losses[a] - expected) <= weights[a] * units * 0x1p-24);
    }
    logits[3] = NAN;
    weights[3] = 1.0f;
    fw_kernels_of(isa)->block_losses(&block, losses);
    HOLDS(isnan(losses[3]));
    guards_check();
}

/* ---- Refusals --------------------------------------------------------------------------- */

static void test_refused_steps(void)
{
    snprintf(test_context, sizeof test_context, "refused block steps");
    new_step(2, 3, 16, false, true);
    const fw_block good = s.block;
    HOLDS(fw_block_step(FW_ISA_PORTABLE, &good) == FW_OK);
    HOLDS(fw_block_step(FW_ISA_PORTABLE, NULL) == FW_ERROR_ARGUMENT);
    HOLDS(fw_block_step(FW_ISA_COUNT, &good) == FW_ERROR_ISA_UNAVAILABLE);
#define REFUSED(status, field, value)                             \
    do {                                                          \
        fw_block bad = good;                                      \
        bad.field = value;                                        \
        HOLDS(fw_block_step(FW_ISA_PORTABLE, &bad) == (status));  \
    } while (0)
    REFUSED(FW_ERROR_ARGUMENT, n_inputs, 0);
    REFUSED(FW_ERROR_ARGUMENT, n_targets, -1);
    REFUSED(FW_ERROR_ARGUMENT, inputs, NULL);
    REFUSED(FW_ERROR_ARGUMENT, targets, NULL);
    REFUSED(FW_ERROR_ARGUMENT, labels, NULL);
    REFUSED(FW_ERROR_ARGUMENT, weights, NULL);
    REFUSED(FW_ERROR_ARGUMENT, logits, NULL);
    REFUSED(FW_ERROR_ARGUMENT, residuals, NULL);
    REFUSED(FW_ERROR_ARGUMENT, scratch, NULL);
    REFUSED(FW_ERROR_ALIGNMENT, labels, good.labels + 1);
    REFUSED(FW_ERROR_ALIGNMENT, weights, good.weights + 1);
    REFUSED(FW_ERROR_ALIGNMENT, logits, good.logits + 1);
    REFUSED(FW_ERROR_ALIGNMENT, residuals, good.residuals + 1);
    REFUSED(FW_ERROR_ALIGNMENT, scratch, good.scratch + 1);
    REFUSED(FW_ERROR_ALIGNMENT, stride, 0);
    REFUSED(FW_ERROR_ALIGNMENT, stride, 17);
#undef REFUSED
    table *const tables[] = {&s.inputs, &s.targets, &s.gradients};
    for (int k = 0; k < 3; ++k) {
        float *const row = tables[k]->row[1];
        tables[k]->row[1] = row + 4;
        HOLDS(fw_block_step(FW_ISA_PORTABLE, &good) == FW_ERROR_ALIGNMENT);
        tables[k]->row[1] = NULL;
        HOLDS(fw_block_step(FW_ISA_PORTABLE, &good) == FW_ERROR_ARGUMENT);
        tables[k]->row[1] = row;
    }
    guards_check();
}

static void test_refused_combinations(void)
{
    snprintf(test_context, sizeof test_context, "refused combinations");
    float *const a = floats(32), *const b = floats(32), *const c = floats(1);
    float *to[] = {a};
    const float *from[] = {b};
    const fw_isa isa = FW_ISA_PORTABLE;
    HOLDS(fw_combine_rows(isa, 16, to, 1, from, 1, c, true) == FW_OK);
    HOLDS(fw_combine_rows(FW_ISA_COUNT, 16, to, 1, from, 1, c, true) == FW_ERROR_ISA_UNAVAILABLE);
    HOLDS(fw_combine_rows(isa, 16, to, 1, from, 1, NULL, true) == FW_ERROR_ARGUMENT);
    HOLDS(fw_combine_rows(isa, 16, NULL, 1, from, 1, c, true) == FW_ERROR_ARGUMENT);
    HOLDS(fw_combine_rows(isa, 16, to, 1, NULL, 1, c, true) == FW_ERROR_ARGUMENT);
    HOLDS(fw_combine_rows(isa, 16, to, 0, from, 1, c, true) == FW_ERROR_ARGUMENT);
    HOLDS(fw_combine_rows(isa, 16, to, 1, from, 0, c, true) == FW_ERROR_ARGUMENT);
    HOLDS(fw_combine_rows(isa, 15, to, 1, from, 1, c, true) == FW_ERROR_ALIGNMENT);
    to[0] = a + 1;
    HOLDS(fw_combine_rows(isa, 16, to, 1, from, 1, c, true) == FW_ERROR_ALIGNMENT);
    to[0] = a;
    from[0] = b + 15;
    HOLDS(fw_combine_rows(isa, 16, to, 1, from, 1, c, true) == FW_ERROR_ALIGNMENT);
    guards_check();
}

int main(void)
{
    for (int isa = 0; isa < FW_ISA_COUNT; ++isa) {
        if (!fw_isa_available((fw_isa)isa))
            continue;
        printf("kernels of %s\n", fw_isa_name((fw_isa)isa));
        test_block_steps((fw_isa)isa);
        test_combinations((fw_isa)isa);
        test_losses((fw_isa)isa);
    }
    test_refused_steps();
    test_refused_combinations();
    return report("test_kernels");
}
