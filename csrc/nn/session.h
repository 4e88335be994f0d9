/* A decoder at work for one thread: the state of its rows, behind stepper.h. Its sources are either a memory
 * given whole, or a batch of ids that an encoder graph encodes as it is called for. */
#ifndef FS_NN_SESSION_H
#define FS_NN_SESSION_H

#include "graph.h"
#include "shortlist.h"
#include "stepper.h"

typedef struct fs_session fs_session;

/* Where the sources come from: `memory`, or `encoder` with `batch` and `order` (source i is sequence order[i]),
 * or neither for a language model. */
typedef struct fs_sources {
    const fs_memory *memory;
    const fs_graph *encoder;
    const fs_batch *batch;
    const int64_t *order;
    const fs_shortlist *shortlist; /* of the batch's tokens; NULL: the whole vocabulary */
    int shelf;                     /* S: rows that keep beginnings */
    int attention;                 /* whether the stepper is to tell it */
} fs_sources;

/* Everything is borrowed and must outlive the session. rows: R. */
fs_status fs_session_create(const fs_graph *decoder, const fs_sources *sources, int rows, fs_run *run, int worker,
                            fs_session **out, fs_error *err);
void fs_session_free(fs_session *s);
fs_stepper *fs_session_stepper(fs_session *s);

#endif
