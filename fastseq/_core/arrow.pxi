# Arrow arrays and streams, by the PyCapsule interface: whoever made them, nothing is imported.

cdef extern from "Python.h":
    void *PyCapsule_GetPointer(object capsule, const char *name) except NULL
    bint PyCapsule_IsValid(object capsule, const char *name)
    int PyErr_CheckSignals() except -1


cdef class _ArrowSchema:
    """A schema that is ours: released once."""

    cdef fs_arrow_schema s

    def __dealloc__(self):
        if self.s.release is not NULL:
            self.s.release(&self.s)


cdef class _ArrowArray:
    """An array that is ours."""

    cdef fs_arrow_array a

    def __dealloc__(self):
        if self.a.release is not NULL:
            self.a.release(&self.a)


cdef class _ArrowStream:
    """A stream that is ours."""

    cdef fs_arrow_stream s

    def __dealloc__(self):
        if self.s.release is not NULL:
            self.s.release(&self.s)


cdef void *_pointer(object capsule, const char *kind, str name) except NULL:
    """What a capsule holds."""
    if not PyCapsule_IsValid(capsule, kind):
        raise errors.ArgumentTypeError(
            "not an Arrow capsule", where=name, expected=_text(kind), found=type(capsule).__name__
        )
    return PyCapsule_GetPointer(capsule, kind)


cdef class _ArrowTexts:
    """The arrays of an object, taken over from its capsules, and what they hold."""

    cdef fs_arrow_kind kind
    cdef list chunks  # of _ArrowArray

    def __cinit__(self, texts, str name):
        cdef _ArrowSchema schema
        cdef fs_error err
        cdef bytes c_name = name.encode()
        self.chunks = []
        if hasattr(texts, "__arrow_c_array__"):
            schema = self._array(texts, name)
            check(fs_arrow_kind_of(&schema.s, c_name, &self.kind, &err), &err)
        else:
            self._stream(texts, name)

    cdef _ArrowSchema _array(self, texts, str name):
        cdef _ArrowSchema schema = _ArrowSchema()
        cdef _ArrowArray array = _ArrowArray()
        cdef fs_arrow_schema *given_schema
        cdef fs_arrow_array *given
        capsules = texts.__arrow_c_array__()
        if not isinstance(capsules, tuple) or len(capsules) != 2:
            raise errors.ArgumentTypeError(
                "not Arrow capsules", where=name, expected="a schema and an array", found=type(capsules).__name__
            )
        given_schema = <fs_arrow_schema *>_pointer(capsules[0], "arrow_schema", name)
        given = <fs_arrow_array *>_pointer(capsules[1], "arrow_array", name)
        schema.s, given_schema.release = given_schema[0], NULL
        array.a, given.release = given[0], NULL
        self.chunks.append(array)
        return schema

    cdef int _stream(self, texts, str name) except -1:
        cdef _ArrowStream stream = _ArrowStream()
        cdef _ArrowSchema schema = _ArrowSchema()
        cdef _ArrowArray array
        cdef fs_error err
        cdef int code
        cdef bytes c_name = name.encode()
        capsule = texts.__arrow_c_stream__()
        cdef fs_arrow_stream *given = <fs_arrow_stream *>_pointer(capsule, "arrow_array_stream", name)
        stream.s, given.release = given[0], NULL
        if stream.s.release is NULL:
            raise errors.FormatError("an Arrow stream that was released", where=name)
        with nogil:  # producers may need it for their own threads
            code = stream.s.get_schema(&stream.s, &schema.s)
        self._check(stream, code, name)
        check(fs_arrow_kind_of(&schema.s, c_name, &self.kind, &err), &err)
        while True:
            PyErr_CheckSignals()
            array = _ArrowArray()
            with nogil:
                code = stream.s.get_next(&stream.s, &array.a)
            self._check(stream, code, name)
            if array.a.release is NULL:
                return 0
            if array.a.length != 0:
                self.chunks.append(array)

    cdef int _check(self, _ArrowStream stream, int code, str name) except -1:
        cdef const char *reason = NULL
        if code == 0:
            return 0
        if stream.s.get_last_error is not NULL:
            reason = stream.s.get_last_error(&stream.s)
        raise errors.FormatError(
            "the Arrow stream failed", where=name, found=f"error {code}" if reason is NULL else _text(reason)[:300]
        )
