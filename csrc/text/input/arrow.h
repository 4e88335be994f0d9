/* Texts of Arrow arrays, through the Arrow C data interface, without a copy.
 *
 *     utf8, binary               buffers: validity, int32 offsets [length + 1], bytes
 *     large_utf8, large_binary            validity, int64 offsets [length + 1], bytes
 *     string_view, binary_view            validity, views [length], bytes ..., int64 sizes of those buffers
 *
 *     a view of up to 12 bytes:  size:i32 bytes[12]
 *     a longer one:              size:i32 first[4] buffer:i32 offset:i32
 *
 * The interface does not say how long the buffers are, but those of views: offsets that rise from 0 or more is all
 * that can be asked of the others. Structures are those of the specification, layout and all. */
#ifndef FS_TEXT_ARROW_H
#define FS_TEXT_ARROW_H

#include "base/status.h"
#include "text/text_view.h"

typedef struct fs_arrow_schema {
    const char *format, *name, *metadata;
    int64_t flags, n_children;
    struct fs_arrow_schema **children, *dictionary;
    void (*release)(struct fs_arrow_schema *);
    void *private_data;
} fs_arrow_schema;

typedef struct fs_arrow_array {
    int64_t length, null_count, offset, n_buffers, n_children;
    const void **buffers;
    struct fs_arrow_array **children, *dictionary;
    void (*release)(struct fs_arrow_array *);
    void *private_data;
} fs_arrow_array;

typedef struct fs_arrow_stream {
    int (*get_schema)(struct fs_arrow_stream *, fs_arrow_schema *out);
    int (*get_next)(struct fs_arrow_stream *, fs_arrow_array *out);
    const char *(*get_last_error)(struct fs_arrow_stream *);
    void (*release)(struct fs_arrow_stream *);
    void *private_data;
} fs_arrow_stream;

typedef enum fs_arrow_layout { FS_ARROW_OFFSETS32, FS_ARROW_OFFSETS64, FS_ARROW_VIEWS } fs_arrow_layout;

typedef struct fs_arrow_kind {
    fs_arrow_layout layout;
    int binary; /* not said to be UTF-8 */
} fs_arrow_kind;

/* The kind of texts that an array holds; FS_ERR_TYPE when it holds other things. `name` is that of the argument. */
fs_status fs_arrow_kind_of(const fs_arrow_schema *schema, const char *name, fs_arrow_kind *kind, fs_error *err);

/* How many elements, once the array is seen to be one of that kind; FS_ERR_FORMAT when it contradicts itself. */
fs_status fs_arrow_length(const fs_arrow_array *array, fs_arrow_kind kind, const char *name, int64_t *length,
                          fs_error *err);

/* texts (length) takes the elements, all of which are checked to be there and to be UTF-8. `first` is the place of the
 * first one in all of them, for errors. The bytes stay the array's. */
fs_status fs_arrow_texts(const fs_arrow_array *array, fs_arrow_kind kind, const char *name, int64_t first,
                         fs_text *texts, fs_error *err);

#endif
