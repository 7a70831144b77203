/* SPDX-License-Identifier: Apache-2.0 */
#include "vector_lines.h"

#include <stdbool.h>
#include <string.h>

#include "decimal.h"
#include "decimal_text.h"
#include "kernels.h"

size_t fw_find_lines(const uint8_t *text, size_t n_bytes, size_t capacity, int64_t *word_ends,
                     int64_t *ends)
{
    size_t n = 0, begin = 0;
    while (n < capacity && begin < n_bytes) {
        const uint8_t *newline = memchr(text + begin, '\n', n_bytes - begin);
        if (newline == NULL)
            break;
        size_t end = (size_t)(newline - text);
        const uint8_t *space = memchr(text + begin, ' ', end - begin);
        word_ends[n] = (int64_t)(space == NULL ? end : (size_t)(space - text));
        ends[n++] = (int64_t)end;
        begin = end + 1;
    }
    return n;
}

size_t fw_find_entries(const uint8_t *text, size_t n_bytes, size_t row_bytes, size_t capacity,
                       int64_t *begins, int64_t *word_ends)
{
    size_t n = 0, begin = 0;
    while (n < capacity && begin < n_bytes) {
        const uint8_t *space = memchr(text + begin, ' ', n_bytes - begin);
        if (space == NULL)
            break;
        size_t end = (size_t)(space - text);
        if (n_bytes - end - 1 < row_bytes)
            break;
        begins[n] = (int64_t)(begin + (text[begin] == '\n'));
        word_ends[n++] = (int64_t)end;
        begin = end + 1 + row_bytes;
    }
    return n;
}

/* Space, \t, \n, \v, \f or \r: what bytes.split() of Python splits at. */
static inline bool is_space(uint8_t c)
{
    return c == ' ' || (uint8_t)(c - '\t') <= '\r' - '\t';
}

static bool parse_row(const uint8_t *text, size_t n_bytes, size_t columns, float *row)
{
    size_t at = 0;
    for (size_t column = 0;; column++) {
        while (at < n_bytes && is_space(text[at]))
            at++;
        if (at == n_bytes || column == columns)
            return at == n_bytes && column == columns;
        size_t length = fw_parse_float(text + at, n_bytes - at, row + column);
        at += length;
        if (length == 0 || (at < n_bytes && !is_space(text[at])))
            return false;
    }
}

size_t fw_parse_rows(const uint8_t *text, const int64_t *begins, const int64_t *ends, size_t n_rows,
                     size_t columns, float *rows)
{
    size_t i = 0;
    while (i < n_rows &&
           parse_row(text + begins[i], (size_t)(ends[i] - begins[i]), columns, rows + i * columns))
        i++;
    return i;
}

void fw_copy_rows(const uint8_t *text, const int64_t *begins, size_t n_rows, size_t row_bytes,
                  uint8_t *rows)
{
    for (size_t i = 0; i < n_rows; i++)
        memcpy(rows + i * row_bytes, text + begins[i], row_bytes);
}

/* Print numbers, each with a space behind it; return the end of it. */
static uint8_t *print_some(const fw_kernels *kernels, const float *numbers, size_t n, uint8_t *to)
{
    uint32_t bits[FW_DECIMAL_LANES] = {0}, positive[FW_DECIMAL_LANES];
    fw_decimals found;
    memcpy(bits, numbers, n * sizeof *bits);
    for (size_t i = 0; i < FW_DECIMAL_LANES; i++)
        positive[i] = bits[i] & 0x7fffffff;
    kernels->find_decimals(positive, &found);
    for (size_t i = 0; i < n; i++) {
        const fw_decimal decimal = {found.first[i], found.high[i], found.low[i], found.point[i]};
        to += print_decimal(bits[i], decimal, to);
        *to++ = ' ';
    }
    return to;
}

static uint8_t *print_row(const fw_kernels *kernels, const float *row, size_t columns, uint8_t *to)
{
    if (kernels->find_decimals) {
        for (size_t column = 0; column < columns; column += FW_DECIMAL_LANES) {
            const size_t left = columns - column;
            to = print_some(kernels, row + column, left < FW_DECIMAL_LANES ? left : FW_DECIMAL_LANES, to);
        }
    } else {
        for (size_t column = 0; column < columns; column++) {
            to += fw_print_float(row[column], to);
            *to++ = ' ';
        }
    }
    to[-1] = '\n';
    return to;
}

size_t fw_print_rows(fw_isa isa, const uint8_t *words, const int64_t *offsets, const float *rows,
                     size_t n_rows, size_t columns, size_t stride, uint8_t *out)
{
    const fw_kernels *const kernels = fw_kernels_of(isa);
    uint8_t *to = out;
    for (size_t i = 0; kernels && i < n_rows; i++) {
        size_t length = (size_t)(offsets[i + 1] - offsets[i]);
        memcpy(to, words + offsets[i], length);
        to = print_row(kernels, rows + i * stride, columns, to + length);
    }
    return (size_t)(to - out);
}
