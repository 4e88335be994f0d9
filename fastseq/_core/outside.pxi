# Cuts by Python code, for patterns without a scanner.

cdef fs_status _find_matches(void *ctx, fs_text text, fs_buffer *found, fs_error *err) noexcept with gil:
    """fs_find_matches by a Python function: text (str) to int32 [n, 2], begin and end of each match in characters."""
    cdef fs_status st
    try:
        return _add_matches((<object>ctx)(text_of(text.data, text.size)), text, found, err)
    except KeyboardInterrupt:
        return FS_ERR_INTERRUPTED
    except MemoryError:
        return fs_fail(err, FS_ERR_MEMORY, b"pattern", b"out of memory", b"|")
    except BaseException as error:
        message = f"{error}"[:120].encode("utf-8", "replace")
        return fs_fail(err, FS_ERR_VALUE, b"pattern", b"failed on a text", b"|%s", <const char *>message)


cdef fs_status _add_matches(matches, fs_text text, fs_buffer *found, fs_error *err) except *:
    """Places in characters become places in bytes."""
    cdef const int32_t[:, ::1] spans = np.ascontiguousarray(matches, np.int32).reshape(-1, 2)
    cdef int32_t character = 0, byte = 0, k
    cdef int32_t place[2]
    cdef Py_ssize_t i
    for i in range(spans.shape[0]):
        for k in range(2):
            if spans[i, k] < character:
                raise ValueError("matches out of order")
            while character < spans[i, k]:
                if byte >= <int32_t>text.size:
                    raise ValueError("a match behind the end")
                byte += fs_utf8_size(text.data[byte])
                character += 1
            place[k] = byte
        if fs_buffer_append(found, place, sizeof(place), err) != FS_OK:
            return FS_ERR_MEMORY
    return FS_OK
