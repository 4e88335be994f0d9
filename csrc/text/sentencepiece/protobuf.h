/* Reading protobuf's wire format: a message is fields one behind the other, each a key and a value. */
#ifndef FS_TEXT_PROTOBUF_H
#define FS_TEXT_PROTOBUF_H

#include "base/status.h"
#include "text/text_view.h"

enum { FS_WIRE_VARINT = 0, FS_WIRE_64 = 1, FS_WIRE_BYTES = 2, FS_WIRE_32 = 5 };

typedef struct fs_proto {
    fs_text file;   /* places in errors are in it */
    size_t at, end; /* what is left of the message */
} fs_proto;

typedef struct fs_proto_field {
    uint32_t number;
    int wire;
    uint64_t value; /* of varints and fixed ones; of bytes their size */
    size_t begin;   /* of bytes, in the file */
} fs_proto_field;

/* The next field; number 0 when there is none left. */
fs_status fs_proto_next(fs_proto *p, fs_proto_field *field, fs_error *err);

/* Fails unless the field is of this wire type. */
fs_status fs_proto_expect(const fs_proto_field *field, int wire, const char *name, fs_error *err);

fs_text fs_proto_bytes(const fs_proto *p, const fs_proto_field *field);
fs_proto fs_proto_message(const fs_proto *p, const fs_proto_field *field);
float fs_proto_float(const fs_proto_field *field);

#endif
