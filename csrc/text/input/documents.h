/* Texts that lie in a block one behind another, each ended by a separator. */
#ifndef FS_TEXT_DOCUMENTS_H
#define FS_TEXT_DOCUMENTS_H

#include "base/buffer.h"
#include "text/text_view.h"

/* Adds the texts (fs_text) of a block that end in a separator, and with `last` what stands behind the last of them,
 * unless that is empty. An empty separator ends nothing: with it the block is one text. *used: bytes up to where the
 * next text begins. *valid: how many of those are UTF-8; when they are not all, nothing is added. */
fs_status fs_documents_add(fs_buffer *texts, fs_text block, fs_text separator, int last, size_t *used, size_t *valid,
                           fs_error *err);

#endif
