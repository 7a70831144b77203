/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Private to lexicon.c and scan.c: the hash table.
 *
 * Two arrays. `places` is open addressing with linear probing, 4 bytes a place: an id, and in the
 * bits that ids do not need a tag, which is of the hash. `entries` are the words in the order of
 * their ids, so that of first appearance: frequent words come early, and what is used most lies
 * together. With the words in the table itself, 32 bytes a place, those of 400 MB of text were
 * strewn over 32 MB, and a third of the time went into misses of TLB and cache.
 */
#ifndef FASTW2V_LEXICON_TABLE_H
#define FASTW2V_LEXICON_TABLE_H

#include "lexicon.h"
#include "word.h"

/* Half a cache line, aligned to 32 bytes. */
typedef struct fw_entry {
    uint64_t low, high; /* as in fw_word; but long word: its hash, and its place in long_bytes */
    int64_t count;
    uint64_t length; /* at most UINT32_MAX */
} fw_entry;

struct fw_lexicon {
    uint32_t *places; /* id + 1 in the lowest places_log2 bits, then the tag; 0: free */
    void *places_memory; /* what to free */
    unsigned places_log2; /* at most 5/8 of the places are taken, so id + 1 has room */
    int32_t size;
    fw_entry *entries;    /* of size */
    void *entries_memory; /* what to free */
    size_t entries_capacity;
    uint8_t *long_bytes; /* all long words one after another */
    size_t long_used, long_capacity;
    size_t word_bytes; /* the lengths of all words together */
};

/* Where the search for a word begins. */
static inline size_t fw_home(const fw_lexicon *lexicon, uint64_t hash)
{
    return (size_t)(hash >> (64 - lexicon->places_log2));
}

static inline uint32_t fw_id_mask(const fw_lexicon *lexicon)
{
    return (uint32_t)(((uint64_t)1 << lexicon->places_log2) - 1);
}

/* The id of the first word from `*at` on that has the tag of `hash`, -1 if none; *at is its place. */
static inline int32_t fw_next_candidate(const fw_lexicon *lexicon, uint64_t hash, size_t *at)
{
    size_t last = ((size_t)1 << lexicon->places_log2) - 1;
    uint32_t place, id_mask = fw_id_mask(lexicon);
    while ((place = lexicon->places[*at]) != 0 && ((place ^ (uint32_t)hash) & ~id_mask) != 0)
        *at = (*at + 1) & last;
    return (int32_t)((place & id_mask) - 1);
}

/* Whether a word is that of an entry; a long one never is, at this cheap glance. */
static inline bool fw_same_short(const fw_entry *entry, const fw_word *word)
{
    return ((entry->low ^ word->low) | (entry->high ^ word->high) |
            (entry->length ^ (uint64_t)word->length)) == 0;
}

/* Count a word `times` more, as a new one if need be. */
fw_status fw_count_word(fw_lexicon *lexicon, const fw_word *word, int64_t times, int32_t *id);

/*
 * Count a batch of words, word i times[i], or each once if `times` is null. Fast if the caller has
 * asked for their home places some time before.
 */
fw_status fw_count_batch(fw_lexicon *lexicon, const fw_word *batch, size_t n_batch,
                         const int64_t *times, int32_t *ids);

#endif
