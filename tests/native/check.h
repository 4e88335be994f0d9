/* The least that C tests need. A program is a row of RUN(test) between BEGIN and END; a test is a function of
 * CHECKs; run.py adds up the closing lines. */
#ifndef FS_TESTS_CHECK_H
#define FS_TESTS_CHECK_H

#include <stdio.h>

static int check_failures; /* in the running test */

#define CHECK(condition)                                                              \
    do {                                                                              \
        if (!(condition)) {                                                           \
            printf("%s:%d: %s: not so: %s\n", __FILE__, __LINE__, __func__, #condition); \
            check_failures++;                                                         \
        }                                                                             \
    } while (0)

#define BEGIN              \
    int main(void) {       \
        int passed = 0, failed = 0;
#define RUN(test)                  \
    do {                           \
        check_failures = 0;        \
        test();                    \
        if (check_failures) failed++; \
        else passed++;             \
    } while (0)
#define END                                              \
        printf("%d passed, %d failed\n", passed, failed); \
        return failed != 0;                              \
    }

#endif
