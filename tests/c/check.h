/* SPDX-License-Identifier: Apache-2.0 */
/* What the C tests share: claims that are counted when they fail, and a random source. */
#ifndef FASTW2V_TESTS_CHECK_H
#define FASTW2V_TESTS_CHECK_H

#include <stdint.h>
#include <stdio.h>

static int failures;

#define CHECK(claim, ...)                                                                          \
    do {                                                                                           \
        if (!(claim)) {                                                                            \
            failures++;                                                                            \
            printf("%s:%d: not true: %s: ", __FILE__, __LINE__, #claim);                           \
            printf(__VA_ARGS__);                                                                   \
            printf("\n");                                                                          \
        }                                                                                          \
    } while (0)

static uint64_t random_state = 1;

static inline uint32_t random_below(uint32_t bound)
{
    random_state = random_state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)((random_state >> 32) * bound >> 32);
}

/* Print the verdict; the exit status of the test. */
static inline int report(const char *test)
{
    printf("%s: %s (%d failures)\n", test, failures == 0 ? "ok" : "FAILED", failures);
    return failures != 0;
}

#endif
