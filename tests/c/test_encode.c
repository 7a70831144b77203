/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fw_encode alone:
 *   cc -std=c11 -Icsrc tests/c/test_encode.c csrc/encode.c -o test_encode && ./test_encode
 */
#include <string.h>

#include "check.h"
#include "lexicon.h"

static void encoding_in_any_blocks_drops_words_and_empty_sentences(void)
{
    for (int round = 0; round < 2000; round++) {
        int32_t ids[200], expected[200], id_map[8];
        int64_t ends[200], expected_ends[200], base = random_below(1000), last = base;
        size_t n_ids = random_below(200), n_ends = 0, n_kept = 0, n_left = 0, n_found = 0;
        for (int i = 0; i < 8; i++)
            id_map[i] = (int32_t)random_below(12) - 4 < 0 ? -1 : i + 100;
        for (size_t i = 0; i < n_ids; i++) {
            ids[i] = (int32_t)random_below(8);
            if (id_map[ids[i]] >= 0)
                expected[n_kept++] = id_map[ids[i]];
            if (random_below(4) == 0 || i + 1 == n_ids) {
                ends[n_ends++] = (int64_t)i + 1;
                if (base + (int64_t)n_kept > last)
                    expected_ends[n_left++] = last = base + (int64_t)n_kept;
            }
        }
        fw_encoding encoding = {.id_map = id_map, .map_size = 8, .ends = ends, .n_ends = n_ends,
                                .n_written = base, .sentence_begin = base};
        int32_t elsewhere[200]; /* every second time in place; never a byte more than there must be */
        for (size_t at = 0; at < n_ids; at += encoding.n_ids) {
            encoding.ids = ids + at;
            encoding.n_ids = random_below((uint32_t)(n_ids - at)) + 1;
            encoding.kept = round % 2 ? ids + at : elsewhere + n_found;
            encoding.kept_capacity = round % 2 ? encoding.n_ids : n_kept - n_found;
            fw_status status = fw_encode(&encoding);
            CHECK(status == FW_OK, "encode says %d", (int)status);
            CHECK(memcmp(encoding.kept, expected + n_found, encoding.n_kept * sizeof *ids) == 0,
                  "ids, round %d", round);
            n_found += encoding.n_kept;
        }
        CHECK(n_found == n_kept && encoding.n_written == base + (int64_t)n_kept, "%d", round);
        CHECK(encoding.ends_read == n_ends && encoding.ends_written == n_left, "%d", round);
        CHECK(memcmp(ends, expected_ends, n_left * sizeof *ends) == 0, "ends, round %d", round);
    }
}

static void encoding_refuses_lies(void)
{
    int32_t id_map[2] = {0, 1};
    for (int32_t wrong = -1; wrong <= 2; wrong += 3) {
        int32_t ids[3] = {0, wrong, 1};
        fw_encoding encoding = {.ids = ids, .n_ids = 3, .kept = ids, .kept_capacity = 3,
                                .id_map = id_map, .map_size = 2};
        fw_encoding full = encoding;
        full.kept_capacity = 1;
        CHECK(fw_encode(&full) == FW_ERROR_ID_RANGE, "id %d beyond the room", (int)wrong);
        CHECK(fw_encode(&encoding) == FW_ERROR_ID_RANGE, "id %d", (int)wrong);
    }
    int32_t ids[3] = {0, 0, 1};
    int64_t falling[2] = {2, 1}, equal[2] = {2, 2};
    fw_encoding encoding = {.ids = ids, .n_ids = 3, .kept = ids, .kept_capacity = 3,
                            .id_map = id_map, .map_size = 2, .ends = falling, .n_ends = 2};
    fw_encoding twin = encoding;
    twin.ends = equal;
    CHECK(fw_encode(&encoding) == FW_ERROR_SENTENCE_ENDS, "falling ends");
    CHECK(fw_encode(&twin) == FW_ERROR_SENTENCE_ENDS, "equal ends");
    fw_encoding narrow = {.ids = ids, .n_ids = 3, .kept = ids, .kept_capacity = 2,
                          .id_map = id_map, .map_size = 2};
    CHECK(fw_encode(&narrow) == FW_ERROR_ARGUMENT, "no room");
    CHECK(fw_encode(NULL) == FW_ERROR_ARGUMENT, "nothing");
}

int main(void)
{
    encoding_in_any_blocks_drops_words_and_empty_sentences();
    encoding_refuses_lies();
    return report("test_encode");
}
