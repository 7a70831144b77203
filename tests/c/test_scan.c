/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The parts of the tokeniser: where white space is, and words as numbers.
 *   cc -std=c11 -Icsrc tests/c/test_scan.c -o test_scan && ./test_scan
 */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "texts.h"
#include "whitespace.h"
#include "word.h"

static void masks_find_exactly_the_white_space(void)
{
    enum { ROOM = 300 };
    for (int round = 0; round < 20000; round++) {
        uint8_t text[ROOM];
        bool expected[ROOM + 64] = {false};
        size_t n_bytes = random_below(ROOM) + 1;
        if (round % 3 == 0)
            for (size_t i = 0; i < n_bytes; i++)
                text[i] = (uint8_t)random_below(256);
        else
            random_text(text, n_bytes);
        for (size_t i = 0; i < n_bytes; i++)
            for (size_t j = 0, length = space_length(text + i, n_bytes - i); j < length; j++)
                expected[i + j] = true;
        uint64_t carry = 0;
        for (size_t base = 0; base < n_bytes; base += 64) {
            uint64_t mask = fw_space_mask(text, base, n_bytes, &carry);
            for (size_t i = 0; i < 64; i++)
                CHECK((mask >> i & 1) == expected[base + i], "byte %zu, round %d", base + i, round);
        }
        CHECK(carry == 0, "round %d", round);
    }
    for (unsigned i = 0; i < 64; i++)
        CHECK(fw_lowest_bit((uint64_t)5 << i) == i, "bit %u", i);
}

/* Short words are loaded in one way where 16 bytes can be read, in another at the end of a text. */
static void a_word_is_the_same_wherever_it_stands(void)
{
    for (size_t length = 1; length <= 20; length++) {
        uint8_t roomy[40];
        for (size_t i = 0; i < sizeof roomy; i++)
            roomy[i] = (uint8_t)(255 - i);
        uint8_t *exact = malloc(length); /* so that ASan sees a byte too many */
        if (exact == NULL)
            abort();
        memcpy(exact, roomy, length);
        fw_word one = fw_make_word(roomy, length, sizeof roomy);
        fw_word two = fw_make_word(exact, length, length);
        CHECK(one.low == two.low && one.high == two.high && one.hash == two.hash, "%zu", length);
        free(exact);
    }
}

int main(void)
{
    masks_find_exactly_the_white_space();
    a_word_is_the_same_wherever_it_stands();
    return report("test_scan");
}
