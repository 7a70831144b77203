/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The decimal of a number as text; decimal_shortest.h finds it. Inlined where numbers are printed: a
 * call for each takes 1.5 ns of 10.
 */
#ifndef FASTW2V_DECIMAL_TEXT_H
#define FASTW2V_DECIMAL_TEXT_H

#include <stdbool.h>
#include <string.h>

#include "bytes.h"
#include "compiler.h"
#include "decimal.h"

enum { DIGITS = 9 }; /* no shortest decimal has more */

/* A number is 0.d1 d2 ... d9 times 10^point; all digits from the n-th on, but the first, are 0. */
typedef struct digits {
    uint64_t rest; /* d2 to d9 as characters, d2 lowest */
    uint8_t first; /* d1 */
    int32_t n, point;
} digits;

/* 1.5e-05 */
FW_INLINE size_t print_scientific(const digits *number, uint8_t *out)
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
FW_INLINE size_t print_plain(const digits *number, uint8_t *out)
{
    int32_t n = number->n, point = number->point;
    if (point <= 0) {
        memcpy(out, "0.000", 5);
        out[2 - point] = number->first;
        fw_store_u64(number->rest, out + 3 - point);
        return (size_t)(2 - point + n);
    }
    uint8_t each[DIGITS + 1];
    each[0] = number->first;
    fw_store_u64(number->rest, each + 1);
    each[DIGITS] = '0';
    for (int32_t i = 0; i < point; i++)
        out[i] = each[i];
    out[point] = '.';
    int32_t end = n > point ? n : point + 1;
    for (int32_t i = point; i < end; i++)
        out[i + 1] = each[i];
    return (size_t)end + 1;
}

/* Write a number by its bits and its decimal, which is not read where it has none; return how many bytes
 * there are, at most FW_FLOAT_CHARS. */
FW_INLINE size_t print_decimal(uint32_t bits, fw_decimal decimal, uint8_t *out)
{
    const uint32_t positive = bits & 0x7fffffff, sign = bits >> 31;
    if (positive > 0x7f800000) {
        memcpy(out, "nan", 3);
        return 3;
    }
    *out = '-';
    out += sign;
    if (positive == 0 || positive == 0x7f800000) {
        memcpy(out, positive ? "inf" : "0.0", 3);
        return sign + 3;
    }
    const uint64_t rest = decimal.high | (uint64_t)decimal.low << 32;
    const uint64_t values = rest & 0x0f0f0f0f0f0f0f0f;
    const digits number = {rest, (uint8_t)('0' + decimal.first),
                           values == 0 ? 1 : 2 + (int32_t)fw_highest_bit(values) / 8, decimal.point};
    const bool plain = number.point > -4 && number.point <= DIGITS;
    return sign + (plain ? print_plain(&number, out) : print_scientific(&number, out));
}

#endif
