/* How anything fails: a status code, and a message with four facts: what, where, expected, found.
 *
 * Every function that can fail returns fs_status and takes `fs_error *err` as its last argument. The error
 * belongs to the caller, so threads never share one; err may be NULL when only the code matters. */
#ifndef FS_BASE_STATUS_H
#define FS_BASE_STATUS_H

#include "portable.h"

typedef enum fs_status {
    FS_OK = 0,
    FS_ERR_VALUE,       /* an argument is out of its range */
    FS_ERR_TYPE,        /* an argument is of the wrong kind */
    FS_ERR_FORMAT,      /* a file or a spec contradicts itself or its weights */
    FS_ERR_UNSUPPORTED, /* well formed, but not something this version runs */
    FS_ERR_MEMORY,      /* an allocation failed, or a size does not fit */
    FS_ERR_INTERRUPTED, /* the caller asked the work to stop */
    FS_ERR_UNKNOWN_TOKEN /* a text holds a token that the vocabulary lacks */
} fs_status;

typedef struct fs_error {
    fs_status code;
    char where[160];   /* the tensor, argument or offset at fault */
    char what[160];    /* what is wrong, in a few words */
    char expected[160];
    char found[160];
} fs_error;

/* Fills *err and returns `code`. `facts` is a printf format of two parts, "expected|found"; the text is
 * split at its first '|', so the expected part must not hold one. Either part may be empty. */
fs_status fs_fail(fs_error *err, fs_status code, const char *where, const char *what, const char *facts, ...)
    FS_PRINTF(5, 6);

fs_status fs_fail_memory(fs_error *err, const char *where, uint64_t bytes);

#define FS_TRY(expr)                        \
    do {                                    \
        fs_status fs_try_ = (expr);         \
        if (fs_try_ != FS_OK) return fs_try_; \
    } while (0)

/* As FS_TRY, for functions that own something and clean up at their label `done`, returning `st`. */
#define FS_TRY_DONE(expr)              \
    do {                               \
        st = (expr);                   \
        if (st != FS_OK) goto done;    \
    } while (0)

#endif
