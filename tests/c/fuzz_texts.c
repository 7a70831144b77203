/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What reads text, fed with anything: a target for libFuzzer, built and run by fuzz.sh. The first byte
 * of an input tells what reads it, the second how. Every buffer has just the size that is promised, so
 * that the sanitizers see a byte too many.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "decimal.h"
#include "lexicon.h"
#include "vector_lines.h"

#define HOLDS(claim)                                                                               \
    do {                                                                                           \
        if (!(claim)) {                                                                            \
            fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #claim);                     \
            abort();                                                                               \
        }                                                                                          \
    } while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void *new_array(size_t n, size_t size)
{
    void *const memory = malloc(n * size + (n == 0));
    HOLDS(memory);
    return memory;
}

/* A number that was read is printed and comes back. */
static void fuzz_float(const uint8_t *text, size_t n)
{
    float value = 0.0f, again = 0.0f;
    const size_t length = fw_parse_float(text, n, &value);
    HOLDS(length <= n);
    if (length == 0)
        return;
    uint8_t *const printed = new_array(FW_FLOAT_CHARS, 1);
    const size_t n_printed = fw_print_float(value, printed);
    HOLDS(n_printed <= FW_FLOAT_CHARS);
    HOLDS(fw_parse_float(printed, n_printed, &again) == n_printed);
    HOLDS(memcmp(&again, &value, sizeof value) == 0 || (value != value && again != again));
    free(printed);
}

/* Lines of a word and numbers; rows that were read are written, and read again. */
static void fuzz_lines(const uint8_t *text, size_t n, size_t columns)
{
    const size_t capacity = n / 2 + 1;
    int64_t *const word_ends = new_array(capacity, sizeof *word_ends);
    int64_t *const ends = new_array(capacity, sizeof *ends);
    const size_t n_lines = fw_find_lines(text, n, capacity, word_ends, ends);
    HOLDS(n_lines <= capacity);
    for (size_t i = 0; i < n_lines; i++)
        HOLDS(word_ends[i] <= ends[i] && ends[i] < (int64_t)n && (i == 0 || ends[i - 1] < ends[i]));
    float *const rows = new_array(n_lines * columns, sizeof *rows);
    const size_t n_rows = fw_parse_rows(text, word_ends, ends, n_lines, columns, rows);
    HOLDS(n_rows <= n_lines);
    int64_t *const offsets = calloc(n_rows + 1, sizeof *offsets);
    HOLDS(offsets);
    uint8_t *const out = new_array(n_rows * columns, FW_FLOAT_CHARS + 1);
    const size_t n_out = n_rows ? fw_print_rows(FW_ISA_PORTABLE, text, offsets, rows, n_rows,
                                                columns, columns, out)
                                : 0;
    HOLDS(n_out <= n_rows * columns * (FW_FLOAT_CHARS + 1));
    free(out);
    free(offsets);
    free(rows);
    free(ends);
    free(word_ends);
}

static void fuzz_entries(const uint8_t *text, size_t n, size_t row_bytes)
{
    const size_t capacity = n / (row_bytes + 1) + 1;
    int64_t *const begins = new_array(capacity, sizeof *begins);
    int64_t *const word_ends = new_array(capacity, sizeof *word_ends);
    const size_t n_entries = fw_find_entries(text, n, row_bytes, capacity, begins, word_ends);
    HOLDS(n_entries <= capacity);
    for (size_t i = 0; i < n_entries; i++) {
        HOLDS(0 <= begins[i] && begins[i] <= word_ends[i]);
        HOLDS((size_t)word_ends[i] + 1 + row_bytes <= n);
        word_ends[i]++;
    }
    uint8_t *const rows = new_array(n_entries, row_bytes);
    fw_copy_rows(text, word_ends, n_entries, row_bytes, rows);
    free(rows);
    free(word_ends);
    free(begins);
}

/* Scan a text in blocks that begin `step` bytes after one another, or longer ones where a word is. */
static size_t scan(fw_lexicon *lexicon, const uint8_t *text, size_t n, size_t step, size_t room,
                   int32_t *ids, int64_t *ends, size_t *n_ends)
{
    fw_scan block = {0};
    size_t begin = 0, length = step, n_ids = 0;
    *n_ends = 0;
    for (;;) {
        length = length < n - begin ? length : n - begin;
        block.text = text + begin;
        block.n_bytes = length;
        block.final = begin + length == n;
        block.ids = ids + n_ids;
        block.ids_capacity = room;
        block.ends = ends + *n_ends;
        block.ends_capacity = room;
        HOLDS(fw_lexicon_scan(lexicon, &block) == FW_OK);
        HOLDS(block.n_consumed <= length && block.n_ids <= room && block.n_ends <= room);
        begin += block.n_consumed;
        n_ids += block.n_ids;
        *n_ends += block.n_ends;
        if (begin == n && block.n_ids < room && block.n_ends < room)
            return n_ids;
        length = block.n_consumed == 0 ? length + step : step;
    }
}

/* However a text is cut into blocks, and whatever room there is, its words and sentences are the same. */
static void fuzz_scan(const uint8_t *text, size_t n, size_t step, size_t room)
{
    int32_t *const ids[2] = {new_array(n + 1 + room, sizeof(int32_t)), new_array(n + 2, sizeof(int32_t))};
    int64_t *const ends[2] = {new_array(n + 1 + room, sizeof(int64_t)), new_array(n + 2, sizeof(int64_t))};
    size_t n_ids[2], n_ends[2];
    for (int i = 0; i < 2; i++) {
        fw_lexicon *const lexicon = fw_lexicon_new();
        HOLDS(lexicon);
        n_ids[i] = i == 0 ? scan(lexicon, text, n, step, room, ids[i], ends[i], &n_ends[i])
                          : scan(lexicon, text, n, n + 1, n + 2, ids[i], ends[i], &n_ends[i]);
        fw_lexicon_free(lexicon);
    }
    HOLDS(n_ids[0] == n_ids[1] && n_ends[0] == n_ends[1]);
    HOLDS(memcmp(ids[0], ids[1], n_ids[0] * sizeof(int32_t)) == 0);
    HOLDS(memcmp(ends[0], ends[1], n_ends[0] * sizeof(int64_t)) == 0);
    for (int i = 0; i < 2; i++) {
        free(ids[i]);
        free(ends[i]);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2)
        return 0;
    const size_t n = size - 2, how = data[1];
    uint8_t *const text = new_array(n, 1);
    memcpy(text, data + 2, n);
    switch (data[0] % 4) {
    case 0: fuzz_float(text, n); break;
    case 1: fuzz_lines(text, n, how % 8 + 1); break;
    case 2: fuzz_entries(text, n, how); break;
    default: fuzz_scan(text, n, how % 16 + 1, how / 16 + 1); break;
    }
    free(text);
    return 0;
}
