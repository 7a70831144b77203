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
    float scale, length, error, coarse_error;
} sketch_numbers;

/*
 * Turn a row of whole vecs, zeros at its end, into its codes less 128, as floats; return its numbers.
 * 16 h - 120.5 is no 0 where there is no element: that counts as an error, too.
 */
static sketch_numbers sketch_row(float *x, size_t size, size_t vector_size)
{
    const float scale = largest_magnitude(x, size) / 127.0f;
    const float inverse = scale > FW_LEAST_SCALE ? 1.0f / scale : 0.0f;
    vec square = vec_zero(), missed = vec_zero(), coarsely = vec_zero();
    for (size_t d = 0; d < size; d += VEC_WIDTH) {
        const vec v = vec_load(x + d);
        const vec code = vec_round(vec_mul(v, vec_set1(inverse)));
        const vec difference = vec_sub(v, vec_mul(code, vec_set1(scale)));
        /* h: code / 16 + 8 has sixteenths, and less 15 / 32 is rounded down. */
        const vec high = vec_round(vec_fma(code, vec_set1(0.0625f), vec_set1(7.53125f)));
        const vec middle = vec_fma(high, vec_set1(16.0f), vec_set1(-120.5f));
        const vec coarse = vec_sub(v, vec_mul(middle, vec_set1(scale)));
        square = vec_fma(v, v, square);
        missed = vec_fma(difference, difference, missed);
        coarsely = vec_fma(coarse, coarse, coarsely);
        vec_store(x + d, code);
    }
    /* Sums of positive terms are right within 2^-24 for each of them, and so are the products of a
     * score and of the sketch; an eighth of a float's unit more for each settles all of it. */
    const float slack = (float)(vector_size + 64) * 0x1p-22f;
    sketch_numbers row = {scale, sqrtf(sum_of_lanes(square)), sqrtf(sum_of_lanes(missed)),
                          sqrtf(sum_of_lanes(coarsely))};
    row.length = (row.length + row.error) * (1.0f + slack);
    row.error = row.error * (1.0f + slack) + slack * row.length;
    row.coarse_error = row.coarse_error * (1.0f + slack) + slack * (row.length + row.coarse_error);
    if (!(row.length + row.coarse_error < INFINITY)) /* or NaN */
        row = (sketch_numbers){0.0f, 0.0f, -INFINITY, -INFINITY};
    return row;
}

/* Write the codes and the numbers of a row to its lane of a block. */
static void put_lane(uint8_t *coarse, uint8_t *fine, size_t lane, size_t vector_size,
                     const uint8_t *codes, sketch_numbers row)
{
    const uint32_t low = 0x0f0f0f0fu;
    coarse += 4 * lane;
    fine += 4 * lane;
    for (size_t d = 0; d < vector_size; d += 8) {
        uint32_t four, next, both;
        memcpy(&four, codes + d, sizeof four);
        memcpy(&next, codes + d + 4, sizeof next);
        both = (four >> 4 & low) | (next & ~low);
        memcpy(coarse, &both, sizeof both);
        both = (four & low) | (next & low) << 4;
        memcpy(fine, &both, sizeof both);
        coarse += 4 * FW_SKETCH_ROWS;
        fine += 4 * FW_SKETCH_ROWS;
    }
    const float numbers[3] = {row.scale, row.length, row.coarse_error};
    for (size_t i = 0; i < 3; ++i)
        memcpy(coarse + 4 * FW_SKETCH_ROWS * i, numbers + i, sizeof *numbers);
    memcpy(fine, &row.error, sizeof row.error);
}

static void sketch_rows(const fw_search_state *s, const fw_rows *rows, const fw_sketch *sketch)
{
    const size_t size = rows->vector_size, n_rows = (size_t)rows->n_rows;
    const size_t whole = (size + VEC_WIDTH - 1) / VEC_WIDTH * VEC_WIDTH;
    const size_t n_lanes = (n_rows + FW_SKETCH_ROWS - 1) / FW_SKETCH_ROWS * FW_SKETCH_ROWS;
    float *const x = s->unpacked;
    uint8_t *const codes = (uint8_t *)(s->unpacked + s->row_floats);
    memset(codes, 128, s->row_floats);
    for (size_t i = 0; i < n_lanes; ++i) {
        sketch_numbers row = {0.0f, 0.0f, -INFINITY, -INFINITY};
        if (i < n_rows) {
            unpack(rows->type, row_at(rows, i), size, x);
            for (size_t d = size; d < whole; ++d)
                x[d] = 0.0f;
            const vec factor = vec_set1(factor_of(rows, i));
            for (size_t d = 0; d < whole; d += VEC_WIDTH)
                vec_store(x + d, vec_mul(vec_load(x + d), factor));
            row = sketch_row(x, whole, size);
        }
        for (size_t d = 0; d < size; ++d)
            codes[d] = row.error >= 0.0f ? (uint8_t)((int32_t)x[d] + 128) : 128;
        const size_t block = i / FW_SKETCH_ROWS;
        put_lane(sketch->coarse + block * fw_sketch_coarse_bytes(size),
                 sketch->fine + block * fw_sketch_fine_bytes(size), i % FW_SKETCH_ROWS, size, codes,
                 row);
    }
}
