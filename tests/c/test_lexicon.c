/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The lexicon alone, without Python:
 *   cc -std=c11 -Icsrc tests/c/test_lexicon.c csrc/scan.c -o test_lexicon && ./test_lexicon
 *
 * lexicon.c is included, not linked, to let its allocations fail and its ids run out on demand.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "texts.h"

/* Allocations succeed while this is positive; it counts down unless it is negative. */
static long allocations_left = -1;

static int may_allocate(void)
{
    if (allocations_left > 0)
        allocations_left--;
    return allocations_left != 0;
}

static void *test_calloc(size_t count, size_t size)
{
    return may_allocate() ? calloc(count, size) : NULL;
}

static void *test_realloc(void *memory, size_t size)
{
    return may_allocate() ? realloc(memory, size) : NULL;
}

#define calloc test_calloc
#define realloc test_realloc
#define FW_MAX_WORDS 50000
#include "../../csrc/lexicon.c"
#undef calloc
#undef realloc

/* ---- Scanning ---------------------------------------------------------------------------- */

enum { TEXT_BYTES = 700 };

typedef struct tokens {
    int32_t ids[TEXT_BYTES];
    int64_t ends[TEXT_BYTES];
    size_t n_ids, n_ends;
} tokens;

static fw_status add_word(fw_lexicon *lexicon, const uint8_t *bytes, size_t length, int32_t *id)
{
    return fw_lexicon_add(lexicon, &bytes, &length, 1, id);
}

/* The specification: one byte after another, one word after another. */
static tokens slow_scan(fw_lexicon *lexicon, const uint8_t *text, size_t n_bytes)
{
    tokens all = {.n_ids = 0};
    int64_t sentence_begin = 0;
    for (size_t begin = 0, end = 0; end <= n_bytes; end++) {
        size_t n_space = space_length(text + end, n_bytes - end);
        if (end < n_bytes && n_space == 0)
            continue;
        if (end > begin) {
            fw_status status = add_word(lexicon, text + begin, end - begin, &all.ids[all.n_ids++]);
            CHECK(status == FW_OK, "add says %d", (int)status);
        }
        if ((end == n_bytes || text[end] == '\n') && (int64_t)all.n_ids > sentence_begin)
            all.ends[all.n_ends++] = sentence_begin = (int64_t)all.n_ids;
        begin = end + n_space;
        end = n_space > 0 ? begin - 1 : end;
    }
    return all;
}

/* Blocks, ids and ends of random sizes; each block in memory of its own, so that ASan sees. */
static tokens block_scan(fw_lexicon *lexicon, const uint8_t *text, size_t n_bytes, uint32_t most)
{
    tokens all = {.n_ids = 0};
    fw_scan scan = {.n_tokens = 0};
    size_t at = 0, n_block = 0;
    do {
        n_block += random_below(most) + 1;
        if (n_block > n_bytes - at)
            n_block = n_bytes - at;
        scan.n_bytes = n_block;
        scan.final = at + n_block == n_bytes;
        scan.ids_capacity = random_below(most) + 1;
        scan.ends_capacity = random_below(3) + 1;
        uint8_t *block = malloc(n_block + 1);
        scan.ids = malloc(scan.ids_capacity * sizeof(int32_t));
        scan.ends = malloc(scan.ends_capacity * sizeof(int64_t));
        if (block == NULL || scan.ids == NULL || scan.ends == NULL)
            abort();
        scan.text = block + 1; /* unaligned, and ending with the allocation */
        memcpy(block + 1, text + at, n_block);
        fw_status status = fw_lexicon_scan(lexicon, &scan);
        CHECK(status == FW_OK, "scan says %d", (int)status);
        memcpy(all.ids + all.n_ids, scan.ids, scan.n_ids * sizeof(int32_t));
        memcpy(all.ends + all.n_ends, scan.ends, scan.n_ends * sizeof(int64_t));
        all.n_ids += scan.n_ids;
        all.n_ends += scan.n_ends;
        at += scan.n_consumed;
        n_block -= scan.n_consumed;
        free(block);
        free(scan.ids);
        free(scan.ends);
    } while (at < n_bytes || !scan.final);
    CHECK(scan.n_tokens == (int64_t)all.n_ids, "%lld", (long long)scan.n_tokens);
    return all;
}

static bool same_tokens(const tokens *a, const tokens *b)
{
    return a->n_ids == b->n_ids && a->n_ends == b->n_ends &&
           memcmp(a->ids, b->ids, a->n_ids * sizeof a->ids[0]) == 0 &&
           memcmp(a->ends, b->ends, a->n_ends * sizeof a->ends[0]) == 0;
}

typedef struct dump {
    uint8_t bytes[1 << 16];
    int64_t offsets[1 << 12], counts[1 << 12];
} dump;

static bool same_lexicons(const fw_lexicon *a, const fw_lexicon *b)
{
    static dump first, second;
    if (fw_lexicon_size(a) != fw_lexicon_size(b) ||
        fw_lexicon_word_bytes(a) != fw_lexicon_word_bytes(b))
        return false;
    size_t n_words = (size_t)fw_lexicon_size(a);
    fw_lexicon_export(a, first.bytes, first.offsets, first.counts);
    fw_lexicon_export(b, second.bytes, second.offsets, second.counts);
    return memcmp(first.bytes, second.bytes, (size_t)fw_lexicon_word_bytes(a)) == 0 &&
           memcmp(first.offsets, second.offsets, (n_words + 1) * sizeof(int64_t)) == 0 &&
           memcmp(first.counts, second.counts, n_words * sizeof(int64_t)) == 0;
}

static void scanning_in_any_blocks_is_scanning_byte_by_byte(void)
{
    for (int round = 0; round < 1500; round++) {
        uint8_t text[TEXT_BYTES];
        size_t n_bytes = random_below(TEXT_BYTES);
        random_text(text, n_bytes);
        if (round % 3 == 0) /* some words longer than an entry has room for */
            memset(text + n_bytes / 3, 'l', n_bytes / 4);
        fw_lexicon *slow = fw_lexicon_new(), *fast = fw_lexicon_new();
        tokens expected = slow_scan(slow, text, n_bytes);
        tokens found = block_scan(fast, text, n_bytes, round % 2 ? 9 : 300);
        CHECK(same_tokens(&expected, &found), "tokens differ, round %d", round);
        CHECK(same_lexicons(slow, fast), "lexicons differ, round %d", round);
        fw_lexicon_free(slow);
        fw_lexicon_free(fast);
    }
}

static void merging_the_parts_is_scanning_the_whole(void)
{
    for (int round = 0; round < 500; round++) {
        uint8_t text[TEXT_BYTES];
        random_text(text, TEXT_BYTES);
        size_t border = random_below(TEXT_BYTES);
        text[border] = '\n';
        fw_lexicon *whole = fw_lexicon_new(), *first = fw_lexicon_new(), *second = fw_lexicon_new();
        tokens all = slow_scan(whole, text, TEXT_BYTES);
        size_t n_first = slow_scan(first, text, border).n_ids;
        tokens rest = slow_scan(second, text + border, TEXT_BYTES - border);
        int32_t id_map[TEXT_BYTES];
        fw_status status = fw_lexicon_merge(first, second, id_map);
        CHECK(status == FW_OK, "merge says %d", (int)status);
        CHECK(same_lexicons(whole, first), "round %d", round);
        for (size_t i = 0; i < rest.n_ids; i++)
            CHECK(id_map[rest.ids[i]] == all.ids[n_first + i], "token %zu, round %d", i, round);
        fw_lexicon_free(whole);
        fw_lexicon_free(first);
        fw_lexicon_free(second);
    }
}

/* ---- Growth and failure ------------------------------------------------------------------ */

static size_t numbered_word(char *word, int number)
{
    return (size_t)sprintf(word, number % 2 ? "w%d" : "a-rather-long-word-%d", number);
}

static fw_status add_number(fw_lexicon *lexicon, int number, int32_t *id)
{
    char word[40];
    size_t length = numbered_word(word, number);
    return add_word(lexicon, (const uint8_t *)word, length, id);
}

static void a_batch_is_word_after_word(void)
{
    enum { WORDS = 500 };
    static char text[WORDS][40];
    const uint8_t *words[WORDS];
    size_t lengths[WORDS];
    int32_t one_by_one[WORDS], together[WORDS];
    fw_lexicon *first = fw_lexicon_new(), *second = fw_lexicon_new();
    for (int i = 0; i < WORDS; i++) {
        lengths[i] = numbered_word(text[i], (int)random_below(100));
        words[i] = (const uint8_t *)text[i];
        CHECK(add_word(first, words[i], lengths[i], &one_by_one[i]) == FW_OK, "word %d", i);
    }
    CHECK(fw_lexicon_add(second, words, lengths, WORDS, together) == FW_OK, "a batch");
    CHECK(memcmp(one_by_one, together, sizeof together) == 0, "ids");
    CHECK(same_lexicons(first, second), "lexicons");
    int64_t counts[WORDS], total = 0;
    fw_lexicon_counts(second, counts);
    for (int32_t i = 0; i < fw_lexicon_size(second); i++)
        total += counts[i];
    CHECK(total == WORDS, "%lld words", (long long)total);
    fw_lexicon_free(first);
    fw_lexicon_free(second);
}

static void words_of_every_length_are_told_apart(void)
{
    fw_lexicon *lexicon = fw_lexicon_new();
    uint8_t zeros[40] = {0};
    for (int32_t round = 0; round < 2; round++)
        for (int32_t length = 0; length < 40; length++) {
            int32_t id = -1;
            fw_status status = add_word(lexicon, length > 0 ? zeros : NULL, (size_t)length, &id);
            CHECK(status == FW_OK && id == length, "length %d has id %d", (int)length, (int)id);
        }
    fw_lexicon_free(lexicon);
}

static void ids_and_counts_survive_growth(void)
{
    fw_lexicon *lexicon = fw_lexicon_new();
    int32_t id = -1;
    for (int round = 0; round < 3; round++)
        for (int number = 0; number < FW_MAX_WORDS; number++) {
            fw_status status = add_number(lexicon, number, &id);
            CHECK(status == FW_OK && id == number, "word %d has id %d", number, (int)id);
        }
    CHECK(add_number(lexicon, FW_MAX_WORDS, &id) == FW_ERROR_VOCABULARY_SIZE, "one too many");
    CHECK(add_number(lexicon, FW_MAX_WORDS - 1, &id) == FW_OK, "known words still count");
    CHECK(fw_lexicon_size(lexicon) == FW_MAX_WORDS, "%d words", (int)fw_lexicon_size(lexicon));

    size_t n_words = (size_t)fw_lexicon_size(lexicon);
    uint8_t *bytes = malloc((size_t)fw_lexicon_word_bytes(lexicon));
    int64_t *offsets = malloc((n_words + 1) * sizeof *offsets);
    int64_t *counts = malloc(n_words * sizeof *counts);
    if (bytes == NULL || offsets == NULL || counts == NULL)
        abort();
    fw_lexicon_export(lexicon, bytes, offsets, counts);
    for (size_t i = 0; i < n_words; i++) {
        char word[40];
        size_t length = numbered_word(word, (int)i);
        CHECK((size_t)(offsets[i + 1] - offsets[i]) == length, "length of word %zu", i);
        CHECK(memcmp(bytes + offsets[i], word, length) == 0, "bytes of word %zu", i);
        CHECK(counts[i] == 3 + (i + 1 == n_words), "word %zu: %lld", i, (long long)counts[i]);
    }
    free(bytes);
    free(offsets);
    free(counts);
    fw_lexicon_free(lexicon);
}

static void a_failed_allocation_leaves_a_valid_lexicon(void)
{
    for (long allowed = 1; allowed <= 3; allowed++) {
        allocations_left = allowed;
        fw_lexicon *stillborn = fw_lexicon_new();
        CHECK(stillborn == NULL, "%ld allocations", allowed);
    }
    allocations_left = -1;
    fw_lexicon *lexicon = fw_lexicon_new();
    int32_t id = -1;
    int number = 0;
    for (int refusals = 0; refusals < 20; number++) {
        allocations_left = 1; /* the next one fails */
        if (add_number(lexicon, number, &id) == FW_ERROR_MEMORY) {
            refusals++;
            allocations_left = 2; /* one succeeds, the one after it fails */
            (void)add_number(lexicon, number, &id);
            allocations_left = -1;
            CHECK(add_number(lexicon, number, &id) == FW_OK, "no recovery at word %d", number);
        }
        CHECK(id == number, "word %d has id %d", number, (int)id);
    }
    allocations_left = -1;
    for (int again = 0; again < number; again++)
        CHECK(add_number(lexicon, again, &id) == FW_OK && id == again, "word %d lost", again);
    CHECK(fw_lexicon_size(lexicon) == number, "%d words", (int)fw_lexicon_size(lexicon));
    fw_lexicon_free(lexicon);
}

static void merge_and_scan_report_a_lack_of_memory(void)
{
    fw_lexicon *into = fw_lexicon_new(), *from = fw_lexicon_new();
    int32_t id = -1, id_map[3000];
    for (int number = 0; number < 3000; number++)
        CHECK(add_number(from, number, &id) == FW_OK, "word %d", number);
    for (long allowed = 1; allowed < 5; allowed++) {
        allocations_left = allowed;
        CHECK(fw_lexicon_merge(into, from, id_map) == FW_ERROR_MEMORY, "merge, %ld", allowed);
    }
    allocations_left = -1;
    CHECK(fw_lexicon_merge(into, from, id_map) == FW_OK, "merge recovers");
    CHECK(fw_lexicon_size(into) == 3000, "%d words", (int)fw_lexicon_size(into));

    uint8_t text[4000]; /* words that are too long for an entry */
    for (size_t i = 0; i < sizeof text; i++)
        text[i] = i % 20 == 19 ? ' ' : (uint8_t)('a' + i * i * i % 26);
    int32_t ids[1000];
    int64_t ends[1];
    fw_lexicon *fresh = fw_lexicon_new();
    fw_scan scan = {text, sizeof text, true, ids, 1000, ends, 1, 0, 0, 0, 0, 0};
    allocations_left = 1;
    CHECK(fw_lexicon_scan(fresh, &scan) == FW_ERROR_MEMORY, "scan");
    allocations_left = -1;
    CHECK(add_word(fresh, text, 3, &id) == FW_OK && id == 0, "still usable");
    fw_lexicon_free(into);
    fw_lexicon_free(from);
    fw_lexicon_free(fresh);
}

static void bad_arguments_are_refused(void)
{
    fw_lexicon *lexicon = fw_lexicon_new();
    int32_t ids[1], id_map[1];
    int64_t ends[1];
    fw_scan no_text = {NULL, 1, true, ids, 1, ends, 1, 0, 0, 0, 0, 0};
    fw_scan no_ids = {(const uint8_t *)"a", 1, true, ids, 0, ends, 1, 0, 0, 0, 0, 0};
    fw_scan no_ends = {(const uint8_t *)"a", 1, true, ids, 1, ends, 0, 0, 0, 0, 0, 0};
    CHECK(fw_lexicon_scan(lexicon, NULL) == FW_ERROR_ARGUMENT, "no scan");
    CHECK(fw_lexicon_scan(lexicon, &no_text) == FW_ERROR_ARGUMENT, "no text");
    CHECK(fw_lexicon_scan(lexicon, &no_ids) == FW_ERROR_ARGUMENT, "no room for ids");
    CHECK(fw_lexicon_scan(lexicon, &no_ends) == FW_ERROR_ARGUMENT, "no room for ends");
    CHECK(add_word(lexicon, NULL, 1, ids) == FW_ERROR_ARGUMENT, "no bytes");
    CHECK(add_word(lexicon, NULL, 0, NULL) == FW_ERROR_ARGUMENT, "no id");
    CHECK(fw_lexicon_add(lexicon, NULL, NULL, 0, NULL) == FW_OK, "no words");
    CHECK(fw_lexicon_add(lexicon, NULL, NULL, 1, ids) == FW_ERROR_ARGUMENT, "null words");
    CHECK(fw_lexicon_merge(lexicon, lexicon, id_map) == FW_ERROR_ARGUMENT, "into itself");
    fw_lexicon_free(lexicon);
    fw_lexicon_free(NULL);
}

int main(void)
{
    scanning_in_any_blocks_is_scanning_byte_by_byte();
    merging_the_parts_is_scanning_the_whole();
    a_batch_is_word_after_word();
    words_of_every_length_are_told_apart();
    ids_and_counts_survive_growth();
    a_failed_allocation_leaves_a_valid_lexicon();
    merge_and_scan_report_a_lack_of_memory();
    bad_arguments_are_refused();
    return report("test_lexicon");
}
