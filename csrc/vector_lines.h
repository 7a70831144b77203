/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Vectors in text, a line a word: "word x1 x2 ... xd\n"; and entries of a word and binary numbers.
 * All work on a block of a file in memory, as many lines or entries as are whole in it.
 */
#ifndef FASTW2V_VECTOR_LINES_H
#define FASTW2V_VECTOR_LINES_H

#include <stddef.h>
#include <stdint.h>

#include "fastw2v.h"

/*
 * Find the lines of text[0 .. n_bytes): line i begins after the newline at ends[i - 1], or at 0, its
 * word ends at the first space in it, word_ends[i], or else with the line, and its newline is at
 * ends[i]. Returns how many whole lines there are, at most `capacity`.
 */
size_t fw_find_lines(const uint8_t *text, size_t n_bytes, size_t capacity, int64_t *word_ends,
                     int64_t *ends);

/*
 * Find entries "word " with row_bytes of anything behind the space, and perhaps a newline before the
 * word, which is no part of it: word i is text[begins[i] .. word_ends[i]). Returns how many whole
 * entries there are, at most `capacity`.
 */
size_t fw_find_entries(const uint8_t *text, size_t n_bytes, size_t row_bytes, size_t capacity,
                       int64_t *begins, int64_t *word_ends);

/*
 * Read row i from text[begins[i] .. ends[i]): `columns` numbers as fw_parse_float knows them, ASCII
 * white space between and around them. Returns how many rows were read before one that is anything
 * else, so n_rows if all is well. rows[i * columns] is the first number of row i.
 */
size_t fw_parse_rows(const uint8_t *text, const int64_t *begins, const int64_t *ends, size_t n_rows,
                     size_t columns, float *rows);

/* Copy row_bytes from text[begins[i]] to rows[i * row_bytes], for each i. */
void fw_copy_rows(const uint8_t *text, const int64_t *begins, size_t n_rows, size_t row_bytes,
                  uint8_t *rows);

/*
 * Write lines: words[offsets[i] .. offsets[i + 1]), which is a word and the space after it, and
 * `columns` numbers, at least one, from rows[i * stride] on. `out` must have room for the words and
 * columns * (FW_FLOAT_CHARS + 1) bytes a line. Returns how many bytes were written: 0 if this build
 * does not have the instruction set.
 */
size_t fw_print_rows(fw_isa isa, const uint8_t *words, const int64_t *offsets, const float *rows,
                     size_t n_rows, size_t columns, size_t stride, uint8_t *out);

#endif
