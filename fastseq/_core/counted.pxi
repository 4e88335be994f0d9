# Strings that lie in a file, each behind its size.

cdef class CountedStrings:
    """Strings of a buffer from byte `at` on, each behind its size (u64, little-endian); objects are made of those asked for.

    It keeps the buffer. Those that are not UTF-8 come as bytes. There are fewer than `count` where the data ends first.
    """

    cdef object owner
    cdef fs_text *views
    cdef Py_ssize_t count
    cdef readonly Py_ssize_t end  # the byte behind the last one
    cdef readonly Py_ssize_t texts  # how many are UTF-8, from the first up to one that is not

    def __cinit__(self, data, Py_ssize_t at, Py_ssize_t count):
        cdef const uint8_t[::1] view = data
        cdef fs_text all
        cdef size_t c_at = <size_t>at
        if at < 0 or at > view.shape[0] or count < 0:
            raise errors.ArgumentError("outside the data", where="at", found=str(at))
        self.owner = data
        self._room(count)
        all.data, all.size = &view[0] if view.shape[0] else NULL, <size_t>view.shape[0]
        with nogil:
            self.count = fs_counted_texts(all, &c_at, count, self.views)
            self.texts = fs_texts_not_utf8(self.views, self.count)
        self.end = <Py_ssize_t>c_at

    def __dealloc__(self):
        fs_free(self.views)

    def __len__(self):
        return self.count

    def __getitem__(self, Py_ssize_t i):
        if not 0 <= i < self.count:
            raise IndexError(f"string {i} of {self.count}")
        cdef fs_text text = self.views[i]
        try:
            return text_of(text.data, text.size)
        except UnicodeDecodeError:
            return (<const char *>text.data)[:text.size]

    def __eq__(self, other):
        return isinstance(other, (CountedStrings, list)) and len(self) == len(other) and list(self) == list(other)

    __hash__ = None

    cdef int _room(self, Py_ssize_t count) except -1:
        """For so many views."""
        self.views = <fs_text *>fs_alloc(<size_t>count * sizeof(fs_text)) if count < 2**56 else NULL
        if self.views is NULL:
            raise errors.OutOfMemoryError("out of memory", where="strings", found=str(count))
        self.count = count
        return 0

    cdef CountedStrings _like(self, Py_ssize_t count):
        """Room for others of the same buffer."""
        cdef CountedStrings made = CountedStrings(b"", 0, 0)
        fs_free(made.views)
        made.views = NULL
        made._room(count)
        made.owner, made.end = self.owner, self.end
        return made

    def chosen(self, places) -> CountedStrings:
        """Those at the places, in their order."""
        cdef const int32_t[::1] c_places = as_ids(places)
        cdef CountedStrings made = self._like(c_places.shape[0])
        cdef Py_ssize_t i
        for i in range(made.count):
            if not 0 <= c_places[i] < self.count:
                raise IndexError(f"string {c_places[i]} of {self.count}")
            made.views[i] = self.views[c_places[i]]
        made.texts = fs_texts_not_utf8(made.views, made.count)
        return made

    def halves(self) -> tuple:
        """(what is before the one space of each and behind it, the place of the first that has not one, or how many there are)."""
        cdef CountedStrings made = self._like(2 * self.count)
        cdef Py_ssize_t place
        with nogil:
            place = fs_texts_halve(self.views, self.count, made.views)
        made.count, made.texts = 2 * place, 2 * min(place, self.texts)
        return made, place
