/* SPDX-License-Identifier: Apache-2.0 */
/*
 * float32 as decimal text and back, exactly, whatever the locale.
 *
 * Printed is the shortest decimal that is nearer to the number than to any other float32, and of
 * several the nearest. Read is what IEEE 754 calls correctly rounded: straight to float32, not by
 * way of a double. So each float32 but a NaN's payload comes back bit for bit.
 */
#ifndef FASTW2V_DECIMAL_H
#define FASTW2V_DECIMAL_H

#include <stddef.h>
#include <stdint.h>

/* Most bytes that fw_print_float writes: "-1.17549435e-38". */
enum { FW_FLOAT_CHARS = 16 };

/*
 * Read a number at the beginning of text[0 .. n_bytes): digits with at most one point among them,
 * a sign before and an exponent behind them if need be, or inf, infinity or nan in any case of
 * letters. Beyond the greatest float32 it is infinite. Returns how many bytes belong to it, 0 if
 * none; what follows them is not looked at. `*value` is written if there is a number.
 */
size_t fw_parse_float(const uint8_t *text, size_t n_bytes, float *value);

/*
 * Write a number to out[0 .. FW_FLOAT_CHARS), such as 0.25, -3.0, 1e-05, 3.4028235e+38, inf or nan;
 * nothing ends it. Returns how many bytes were written.
 */
size_t fw_print_float(float value, uint8_t *out);

/* A positive number is 0.d1 d2 ... d9 times 10^point. */
typedef struct fw_decimal {
    uint32_t first;     /* d1 */
    uint32_t high, low; /* d2 to d5 and d6 to d9 as characters, the first of them lowest */
    int32_t point;
} fw_decimal;

/* Those of several numbers. */
enum { FW_DECIMAL_LANES = 16 };
typedef struct fw_decimals {
    uint32_t first[FW_DECIMAL_LANES], high[FW_DECIMAL_LANES], low[FW_DECIMAL_LANES];
    int32_t point[FW_DECIMAL_LANES];
} fw_decimals;

#endif
