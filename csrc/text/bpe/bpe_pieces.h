/* From pieces to ids: the inner loop of byte-pair encoding. */
#ifndef FS_TEXT_BPE_PIECES_H
#define FS_TEXT_BPE_PIECES_H

#include "bpe.h"
#include "text/lookup/bpe_cache.h"
#include "text/scan/scan.h"

/* A stretch of plain text: its ids are added to `ids`. With `ends`, for each id also where in the text its piece
 * ends (int32). */
fs_status fs_bpe_stretch(fs_bpe *m, fs_scan scan, fs_scan_rule rule, fs_bpe_cache *cache, fs_text text,
                         fs_buffer *ids, fs_buffer *ends, fs_error *err);

#endif
