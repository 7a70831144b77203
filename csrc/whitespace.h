/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Private to scan.c: where the white space is in 64 bytes of text, as one bit a byte.
 *
 * White space is what str.isspace() and str.split() of Python take for it, in UTF-8:
 *   1 byte   \t \n \v \f \r, U+001C to U+001F, space
 *   2 bytes  U+0085, U+00A0
 *   3 bytes  U+1680, U+2000 to U+200A, U+2028, U+2029, U+202F, U+205F, U+3000
 * All bytes of such a character count as white space. A byte that can begin one is never a
 * continuation byte, so a decoder, too, begins a character there, however broken the text before:
 * the words are those of text.decode(errors="replace").split().
 *
 * DIFFERS: word2vec.c splits at space, \t, \n only and drops \r, fastText at ASCII white space and
 * \0. gensim splits as we do.
 */
#ifndef FASTW2V_WHITESPACE_H
#define FASTW2V_WHITESPACE_H

#include <stdint.h>
#include <string.h>

#include "bytes.h"

#if defined(__SSE2__) || defined(_M_X64)
#include <immintrin.h>
#endif

/*
 * Three masks of 64 bytes: white space of one byte, bytes beyond ASCII, and bytes that can begin
 * white space beyond ASCII. Text in other scripts has plenty of the second and few of the third.
 */
#if defined(__SSE2__) || defined(_M_X64)

typedef __m128i fw_bytes;
enum { FW_BYTES = 16 };

static inline fw_bytes fw_load_bytes(const uint8_t *text)
{
    return _mm_loadu_si128((const __m128i *)(const void *)text);
}

/* Whether each byte is in [first, last]: less `first`, it is no more than the rest. */
static inline fw_bytes fw_in_range(fw_bytes chars, int first, int last)
{
    __m128i above = _mm_sub_epi8(chars, _mm_set1_epi8((char)first));
    return _mm_cmpeq_epi8(_mm_min_epu8(above, _mm_set1_epi8((char)(last - first))), above);
}

static inline fw_bytes fw_either(fw_bytes a, fw_bytes b)
{
    return _mm_or_si128(a, b);
}

/* The highest bits of all bytes. */
static inline uint64_t fw_high_bits(fw_bytes chars)
{
    return (uint32_t)_mm_movemask_epi8(chars);
}

#else

typedef uint64_t fw_bytes;
enum { FW_BYTES = 8 };

static inline fw_bytes fw_load_bytes(const uint8_t *text)
{
    return fw_load_u64(text);
}

/*
 * Bit 7 of each byte in [first, last], both of which are below 128 or both not. Within the low seven
 * bits of a byte, adding 128 - k carries into bit 7 if they are >= k; no carry leaves its byte.
 */
static inline fw_bytes fw_in_range(fw_bytes chars, int first, int last)
{
    const uint64_t bit7 = 0x8080808080808080, ones = 0x0101010101010101;
    uint64_t low = chars & ~bit7, same_half = first < 128 ? ~chars : chars;
    uint64_t from_first = low + ones * (uint64_t)(128 - first % 128);
    uint64_t past_last = low + ones * (uint64_t)(127 - last % 128);
    return from_first & ~past_last & same_half & bit7;
}

static inline fw_bytes fw_either(fw_bytes a, fw_bytes b)
{
    return a | b;
}

/* That of byte j goes to bit 56 + j; the eight products never meet. */
static inline uint64_t fw_high_bits(fw_bytes chars)
{
    return ((chars >> 7) & 0x0101010101010101) * 0x0102040810204080 >> 56;
}

#endif

static inline uint64_t fw_narrow_spaces(const uint8_t *text, uint64_t *beyond_ascii)
{
    uint64_t spaces = 0, beyond = 0;
    for (unsigned i = 0; i < 64; i += FW_BYTES) {
        fw_bytes chars = fw_load_bytes(text + i);
        fw_bytes found = fw_either(fw_in_range(chars, '\t', '\r'), fw_in_range(chars, 0x1c, ' '));
        spaces |= fw_high_bits(found) << i;
        beyond |= fw_high_bits(chars) << i;
    }
    *beyond_ascii = beyond;
    return spaces;
}

static inline uint64_t fw_wide_space_leads(const uint8_t *text)
{
    uint64_t leads = 0;
    for (unsigned i = 0; i < 64; i += FW_BYTES) {
        fw_bytes chars = fw_load_bytes(text + i);
        fw_bytes found = fw_either(fw_in_range(chars, 0xc2, 0xc2), fw_in_range(chars, 0xe1, 0xe3));
        leads |= fw_high_bits(found) << i;
    }
    return leads;
}

/* How many bytes the white space has that this byte, 0xc2 or 0xe1 to 0xe3, begins; 0: none. */
static inline unsigned fw_wide_space(const uint8_t *text, size_t n_bytes)
{
    if (n_bytes < 2)
        return 0;
    if (text[0] == 0xc2)
        return text[1] == 0x85 || text[1] == 0xa0 ? 2 : 0;
    if (n_bytes < 3)
        return 0;
    unsigned rest = (unsigned)text[1] << 8 | text[2];
    if (text[0] == 0xe1)
        return rest == 0x9a80 ? 3 : 0;
    if (text[0] == 0xe3)
        return rest == 0x8080 ? 3 : 0;
    return (rest >= 0x8080 && rest <= 0x808a) || rest == 0x80a8 || rest == 0x80a9 ||
                   rest == 0x80af || rest == 0x819f
               ? 3
               : 0;
}

/*
 * All white space in text[base .. base + 64), of n_bytes of text in all. `*carry` are the bits of a
 * character that began in the 64 bytes before; it becomes that of the next.
 */
static inline uint64_t fw_space_mask(const uint8_t *text, size_t base, size_t n_bytes,
                                     uint64_t *carry)
{
    uint8_t padded[64] = {0}; /* zero is no white space */
    const uint8_t *block = text + base;
    if (n_bytes - base < 64)
        block = memcpy(padded, block, n_bytes - base);
    uint64_t beyond_ascii, spaces = fw_narrow_spaces(block, &beyond_ascii) | *carry;
    *carry = 0;
    if (beyond_ascii == 0)
        return spaces;
    for (uint64_t left = fw_wide_space_leads(block); left != 0; left &= left - 1) {
        unsigned at = fw_lowest_bit(left);
        unsigned length = fw_wide_space(text + base + at, n_bytes - base - at);
        uint64_t bits = ((uint64_t)1 << length) - 1;
        spaces |= bits << at;
        if (at + length > 64)
            *carry = bits >> (64 - at);
    }
    return spaces;
}

#endif
