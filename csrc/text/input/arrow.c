#include "arrow.h"

#include <stdio.h>
#include <string.h>

#include "text/unicode/utf8.h"

#define LENGTH_MAX ((int64_t)1 << 56) /* so that no product of a length and a size overflows */
#define INLINE_BYTES 12

/* Anything but the formats of texts, in words. */
static const char *name_of(const fs_arrow_schema *schema) {
    const char *f = schema->format;
    if (schema->dictionary) return "dictionary-encoded (cast it to strings)";
    if (strcmp(f, "n") == 0) return "nulls alone";
    if (strcmp(f, "+s") == 0) return "a struct or table (give one column)";
    if (f[0] == '+') return "a nested type";
    if (f[0] == 'w') return "binary of fixed size";
    return f;
}

fs_status fs_arrow_kind_of(const fs_arrow_schema *schema, const char *name, fs_arrow_kind *kind, fs_error *err) {
    static const struct {
        const char *format;
        fs_arrow_kind kind;
    } known[] = {
        {"u", {FS_ARROW_OFFSETS32, 0}}, {"U", {FS_ARROW_OFFSETS64, 0}}, {"vu", {FS_ARROW_VIEWS, 0}},
        {"z", {FS_ARROW_OFFSETS32, 1}}, {"Z", {FS_ARROW_OFFSETS64, 1}}, {"vz", {FS_ARROW_VIEWS, 1}},
    };
    size_t i;
    if (!schema->release || !schema->format)
        return fs_fail(err, FS_ERR_FORMAT, name, "an Arrow schema that was released", "one with a format|none");
    for (i = 0; i < sizeof known / sizeof known[0] && !schema->dictionary; i++)
        if (strcmp(schema->format, known[i].format) == 0) {
            *kind = known[i].kind;
            return FS_OK;
        }
    return fs_fail(err, FS_ERR_TYPE, name, "not an array of texts", "Arrow strings|%.60s", name_of(schema));
}

fs_status fs_arrow_length(const fs_arrow_array *array, fs_arrow_kind kind, const char *name, int64_t *length,
                          fs_error *err) {
    const int views = kind.layout == FS_ARROW_VIEWS;
    if (!array->release) return fs_fail(err, FS_ERR_FORMAT, name, "an Arrow array that was released", "one with data|none");
    if (array->length < 0 || array->offset < 0 || array->length > LENGTH_MAX || array->offset > LENGTH_MAX)
        return fs_fail(err, FS_ERR_FORMAT, name, "length or offset out of range", "0 to 2^56|%lld and %lld",
                       (long long)array->length, (long long)array->offset);
    if (views ? array->n_buffers < 3 : array->n_buffers != 3)
        return fs_fail(err, FS_ERR_FORMAT, name, "wrong number of buffers", "3%s|%lld", views ? " or more" : "",
                       (long long)array->n_buffers);
    if (array->length > 0 && (!array->buffers || !array->buffers[1]))
        return fs_fail(err, FS_ERR_FORMAT, name, "a buffer is missing", "offsets or views|none");
    *length = array->length;
    return FS_OK;
}

static fs_status fail_at(const char *name, int64_t place, const char *what, const char *expected, long long found,
                         fs_error *err) {
    char where[100];
    snprintf(where, sizeof where, "%.60s[%lld]", name, (long long)place);
    return fs_fail(err, FS_ERR_FORMAT, where, what, "%s|%lld", expected, found);
}

static int64_t offset_at(const fs_arrow_array *array, fs_arrow_layout layout, int64_t i) {
    const unsigned char *offsets = array->buffers[1];
    int32_t narrow;
    int64_t wide;
    if (layout == FS_ARROW_OFFSETS64) {
        memcpy(&wide, offsets + i * 8, sizeof wide); /* producers need not align them */
        return wide;
    }
    memcpy(&narrow, offsets + i * 4, sizeof narrow);
    return narrow;
}

/* Elements between offsets. */
static fs_status by_offsets(const fs_arrow_array *array, fs_arrow_layout layout, const char *name, int64_t first,
                            fs_text *texts, fs_error *err) {
    static const uint8_t none[1] = {0};
    const uint8_t *bytes = array->buffers[2];
    int64_t i, end, begin = offset_at(array, layout, array->offset);
    if (begin < 0) return fail_at(name, first, "negative offset", "0 or more", (long long)begin, err);
    for (i = 0; i < array->length; i++, begin = end) {
        end = offset_at(array, layout, array->offset + i + 1);
        if (end < begin || (uint64_t)end > (uint64_t)PTRDIFF_MAX)
            return fail_at(name, first + i, "offsets fall", "one not below that before it", (long long)end, err);
        if (end > begin && !bytes) return fail_at(name, first + i, "no bytes", "a buffer of them", 0, err);
        texts[i].data = bytes ? bytes + begin : none;
        texts[i].size = (size_t)(end - begin);
    }
    return FS_OK;
}

/* The bytes of a view of more than INLINE_BYTES. */
static fs_status outside(const fs_arrow_array *array, const unsigned char *view, const char *name, int64_t place,
                         fs_text *text, fs_error *err) {
    const int64_t count = array->n_buffers - 3;
    const unsigned char *sizes = array->buffers[array->n_buffers - 1], *bytes;
    int32_t buffer, offset;
    int64_t size;
    memcpy(&buffer, view + 8, sizeof buffer);
    memcpy(&offset, view + 12, sizeof offset);
    if (buffer < 0 || buffer >= count || !sizes) return fail_at(name, place, "no such buffer", "one of those given", buffer, err);
    memcpy(&size, sizes + (size_t)buffer * 8, sizeof size);
    bytes = array->buffers[2 + buffer];
    if (offset < 0 || !bytes || size < 0 || (uint64_t)offset + text->size > (uint64_t)size)
        return fail_at(name, place, "outside its buffer", "bytes inside it", offset, err);
    text->data = bytes + offset;
    return FS_OK;
}

static fs_status by_views(const fs_arrow_array *array, const char *name, int64_t first, fs_text *texts, fs_error *err) {
    const unsigned char *view = (const unsigned char *)array->buffers[1] + array->offset * 16;
    int64_t i;
    for (i = 0; i < array->length; i++, view += 16) {
        int32_t size;
        memcpy(&size, view, sizeof size);
        if (size < 0) return fail_at(name, first + i, "negative size", "0 or more", size, err);
        texts[i].data = view + 4;
        texts[i].size = (size_t)size;
        if (size > INLINE_BYTES) FS_TRY(outside(array, view, name, first + i, &texts[i], err));
    }
    return FS_OK;
}

static int is_null(const fs_arrow_array *array, int64_t i) {
    const uint8_t *valid = array->buffers[0];
    i += array->offset;
    return array->null_count != 0 && valid && !(valid[i >> 3] >> (i & 7) & 1);
}

/* Nulls have no text, and what they have instead is not looked at. */
static fs_status check_texts(const fs_arrow_array *array, const char *name, int64_t first, const fs_text *texts,
                             fs_error *err) {
    int64_t i;
    for (i = 0; i < array->length; i++) {
        char where[100];
        size_t valid;
        if (is_null(array, i)) {
            snprintf(where, sizeof where, "%.60s[%lld]", name, (long long)(first + i));
            return fs_fail(err, FS_ERR_TYPE, where, "not a text", "str|null");
        }
        valid = fs_utf8_valid(texts[i].data, texts[i].size);
        if (valid == texts[i].size) continue;
        snprintf(where, sizeof where, "%.60s[%lld], byte %llu", name, (long long)(first + i), (unsigned long long)valid);
        return fs_fail(err, FS_ERR_VALUE, where, "not UTF-8", "valid UTF-8|0x%02x", (unsigned)texts[i].data[valid]);
    }
    return FS_OK;
}

fs_status fs_arrow_texts(const fs_arrow_array *array, fs_arrow_kind kind, const char *name, int64_t first,
                         fs_text *texts, fs_error *err) {
    if (array->length == 0) return FS_OK;
    if (kind.layout == FS_ARROW_VIEWS)
        FS_TRY(by_views(array, name, first, texts, err));
    else
        FS_TRY(by_offsets(array, kind.layout, name, first, texts, err));
    return check_texts(array, name, first, texts, err);
}
