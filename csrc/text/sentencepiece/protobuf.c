#include "protobuf.h"

#include <stdio.h>
#include <string.h>

static fs_status damaged(size_t at, const char *what, fs_error *err) {
    char where[40];
    snprintf(where, sizeof where, "byte %llu", (unsigned long long)at);
    return fs_fail(err, FS_ERR_FORMAT, where, what, "a protobuf message|");
}

static fs_status varint(fs_proto *p, uint64_t *value, fs_error *err) {
    const size_t begin = p->at;
    int shift;
    *value = 0;
    for (shift = 0; shift < 70; shift += 7) {
        uint8_t byte;
        if (p->at >= p->end) return damaged(begin, "truncated number", err);
        byte = p->file.data[p->at++];
        if (shift < 64) *value |= (uint64_t)(byte & 0x7F) << shift;
        if (!(byte & 0x80)) return FS_OK;
    }
    return damaged(begin, "number of more than ten bytes", err);
}

static fs_status fixed(fs_proto *p, int size, uint64_t *value, fs_error *err) {
    int i;
    if (p->end - p->at < (size_t)size) return damaged(p->at, "truncated value", err);
    *value = 0;
    for (i = 0; i < size; i++) *value |= (uint64_t)p->file.data[p->at++] << (8 * i);
    return FS_OK;
}

fs_status fs_proto_next(fs_proto *p, fs_proto_field *field, fs_error *err) {
    const size_t begin = p->at;
    uint64_t key;
    memset(field, 0, sizeof *field);
    if (p->at == p->end) return FS_OK;
    FS_TRY(varint(p, &key, err));
    field->number = (uint32_t)(key >> 3);
    field->wire = (int)(key & 7);
    if (!field->number || key >> 32) return damaged(begin, "field number out of range", err);
    if (field->wire == FS_WIRE_VARINT) return varint(p, &field->value, err);
    if (field->wire == FS_WIRE_64) return fixed(p, 8, &field->value, err);
    if (field->wire == FS_WIRE_32) return fixed(p, 4, &field->value, err);
    if (field->wire != FS_WIRE_BYTES) return damaged(begin, "unknown wire type", err);
    FS_TRY(varint(p, &field->value, err));
    if (field->value > p->end - p->at) return damaged(begin, "field longer than what is left", err);
    field->begin = p->at;
    p->at += (size_t)field->value;
    return FS_OK;
}

fs_status fs_proto_expect(const fs_proto_field *field, int wire, const char *name, fs_error *err) {
    if (field->wire == wire) return FS_OK;
    return fs_fail(err, FS_ERR_FORMAT, name, "wrong wire type", "%d|%d", wire, field->wire);
}

fs_text fs_proto_bytes(const fs_proto *p, const fs_proto_field *field) {
    const fs_text bytes = {p->file.data + field->begin, (size_t)field->value};
    return bytes;
}

fs_proto fs_proto_message(const fs_proto *p, const fs_proto_field *field) {
    const fs_proto message = {p->file, field->begin, field->begin + (size_t)field->value};
    return message;
}

float fs_proto_float(const fs_proto_field *field) {
    const uint32_t bits = (uint32_t)field->value;
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}
