/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Numbers in text, and lines of them.
 *   cc -std=c11 -Icsrc tests/c/test_decimal.c csrc/decimal_*.c csrc/vector_lines.c
 */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "decimal.h"
#include "vector_lines.h"

static uint32_t bits_of(float value)
{
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

static float float_of(uint32_t bits)
{
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

static uint32_t random_bits(void)
{
    return random_below(UINT32_MAX) ^ random_below(2) << 31;
}

/* Parse a text that ends where its memory does, so that a sanitizer sees a byte too many. */
static size_t parse(const char *text, size_t length, float *value)
{
    uint8_t *exact = malloc(length + 1);
    if (exact == NULL)
        abort();
    memcpy(exact + 1, text, length);
    size_t used = fw_parse_float(exact + 1, length, value);
    free(exact);
    return used;
}

/* The text is that of this number, by the C library, which is in the locale "C" here. */
static void check_parsed(const char *text)
{
    float value = -1;
    size_t length = strlen(text), used = parse(text, length, &value);
    uint32_t expected = bits_of(strtof(text, NULL));
    CHECK(used == length, "%s: %zu bytes used", text, used);
    CHECK(bits_of(value) == expected, "%s: %08x, not %08x", text, bits_of(value), expected);
}

static int n_digits(const char *text)
{
    int n = 0, zeros = 0;
    for (; *text != '\0' && *text != 'e'; text++) {
        if (*text == '0' && n > 0)
            zeros++;
        if (*text >= '1' && *text <= '9') {
            n += zeros + 1;
            zeros = 0;
        }
    }
    return n;
}

static void check_printed(uint32_t bits)
{
    uint8_t guarded[FW_FLOAT_CHARS + 1];
    char text[FW_FLOAT_CHARS + 1], shorter[40];
    memset(guarded, 0x7e, sizeof guarded);
    size_t length = fw_print_float(float_of(bits), guarded);
    CHECK(length <= FW_FLOAT_CHARS && guarded[FW_FLOAT_CHARS] == 0x7e, "%08x", bits);
    memcpy(text, guarded, length);
    text[length] = '\0';
    CHECK(bits_of(strtof(text, NULL)) == bits, "%08x is printed %s", bits, text);
    check_parsed(text);
    if (n_digits(text) > 1) {
        snprintf(shorter, sizeof shorter, "%.*e", n_digits(text) - 2, (double)float_of(bits));
        CHECK(bits_of(strtof(shorter, NULL)) != bits, "%s will do for %s", shorter, text);
    }
}

static void numbers_are_printed_shortest_and_come_back(void)
{
    static const uint32_t special[] = {0,          1,          2,          0x7fffff,   0x800000,
                                       0x800001,   0x3f800000, 0x7f7fffff, 0x7f800000, 0xff800000,
                                       0x80000000, 0x4b800000, 0x4b7fffff, 0x1,        0x80000001};
    for (size_t i = 0; i < sizeof special / sizeof *special; i++)
        check_printed(special[i]);
    for (uint32_t field = 0; field < 255; field++) /* powers of two, and both their neighbours */
        for (uint32_t offset = 0; offset < 3; offset++)
            check_printed((field << 23) + offset - (field > 0));
    for (int i = 0; i < 200000; i++) {
        uint32_t bits = random_bits();
        if ((bits & 0x7fffffff) < 0x7f800000)
            check_printed(bits);
    }
}

static void numbers_are_printed_as_people_write_them(void)
{
    static const struct {
        float value;
        const char *text;
    } cases[] = {{0.0f, "0.0"},      {-0.0f, "-0.0"},         {1.0f, "1.0"},     {-1.5f, "-1.5"},
                 {0.25f, "0.25"},    {1500.0f, "1500.0"},     {1e-4f, "0.0001"}, {1e-5f, "1e-05"},
                 {1.5e-5f, "1.5e-05"}, {1e8f, "100000000.0"}, {1e9f, "1e+09"},   {1e38f, "1e+38"},
                 {12.25f, "12.25"},  {0.1f, "0.1"}};
    uint8_t out[FW_FLOAT_CHARS];
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        size_t length = fw_print_float(cases[i].value, out);
        CHECK(length == strlen(cases[i].text) && memcmp(out, cases[i].text, length) == 0,
              "%s is printed %.*s", cases[i].text, (int)length, (const char *)out);
    }
    CHECK(fw_print_float(float_of(0x7fc00000), out) == 3 && memcmp(out, "nan", 3) == 0, "nan");
    CHECK(fw_print_float(float_of(0xff800000), out) == 4 && memcmp(out, "-inf", 4) == 0, "-inf");
}

/* Text right at, and a little beside, the middle of two float32, in many lengths. */
static void middles_are_rounded_to_even(void)
{
    char text[300];
    for (int i = 0; i < 20000; i++) {
        uint32_t bits = random_bits() & 0x7fffffff;
        if (i % 4 == 0)
            bits &= 0xffffff; /* subnormal or nearly so */
        if (bits >= 0x7f7fffff)
            continue;
        double middle = ((double)float_of(bits) + (double)float_of(bits + 1)) / 2;
        int length = snprintf(text, 200, "%.*e", 112, middle); /* exact: no more digits are there */
        check_parsed(text);
        char *exponent = strchr(text, 'e');
        char tail[20];
        snprintf(tail, sizeof tail, "%s", exponent);
        snprintf(exponent, 100, "00000000000000000001%s", tail); /* a little more */
        check_parsed(text);
        (void)length;
    }
    check_parsed("3.4028235677973366e38"); /* the middle of the greatest float32 and infinity */
    check_parsed("340282356779733661637539395458142568447");
    check_parsed("340282356779733661637539395458142568448");
    check_parsed("7.0064923216240853e-46");
    check_parsed("7.006492321624085354618e-46");
    check_parsed("7.006492321624085354619e-46");
}

static void numbers_of_any_length_are_read(void)
{
    static const char *const texts[] = {
        "0", "-0", "+0.0", "00000000000000000000001.5", "1.", ".5", "-.5e1", "5e+3", "5E-3",
        "0.00000000000000000000000000000000000000000000001", "1e400", "-1e400", "1e-400",
        "123456789012345678901234567890", "0.1234567890123456789012345678901234567890",
        "1e99999999999999999999", "1e-99999999999999999999", "0e99999999999999999999",
        "16777217", "16777219", "16777217.0000000000000000000000000000001", "1.00000005960464477539",
        "1.000000059604644775390625", "1.0000000596046447753906250000000000001", "9.99999999999999",
        "4.999999999999999999999999999", "0.3333333333333333", "inf", "-INF", "Infinity",
        "8.589973e9", "1.17549435e-38", "1.1754943e-38", "1e-45", "7e-46"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        check_parsed(texts[i]);
    char text[64];
    for (int i = 0; i < 200000; i++) {
        double value = ((double)random_bits() + random_bits() / 4294967296.0) / 4294967296.0;
        int exponent = (int)random_below(90) - 50;
        snprintf(text, sizeof text, "%.*fe%d", (int)random_below(20), value, i % 2 ? exponent : 0);
        check_parsed(text);
    }
}

static void what_is_no_number_is_not_read(void)
{
    static const struct {
        const char *text;
        size_t used;
    } cases[] = {{"", 0},    {"-", 0},   {".", 0},      {"e5", 0},       {"x", 0},    {"+-1", 0},
                 {"in", 0},  {"na", 0},  {"1_0", 1},    {"1e", 1},       {"1e+", 1},  {"1,5", 1},
                 {"0x10", 1}, {"1.5.2", 3}, {"nan(1)", 3}, {"infinit", 3}, {"--1", 0}, {" 1", 0},
                 {"0.12345678901234567e", 19}, {"0.123456789e5", 13}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        float value = 7;
        size_t used = parse(cases[i].text, strlen(cases[i].text), &value);
        CHECK(used == cases[i].used, "'%s': %zu bytes", cases[i].text, used);
        CHECK(used > 0 || value == 7, "'%s' wrote a value", cases[i].text);
    }
}

static void lines_are_found_and_read_up_to_a_wrong_one(void)
{
    static const char text[] = "the 1 2.5\n\nof -3e2\t4 \r\nand 5\nrest";
    int64_t word_ends[8], ends[8];
    size_t n = fw_find_lines((const uint8_t *)text, strlen(text), 8, word_ends, ends);
    CHECK(n == 4, "%zu lines", n);
    CHECK(word_ends[0] == 3 && ends[0] == 9 && word_ends[1] == 10 && ends[1] == 10, "first two");
    CHECK(fw_find_lines((const uint8_t *)text, strlen(text), 1, word_ends, ends) == 1, "capacity");
    fw_find_lines((const uint8_t *)text, strlen(text), 8, word_ends, ends);
    float rows[8] = {0};
    const uint8_t *bytes = (const uint8_t *)text;
    CHECK(fw_parse_rows(bytes, word_ends, ends, 4, 2, rows) == 1, "the empty line is wrong");
    CHECK(rows[0] == 1 && rows[1] == 2.5f, "%g %g", (double)rows[0], (double)rows[1]);
    CHECK(fw_parse_rows(bytes, word_ends + 2, ends + 2, 2, 2, rows) == 1, "a number is missing");
    CHECK(rows[0] == -300 && rows[1] == 4, "%g %g", (double)rows[0], (double)rows[1]);
    CHECK(fw_parse_rows(bytes, word_ends, ends, 1, 1, rows) == 0, "a number too many");
}

static void entries_are_found_with_and_without_newlines(void)
{
    static const char text[] = "a 1234\nbb 5678ccc 90 \n\nd 12";
    int64_t begins[8], word_ends[8];
    size_t n = fw_find_entries((const uint8_t *)text, strlen(text), 4, 8, begins, word_ends);
    CHECK(n == 3, "%zu entries", n);
    CHECK(begins[1] == 7 && word_ends[1] == 9 && begins[2] == 14 && word_ends[2] == 17, "borders");
    uint8_t rows[8];
    int64_t places[] = {2, 18};
    fw_copy_rows((const uint8_t *)text, places, 2, 4, rows);
    CHECK(memcmp(rows, "123490 \n", 8) == 0, "%.8s", (const char *)rows);
}

static void lines_are_printed(void)
{
    static const float rows[] = {1, 2.5f, 77, -0.5f, 1e-5f, 77};
    static const int64_t offsets[] = {0, 4, 5};
    uint8_t out[100];
    size_t n = fw_print_rows(FW_ISA_PORTABLE, (const uint8_t *)"the ~", offsets, rows, 2, 2, 3, out);
    static const char expected[] = "the 1.0 2.5\n~-0.5 1e-05\n";
    CHECK(n == strlen(expected) && memcmp(out, expected, n) == 0, "%.*s", (int)n, (char *)out);
}

static void every_instruction_set_prints_the_same(void)
{
    enum { COLUMNS = 37, ROOM = COLUMNS * (FW_FLOAT_CHARS + 1) };
    static const int64_t offsets[] = {0, 0};
    static const uint32_t special[] = {0, 0x80000000, 0x7f800000, 0xff800000, 0x7fc00000, 1, 0x7f7fffff};
    for (int isa = 0; isa < FW_ISA_COUNT; isa++)
        for (int i = 0; i < 3000 && fw_isa_available((fw_isa)isa); i++) {
            float row[COLUMNS];
            uint8_t expected[ROOM], out[ROOM + 1], *to = expected;
            for (size_t column = 0; column < COLUMNS; column++) {
                const uint32_t bits = i % 2 ? random_bits() : random_bits() % 0x8000000 + 0x38000000;
                row[column] = float_of(i == 0 && column < 7 ? special[column] : bits);
                to += fw_print_float(row[column], to);
                *to++ = column + 1 < COLUMNS ? ' ' : '\n';
            }
            out[ROOM] = 0x7e;
            const size_t n = fw_print_rows((fw_isa)isa, expected, offsets, row, 1, COLUMNS, COLUMNS, out);
            CHECK(n == (size_t)(to - expected) && memcmp(out, expected, n) == 0 && out[ROOM] == 0x7e,
                  "%s: %.*s", fw_isa_name((fw_isa)isa), (int)n, (char *)out);
        }
    CHECK(fw_print_rows(FW_ISA_COUNT, NULL, offsets, NULL, 1, 1, 1, NULL) == 0, "no such set");
}

int main(void)
{
    numbers_are_printed_shortest_and_come_back();
    numbers_are_printed_as_people_write_them();
    middles_are_rounded_to_even();
    numbers_of_any_length_are_read();
    what_is_no_number_is_not_read();
    lines_are_found_and_read_up_to_a_wrong_one();
    entries_are_found_with_and_without_newlines();
    lines_are_printed();
    every_instruction_set_prints_the_same();
    return report("test_decimal");
}
