/* SPDX-License-Identifier: Apache-2.0 */
/* Compilers that have no 128-bit integers take the same numbers from the same bits. */
#include "check.h"
#include "rng.h"

#undef FASTW2V_RNG_H
#undef FW_GOLDEN
#undef __SIZEOF_INT128__
#define rng_mix narrow_mix
#define rng_draw narrow_draw
#define rng_below narrow_below
#define rng_take narrow_take
#include "rng.h"
#undef rng_mix
#undef rng_draw
#undef rng_below
#undef rng_take

static void halves_make_the_whole_product(void)
{
    static const uint32_t sizes[] = {1, 2, 3, 255, 256, 257, 1u << 20, UINT32_MAX};
    for (size_t k = 0; k < sizeof sizes / sizeof *sizes; ++k) {
        for (uint64_t i = 0; i < 10000; ++i) {
            uint64_t wide = i == 0 ? UINT64_MAX : rng_draw(k, i);
            uint64_t narrow = wide;
            for (int pick = 0; pick < 5; ++pick) {
                const uint32_t number = rng_take(&wide, sizes[k]);
                CHECK(number < sizes[k], "%u of %u", number, sizes[k]);
                CHECK(number == narrow_take(&narrow, sizes[k]), "number of %u", sizes[k]);
                CHECK(wide == narrow, "bits left of %u", sizes[k]);
            }
        }
    }
}

int main(void)
{
    halves_make_the_whole_product();
    return report("test_rng");
}
