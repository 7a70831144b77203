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
    uint32_t s = middle / 4, tens = s / 10;
    if (s >= 10) {
        bool down = low <= 40 * tens, up = 40 * tens + 40 <= high;
        if (down != up)
            return (shortest){tens + up, k + 1};
    }
    bool down = low <= 4 * s, up = 4 * s + 4 <= high;
    if (down == up) { /* both or none: the nearer, and of two as near the even one */
        uint32_t half = 4 * s + 2;
        up = middle > half || (middle == half && (s & 1));
    }
    return (shortest){s + up, k};
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

/* Write the digits of a number; return how many there are. */
static int32_t print_digits(uint32_t number, uint8_t *out)
{
    uint8_t reversed[10];
    int32_t n = 0;
    for (; number > 0; number /= 10)
        reversed[n++] = (uint8_t)('0' + number % 10);
    for (int32_t i = 0; i < n; i++)
        out[i] = reversed[n - 1 - i];
    return n;
}

/* 1.5e-05 */
static size_t print_scientific(const uint8_t *digits, int32_t n, int32_t point, uint8_t *out)
{
    uint8_t *to = out;
    *to++ = digits[0];
    if (n > 1) {
        *to++ = '.';
        memcpy(to, digits + 1, (size_t)n - 1);
        to += n - 1;
    }
    int32_t exponent = point - 1, size = exponent < 0 ? -exponent : exponent;
    *to++ = 'e';
    *to++ = exponent < 0 ? '-' : '+';
    *to++ = (uint8_t)('0' + size / 10);
    *to++ = (uint8_t)('0' + size % 10);
    return (size_t)(to - out);
}

/* 0.00015, 1.5 or 1500.0 */
static size_t print_plain(const uint8_t *digits, int32_t n, int32_t point, uint8_t *out)
{
    uint8_t *to = out;
    if (point <= 0) {
        *to++ = '0';
        *to++ = '.';
        for (int32_t i = point; i < 0; i++)
            *to++ = '0';
        memcpy(to, digits, (size_t)n);
        return (size_t)(to - out + n);
    }
    for (int32_t i = 0; i < point; i++)
        *to++ = i < n ? digits[i] : '0';
    *to++ = '.';
    if (n <= point)
        *to++ = '0';
    for (int32_t i = point; i < n; i++)
        *to++ = digits[i];
    return (size_t)(to - out);
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
    if (sign)
        *out++ = '-';
    if (positive == 0 || positive == 0x7f800000) {
        memcpy(out, positive ? "inf" : "0.0", 3);
        return sign + 3;
    }
    shortest number = find_shortest(positive);
    while (number.digits % 10 == 0) {
        number.digits /= 10;
        number.exponent++;
    }
    uint8_t digits[10];
    int32_t n = print_digits(number.digits, digits);
    int32_t point = n + number.exponent; /* the value is 0.d1 d2 ... times 10^point */
    bool plain = point > -4 && point <= 9;
    return sign + (plain ? print_plain : print_scientific)(digits, n, point, out);
}
