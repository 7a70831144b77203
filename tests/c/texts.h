/* SPDX-License-Identifier: Apache-2.0 */
/* What white space is, as a list, and random text that is full of it. */
#ifndef FASTW2V_TEXTS_H
#define FASTW2V_TEXTS_H

#include <stdint.h>
#include <string.h>

#include "check.h"

/* All white space beyond one byte, in UTF-8, and what is almost some. */
static const char *const wide_spaces[] = {
    "\xc2\x85",     "\xc2\xa0",     "\xe1\x9a\x80", "\xe2\x80\x80", "\xe2\x80\x81",
    "\xe2\x80\x82", "\xe2\x80\x83", "\xe2\x80\x84", "\xe2\x80\x85", "\xe2\x80\x86",
    "\xe2\x80\x87", "\xe2\x80\x88", "\xe2\x80\x89", "\xe2\x80\x8a", "\xe2\x80\xa8",
    "\xe2\x80\xa9", "\xe2\x80\xaf", "\xe2\x81\x9f", "\xe3\x80\x80"};
static const char *const no_spaces[] = {
    "\xc2\x86",     "\xe1\x9a\x81", "\xe1\x80\x80", "\xe2\x80\x8b", "\xe2\x80\xb0",
    "\xe2\x81\x9e", "\xe3\x80\x81", "\xe2\x80",     "\xe3",         "\xc2",
    "\x80",         "\xf0\x80\x80", "\xff",         "\xc3\xa9"};

#define LENGTH_OF(array) (sizeof(array) / sizeof *(array))

/* How long the white space at the beginning of a text is. */
static size_t space_length(const uint8_t *text, size_t n_bytes)
{
    if (n_bytes > 0 && memchr("\t\n\v\f\r\x1c\x1d\x1e\x1f ", text[0], 10) != NULL)
        return 1;
    for (size_t i = 0; i < LENGTH_OF(wide_spaces); i++) {
        size_t length = strlen(wide_spaces[i]);
        if (length <= n_bytes && memcmp(text, wide_spaces[i], length) == 0)
            return length;
    }
    return 0;
}

/* Text of short words from a small alphabet, so that every kind of border comes up often. */
static void random_text(uint8_t *text, size_t n_bytes)
{
    static const uint8_t alphabet[] = "aab\0\x80\xff      \n\n\t\v\f\r\x1b\x1c\x1f\x0e";
    for (size_t at = 0; at < n_bytes;) {
        uint32_t kind = random_below(12);
        const char *wide = kind == 0 ? wide_spaces[random_below(LENGTH_OF(wide_spaces))]
                           : kind == 1 ? no_spaces[random_below(LENGTH_OF(no_spaces))]
                                       : "";
        size_t length = strlen(wide) < n_bytes - at ? strlen(wide) : n_bytes - at;
        memcpy(text + at, wide, length);
        at += length;
        if (length == 0)
            text[at++] = alphabet[random_below(sizeof alphabet - 1)];
    }
}

#endif
