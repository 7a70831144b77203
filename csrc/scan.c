/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "lexicon.h"
#include "lexicon_table.h"
#include "prefetch.h"
#include "whitespace.h"
#include "word.h"

enum { BATCH_WORDS = 64 }; /* words in flight, so that their cache misses overlap */

/* Words are hashed and their places prefetched as they are found, and looked up a batch later. */
typedef struct scanner {
    fw_lexicon *lexicon;
    fw_scan *scan;
    size_t begin;      /* all text before it is done with; a word may begin here */
    size_t n_batch;    /* words that wait, after scan->n_ids that are done */
    size_t batch_room; /* so many may wait: ids has room for no more, or batch has not */
    fw_word batch[BATCH_WORDS];
} scanner;

/* Why scanning stops early: the room is full (FULL), or an error. */
typedef enum step { STEP_ON, STEP_FULL, STEP_FAILED } step;

/* Look up the words that wait. */
static fw_status count_batch(scanner *state)
{
    fw_scan *scan = state->scan;
    fw_status status = fw_count_batch(state->lexicon, state->batch, state->n_batch, NULL,
                                      scan->ids + scan->n_ids);
    scan->n_ids += state->n_batch;
    scan->n_tokens += (int64_t)state->n_batch;
    state->n_batch = 0;
    size_t room = scan->ids_capacity - scan->n_ids;
    state->batch_room = room < BATCH_WORDS ? room : BATCH_WORDS;
    return status;
}

/* The text from state->begin to `end` is a word. */
static inline step take_word(scanner *state, size_t end, fw_status *status)
{
    if (state->n_batch == state->batch_room) {
        *status = count_batch(state);
        if (*status != FW_OK)
            return STEP_FAILED;
        if (state->batch_room == 0)
            return STEP_FULL;
    }
    const fw_scan *scan = state->scan;
    size_t begin = state->begin, length = end - begin;
    if ((uint64_t)length > UINT32_MAX) {
        *status = FW_ERROR_ARGUMENT;
        return STEP_FAILED;
    }
    fw_word word = fw_make_word(scan->text + begin, length, scan->n_bytes - begin);
    prefetch_line(&state->lexicon->places[fw_home(state->lexicon, word.hash)]);
    state->batch[state->n_batch++] = word;
    state->begin = end;
    return STEP_ON;
}

static inline step end_sentence(scanner *state)
{
    fw_scan *scan = state->scan;
    int64_t n_tokens = scan->n_tokens + (int64_t)state->n_batch;
    if (n_tokens == scan->sentence_begin)
        return STEP_ON;
    if (scan->n_ends == scan->ends_capacity)
        return STEP_FULL;
    scan->ends[scan->n_ends++] = n_tokens;
    scan->sentence_begin = n_tokens;
    return STEP_ON;
}

static inline step take_spaces(scanner *state, uint64_t spaces, size_t base, fw_status *status)
{
    for (; spaces != 0; spaces &= spaces - 1) {
        size_t at = base + fw_lowest_bit(spaces);
        step taken = at > state->begin ? take_word(state, at, status) : STEP_ON;
        if (taken == STEP_ON && state->scan->text[at] == '\n')
            taken = end_sentence(state);
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
    int64_t n_tokens = scan->n_tokens + (int64_t)state->n_batch;
    if (ends_full && (word_left || n_tokens > scan->sentence_begin)) {
        /* Leave a character, be it white space, or the caller could not know that an end is due. */
        while (!word_left && (scan->text[--state->begin] & 0xc0) == 0x80)
            ;
        return STEP_FULL;
    }
    step taken = word_left ? take_word(state, scan->n_bytes, status) : STEP_ON;
    return taken == STEP_ON ? end_sentence(state) : taken;
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
    state.batch_room = scan->ids_capacity < BATCH_WORDS ? scan->ids_capacity : BATCH_WORDS;
    fw_status status = FW_OK;
    step taken = STEP_ON;
    uint64_t carry = 0;
    for (size_t base = 0; base < scan->n_bytes && taken == STEP_ON; base += 64) {
        uint64_t spaces = fw_space_mask(scan->text, base, scan->n_bytes, &carry);
        taken = take_spaces(&state, spaces, base, &status);
    }
    if (taken == STEP_ON && scan->final)
        taken = take_last(&state, &status);
    if (status == FW_OK)
        status = count_batch(&state);
    scan->n_consumed = state.begin;
    return status;
}
