/* SPDX-License-Identifier: Apache-2.0 */
/*
 * float32 -> its shortest decimal: Schubfach. Of the decimals with the exponent k that is just fine
 * enough, only the two on either side of the number, and the two on either side of it with the
 * exponent k + 1, can be the answer; which of them round to the number is told by comparing whole
 * numbers with 64-bit powers of ten.
 *
 * Without branches, and with no type but integers of 32 bits and products of 64, so that compilers do
 * it for a vector of numbers at a time (decimal_lanes.h).
 *
 * R. Giulietti, "The Schubfach way to render doubles", 2020.
 */
#ifndef FASTW2V_DECIMAL_SHORTEST_H
#define FASTW2V_DECIMAL_SHORTEST_H

#include "compiler.h"
#include "decimal.h"
#include "decimal_powers.h"

/* floor of power * factor / 2^64, its last bit set if anything but a rounding error was cut off. */
FW_INLINE uint32_t scale_by_power(uint32_t power_high, uint32_t power_low, uint32_t factor)
{
    const uint32_t carry = (uint32_t)((uint64_t)power_low * factor >> 32);
    const uint64_t product = (uint64_t)power_high * factor + carry;
    const uint32_t cut_off = (uint32_t)product;
    return (uint32_t)(product >> 32) | (cut_off > 1 ? 1u : 0u);
}

/* digits * 10^exponent */
typedef struct shortest {
    uint32_t digits;
    int32_t exponent;
} shortest;

/* The number is c * 2^q; all in quarters of 10^k: it is `middle`, and what rounds to it reaches
 * from `low` to `high`. */
FW_INLINE shortest choose(uint32_t middle, uint32_t low, uint32_t high, int32_t k)
{
    const uint32_t s = middle >> 2, half = 4 * s + 2;
    const uint32_t tens = (uint32_t)((uint64_t)s * 0xcccccccdu >> 35); /* s / 10 */
    const uint32_t down_tens = low <= 40 * tens ? 1u : 0u, up_tens = 40 * tens + 40 <= high ? 1u : 0u;
    const uint32_t down = low <= 4 * s ? 1u : 0u, up = 4 * s + 4 <= high ? 1u : 0u;
    const uint32_t upper = middle + (s & 1) > half ? 1u : 0u; /* of two as near the even one */
    const uint32_t shorter = (down_tens ^ up_tens) & (s >= 10 ? 1u : 0u);
    const uint32_t next = (up & ~down) | (upper & ~(up ^ down)); /* both or none: the nearer */
    const uint32_t mask = 0u - shorter;
    const shortest chosen = {((tens + up_tens) & mask) | ((s + (next & 1)) & ~mask),
                             k + (int32_t)shorter};
    return chosen;
}

/* A positive, finite number, by its bits. */
FW_INLINE shortest find_shortest(uint32_t bits)
{
    const uint32_t fraction = bits & 0x7fffff, field = bits >> 23;
    const uint32_t normal = field > 0 ? 1u : 0u;
    const uint32_t c = fraction | normal << 23;
    const int32_t q = (int32_t)(field + 1 - normal) - 150;
    /* Whole, with all its digits at hand? */
    const uint32_t down = (uint32_t)-q & 31, whole = c >> down, back = whole << down;
    const uint32_t is_whole = (back == c ? 1u : 0u) & ((uint32_t)-q < 24 ? 1u : 0u);
    const uint32_t odd = c & 1;
    /* Below a power of two the next float32 is only half as far. */
    const uint32_t closer = (fraction == 0 ? 1u : 0u) & (field > 1 ? 1u : 0u);
    /* floor of log10(2^q), or of log10(3/4 * 2^q); and of log2(10^-k) + 1, so that shift is 1 to 4. */
    const int32_t k = (q * 1262611 - 524031 * (int32_t)closer) >> 22;
    const int32_t shift = q + ((-k * 1741647) >> 19) + 1;
    const uint32_t power_high = powers_of_ten_high[-k - FIRST_POWER_OF_TEN];
    const uint32_t power_low = powers_of_ten_low[-k - FIRST_POWER_OF_TEN];
    const uint32_t low = scale_by_power(power_high, power_low, (4 * c - 2 + closer) << shift);
    const uint32_t middle = scale_by_power(power_high, power_low, (4 * c) << shift);
    const uint32_t high = scale_by_power(power_high, power_low, (4 * c + 2) << shift);
    const shortest other = choose(middle, low + odd, high - odd, k);
    const uint32_t mask = 0u - is_whole;
    const shortest found = {(whole & mask) | (other.digits & ~mask),
                            other.exponent & ((int32_t)is_whole - 1)};
    return found;
}

/* Four digits as characters, the first one lowest: halves, then all digits at once. */
FW_INLINE uint32_t four_characters(uint32_t number)
{
    const uint32_t hundreds = number * 10486 >> 20;
    const uint32_t pairs = hundreds | (number - 100 * hundreds) << 16;
    const uint32_t tens = (pairs * 103 >> 10) & 0x000f000fu;
    return tens | (pairs - 10 * tens) << 8 | 0x30303030u;
}

/* Of a positive, finite number, by its bits; of others nothing that means anything. */
FW_INLINE fw_decimal find_decimal(uint32_t bits)
{
    const shortest number = find_shortest(bits);
    /* To nine digits, the first of which is not 0; by the sign of a difference, for comparisons of one
     * number with several become jumps. */
    uint32_t nine = number.digits;
    const uint32_t by_4 = (nine - 100000) >> 31;
    nine *= 1 + (9999 & (0u - by_4));
    const uint32_t by_2 = (nine - 10000000) >> 31;
    nine *= 1 + (99 & (0u - by_2));
    const uint32_t by_1 = (nine - 100000000) >> 31;
    nine *= 1 + (9 & (0u - by_1));
    const uint32_t once_more = (nine - 100000000) >> 31;
    nine *= 1 + (9 & (0u - once_more));
    const uint32_t n = 9 - 4 * by_4 - 2 * by_2 - by_1 - once_more;
    const uint32_t five = (uint32_t)((uint64_t)nine * 3518437209u >> 45); /* nine / 10^4 */
    const uint32_t first = (five >> 4) * 6711 >> 22;                      /* five / 10^4 */
    const fw_decimal found = {first, four_characters(five - 10000 * first),
                              four_characters(nine - 10000 * five), number.exponent + (int32_t)n};
    return found;
}

#endif
