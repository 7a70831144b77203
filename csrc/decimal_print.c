/* SPDX-License-Identifier: Apache-2.0 */
/*
 * float32 -> its shortest decimal: Schubfach. Of the decimals with the exponent k that is just fine
 * enough, only the two on either side of the number, and the two on either side of it with the
 * exponent k + 1, can be the answer; which of them round to the number is told by comparing whole
 * numbers with 64-bit powers of ten.
 *
 * R. Giulietti, "The Schubfach way to render doubles", 2020.
 */
#include <stdbool.h>
#include <string.h>

#include "bytes.h"
#include "decimal.h"
#include "decimal_powers.h"

/* digits * 10^exponent */
typedef struct shortest {
    uint32_t digits;
    int32_t exponent;
} shortest;

/* floor of power * factor / 2^64, its last bit set if anything but a rounding error was cut off. */
static uint32_t scale(uint64_t power, uint32_t factor)
{
    uint64_t low = (uint64_t)(uint32_t)power * factor;
    uint64_t high = (power >> 32) * factor + (low >> 32);
    return (uint32_t)(high >> 32) | ((uint32_t)high > 1);
}

static int32_t floor_log10_pow2(int32_t e)
{
    return (e * 1262611) >> 22;
}

/* floor of log10(3/4 * 2^e): below a power of two the next float32 is only half as far. */
static int32_t floor_log10_three_quarters_pow2(int32_t e)
{
    return (e * 1262611 - 524031) >> 22;
}

static int32_t floor_log2_pow10(int32_t e)
{
    return (e * 1741647) >> 19;
}

/* The number is c * 2^q; all in quarters of 10^k: it is `middle`, and what rounds to it reaches
 * from `low` to `high`. */
static shortest choose(uint32_t middle, uint32_t low, uint32_t high, int32_t k)
{
    uint32_t s = middle / 4, tens = s / 10, half = 4 * s + 2;
    bool down_tens = low <= 40 * tens, up_tens = 40 * tens + 40 <= high;
    bool down = low <= 4 * s, up = 4 * s + 4 <= high;
    bool upper = middle + (s & 1) > half; /* of two as near the even one */
    /* Which digits a number has is as good as random: choose without branches. */
    bool shorter = (down_tens != up_tens) & (s >= 10);
    up = (up & !down) | (upper & (up == down)); /* both or none: the nearer */
    uint32_t mask = 0u - shorter;
    return (shortest){((tens + up_tens) & mask) | ((s + up) & ~mask), k + shorter};
}

/* A positive, finite number, by its bits. */
static shortest find_shortest(uint32_t bits)
{
    uint32_t fraction = bits & 0x7fffff, field = bits >> 23;
    uint32_t c = field == 0 ? fraction : fraction | 1u << 23;
    int32_t q = (field == 0 ? 1 : (int32_t)field) - 150;
    if (q <= 0 && q > -24 && (c & ((1u << -q) - 1)) == 0) /* whole, with all its digits at hand */
        return (shortest){c >> -q, 0};
    bool even = (c & 1) == 0, closer = fraction == 0 && field > 1;
    int32_t k = closer ? floor_log10_three_quarters_pow2(q) : floor_log10_pow2(q);
    int32_t shift = q + floor_log2_pow10(-k) + 1; /* from 1 to 4 */
    uint64_t power = powers_of_ten[-k - FIRST_POWER_OF_TEN];
    uint32_t low = scale(power, (4 * c - (closer ? 1 : 2)) << shift);
    uint32_t middle = scale(power, (4 * c) << shift);
    uint32_t high = scale(power, (4 * c + 2) << shift);
    return choose(middle, low + !even, high - !even, k);
}

enum { DIGITS = 9 }; /* no shortest decimal has more */

/* A number is 0.d1 d2 ... d9 times 10^point; all digits from the n-th on, but the first, are 0. */
typedef struct decimal {
    uint64_t rest; /* d2 to d9 as characters, d2 lowest */
    uint8_t first; /* d1 */
    int32_t n, point;
} decimal;

/* Eight digits as characters, the first one lowest: halves, quarters and then all digits at once. */
static uint64_t eight_characters(uint32_t number)
{
    uint64_t halves = number / 10000 | (uint64_t)(number % 10000) << 32;
    uint64_t hundreds = (halves * 10486 >> 20) & 0x0000007f0000007f;
    uint64_t pairs = hundreds | (halves - 100 * hundreds) << 16;
    uint64_t tens = (pairs * 103 >> 10) & 0x000f000f000f000f;
    return tens | (pairs - 10 * tens) << 8 | 0x3030303030303030;
}

static decimal split_digits(shortest number)
{
    static const uint32_t powers[] = {1,      10,      100,      1000,     10000,
                                      100000, 1000000, 10000000, 100000000};
    int32_t n = 8 + (number.digits >= powers[8]);
    if (number.digits < powers[7])
        for (n = 1; number.digits >= powers[n];)
            n++;
    decimal split;
    split.point = number.exponent + n;
    uint32_t nine = number.digits * powers[DIGITS - n];
    split.first = (uint8_t)('0' + nine / 100000000);
    split.rest = eight_characters(nine % 100000000);
    uint64_t values = split.rest & 0x0f0f0f0f0f0f0f0f;
    split.n = values == 0 ? 1 : 2 + (int32_t)fw_highest_bit(values) / 8;
    return split;
}

/* 1.5e-05 */
static size_t print_scientific(const decimal *number, uint8_t *out)
{
    uint8_t rest[8], *to = out;
    fw_store_u64(number->rest, rest);
    *to++ = number->first;
    if (number->n > 1) {
        *to++ = '.';
        memcpy(to, rest, (size_t)number->n - 1);
        to += number->n - 1;
    }
    int32_t exponent = number->point - 1, size = exponent < 0 ? -exponent : exponent;
    *to++ = 'e';
    *to++ = exponent < 0 ? '-' : '+';
    *to++ = (uint8_t)('0' + size / 10);
    *to++ = (uint8_t)('0' + size % 10);
    return (size_t)(to - out);
}

/* 0.00015, 1.5 or 1500.0; -4 < point <= DIGITS. The zeros at the end are there to be counted in. */
static size_t print_plain(const decimal *number, uint8_t *out)
{
    int32_t n = number->n, point = number->point;
    if (point <= 0) {
        memcpy(out, "0.000", 5);
        out[2 - point] = number->first;
        fw_store_u64(number->rest, out + 3 - point);
        return (size_t)(2 - point + n);
    }
    uint8_t digits[DIGITS + 1];
    digits[0] = number->first;
    fw_store_u64(number->rest, digits + 1);
    digits[DIGITS] = '0';
    for (int32_t i = 0; i < point; i++)
        out[i] = digits[i];
    out[point] = '.';
    int32_t end = n > point ? n : point + 1;
    for (int32_t i = point; i < end; i++)
        out[i + 1] = digits[i];
    return (size_t)end + 1;
}

size_t fw_print_float(float value, uint8_t *out)
{
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    uint32_t positive = bits & 0x7fffffff;
    if (positive > 0x7f800000) {
        memcpy(out, "nan", 3);
        return 3;
    }
    size_t sign = bits >> 31;
    *out = '-';
    out += sign;
    if (positive == 0 || positive == 0x7f800000) {
        memcpy(out, positive ? "inf" : "0.0", 3);
        return sign + 3;
    }
    decimal number = split_digits(find_shortest(positive));
    bool plain = number.point > -4 && number.point <= DIGITS;
    return sign + (plain ? print_plain(&number, out) : print_scientific(&number, out));
}
