/* SPDX-License-Identifier: Apache-2.0 */
/* Rows one by one, for a score or a length; part of nearest_rows.h. */

/* As a lane of four_rows(), to the bit. */
FW_INLINE float dot_one(const fw_row_type type, const void *x, size_t size, const float *packed)
{
    const size_t whole = size / VEC_WIDTH * VEC_WIDTH;
    vec acc = vec_zero();
    for (size_t d = 0; d < whole; d += VEC_WIDTH)
        acc = vec_fma(load_elements(type, x, d), vec_load(packed + d), acc);
    if (whole < size)
        acc = vec_fma(load_elements(type, x, size - VEC_WIDTH), vec_load(packed + whole), acc);
    float sums[DOT_ROWS];
    vec_sum4(acc, acc, acc, acc, sums);
    return sums[0];
}

/* The score of a row with a query that was packed by itself. */
static float score_one(const fw_search_state *s, const fw_rows *rows, size_t i, size_t query)
{
    const float *const packed = s->packed + query * s->row_floats;
    const float factor = factor_of(rows, i);
    const void *const row = row_at(rows, i);
    const size_t size = rows->vector_size;
    if (size < VEC_WIDTH) {
        unpack(rows->type, row, size, s->unpacked);
        return factor * dot_one(FW_ROW_FLOAT32, s->unpacked, VEC_WIDTH, packed);
    }
    switch (rows->type) {
    case FW_ROW_FLOAT16: return factor * dot_one(FW_ROW_FLOAT16, row, size, packed);
    case FW_ROW_INT8: return factor * dot_one(FW_ROW_INT8, row, size, packed);
    default: return factor * dot_one(FW_ROW_FLOAT32, row, size, packed);
    }
}

/* The lengths of rows, unpacked one by one. */
static void measure_rows(const fw_search_state *s, const fw_rows *rows, float *norms)
{
    const size_t whole = rows->vector_size / VEC_WIDTH * VEC_WIDTH;
    float *const row = s->unpacked;
    for (size_t i = 0; i < (size_t)rows->n_rows; ++i) {
        unpack(rows->type, row_at(rows, i), rows->vector_size, row);
        vec acc = vec_zero();
        for (size_t d = 0; d < whole; d += VEC_WIDTH) {
            const vec x = vec_load(row + d);
            acc = vec_fma(x, x, acc);
        }
        float sums[4], square = 0.0f;
        vec_sum4(acc, vec_zero(), vec_zero(), vec_zero(), sums);
        for (size_t d = whole; d < rows->vector_size; ++d)
            square += row[d] * row[d];
        const float scale = rows->scales ? fabsf(rows->scales[i]) : 1.0f;
        norms[i] = sqrtf(sums[0] + square) * scale;
    }
}
