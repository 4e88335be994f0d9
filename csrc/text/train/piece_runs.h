/* Counts of pieces as sorted runs: what does not fit in memory is written away as one, and all are merged at the end.
 *
 *     run      record record ...            ordered by their pieces' bytes, each piece once
 *     record   size:4 count:8 bytes[size]   in the machine's order, not aligned */
#ifndef FS_TEXT_PIECE_RUNS_H
#define FS_TEXT_PIECE_RUNS_H

#include "base/parallel.h"
#include "piece_count.h"

#define FS_RECORD_HEAD 12 /* bytes */

fs_status fs_record_write(fs_buffer *run, fs_text piece, int64_t count, fs_error *err);

/* Every piece of all runs once, in order, with the sum of its counts. A run that breaks off or is out of order
 * fails, naming it. run may be NULL. */
fs_status fs_runs_merge(const fs_text *runs, int32_t count, fs_piece_seen seen, void *ctx, fs_run *run, fs_error *err);

#endif
