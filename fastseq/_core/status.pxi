# Status to exception: the one table.
from libc.stdint cimport int8_t, int32_t, int64_t, uint8_t, uint16_t, uint32_t, uint64_t
from libc.stddef cimport size_t

from fastseq import errors

cdef extern from "base/status.h" nogil:
    ctypedef enum fs_status:
        FS_OK
        FS_ERR_VALUE
        FS_ERR_TYPE
        FS_ERR_FORMAT
        FS_ERR_UNSUPPORTED
        FS_ERR_UNKNOWN_TOKEN
        FS_ERR_MEMORY
        FS_ERR_INTERRUPTED
    ctypedef struct fs_error:
        fs_status code
        char where[160]
        char what[160]
        char expected[160]
        char found[160]
    fs_status fs_fail(fs_error *err, fs_status code, const char *where, const char *what, const char *facts, ...)

cdef dict _EXCEPTIONS = {
    FS_ERR_VALUE: errors.ArgumentError,
    FS_ERR_TYPE: errors.ArgumentTypeError,
    FS_ERR_FORMAT: errors.FormatError,
    FS_ERR_UNSUPPORTED: errors.UnsupportedError,
    FS_ERR_UNKNOWN_TOKEN: errors.UnknownTokenError,
    FS_ERR_MEMORY: errors.OutOfMemoryError,
    FS_ERR_INTERRUPTED: KeyboardInterrupt,
}


cdef str _text(const char *s):
    return (<bytes>s).decode("utf-8", "replace")


cdef int check(fs_status status, fs_error *err) except -1:
    """Raises the exception of a failed call. A pending KeyboardInterrupt is the reason of an interruption."""
    if status == FS_OK:
        return 0
    if status == FS_ERR_INTERRUPTED:
        raise KeyboardInterrupt
    raise _EXCEPTIONS[status](
        _text(err.what), where=_text(err.where), expected=_text(err.expected), found=_text(err.found)
    )
