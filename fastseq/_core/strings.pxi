# Strings of all kinds as UTF-8.
from fastseq.lazy import np

from libc.string cimport memcpy

cdef fs_text view_of(object text, str name, Py_ssize_t place) except *:
    """The UTF-8 bytes of a str, which owns them. `place` < 0: it is not one of many."""
    cdef fs_text view
    cdef Py_ssize_t size
    if not PyUnicode_Check(text):
        where = name if place < 0 else f"{name}[{place}]"
        found = "bytes: decode them first, text.decode('utf-8')" if isinstance(text, bytes) else type(text).__name__
        raise errors.ArgumentTypeError("not a text", where=where, expected="str", found=found)
    try:
        view.data = <const uint8_t *>PyUnicode_AsUTF8AndSize(text, &size)
    except UnicodeEncodeError as error:
        where = name if place < 0 else f"{name}[{place}]"
        raise errors.ArgumentError(
            "lone surrogate", where=f"{where}, character {error.start}", expected="valid Unicode",
            found=f"U+{ord(text[error.start]):04X}",
        ) from None
    view.size = <size_t>size
    return view


cdef fs_text view_of_any(object text, str name, Py_ssize_t place) except *:
    """The same of a str or of bytes, which must be UTF-8."""
    cdef fs_text view
    cdef size_t valid
    if PyUnicode_Check(text):
        return view_of(text, name, place)
    if not isinstance(text, bytes):
        where = name if place < 0 else f"{name}[{place}]"
        raise errors.ArgumentTypeError("not a text", where=where, expected="str or bytes", found=type(text).__name__)
    view.data, view.size = <const uint8_t *>PyBytes_AS_STRING(text), <size_t>PyBytes_GET_SIZE(text)
    valid = fs_utf8_valid(view.data, view.size)
    if valid != view.size:
        where = name if place < 0 else f"{name}[{place}]"
        raise errors.ArgumentError(
            "not UTF-8", where=f"{where}, byte {valid}", expected="valid UTF-8", found=f"0x{text[valid]:02x}"
        )
    return view


cdef str text_of(const void *data, size_t size, const char *how="strict"):
    """`how`: what becomes of bytes that are not UTF-8, as `bytes.decode` has it."""
    if size == 0:
        return ""
    return PyUnicode_DecodeUTF8(<const char *>data, <Py_ssize_t>size, how)


cdef class Documents:
    """Texts that lie in blocks of bytes, which it keeps. One thread fills it; then an encoder takes it."""

    cdef fs_buffer texts
    cdef list blocks

    def __cinit__(self):
        self.blocks = []

    def __dealloc__(self):
        fs_buffer_free(&self.texts)

    def __len__(self):
        return self.texts.size // sizeof(fs_text)

    def __getitem__(self, Py_ssize_t i) -> bytes:
        if not 0 <= i < len(self):
            raise IndexError(f"text {i} of {len(self)}")
        cdef fs_text text = (<fs_text *>self.texts.data)[i]
        return (<const char *>text.data)[:text.size]

    def add(self, bytes block not None, bytes separator not None, bint last) -> tuple:
        """Adds the texts of a block that end in the separator, and with `last` what is behind the last one.

        (bytes used: the next text begins there; how many of them are UTF-8: where not all are, nothing was added).
        """
        cdef fs_text c_block, c_separator
        cdef size_t used = 0, valid = 0
        cdef fs_error err
        cdef fs_status st
        c_block.data, c_block.size = <const uint8_t *>PyBytes_AS_STRING(block), <size_t>len(block)
        c_separator.data, c_separator.size = <const uint8_t *>PyBytes_AS_STRING(separator), <size_t>len(separator)
        with nogil:
            st = fs_documents_add(&self.texts, c_block, c_separator, last, &used, &valid, &err)
        check(st, &err)
        if used and used == valid:
            self.blocks.append(block)
        return used, valid

    def place(self, Py_ssize_t i) -> int:
        """Where text i begins in its block."""
        cdef const uint8_t *data = (<fs_text *>self.texts.data)[i].data
        cdef const uint8_t *block
        for each in self.blocks:
            block = <const uint8_t *>PyBytes_AS_STRING(each)
            if block <= data <= block + <size_t>len(each):
                return data - block
        return 0


cdef class _Views:
    """The UTF-8 of many strings, and what owns it. `any_kind`: bytes are taken, too.

    Strings are elements of any iterable; those of an Arrow array, and of an array of NumPy's S or U, are read from its
    buffers.
    """

    cdef object owners
    cdef fs_text *views
    cdef Py_ssize_t count
    cdef bint borrowed  # the views are their owner's
    cdef fs_buffer made  # what was written for arrays that are not UTF-8

    def __cinit__(self, texts, str name, Py_ssize_t first=0, bint any_kind=False):
        """`first` is the place of the first text, for errors."""
        if isinstance(texts, (str, bytes)):
            raise errors.ArgumentTypeError(
                "one text where many are expected", where=name, expected="a list of str", found=type(texts).__name__
            )
        if type(texts) is list or type(texts) is tuple:
            self._of_objects(texts, name, first, any_kind)
        elif type(texts) is Documents:
            self._of_documents(texts, name)
        elif type(texts) is CountedStrings and (<CountedStrings>texts).texts == len(texts):
            self._of_counted(texts, name)
        elif isinstance(texts, np.ndarray) and texts.dtype.kind in "SU":
            self._of_array(texts, name, first, any_kind)
        elif hasattr(texts, "__arrow_c_stream__") or hasattr(texts, "__arrow_c_array__"):
            self._of_arrow(texts, name, first, any_kind)
        else:
            self._of_objects(texts, name, first, any_kind)

    def __dealloc__(self):
        if not self.borrowed:
            fs_free(self.views)
        fs_buffer_free(&self.made)

    cdef str text(self, Py_ssize_t i):
        return text_of(self.views[i].data, self.views[i].size)

    cdef int _room(self, int64_t count, str name) except -1:
        """For so many views."""
        if count < 2**56:
            self.views = <fs_text *>fs_alloc(<size_t>count * sizeof(fs_text))
        if self.views is NULL:
            raise errors.OutOfMemoryError("out of memory", where=name, found=f"{count} texts")
        self.count = count
        return 0

    cdef int _of_objects(self, texts, str name, Py_ssize_t first, bint any_kind) except -1:
        cdef Py_ssize_t i
        cdef tuple owners
        try:
            self.owners = owners = tuple(texts)
        except TypeError:
            raise errors.ArgumentTypeError(
                "not a list", where=name, expected="a list of str", found=type(texts).__name__
            ) from None
        self._room(len(owners), name)
        for i in range(self.count):
            if any_kind:
                self.views[i] = view_of_any(owners[i], name, first + i)
            else:
                self.views[i] = view_of(owners[i], name, first + i)
        return 0

    cdef int _of_documents(self, Documents texts, str name) except -1:
        self.owners = texts
        self._room(len(texts), name)
        if self.count:
            memcpy(self.views, texts.texts.data, texts.texts.size)
        return 0

    cdef int _of_counted(self, CountedStrings texts, str name) except -1:
        self.owners, self.borrowed = texts, True
        self.views, self.count = texts.views, len(texts)
        return 0

    cdef int _of_array(self, texts, str name, Py_ssize_t first, bint any_kind) except -1:
        """NumPy's strings of fixed size, padded with zeros."""
        cdef fs_text_array a
        cdef fs_error err
        cdef fs_status st
        cdef bint codes = texts.dtype.kind == "U"
        cdef bytes c_name = name.encode()
        if texts.ndim != 1:
            raise errors.ArgumentTypeError(
                "not a list of texts", where=name, expected="one dimension", found=f"{texts.ndim} dimensions"
            )
        _check_binary(not codes, any_kind, name)
        if codes and not texts.dtype.isnative:
            texts = texts.astype(texts.dtype.newbyteorder("="))
        self.owners = texts
        self._room(len(texts), name)
        a.data = <const uint8_t *><size_t>texts.ctypes.data
        a.count, a.stride = self.count, texts.strides[0]
        a.width = texts.dtype.itemsize // 4 if codes else texts.dtype.itemsize
        a.name, a.first = c_name, first
        with nogil:
            st = fs_text_array_codes(&a, &self.made, self.views, &err) if codes else fs_text_array_bytes(&a, self.views, &err)
        check(st, &err)
        return 0

    cdef int _of_arrow(self, texts, str name, Py_ssize_t first, bint any_kind) except -1:
        cdef _ArrowTexts source = _ArrowTexts(texts, name)
        cdef _ArrowArray chunk
        cdef fs_error err
        cdef fs_status st
        cdef int64_t total = 0, length
        cdef bytes kept = name.encode()
        cdef const char *c_name = kept
        self.owners = source
        _check_binary(source.kind.binary, any_kind, name)
        for chunk in source.chunks:
            check(fs_arrow_length(&chunk.a, source.kind, c_name, &length, &err), &err)
            total += length
            if total >= 2**56:
                break
        self._room(total, name)
        total = 0
        for chunk in source.chunks:
            with nogil:
                st = fs_arrow_texts(&chunk.a, source.kind, c_name, first + total, self.views + total, &err)
            check(st, &err)
            total += chunk.a.length
        return 0


cdef int _check_binary(bint binary, bint any_kind, str name) except -1:
    if binary and not any_kind:
        raise errors.ArgumentTypeError("not texts", where=name, expected="an array of str", found="an array of bytes")
    return 0
