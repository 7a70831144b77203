/* SPDX-License-Identifier: Apache-2.0 */
#include "lexicon.h"

#include <stdlib.h>
#include <string.h>

#include "whitespace.h"
#include "word.h"

#ifndef FW_MAX_WORDS /* a test sets a smaller one */
#define FW_MAX_WORDS INT32_MAX
#endif

enum {
    BATCH_WORDS = 64, /* words in flight, so that their cache misses overlap */
    FIRST_SLOTS_LOG2 = 10
};

/* Half a cache line; the table is aligned so that a slot never straddles two. */
typedef struct slot {
    uint64_t low, high; /* short word: its bytes, zero-padded; long word: its hash, and zero */
    int64_t count;      /* 0: the slot is free */
    uint32_t length;
    int32_t id;
} slot;

/* Open addressing with linear probing; at most 5/8 of the slots are taken. */
struct fw_lexicon {
    slot *slots;
    void *slots_memory; /* what calloc gave, before alignment */
    unsigned slots_log2;
    int32_t size;
    uint8_t *bytes;     /* all words one after another, then at least FW_SHORT_BYTES of room */
    size_t bytes_capacity;
    int64_t *offsets;   /* size + 1 */
    size_t offsets_capacity;
};

/* ---- Table ------------------------------------------------------------------------------- */

static inline size_t first_slot(const fw_lexicon *lexicon, uint64_t hash)
{
    return (size_t)(hash >> (64 - lexicon->slots_log2));
}

static inline bool same_word(const fw_lexicon *lexicon, const slot *known, const fw_word *wanted)
{
    if (known->low != wanted->low || known->high != wanted->high ||
        known->length != wanted->length)
        return false;
    return wanted->length <= FW_SHORT_BYTES ||
           memcmp(lexicon->bytes + lexicon->offsets[known->id], wanted->bytes, wanted->length) == 0;
}

/* The slot of a word, or the free one where it belongs. */
static inline slot *find_slot(const fw_lexicon *lexicon, const fw_word *wanted)
{
    size_t last = ((size_t)1 << lexicon->slots_log2) - 1;
    size_t i = first_slot(lexicon, wanted->hash);
    while (lexicon->slots[i].count != 0 && !same_word(lexicon, &lexicon->slots[i], wanted))
        i = (i + 1) & last;
    return &lexicon->slots[i];
}

static fw_status resize_table(fw_lexicon *lexicon, unsigned slots_log2)
{
    if (slots_log2 >= sizeof(size_t) * 8 - 6) /* 2^5 bytes a slot */
        return FW_ERROR_MEMORY;
    size_t n_slots = (size_t)1 << slots_log2, last = n_slots - 1;
    void *memory = calloc(n_slots + 1, sizeof(slot));
    if (memory == NULL)
        return FW_ERROR_MEMORY;
    uintptr_t address = ((uintptr_t)memory + sizeof(slot) - 1) / sizeof(slot) * sizeof(slot);
    slot *slots = (slot *)address;

    size_t n_old = lexicon->slots != NULL ? (size_t)1 << lexicon->slots_log2 : 0;
    for (size_t old = 0; old < n_old; old++) {
        const slot *taken = &lexicon->slots[old];
        if (taken->count == 0)
            continue;
        bool is_long = taken->length > FW_SHORT_BYTES;
        uint64_t hash = is_long ? taken->low : fw_mix(taken->low, taken->high);
        size_t i = (size_t)(hash >> (64 - slots_log2));
        while (slots[i].count != 0)
            i = (i + 1) & last;
        slots[i] = *taken;
    }
    free(lexicon->slots_memory);
    lexicon->slots = slots;
    lexicon->slots_memory = memory;
    lexicon->slots_log2 = slots_log2;
    return FW_OK;
}

/* Make `*memory` hold at least `needed` elements, growing by half so that copies stay rare. */
static fw_status reserve(void **memory, size_t *capacity, size_t needed, size_t element_size)
{
    if (needed <= *capacity)
        return FW_OK;
    size_t wanted = needed + needed / 2 + 1024;
    if (wanted < needed || wanted > SIZE_MAX / element_size)
        return FW_ERROR_MEMORY;
    void *grown = realloc(*memory, wanted * element_size);
    if (grown == NULL)
        return FW_ERROR_MEMORY;
    *memory = grown;
    *capacity = wanted;
    return FW_OK;
}

/* Room for one more word of `length` bytes, everywhere; after an error nothing has changed. */
static fw_status reserve_word(fw_lexicon *lexicon, size_t length)
{
    size_t n_words = (size_t)lexicon->size;
    if (lexicon->size >= FW_MAX_WORDS)
        return FW_ERROR_VOCABULARY_SIZE;
    void *offsets = lexicon->offsets, *bytes = lexicon->bytes;
    fw_status status = reserve(&offsets, &lexicon->offsets_capacity, n_words + 2, sizeof(int64_t));
    lexicon->offsets = offsets;
    if (status != FW_OK)
        return status;
    size_t used = (size_t)lexicon->offsets[n_words];
    if (length > SIZE_MAX - FW_SHORT_BYTES - used)
        return FW_ERROR_MEMORY;
    status = reserve(&bytes, &lexicon->bytes_capacity, used + length + FW_SHORT_BYTES, 1);
    lexicon->bytes = bytes;
    if (status == FW_OK && n_words >= ((size_t)5 << lexicon->slots_log2) / 8)
        status = resize_table(lexicon, lexicon->slots_log2 + 1);
    return status;
}

static fw_status insert_word(fw_lexicon *lexicon, const fw_word *added, slot **place)
{
    fw_status status = reserve_word(lexicon, added->length);
    if (status != FW_OK)
        return status;
    int64_t begin = lexicon->offsets[lexicon->size];
    if (added->length > 0)
        memcpy(lexicon->bytes + begin, added->bytes, added->length);
    *place = find_slot(lexicon, added);
    **place = (slot){added->low, added->high, 0, (uint32_t)added->length, lexicon->size};
    lexicon->size++;
    lexicon->offsets[lexicon->size] = begin + (int64_t)added->length;
    return FW_OK;
}

static inline fw_status count_word(fw_lexicon *lexicon, const fw_word *seen, int64_t times,
                                   int32_t *id)
{
    slot *place = find_slot(lexicon, seen);
    if (place->count == 0) {
        fw_status status = insert_word(lexicon, seen, &place);
        if (status != FW_OK)
            return status;
    }
    place->count += times;
    *id = place->id;
    return FW_OK;
}

/* ---- The lexicon as a whole -------------------------------------------------------------- */

fw_lexicon *fw_lexicon_new(void)
{
    fw_lexicon *lexicon = calloc(1, sizeof *lexicon);
    if (lexicon == NULL)
        return NULL;
    lexicon->offsets_capacity = 1;
    lexicon->offsets = calloc(1, sizeof(int64_t));
    if (lexicon->offsets == NULL || resize_table(lexicon, FIRST_SLOTS_LOG2) != FW_OK) {
        fw_lexicon_free(lexicon);
        return NULL;
    }
    return lexicon;
}

void fw_lexicon_free(fw_lexicon *lexicon)
{
    if (lexicon == NULL)
        return;
    free(lexicon->slots_memory);
    free(lexicon->bytes);
    free(lexicon->offsets);
    free(lexicon);
}

int32_t fw_lexicon_size(const fw_lexicon *lexicon)
{
    return lexicon->size;
}

int64_t fw_lexicon_word_bytes(const fw_lexicon *lexicon)
{
    return lexicon->offsets[lexicon->size];
}

fw_status fw_lexicon_add(fw_lexicon *lexicon, const uint8_t *bytes, size_t length, int32_t *id)
{
    if (lexicon == NULL || id == NULL || (bytes == NULL && length > 0) ||
        (uint64_t)length > UINT32_MAX)
        return FW_ERROR_ARGUMENT;
    fw_word added = fw_make_word(bytes, length, length);
    return count_word(lexicon, &added, 1, id);
}

static void export_counts(const fw_lexicon *lexicon, int64_t *counts)
{
    for (size_t i = 0; i < (size_t)1 << lexicon->slots_log2; i++)
        if (lexicon->slots[i].count != 0)
            counts[lexicon->slots[i].id] = lexicon->slots[i].count;
}

void fw_lexicon_export(const fw_lexicon *lexicon, uint8_t *bytes, int64_t *offsets, int64_t *counts)
{
    size_t n_words = (size_t)lexicon->size;
    size_t n_bytes = (size_t)lexicon->offsets[n_words];
    if (n_bytes > 0)
        memcpy(bytes, lexicon->bytes, n_bytes);
    memcpy(offsets, lexicon->offsets, (n_words + 1) * sizeof *offsets);
    export_counts(lexicon, counts);
}

fw_status fw_lexicon_merge(fw_lexicon *into, const fw_lexicon *from, int32_t *id_map)
{
    if (into == NULL || from == NULL || into == from || (id_map == NULL && from->size > 0))
        return FW_ERROR_ARGUMENT;
    size_t n_words = (size_t)from->size;
    int64_t *counts = malloc((n_words + 1) * sizeof *counts);
    if (counts == NULL)
        return FW_ERROR_MEMORY;
    export_counts(from, counts);

    fw_word batch[BATCH_WORDS];
    fw_status status = FW_OK;
    for (size_t begin = 0; begin < n_words && status == FW_OK; begin += BATCH_WORDS) {
        size_t n_batch = n_words - begin < BATCH_WORDS ? n_words - begin : BATCH_WORDS;
        for (size_t i = 0; i < n_batch; i++) {
            int64_t offset = from->offsets[begin + i];
            size_t length = (size_t)(from->offsets[begin + i + 1] - offset);
            batch[i] = fw_make_word(from->bytes + offset, length, length + FW_SHORT_BYTES);
            fw_prefetch(&into->slots[first_slot(into, batch[i].hash)]);
        }
        for (size_t i = 0; i < n_batch && status == FW_OK; i++)
            status = count_word(into, &batch[i], counts[begin + i], &id_map[begin + i]);
    }
    free(counts);
    return status;
}

/* ---- Scanning ---------------------------------------------------------------------------- */

/* Words are hashed and their slots prefetched as they are found, and looked up a batch later. */
typedef struct scanner {
    fw_lexicon *lexicon;
    fw_scan *scan;
    size_t begin;   /* all text before it is done with; a word may begin here */
    size_t n_batch; /* words that wait, after scan->n_ids that are done */
    fw_word batch[BATCH_WORDS];
} scanner;

/* Why scanning stops early: the room is full (FULL), or an error. */
typedef enum step { STEP_ON, STEP_FULL, STEP_FAILED } step;

static fw_status count_batch(scanner *state)
{
    fw_scan *scan = state->scan;
    for (size_t i = 0; i < state->n_batch; i++) {
        fw_status status =
            count_word(state->lexicon, &state->batch[i], 1, &scan->ids[scan->n_ids + i]);
        if (status != FW_OK)
            return status;
    }
    scan->n_ids += state->n_batch;
    state->n_batch = 0;
    return FW_OK;
}

/* The text from state->begin to `end` is a word. */
static inline step take_word(scanner *state, size_t end, fw_status *status)
{
    const fw_scan *scan = state->scan;
    const uint8_t *bytes = scan->text + state->begin;
    if (scan->n_ids + state->n_batch == scan->ids_capacity)
        return STEP_FULL;
    if ((uint64_t)(end - state->begin) > UINT32_MAX) {
        *status = FW_ERROR_ARGUMENT;
        return STEP_FAILED;
    }
    fw_word *next = &state->batch[state->n_batch++];
    *next = fw_make_word(bytes, end - state->begin, scan->n_bytes - state->begin);
    fw_prefetch(&state->lexicon->slots[first_slot(state->lexicon, next->hash)]);
    state->scan->n_tokens++;
    state->begin = end;
    if (state->n_batch == BATCH_WORDS)
        *status = count_batch(state);
    return *status == FW_OK ? STEP_ON : STEP_FAILED;
}

static inline step end_sentence(fw_scan *scan)
{
    if (scan->n_tokens == scan->sentence_begin)
        return STEP_ON;
    if (scan->n_ends == scan->ends_capacity)
        return STEP_FULL;
    scan->ends[scan->n_ends++] = scan->n_tokens;
    scan->sentence_begin = scan->n_tokens;
    return STEP_ON;
}

static inline step take_spaces(scanner *state, uint64_t spaces, size_t base, fw_status *status)
{
    for (; spaces != 0; spaces &= spaces - 1) {
        size_t at = base + fw_lowest_bit(spaces);
        step taken = at > state->begin ? take_word(state, at, status) : STEP_ON;
        if (taken == STEP_ON && state->scan->text[at] == '\n')
            taken = end_sentence(state->scan);
        if (taken != STEP_ON)
            return taken;
        state->begin = at + 1;
    }
    return STEP_ON;
}

/* What is left of a final block is a word, if anything, and then the last sentence ends. */
static step take_last(scanner *state, fw_status *status)
{
    fw_scan *scan = state->scan;
    bool word_left = state->begin < scan->n_bytes;
    bool ends_full = scan->n_ends == scan->ends_capacity;
    if (ends_full && (word_left || scan->n_tokens > scan->sentence_begin)) {
        /* Leave a byte, be it white space, or the caller could not know that an end is due. */
        if (!word_left)
            state->begin--;
        return STEP_FULL;
    }
    step taken = word_left ? take_word(state, scan->n_bytes, status) : STEP_ON;
    return taken == STEP_ON ? end_sentence(scan) : taken;
}

fw_status fw_lexicon_scan(fw_lexicon *lexicon, fw_scan *scan)
{
    if (lexicon == NULL || scan == NULL || (scan->text == NULL && scan->n_bytes > 0) ||
        scan->ids == NULL || scan->ids_capacity == 0 || scan->ends == NULL ||
        scan->ends_capacity == 0 || scan->sentence_begin > scan->n_tokens)
        return FW_ERROR_ARGUMENT;
    scan->n_consumed = scan->n_ids = scan->n_ends = 0;

    scanner state;
    state.lexicon = lexicon;
    state.scan = scan;
    state.begin = state.n_batch = 0;
    fw_status status = FW_OK;
    step taken = STEP_ON;
    size_t base = 0;
    for (; scan->n_bytes - base >= 64 && taken == STEP_ON; base += 64)
        taken = take_spaces(&state, fw_space_mask(scan->text + base), base, &status);
    if (taken == STEP_ON && base < scan->n_bytes) {
        uint8_t tail[64] = {0}; /* zero is no white space */
        memcpy(tail, scan->text + base, scan->n_bytes - base);
        taken = take_spaces(&state, fw_space_mask(tail), base, &status);
    }
    if (taken == STEP_ON && scan->final)
        taken = take_last(&state, &status);
    if (status == FW_OK)
        status = count_batch(&state);
    scan->n_consumed = state.begin;
    return status;
}
