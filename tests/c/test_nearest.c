/* SPDX-License-Identifier: Apache-2.0 */
/* The search of every instruction set against sums in double, in rows that end where memory does. */
#include <math.h>

#include "guards.h"
#include "nearest.h"

enum { MOST_ROWS = 61, MOST_QUERIES = 60, FOUND = 6 };

static float random_float(void) /* in [-1, 1) */
{
    return (float)random_below(1 << 24) / 8388608.0f - 1.0f;
}

static uint16_t half_of(float value) /* cut off; normal numbers and 0 */
{
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    const uint32_t exponent = bits >> 23 & 255;
    if (exponent < 113)
        return 0;
    return (uint16_t)((bits >> 16 & 0x8000) | (exponent - 112) << 10 | (bits >> 13 & 1023));
}

static double half_value(uint16_t half)
{
    const double fraction = ldexp(1024 + (half & 1023), (half >> 10 & 31) - 25);
    return (half & 0x7fff) == 0 ? 0.0 : half & 0x8000 ? -fraction : fraction;
}

typedef struct matrix {
    fw_rows rows;
    double exact[MOST_ROWS][320];
    float *norms, *inverse_norms, *scales;
    fw_sketch sketch;
} matrix;

static matrix m; /* too large for some stacks */

/* Write an element, and return its value. */
static double put_element(char *row, fw_row_type type, size_t d, float value)
{
    if (type == FW_ROW_FLOAT32) {
        memcpy(row + 4 * d, &value, 4);
        return (double)value;
    }
    if (type == FW_ROW_FLOAT16) {
        const uint16_t half = half_of(value);
        memcpy(row + 2 * d, &half, 2);
        return half_value(half);
    }
    const int8_t whole = (int8_t)(value * 127.0f);
    memcpy(row + d, &whole, 1);
    return (double)whole;
}

/* Rows of random elements that begin at an odd element and are `spare` elements apart. */
static void new_matrix(fw_row_type type, int32_t n, size_t size, size_t spare)
{
    const size_t element = type == FW_ROW_INT8 ? 1 : type == FW_ROW_FLOAT16 ? 2 : 4;
    const size_t row_bytes = (size + spare) * element;
    char *const data = (char *)guarded_alloc((size_t)n * row_bytes + element) + element;
    m.norms = guarded_alloc((size_t)n * sizeof(float));
    m.inverse_norms = guarded_alloc((size_t)n * sizeof(float));
    m.scales = guarded_alloc((size_t)n * sizeof(float));
    for (int32_t i = 0; i < n; ++i) {
        m.scales[i] = type == FW_ROW_INT8 ? 0.5f + (float)random_below(100) : 1.0f;
        for (size_t d = 0; d < size; ++d)
            m.exact[i][d] = (double)m.scales[i] * put_element(data + (size_t)i * row_bytes, type, d,
                                                              i == 3 ? 0.0f : random_float());
    }
    m.rows = (fw_rows){type, data, row_bytes, size, n, type == FW_ROW_INT8 ? m.scales : NULL,
                       m.inverse_norms, NULL};
}

static void measure(fw_isa isa)
{
    const size_t size = m.rows.vector_size, n = (size_t)m.rows.n_rows;
    void *const workspace = guarded_alloc(fw_score_workspace_size(size));
    HOLDS(fw_measure_rows(isa, &m.rows, m.norms, workspace) == FW_OK);
    for (size_t i = 0; i < n; ++i) {
        double square = 0.0;
        for (size_t d = 0; d < size; ++d)
            square += m.exact[i][d] * m.exact[i][d];
        HOLDS(fabs((double)m.norms[i] - sqrt(square)) <= 1e-5 * sqrt(square));
        m.inverse_norms[i] = square > 0.0 ? 1.0f / m.norms[i] : 0.0f;
    }
    const size_t n_blocks = (n + FW_SKETCH_ROWS - 1) / FW_SKETCH_ROWS;
    m.sketch.coarse = guarded_alloc(n_blocks * fw_sketch_coarse_bytes(size));
    m.sketch.fine = guarded_alloc(n_blocks * fw_sketch_fine_bytes(size));
    HOLDS(fw_sketch_rows(isa, &m.rows, &m.sketch, workspace) == FW_OK);
}

static double cosine(size_t row, const float *query)
{
    double dot = 0.0;
    for (size_t d = 0; d < m.rows.vector_size; ++d)
        dot += m.exact[row][d] * (double)query[d];
    return dot * (double)m.inverse_norms[row];
}

/* Those found for a query are the best of all that are not excluded, in order. */
static void check_found(const fw_search *s, size_t q)
{
    const float *const scores = s->scores + q * FOUND;
    const int32_t *const ids = s->ids + q * FOUND;
    int32_t better = 0, candidates = 0;
    const double tolerance = 1e-5 * sqrt((double)s->vector_size);
    double last = INFINITY;
    int32_t held = 0;
    while (held < FOUND && ids[held] >= 0)
        ++held;
    for (int32_t i = 0; i < held; ++i) {
        const double expected = cosine((size_t)ids[i], s->queries + q * s->vector_size);
        HOLDS(fabs((double)scores[i] - expected) <= tolerance);
        HOLDS((double)scores[i] <= last);
        HOLDS(ids[i] != s->excluded[q]);
        last = (double)scores[i];
    }
    for (int32_t i = 0; i < m.rows.n_rows; ++i) {
        candidates += i != s->excluded[q];
        better += i != s->excluded[q] &&
                  cosine((size_t)i, s->queries + q * s->vector_size) > last + 2.0 * tolerance;
    }
    HOLDS(held == (candidates < FOUND ? candidates : FOUND));
    HOLDS(better < held || held == 0);
    for (int32_t i = held; i < FOUND; ++i)
        HOLDS(ids[i] == -1 && isnan(scores[i]));
}

static void test_search(fw_isa isa, int32_t n_queries, bool has_sketch, bool has_byte_dots)
{
    const size_t size = m.rows.vector_size, n = (size_t)n_queries;
    float *const queries = guarded_alloc(n * size * sizeof(float));
    int32_t *const excluded = guarded_alloc(n * sizeof(int32_t));
    for (size_t i = 0; i < n * size; ++i)
        queries[i] = random_float();
    for (size_t q = 0; q < n; ++q)
        excluded[q] = (int32_t)random_below((uint32_t)m.rows.n_rows + 1) - 1;
    fw_search s = {isa, size, n_queries, queries, 1, excluded, has_sketch, has_byte_dots, FOUND,
                   guarded_alloc(n * FOUND * sizeof(float)),
                   guarded_alloc(n * FOUND * sizeof(int32_t))};
    void *const workspace = guarded_alloc(fw_search_workspace_size(&s));
    HOLDS(fw_search_begin(&s, workspace) == FW_OK);
    for (int32_t first = 0; first < m.rows.n_rows; first += 25) { /* no multiple of a tile */
        fw_rows stretch = m.rows;
        stretch.data = (const char *)m.rows.data + (size_t)first * m.rows.row_bytes;
        stretch.n_rows = m.rows.n_rows - first < 25 ? m.rows.n_rows - first : 25;
        stretch.inverse_norms += first;
        stretch.scales = m.rows.scales ? m.rows.scales + first : NULL;
        fw_sketch sketch = m.sketch;
        sketch.coarse += (size_t)(first / FW_SKETCH_ROWS) * fw_sketch_coarse_bytes(size);
        sketch.fine += (size_t)(first / FW_SKETCH_ROWS) * fw_sketch_fine_bytes(size);
        stretch.sketch = &sketch;
        HOLDS(fw_search_rows(&s, &stretch, first, workspace) == FW_OK);
    }
    HOLDS(fw_search_end(&s, workspace) == FW_OK);
    for (size_t q = 0; q < n; ++q)
        check_found(&s, q);
}

static void test_scores(fw_isa isa)
{
    float *const query = guarded_alloc(m.rows.vector_size * sizeof(float));
    float *const scores = guarded_alloc((size_t)m.rows.n_rows * sizeof(float));
    void *const workspace = guarded_alloc(fw_score_workspace_size(m.rows.vector_size));
    for (size_t d = 0; d < m.rows.vector_size; ++d)
        query[d] = random_float();
    HOLDS(fw_score_rows(isa, &m.rows, query, scores, workspace) == FW_OK);
    for (size_t i = 0; i < (size_t)m.rows.n_rows; ++i)
        HOLDS(fabs((double)scores[i] - cosine(i, query)) <=
              1e-5 * sqrt((double)m.rows.vector_size));
}

static void test_shape(fw_isa isa, fw_row_type type, size_t size)
{
    static const int32_t query_counts[] = {1, 2, 3, 5, 9, 17, 50, MOST_QUERIES};
    static const int32_t row_counts[] = {1, 5, 16, 33, MOST_ROWS};
    for (size_t i = 0; i < sizeof row_counts / sizeof *row_counts; ++i)
        for (size_t j = 0; j < sizeof query_counts / sizeof *query_counts; ++j) {
            snprintf(test_context, sizeof test_context, "%s, rows %d of %d x %zu, queries %d",
                     fw_isa_name(isa), (int)type, (int)row_counts[i], size, (int)query_counts[j]);
            new_matrix(type, row_counts[i], size, j % 3);
            measure(isa);
            test_search(isa, query_counts[j], false, false);
            test_search(isa, query_counts[j], true, false);
            test_search(isa, query_counts[j], true, fw_isa_has_byte_dots());
            if (j == 0)
                test_scores(isa);
            guards_check();
        }
}

static void test_refusals(void)
{
    snprintf(test_context, sizeof test_context, "refusals");
    new_matrix(FW_ROW_FLOAT32, 5, 4, 0);
    measure(FW_ISA_PORTABLE);
    float query[4] = {1.0f, 0.0f, 0.0f, 0.0f}, scores[2];
    int32_t ids[2];
    const fw_search good = {FW_ISA_PORTABLE, 4, 1, query, 0, NULL, false, false, 2, scores, ids};
    char *const workspace = guarded_alloc(fw_search_workspace_size(&good) + FW_ALIGNMENT);
    fw_search bad = good;
    bad.n_found = 0;
    HOLDS(fw_search_workspace_size(&bad) == 0 && fw_search_begin(&bad, workspace) != FW_OK);
    bad = good, bad.queries = NULL;
    HOLDS(fw_search_begin(&bad, workspace) == FW_ERROR_ARGUMENT);
    bad = good, bad.n_excluded = 1;
    HOLDS(fw_search_begin(&bad, workspace) == FW_ERROR_ARGUMENT);
    bad = good, bad.isa = FW_ISA_COUNT;
    HOLDS(fw_search_begin(&bad, workspace) == FW_ERROR_ISA_UNAVAILABLE);
    HOLDS(fw_search_begin(&good, workspace + 4) == FW_ERROR_ALIGNMENT);
    HOLDS(fw_search_begin(&good, workspace) == FW_OK);
    fw_rows rows = m.rows;
    rows.row_bytes = 17;
    HOLDS(fw_search_rows(&good, &rows, 0, workspace) == FW_ERROR_ALIGNMENT);
    rows = m.rows, rows.vector_size = 3;
    HOLDS(fw_search_rows(&good, &rows, 0, workspace) == FW_ERROR_ARGUMENT);
    rows = m.rows, rows.inverse_norms = NULL;
    HOLDS(fw_search_rows(&good, &rows, 0, workspace) == FW_ERROR_ARGUMENT);
    HOLDS(fw_search_rows(&good, &m.rows, INT32_MAX - 4, workspace) == FW_ERROR_ARGUMENT);
    bad = good, bad.has_sketch = true; /* and the rows have none */
    HOLDS(fw_search_rows(&bad, &m.rows, 0, workspace) == FW_ERROR_ARGUMENT);
    HOLDS(fw_sketch_coarse_bytes(0) == 0 && fw_sketch_fine_bytes(65537) == 0);
    HOLDS(fw_sketch_coarse_bytes(65) == 16 * (36 + 12) && fw_sketch_fine_bytes(65) == 16 * (36 + 4));
    guards_check();
}

int main(void)
{
    static const size_t sizes[] = {1, 3, 7, 16, 17, 64, 100, 300};
    for (int isa = 0; isa < FW_ISA_COUNT; ++isa)
        for (int type = 0; fw_isa_available((fw_isa)isa) && type < FW_ROW_TYPE_COUNT; ++type)
            for (size_t i = 0; i < sizeof sizes / sizeof *sizes; ++i)
                test_shape((fw_isa)isa, (fw_row_type)type, sizes[i]);
    test_refusals();
    return report("test_nearest");
}
