/* SPDX-License-Identifier: Apache-2.0 */
/* What a row takes from a copy of it, when others have moved it since the copy was made. */
#include <math.h>

#include "check.h"
#include "kernels.h"

enum { STRIDE = 48 };

typedef struct rows {
    _Alignas(64) float base[STRIDE];
    _Alignas(64) float row[STRIDE];
    _Alignas(64) float copy[STRIDE];
} rows;

static float random_float(void)
{
    return (float)random_below(20001) / 1e4f - 1.0f;
}

/* The others have moved by `theirs` times a direction, the copy by `ours` times it, and at right angles to
 * it by `apart`: the even places are that direction, the odd ones the other. */
static rows moved(float theirs, float ours, float apart)
{
    rows r;
    for (int d = 0; d < STRIDE; ++d) {
        r.base[d] = random_float();
        r.row[d] = r.base[d] + (d % 2 == 0 ? theirs * (float)(1 + d) : 0.0f);
        r.copy[d] = r.base[d] + (d % 2 == 0 ? ours * (float)(1 + d) : apart * (float)d);
    }
    return r;
}

static void check_moved(fw_isa isa, const char *name, float theirs, float ours, float apart,
                        float expected)
{
    rows r = moved(theirs, ours, apart);
    fw_kernels_of(isa)->merge_row(r.row, r.copy, r.base, STRIDE);
    for (int d = 0; d < STRIDE; ++d) {
        const float move = d % 2 == 0 ? expected * (float)(1 + d) : apart * (float)d;
        CHECK(fabsf(r.row[d] - r.base[d] - move) < 1e-5f, "%s, %s: place %d moved by %g, not %g",
              fw_isa_name(isa), name, d, (double)(r.row[d] - r.base[d]), (double)move);
    }
}

static void what_several_learnt_alike_is_kept_once(fw_isa isa)
{
    check_moved(isa, "nobody else moved", 0.0f, 0.02f, 0.03f, 0.02f);
    check_moved(isa, "only others moved", 0.02f, 0.0f, 0.0f, 0.02f);
    check_moved(isa, "at right angles", 0.02f, 0.0f, 0.03f, 0.02f);
    check_moved(isa, "the same move", 0.02f, 0.02f, 0.0f, 0.02f);
    check_moved(isa, "half of theirs", 0.02f, 0.01f, 0.03f, 0.02f);
    check_moved(isa, "twice theirs", 0.02f, 0.04f, 0.03f, 0.04f);
    check_moved(isa, "against theirs", 0.02f, -0.01f, 0.03f, 0.01f);
}

static void it_is_the_formula(fw_isa isa)
{
    for (int i = 0; i < 1000; ++i) {
        rows r;
        double product = 0.0, square = 0.0, expected[STRIDE];
        for (int d = 0; d < STRIDE; ++d) {
            r.base[d] = random_float();
            r.row[d] = r.base[d] + 0.1f * random_float();
            r.copy[d] = r.base[d] + 0.1f * random_float();
            const double others = (double)r.row[d] - (double)r.base[d];
            product += ((double)r.copy[d] - (double)r.base[d]) * others;
            square += others * others;
        }
        const double common = fmin(fmax(product / square, 0.0), 1.0);
        for (int d = 0; d < STRIDE; ++d)
            expected[d] = (double)r.row[d] + (double)r.copy[d] - (double)r.base[d] -
                          common * ((double)r.row[d] - (double)r.base[d]);
        fw_kernels_of(isa)->merge_row(r.row, r.copy, r.base, STRIDE);
        for (int d = 0; d < STRIDE; ++d)
            CHECK(fabs((double)r.row[d] - expected[d]) < 1e-6, "%s, case %d, place %d",
                  fw_isa_name(isa), i, d);
    }
}

int main(void)
{
    for (int isa = 0; isa < FW_ISA_COUNT; ++isa) {
        if (!fw_isa_available((fw_isa)isa))
            continue;
        what_several_learnt_alike_is_kept_once((fw_isa)isa);
        it_is_the_formula((fw_isa)isa);
    }
    return report("test_merge");
}
