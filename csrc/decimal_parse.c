/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Decimal text -> float32.
 *
 * The first 19 digits and a power of ten give a double with a relative error below 2^-50. That
 * tells the nearest float32, unless the double lies within its error of the middle between two of
 * them: then all digits are compared with that middle in whole numbers. Such text is rare (one of
 * 2^25 numbers by chance), or long, or chosen on purpose.
 */
#include <stdbool.h>
#include <string.h>

#include "bytes.h"
#include "decimal.h"

enum {
    DIGITS_19 = 19,    /* so many always fit into a uint64_t */
    LAST_POWER = 64,   /* 10^-45 with 19 digits: less is less than half the least float32 */
    /*
     * The middle between two float32 has at most 112 digits that count (25 bits times 2^-150), so
     * of a longer number it is enough to know whether anything but zeros follows.
     */
    MOST_DIGITS = 120,
    LARGE_WORDS = 24, /* of 32 bits: 10^121, or 2^25 * 5^(121 + 45), and room */
    MOST_EXPONENT = 1 << 30,
    COMMON_BYTES = 19, /* "-0.", and 16 more that are looked at */
};

/* A decimal in text: 0.d1 d2 d3 ... times 10^point, with d1 not zero. */
typedef struct decimal {
    const uint8_t *digits; /* d1; there may be one '.' among them */
    size_t n_digits;       /* from d1 to the last one */
    int64_t point;
    uint64_t head; /* the first 19 of them, or all */
} decimal;

static const double powers[LAST_POWER + 1] = {
    1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11, 1e12, 1e13,
    1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22, 1e23, 1e24, 1e25, 1e26, 1e27,
    1e28, 1e29, 1e30, 1e31, 1e32, 1e33, 1e34, 1e35, 1e36, 1e37, 1e38, 1e39, 1e40, 1e41,
    1e42, 1e43, 1e44, 1e45, 1e46, 1e47, 1e48, 1e49, 1e50, 1e51, 1e52, 1e53, 1e54, 1e55,
    1e56, 1e57, 1e58, 1e59, 1e60, 1e61, 1e62, 1e63, 1e64};

static float float_of(uint32_t bits)
{
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

static bool is_digit(uint8_t c)
{
    return (uint8_t)(c - '0') <= 9;
}

/* ---- The slow way ------------------------------------------------------------------------- */

typedef struct large {
    size_t n_words; /* little-endian, the last one not zero */
    uint32_t words[LARGE_WORDS];
} large;

/* number = number * factor + addend; it never outgrows LARGE_WORDS. */
static void multiply_add(large *number, uint32_t factor, uint32_t addend)
{
    uint64_t carry = addend;
    for (size_t i = 0; i < number->n_words; i++) {
        carry += (uint64_t)number->words[i] * factor;
        number->words[i] = (uint32_t)carry;
        carry >>= 32;
    }
    if (carry != 0)
        number->words[number->n_words++] = (uint32_t)carry;
}

static void multiply_by_power(large *number, uint32_t base, int64_t exponent)
{
    uint32_t squared = base * base, fourth = squared * squared;
    for (; exponent >= 8; exponent -= 8)
        multiply_add(number, fourth * fourth, 0);
    for (; exponent > 0; exponent--)
        multiply_add(number, base, 0);
}

static int compare(const large *a, const large *b)
{
    if (a->n_words != b->n_words)
        return a->n_words < b->n_words ? -1 : 1;
    for (size_t i = a->n_words; i-- > 0;)
        if (a->words[i] != b->words[i])
            return a->words[i] < b->words[i] ? -1 : 1;
    return 0;
}

/* The sign of number - middle * 2^exponent. */
static int compare_with_middle(const decimal *number, uint32_t middle, int exponent)
{
    large left = {0, {0}}, right = {0, {0}};
    int64_t n = 0;
    bool more = false;
    for (size_t i = 0, left_over = number->n_digits; left_over > 0; i++) {
        uint8_t c = number->digits[i];
        if (c == '.')
            continue;
        left_over--;
        if (n < MOST_DIGITS) {
            multiply_add(&left, 10, (uint32_t)(c - '0'));
            n++;
        } else if (c != '0') {
            more = true;
            break;
        }
    }
    if (more) {
        multiply_add(&left, 10, 1);
        n++;
    }
    multiply_add(&right, 0, middle);
    /* left * 10^(point - n) against right * 2^exponent: multiply by what is missing. */
    int64_t ten = number->point - n;
    multiply_by_power(&left, 10, ten);
    multiply_by_power(&right, 5, -ten);
    multiply_by_power(&left, 2, (ten < 0 ? ten : 0) - exponent);
    multiply_by_power(&right, 2, exponent - (ten < 0 ? ten : 0));
    return compare(&left, &right);
}

/* The float32 next to a decimal that is about `near`, 0 <= near < 2^128. */
static uint32_t exact_bits(const decimal *number, double near)
{
    uint64_t bits;
    memcpy(&bits, &near, sizeof bits);
    /* near = below * unit and a rest less than a unit; units are 2^exponent. */
    int exponent = (int)(bits >> 52) - 1023 - 23;
    uint32_t below, result;
    if (exponent < -149) { /* float32's subnormals have all the same unit */
        exponent = -149;
        below = result = (uint32_t)(near * 0x1p149);
    } else {
        below = (uint32_t)((bits & 0xfffffffffffff) >> 29) | 1u << 23;
        result = (uint32_t)(exponent + 149) * (1u << 23) + below;
    }
    int sign = compare_with_middle(number, 2 * below + 1, exponent - 1);
    return sign > 0 || (sign == 0 && (below & 1)) ? result + 1 : result;
}

/* ---- The fast way ------------------------------------------------------------------------- */

/* Whether this double, with an error below 2^-50 of it, tells which float32 is the nearest. */
static inline bool is_certain(double near)
{
    uint64_t bits;
    memcpy(&bits, &near, sizeof bits);
    /* The 29 bits that float32 does not have: is the middle between two within 16 of them? */
    uint32_t rest = (uint32_t)bits & 0x1fffffff;
    bool near_middle = rest - (0x10000000 - 16) <= 32;
    return !near_middle && near >= 0x1p-126 && near < 0x1p128;
}

static inline uint32_t bits_of(float value)
{
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

static uint32_t nearest_bits(const decimal *number)
{
    if (number->point > 39) /* at least 10^39 */
        return 0x7f800000;
    if (number->point < -45) /* less than 10^-46, and half the least float32 is 7.006e-46 */
        return 0;
    int64_t n = number->n_digits < DIGITS_19 ? (int64_t)number->n_digits : DIGITS_19;
    int64_t ten = number->point - n;
    double near = (double)number->head;
    near = ten < 0 ? near / powers[-ten] : near * powers[ten];
    if (is_certain(near))
        return bits_of((float)near);
    return near >= 0x1p128 ? 0x7f800000 : exact_bits(number, near);
}

/* How many of eight characters, the first one lowest, are digits before one that is not. */
static inline unsigned count_digits(uint64_t chars)
{
    /* A carry or borrow leaves a byte only if it is no digit, so bytes before the first are right. */
    uint64_t others = ((chars + 0x4646464646464646) | (chars - 0x3030303030303030)) &
                      0x8080808080808080;
    return others == 0 ? 8 : fw_lowest_bit(others) / 8;
}

/* The value of the first n of eight characters, all of them digits. */
static inline uint32_t digits_value(uint64_t chars, unsigned n)
{
    unsigned half = 4 * (8 - n); /* zeros before them make eight of n; a shift by 64 has no meaning */
    uint64_t digits = (chars - 0x3030303030303030) << half << half;
    digits = digits * 10 + (digits >> 8); /* pairs, in every second byte */
    return (uint32_t)(((digits & 0x000000ff000000ff) * (100 + (1000000ull << 32)) +
                       (digits >> 16 & 0x000000ff000000ff) * (1 + (10000ull << 32))) >> 32);
}

/* Numbers as vectors have them, a digit, a point and 1 to 15 digits; 0 if it is anything else. */
static inline size_t parse_common(const uint8_t *text, float *value)
{
    static const uint64_t whole_powers[] = {1,       10,       100,       1000,    10000,
                                            100000, 1000000, 10000000, 100000000};
    size_t negative = text[0] == '-';
    const uint8_t *at = text + negative;
    uint64_t first = fw_load_u64(at + 2), second = fw_load_u64(at + 10);
    unsigned n_first = count_digits(first), n_second = count_digits(second);
    if (n_first < 8)
        n_second = 0;
    unsigned n = n_first + n_second;
    if (!is_digit(at[0]) || at[1] != '.' || n == 0 || n == 16 || (at[2 + n] | 0x20) == 'e')
        return 0;
    uint64_t whole = (uint64_t)(at[0] - '0') * whole_powers[n_first] + digits_value(first, n_first);
    whole = whole * whole_powers[n_second] + digits_value(second, n_second);
    double near = (double)whole / powers[n];
    if (!is_certain(near))
        return 0;
    *value = negative ? -(float)near : (float)near;
    return negative + 2 + n;
}

/* inf, infinity or nan, in any case of letters; 0 if it is none of them. */
static size_t parse_name(const uint8_t *text, size_t n_bytes, uint32_t *bits)
{
    static const char *const names[] = {"infinity", "inf", "nan"};
    for (int i = 0; i < 3; i++) {
        size_t length = strlen(names[i]), same = 0;
        while (same < length && same < n_bytes && (text[same] | 0x20) == names[i][same])
            same++;
        if (same == length) {
            *bits = i == 2 ? 0x7fc00000 : 0x7f800000;
            return length;
        }
    }
    return 0;
}

/* The exponent at text[at], if there is one: add it to the point, and return where it ends. */
static size_t parse_exponent(const uint8_t *text, size_t n_bytes, size_t at, int64_t *point)
{
    if (at >= n_bytes || (text[at] | 0x20) != 'e')
        return at;
    size_t i = at + 1;
    bool negative = i < n_bytes && text[i] == '-';
    if (i < n_bytes && (text[i] == '-' || text[i] == '+'))
        i++;
    if (i >= n_bytes || !is_digit(text[i]))
        return at;
    int64_t exponent = 0;
    for (; i < n_bytes && is_digit(text[i]); i++)
        if (exponent < MOST_EXPONENT)
            exponent = 10 * exponent + (text[i] - '0');
    *point += negative ? -exponent : exponent;
    return i;
}

/* Digits and at most one point from text[at] on: return where they end, `at` if there are none. */
static size_t parse_digits(const uint8_t *text, size_t n_bytes, size_t at, decimal *number)
{
    size_t i = at, n_point = 0, n_zeros = 0, n = 0;
    int64_t n_whole = 0; /* digits before the point, less the zeros before the first other digit */
    uint64_t head = 0;
    for (; i < n_bytes; i++) {
        uint8_t c = text[i];
        if (is_digit(c)) {
            if (n == 0 && c == '0') {
                n_zeros++;
                n_whole -= n_point != 0;
                continue;
            }
            if (n == 0)
                number->digits = text + i;
            if (n < DIGITS_19)
                head = 10 * head + (uint64_t)(c - '0');
            n++;
            n_whole += n_point == 0;
        } else if (c == '.' && n_point == 0) {
            n_point = 1;
        } else {
            break;
        }
    }
    number->n_digits = n;
    number->point = n_whole;
    number->head = head;
    return n + n_zeros > 0 ? i : at;
}

size_t fw_parse_float(const uint8_t *text, size_t n_bytes, float *value)
{
    if (n_bytes >= COMMON_BYTES) {
        size_t length = parse_common(text, value);
        if (length > 0)
            return length;
    }
    size_t at = n_bytes > 0 && (text[0] == '-' || text[0] == '+');
    uint32_t bits = 0;
    decimal number = {text, 0, 0, 0};
    size_t end = parse_digits(text, n_bytes, at, &number);
    if (end == at) {
        size_t length = parse_name(text + at, n_bytes - at, &bits);
        if (length == 0)
            return 0;
        end = at + length;
    } else {
        end = parse_exponent(text, n_bytes, end, &number.point);
        if (number.n_digits > 0)
            bits = nearest_bits(&number);
    }
    *value = float_of(at > 0 && text[0] == '-' ? bits | 1u << 31 : bits);
    return end;
}
