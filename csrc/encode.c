/* SPDX-License-Identifier: Apache-2.0 */
#include "lexicon.h"

/* Encode ids[begin .. end), which all belong to one sentence. */
static fw_status encode_run(fw_encoding *encoding, size_t begin, size_t end)
{
    const int32_t *ids = encoding->ids, *id_map = encoding->id_map;
    int32_t *all_kept = encoding->kept;
    size_t kept = encoding->n_kept;
    for (size_t i = begin; i < end;) {
        /* So many can be written without another look at the room. */
        size_t room = encoding->kept_capacity - kept;
        size_t stop = room < end - i ? i + room : end;
        for (; i < stop; i++) {
            if ((uint32_t)ids[i] >= encoding->map_size)
                return FW_ERROR_ID_RANGE;
            int32_t id = id_map[ids[i]];
            all_kept[kept] = id; /* the next id that stays overwrites one that is dropped */
            kept += id >= 0;
        }
        if (kept == encoding->kept_capacity && i < end) {
            if ((uint32_t)ids[i] >= encoding->map_size)
                return FW_ERROR_ID_RANGE;
            if (id_map[ids[i++]] >= 0)
                return FW_ERROR_ARGUMENT;
        }
    }
    encoding->n_written += (int64_t)(kept - encoding->n_kept);
    encoding->n_kept = kept;
    return FW_OK;
}

fw_status fw_encode(fw_encoding *encoding)
{
    if (encoding == NULL || (encoding->ids == NULL && encoding->n_ids > 0) ||
        (encoding->kept == NULL && encoding->kept_capacity > 0) ||
        (encoding->id_map == NULL && encoding->map_size > 0) ||
        (encoding->ends == NULL && encoding->n_ends > 0) ||
        encoding->ends_read > encoding->n_ends || encoding->ends_written > encoding->ends_read)
        return FW_ERROR_ARGUMENT;
    int64_t block_begin = encoding->n_read, block_end = block_begin + (int64_t)encoding->n_ids;
    encoding->n_kept = 0;
    while (encoding->ends_read < encoding->n_ends &&
           encoding->ends[encoding->ends_read] <= block_end) {
        int64_t end = encoding->ends[encoding->ends_read++];
        if (end <= encoding->n_read)
            return FW_ERROR_SENTENCE_ENDS;
        fw_status status = encode_run(encoding, (size_t)(encoding->n_read - block_begin),
                                      (size_t)(end - block_begin));
        if (status != FW_OK)
            return status;
        encoding->n_read = end;
        if (encoding->n_written > encoding->sentence_begin) {
            encoding->ends[encoding->ends_written++] = encoding->n_written;
            encoding->sentence_begin = encoding->n_written;
        }
    }
    fw_status status =
        encode_run(encoding, (size_t)(encoding->n_read - block_begin), encoding->n_ids);
    encoding->n_read = block_end;
    return status;
}
