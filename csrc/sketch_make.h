/* SPDX-License-Identifier: Apache-2.0 */
/* Sketches of rows (nearest.h), over the vector vocabulary and unpack() of nearest_rows.h. */
#include "nearest_state.h"

/* Largest magnitude among whole vecs of floats. */
static float largest_magnitude(const float *x, size_t size)
{
    vec most = vec_zero();
    for (size_t d = 0; d < size; d += VEC_WIDTH) {
        const vec v = vec_load(x + d);
        most = vec_max(vec_max(v, vec_sub(vec_zero(), v)), most);
    }
    _Alignas(FW_ALIGNMENT) float lanes[VEC_WIDTH];
    vec_store(lanes, most);
    float largest = 0.0f;
    for (int l = 0; l < VEC_WIDTH; ++l)
        largest = lanes[l] > largest ? lanes[l] : largest;
    return largest;
}

static float sum_of_lanes(vec a)
{
    float sums[4];
    vec_sum4(a, vec_zero(), vec_zero(), vec_zero(), sums);
    return sums[0];
}

typedef struct sketch_numbers {
    float scale, length, error;
} sketch_numbers;

/* Turn a row of whole vecs, zeros at its end, into its codes, as floats; return its numbers. */
static sketch_numbers sketch_row(float *x, size_t size, size_t vector_size)
{
    const float scale = largest_magnitude(x, size) / 127.0f;
    const float inverse = scale > FW_LEAST_SCALE ? 1.0f / scale : 0.0f;
    vec square = vec_zero(), missed = vec_zero();
    for (size_t d = 0; d < size; d += VEC_WIDTH) {
        const vec v = vec_load(x + d);
        const vec code = vec_round(vec_mul(v, vec_set1(inverse)));
        const vec near = vec_mul(code, vec_set1(scale));
        const vec difference = vec_sub(v, near);
        square = vec_fma(near, near, square);
        missed = vec_fma(difference, difference, missed);
        vec_store(x + d, code);
    }
    /* Sums of positive terms are right within 2^-24 for each of them, and so are the products of a
     * score and of the sketch; an eighth of a float's unit more for each settles all of it. */
    const float slack = (float)(vector_size + 64) * 0x1p-22f;
    sketch_numbers row = {scale, sqrtf(sum_of_lanes(square)), sqrtf(sum_of_lanes(missed))};
    row.length *= 1.0f + slack;
    row.error = row.error * (1.0f + slack) + slack * (row.length + row.error);
    if (!(row.length + row.error < INFINITY)) /* or NaN */
        row = (sketch_numbers){0.0f, 0.0f, -INFINITY};
    return row;
}

/* Write a row, or without codes one that is not there, to its lane of a block. */
static void put_lane(uint8_t *block, size_t lane, size_t vector_size, const float *codes,
                     sketch_numbers row)
{
    uint8_t *to = block + 4 * lane;
    for (size_t d = 0; d < vector_size; d += 4, to += 4 * FW_SKETCH_ROWS)
        for (size_t i = 0; i < 4; ++i)
            to[i] = (uint8_t)(codes && d + i < vector_size ? (int32_t)codes[d + i] + 128 : 128);
    float *const numbers = (float *)(void *)(to - 4 * lane) + lane;
    numbers[0] = row.scale;
    numbers[FW_SKETCH_ROWS] = row.length;
    numbers[2 * FW_SKETCH_ROWS] = row.error;
}

static void sketch_rows(const fw_search_state *s, const fw_rows *rows, uint8_t *blocks)
{
    const size_t size = rows->vector_size, block_bytes = fw_sketch_block_bytes(size);
    const size_t whole = (size + VEC_WIDTH - 1) / VEC_WIDTH * VEC_WIDTH;
    const size_t n_rows = (size_t)rows->n_rows;
    const sketch_numbers nothing = {0.0f, 0.0f, -INFINITY};
    float *const x = s->unpacked;
    for (size_t i = 0; i < n_rows; ++i) {
        unpack(rows->type, row_at(rows, i), size, x);
        for (size_t d = size; d < whole; ++d)
            x[d] = 0.0f;
        const vec factor = vec_set1(factor_of(rows, i));
        for (size_t d = 0; d < whole; d += VEC_WIDTH)
            vec_store(x + d, vec_mul(vec_load(x + d), factor));
        const sketch_numbers row = sketch_row(x, whole, size);
        put_lane(blocks + i / FW_SKETCH_ROWS * block_bytes, i % FW_SKETCH_ROWS, size,
                 row.error >= 0.0f ? x : NULL, row);
    }
    for (size_t i = n_rows; i % FW_SKETCH_ROWS != 0; ++i)
        put_lane(blocks + i / FW_SKETCH_ROWS * block_bytes, i % FW_SKETCH_ROWS, size, NULL, nothing);
}
