/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "decimal.h"
#include "decimal_shortest.h"
#include "decimal_text.h"

size_t fw_print_float(float value, uint8_t *out)
{
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    return print_decimal(bits, find_decimal(bits & 0x7fffffff), out);
}
