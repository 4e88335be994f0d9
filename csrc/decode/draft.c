#include "draft.h"

enum { LONGEST = 4, SHORTEST = 2, REST = 6 }; /* tokens that have to be the same; passes of rest */

/* Where the last `n` tokens of the text (length) stood before, the latest of such places: what followed them; or -1. */
static int find(const fs_request *q, int length, int n) {
    for (int at = length - n - 1; at >= 0; at--) {
        int same = 0;
        while (same < n && fs_request_token(q, at + same) == fs_request_token(q, length - n + same)) same++;
        if (same == n) return at + n;
    }
    return -1;
}

void fs_draft_guess(fs_draft *d, const fs_request *q, int most) {
    const int length = q->length + (int)q->count;
    int at = -1;
    d->count = 0;
    if (d->rest) {
        d->rest--;
        return;
    }
    if (!d->hope) d->hope = 2;
    most = FS_MIN(FS_MIN(most, q->draft), FS_MIN(d->hope, FS_DRAFT_MAX));
    for (int n = LONGEST; most > 0 && n >= SHORTEST && at < 0; n--)
        if (n < length) at = find(q, length, n);
    if (at < 0) return;
    for (; d->count < most && at < length; at++) d->token[d->count++] = fs_request_token(q, at);
}

void fs_draft_learn(fs_draft *d, int right) {
    if (!d->count) return;
    if (right == d->count)
        d->hope = FS_MIN(2 * d->hope, FS_DRAFT_MAX);
    else if (right)
        d->hope = FS_MAX(right, 2);
    else if (d->hope > 2)
        d->hope = 2;
    else
        d->rest = REST;
    d->count = 0;
}
