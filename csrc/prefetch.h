/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FASTW2V_PREFETCH_H
#define FASTW2V_PREFETCH_H

#include <stddef.h>

#if defined(_MSC_VER) && !defined(__clang__)
#include <intrin.h>
#endif

/* Ask for every cache line of a row that will be updated soon. */
static inline void prefetch_row(const float *row, size_t stride)
{
    for (size_t d = 0; d < stride; d += 16) {
#if defined(__GNUC__) || defined(__clang__)
        __builtin_prefetch(row + d, 1, 3);
#elif defined(_M_X64)
        _mm_prefetch((const char *)(row + d), _MM_HINT_T0);
#elif defined(_M_ARM64)
        __prefetch(row + d);
#endif
    }
}

#endif
