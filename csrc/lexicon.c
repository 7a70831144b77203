/* SPDX-License-Identifier: Apache-2.0 */
#include "lexicon.h"

#include <stdlib.h>
#include <string.h>

#include "huge_pages.h"
#include "lexicon_table.h"
#include "prefetch.h"
#include "word.h"

#ifndef FW_MAX_WORDS /* a test sets a smaller one */
#define FW_MAX_WORDS INT32_MAX
#endif

enum {
    BATCH_WORDS = 64, /* words in flight, so that their cache misses overlap */
    WORDS_AHEAD = 16, /* whose places are asked for while a table is filled */
    FIRST_PLACES_LOG2 = 10,
    CACHE_LINE = 64
};

/* ---- Table ------------------------------------------------------------------------------- */

static inline bool is_long(const fw_entry *entry)
{
    return entry->length > FW_SHORT_BYTES;
}

static inline const uint8_t *long_word(const fw_lexicon *lexicon, const fw_entry *entry)
{
    return lexicon->long_bytes + entry->high;
}

static inline uint64_t hash_of(const fw_entry *entry)
{
    return is_long(entry) ? entry->low : fw_mix(entry->low, entry->high);
}

static bool same_word(const fw_lexicon *lexicon, const fw_entry *entry, const fw_word *word)
{
    if (word->length <= FW_SHORT_BYTES)
        return fw_same_short(entry, word);
    return entry->low == word->low && entry->length == word->length &&
           memcmp(long_word(lexicon, entry), word->bytes, word->length) == 0;
}

static inline void occupy(fw_lexicon *lexicon, size_t at, uint64_t hash, int32_t id)
{
    lexicon->places[at] = ((uint32_t)hash & ~fw_id_mask(lexicon)) | ((uint32_t)id + 1);
}

/*
 * Zeroed memory in whole cache lines, or from half a huge page on in whole huge pages; `*to_free` is
 * what to give back. New memory whenever something grows: realloc moves pages to where they are not
 * huge.
 */
static void *new_memory(size_t n_bytes, void **to_free)
{
    size_t alignment = n_bytes < FW_HUGE_PAGE / 2 ? CACHE_LINE : FW_HUGE_PAGE;
    if (n_bytes > SIZE_MAX - 2 * alignment)
        return NULL;
    n_bytes = (n_bytes + alignment - 1) / alignment * alignment;
    uint8_t *memory = calloc(n_bytes + alignment, 1);
    if (memory == NULL)
        return NULL;
    *to_free = memory;
    memory += (size_t)(0 - (uintptr_t)memory) % alignment;
    fw_use_huge_pages(memory, n_bytes);
    return memory;
}

/* Words are put back in the order of their ids: the frequent ones come first, near their homes. */
static fw_status resize_table(fw_lexicon *lexicon, unsigned places_log2)
{
    if (places_log2 >= sizeof(size_t) * 8 - 3) /* 2^2 bytes a place */
        return FW_ERROR_MEMORY;
    void *memory;
    uint32_t *places = new_memory(sizeof(uint32_t) << places_log2, &memory);
    if (places == NULL)
        return FW_ERROR_MEMORY;
    free(lexicon->places_memory);
    lexicon->places_memory = memory;
    lexicon->places = places;
    lexicon->places_log2 = places_log2;
    size_t last = ((size_t)1 << places_log2) - 1;
    for (int32_t id = 0; id < lexicon->size; id++) {
        if (id < lexicon->size - WORDS_AHEAD) /* else each would wait for its place */
            prefetch_line(&places[fw_home(lexicon, hash_of(&lexicon->entries[id + WORDS_AHEAD]))]);
        uint64_t hash = hash_of(&lexicon->entries[id]);
        size_t at = fw_home(lexicon, hash);
        while (places[at] != 0)
            at = (at + 1) & last;
        occupy(lexicon, at, hash, id);
    }
    return FW_OK;
}

/* What to grow to for `needed` elements: twice as many, so that copies stay rare; 0: too much. */
static size_t grown(size_t needed, size_t element_size)
{
    size_t wanted = 2 * needed + 1024;
    return wanted < needed || wanted > SIZE_MAX / element_size - 1 ? 0 : wanted;
}

static fw_status reserve_entry(fw_lexicon *lexicon)
{
    size_t needed = (size_t)lexicon->size + 1;
    if (needed <= lexicon->entries_capacity)
        return FW_OK;
    size_t capacity = grown(needed, sizeof(fw_entry));
    void *memory;
    fw_entry *entries =
        capacity > 0 ? new_memory(capacity * sizeof(fw_entry), &memory) : NULL;
    if (entries == NULL)
        return FW_ERROR_MEMORY;
    if (lexicon->size > 0)
        memcpy(entries, lexicon->entries, (size_t)lexicon->size * sizeof(fw_entry));
    free(lexicon->entries_memory);
    lexicon->entries_memory = memory;
    lexicon->entries = entries;
    lexicon->entries_capacity = capacity;
    return FW_OK;
}

static fw_status reserve_long_bytes(fw_lexicon *lexicon, size_t length)
{
    if (length <= lexicon->long_capacity - lexicon->long_used)
        return FW_OK;
    size_t needed = lexicon->long_used + length;
    size_t capacity = needed >= length ? grown(needed, 1) : 0;
    uint8_t *bytes = capacity > 0 ? realloc(lexicon->long_bytes, capacity) : NULL;
    if (bytes == NULL)
        return FW_ERROR_MEMORY;
    lexicon->long_bytes = bytes;
    lexicon->long_capacity = capacity;
    return FW_OK;
}

/* Room for one more word, everywhere; after an error nothing has changed. */
static fw_status reserve_word(fw_lexicon *lexicon, size_t length)
{
    if (lexicon->size >= FW_MAX_WORDS)
        return FW_ERROR_VOCABULARY_SIZE;
    fw_status status = reserve_entry(lexicon);
    if (status == FW_OK && length > FW_SHORT_BYTES)
        status = reserve_long_bytes(lexicon, length);
    if (status == FW_OK && (size_t)lexicon->size >= ((size_t)5 << lexicon->places_log2) / 8)
        status = resize_table(lexicon, lexicon->places_log2 + 1);
    return status;
}

static fw_status insert_word(fw_lexicon *lexicon, const fw_word *word, int32_t *id)
{
    fw_status status = reserve_word(lexicon, word->length);
    if (status != FW_OK)
        return status;
    fw_entry *entry = &lexicon->entries[lexicon->size];
    *entry = (fw_entry){word->low, word->high, 0, word->length};
    if (is_long(entry)) {
        entry->high = lexicon->long_used;
        memcpy(lexicon->long_bytes + lexicon->long_used, word->bytes, word->length);
        lexicon->long_used += word->length;
    }
    size_t last = ((size_t)1 << lexicon->places_log2) - 1, at = fw_home(lexicon, word->hash);
    while (lexicon->places[at] != 0)
        at = (at + 1) & last;
    occupy(lexicon, at, word->hash, lexicon->size);
    lexicon->word_bytes += word->length;
    *id = lexicon->size++;
    return FW_OK;
}

fw_status fw_count_word(fw_lexicon *lexicon, const fw_word *word, int64_t times, int32_t *id)
{
    size_t last = ((size_t)1 << lexicon->places_log2) - 1, at = fw_home(lexicon, word->hash);
    int32_t found;
    while ((found = fw_next_candidate(lexicon, word->hash, &at)) >= 0 &&
           !same_word(lexicon, &lexicon->entries[found], word))
        at = (at + 1) & last;
    fw_status status = found >= 0 ? FW_OK : insert_word(lexicon, word, &found);
    if (status != FW_OK)
        return status;
    lexicon->entries[found].count += times;
    *id = found;
    return FW_OK;
}

fw_status fw_count_batch(fw_lexicon *lexicon, const fw_word *batch, size_t n_batch,
                         const int64_t *times, int32_t *ids)
{
    for (size_t i = 0; i < n_batch; i++) {
        size_t at = fw_home(lexicon, batch[i].hash);
        ids[i] = fw_next_candidate(lexicon, batch[i].hash, &at);
        prefetch_line(lexicon->entries + (ids[i] > 0 ? ids[i] : 0));
    }
    for (size_t i = 0; i < n_batch; i++) {
        int64_t n = times != NULL ? times[i] : 1;
        if (ids[i] >= 0 && fw_same_short(&lexicon->entries[ids[i]], &batch[i])) {
            lexicon->entries[ids[i]].count += n;
            continue;
        }
        fw_status status = fw_count_word(lexicon, &batch[i], n, &ids[i]);
        if (status != FW_OK)
            return status;
    }
    return FW_OK;
}

/* ---- The lexicon as a whole -------------------------------------------------------------- */

fw_lexicon *fw_lexicon_new(void)
{
    fw_lexicon *lexicon = calloc(1, sizeof *lexicon);
    if (lexicon == NULL)
        return NULL;
    if (resize_table(lexicon, FIRST_PLACES_LOG2) != FW_OK || reserve_entry(lexicon) != FW_OK) {
        fw_lexicon_free(lexicon);
        return NULL;
    }
    return lexicon;
}

void fw_lexicon_free(fw_lexicon *lexicon)
{
    if (lexicon == NULL)
        return;
    free(lexicon->places_memory);
    free(lexicon->entries_memory);
    free(lexicon->long_bytes);
    free(lexicon);
}

int32_t fw_lexicon_size(const fw_lexicon *lexicon)
{
    return lexicon->size;
}

int64_t fw_lexicon_word_bytes(const fw_lexicon *lexicon)
{
    return (int64_t)lexicon->word_bytes;
}

fw_status fw_lexicon_add(fw_lexicon *lexicon, const uint8_t *const *words, const size_t *lengths,
                         size_t n_words, int32_t *ids)
{
    if (lexicon == NULL || (n_words > 0 && (words == NULL || lengths == NULL || ids == NULL)))
        return FW_ERROR_ARGUMENT;
    fw_word batch[BATCH_WORDS];
    fw_status status = FW_OK;
    for (size_t begin = 0; begin < n_words && status == FW_OK; begin += BATCH_WORDS) {
        size_t n_batch = n_words - begin < BATCH_WORDS ? n_words - begin : BATCH_WORDS;
        for (size_t i = 0; i < n_batch; i++) {
            const uint8_t *bytes = words[begin + i];
            size_t length = lengths[begin + i];
            if ((bytes == NULL && length > 0) || (uint64_t)length > UINT32_MAX)
                return FW_ERROR_ARGUMENT;
            batch[i] = fw_make_word(bytes, length, length);
            prefetch_line(&lexicon->places[fw_home(lexicon, batch[i].hash)]);
        }
        status = fw_count_batch(lexicon, batch, n_batch, NULL, ids + begin);
    }
    return status;
}

/* The `n` lowest bytes of a number, the lowest first. */
static void store_bytes(uint8_t *bytes, uint64_t value, size_t n)
{
    for (size_t i = 0; i < n; i++)
        bytes[i] = (uint8_t)(value >> 8 * i);
}

void fw_lexicon_export(const fw_lexicon *lexicon, uint8_t *bytes, int64_t *offsets, int64_t *counts)
{
    size_t at = 0;
    for (int32_t id = 0; id < lexicon->size; id++) {
        const fw_entry *entry = &lexicon->entries[id];
        size_t length = (size_t)entry->length;
        offsets[id] = (int64_t)at;
        counts[id] = entry->count;
        if (is_long(entry)) {
            memcpy(bytes + at, long_word(lexicon, entry), length);
        } else if (lexicon->word_bytes - at >= FW_SHORT_BYTES) { /* the next words overwrite the rest */
            store_bytes(bytes + at, entry->low, 8);
            store_bytes(bytes + at + 8, entry->high, 8);
        } else {
            store_bytes(bytes + at, entry->low, length < 8 ? length : 8);
            if (length > 8)
                store_bytes(bytes + at + 8, entry->high, length - 8);
        }
        at += length;
    }
    offsets[lexicon->size] = (int64_t)at;
}

void fw_lexicon_counts(const fw_lexicon *lexicon, int64_t *counts)
{
    for (int32_t id = 0; id < lexicon->size; id++)
        counts[id] = lexicon->entries[id].count;
}

fw_status fw_lexicon_merge(fw_lexicon *into, const fw_lexicon *from, int32_t *id_map)
{
    if (into == NULL || from == NULL || into == from || (id_map == NULL && from->size > 0))
        return FW_ERROR_ARGUMENT;
    fw_word batch[BATCH_WORDS];
    int64_t counts[BATCH_WORDS];
    fw_status status = FW_OK;
    size_t n_words = (size_t)from->size;
    for (size_t begin = 0; begin < n_words && status == FW_OK; begin += BATCH_WORDS) {
        size_t n_batch = n_words - begin < BATCH_WORDS ? n_words - begin : BATCH_WORDS;
        for (size_t i = 0; i < n_batch; i++) {
            const fw_entry *entry = &from->entries[begin + i];
            batch[i] = (fw_word){entry->low, entry->high, hash_of(entry), NULL,
                                 (size_t)entry->length};
            if (is_long(entry)) {
                batch[i].high = FW_IS_LONG;
                batch[i].bytes = long_word(from, entry);
            }
            counts[i] = entry->count;
            prefetch_line(&into->places[fw_home(into, batch[i].hash)]);
        }
        status = fw_count_batch(into, batch, n_batch, counts, id_map + begin);
    }
    return status;
}
