/* SPDX-License-Identifier: Apache-2.0 */
#include "noise.h"

#include <math.h>

/* Sum of the weights, or a negative number if one of them is not a finite number >= 0. */
static double checked_sum(const double *weights, int32_t size)
{
    double sum = 0.0;
    for (int32_t i = 0; i < size; ++i) {
        if (!(weights[i] >= 0.0) || !isfinite(weights[i]))
            return -1.0;
        sum += weights[i];
    }
    return isfinite(sum) ? sum : -1.0;
}

static uint32_t threshold_of(double probability)
{
    const double scaled = probability * 4294967296.0;
    return scaled >= 4294967295.0 ? UINT32_MAX : (uint32_t)scaled;
}

fw_status fw_noise_build(const double *weights, int32_t size, fw_alias *table, double *scaled,
                         int32_t *work)
{
    if (!weights || !table || !scaled || !work || size < 1)
        return FW_ERROR_ARGUMENT;
    const double sum = checked_sum(weights, size);
    if (!(sum > 0.0))
        return FW_ERROR_PROBABILITY;

    /* `work` holds both lists: columns below the mean grow from the front, the others from the back. */
    int32_t n_small = 0;
    int32_t large_begin = size;
    for (int32_t i = 0; i < size; ++i) {
        scaled[i] = weights[i] / sum * (double)size;
        if (scaled[i] < 1.0)
            work[n_small++] = i;
        else
            work[--large_begin] = i;
    }
    while (n_small > 0 && large_begin < size) {
        const int32_t small = work[--n_small];
        const int32_t large = work[large_begin];
        table[small] = (fw_alias){threshold_of(scaled[small]), large};
        scaled[large] -= 1.0 - scaled[small];
        if (scaled[large] < 1.0) {
            ++large_begin;
            work[n_small++] = large;
        }
    }
    /* What is left is 1 but for rounding; with `other` the column itself the threshold is moot. */
    while (n_small > 0) {
        const int32_t i = work[--n_small];
        table[i] = (fw_alias){UINT32_MAX, i};
    }
    for (; large_begin < size; ++large_begin)
        table[work[large_begin]] = (fw_alias){UINT32_MAX, work[large_begin]};
    return FW_OK;
}

int32_t fw_noise_draw(const fw_alias *table, int32_t size, uint64_t substream, uint64_t counter)
{
    return noise_draw(table, size, substream, counter);
}
