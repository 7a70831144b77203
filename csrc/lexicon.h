/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From text to numbers: a growing set of words, each with an id and a count.
 *
 * A word is any string of bytes, the empty one and ones with zeros in them included; only the
 * search for white space in fw_lexicon_scan knows an encoding. Ids are provisional: 0, 1, 2, ... in order of first appearance. Once all text
 * is read the caller chooses the vocabulary and its order, and fw_encode turns provisional ids into
 * final ones.
 *
 * A lexicon is used by one thread at a time. To read with several threads, give each a lexicon and
 * a contiguous part of the text, then merge them in the order of the parts: ids come out as if one
 * thread had read everything.
 *
 * The hash is fixed and unkeyed: ordinary text, however repetitive, spreads well, but someone who
 * studies it can make words that collide and so make reading slow (never wrong).
 */
#ifndef FASTW2V_LEXICON_H
#define FASTW2V_LEXICON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "status.h"

typedef struct fw_lexicon fw_lexicon;

/* An empty lexicon; null if there is no memory. Give it back with fw_lexicon_free. */
fw_lexicon *fw_lexicon_new(void);
/* Free a lexicon; null is allowed. */
void fw_lexicon_free(fw_lexicon *lexicon);

/* How many distinct words there are. */
int32_t fw_lexicon_size(const fw_lexicon *lexicon);
/* The lengths of all distinct words together, in bytes. */
int64_t fw_lexicon_word_bytes(const fw_lexicon *lexicon);

/*
 * Count one appearance of each of n_words words, in this order, and write their ids, new ones of new
 * words. Word i is words[i] with lengths[i] bytes, and may be null if it has none. Says MEMORY, or
 * VOCABULARY_SIZE for a new word after INT32_MAX others; then a part is counted. A word of more than
 * UINT32_MAX bytes is an ARGUMENT error.
 */
fw_status fw_lexicon_add(fw_lexicon *lexicon, const uint8_t *const *words, const size_t *lengths,
                         size_t n_words, int32_t *ids);

/*
 * One block of a longer text. The fields of the last group belong to the text as a whole: zero them
 * before its first block, then leave them to fw_lexicon_scan.
 */
typedef struct fw_scan {
    const uint8_t *text; /* n_bytes of it; a block may begin and end anywhere between two words */
    size_t n_bytes;
    bool final;          /* the text ends with this block */
    int32_t *ids;        /* room for ids_capacity provisional ids, one a token */
    size_t ids_capacity;
    int64_t *ends;       /* room for ends_capacity sentence ends */
    size_t ends_capacity;

    size_t n_consumed;   /* written: bytes of this block that are done with */
    size_t n_ids;        /* written: tokens of this block */
    size_t n_ends;       /* written: sentence ends in this block */

    int64_t n_tokens;       /* tokens of the text up to here */
    int64_t sentence_begin; /* tokens before the sentence that is being read */
} fw_scan;

/*
 * Split a block of text into words and count them. Words are separated by white space in UTF-8, as
 * in Python's str.split() (whitespace.h has the list); a sentence ends at \n and nowhere else but
 * at the end of a final block; sentences without a word leave no trace. A sentence end is the number
 * of tokens of the text before it, so ends rise strictly. Bytes that are not UTF-8 are letters like
 * any other.
 *
 * A word that touches the end of a block may go on in the next one. Unless the block is final it is
 * not consumed; begin the next block with it. Scanning also stops early when `ids` or `ends` is
 * full: call again with the rest of the block and fresh room. If nothing was consumed although
 * there is room for an id and an end, one word fills the block: call again with a longer one.
 *
 * After MEMORY or VOCABULARY_SIZE the lexicon is valid and has counted some words of the block, and
 * the written fields have no meaning.
 */
fw_status fw_lexicon_scan(fw_lexicon *lexicon, fw_scan *scan);

/*
 * Add all words and counts of `from`, in the order of their ids. `id_map` has room for
 * fw_lexicon_size(from) ids; id_map[i] becomes the id in `into` of word i of `from`. `from` stays
 * as it is and must not be `into`. After an error `into` is valid and holds a part of the counts.
 */
fw_status fw_lexicon_merge(fw_lexicon *into, const fw_lexicon *from, int32_t *id_map);

/*
 * Write all words and counts in the order of their ids. Word i is bytes[offsets[i]] up to
 * bytes[offsets[i + 1]], without a terminator. Room: fw_lexicon_word_bytes() bytes,
 * fw_lexicon_size() + 1 offsets, fw_lexicon_size() counts.
 */
void fw_lexicon_export(const fw_lexicon *lexicon, uint8_t *bytes, int64_t *offsets,
                       int64_t *counts);

/* Write the counts alone. */
void fw_lexicon_counts(const fw_lexicon *lexicon, int64_t *counts);

/*
 * One block of a longer stream of tokens. The fields of the last group belong to the stream as a
 * whole. Before its first block set n_written and sentence_begin to the number of tokens that stand
 * before this stream in the whole corpus and the others to zero; then leave them to fw_encode.
 */
typedef struct fw_encoding {
    const int32_t *ids;    /* n_ids provisional ids */
    size_t n_ids;
    int32_t *kept;         /* room for the final ids that are kept: kept_capacity of them */
    size_t kept_capacity;  /* `kept` may be `ids`; else the two do not overlap */
    const int32_t *id_map; /* final id of each of map_size provisional ids; -1: word dropped */
    size_t map_size;
    int64_t *ends;         /* n_ends sentence ends of the whole stream, overwritten as they pass */
    size_t n_ends;

    size_t n_kept;         /* written: kept[0 .. n_kept) are the tokens that this block keeps */

    int64_t n_read;         /* tokens of the stream up to here */
    int64_t n_written;      /* tokens kept up to here, plus those before the stream */
    size_t ends_read;       /* sentence ends of the stream up to here */
    size_t ends_written;    /* how many of them remain: ends[0 .. ends_written) are done */
    int64_t sentence_begin; /* n_written at the last sentence end */
} fw_encoding;

/*
 * Turn provisional ids into final ids, closing the gaps that dropped words leave; sentence ends move
 * along, and a sentence that loses all its words vanishes. Says ID_RANGE for an id outside the map,
 * SENTENCE_ENDS if ends fall back behind the block and ARGUMENT if `kept` has no room for all that
 * is kept; then `kept` and `ends` hold a mixture of old and new.
 */
fw_status fw_encode(fw_encoding *encoding);

#endif
