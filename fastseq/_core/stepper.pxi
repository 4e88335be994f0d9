# One step at a time.
cdef class Stepper:
    """The decoder one token a step, for a fixed batch of B sequences. Not for several threads at once."""
    cdef Graph decoder
    cdef Memory memory
    cdef Run run
    cdef _Sessions sessions
    cdef int batch

    def __init__(self, Graph decoder, Memory memory, int batch):
        cdef fs_sources sources
        cdef fs_error err
        cdef int i
        if batch < 1 or (memory is not None and batch != memory.memory.count):
            raise errors.ArgumentError("wrong batch", where="batch", expected="1 or more" if memory is None else
                                       str(memory.memory.count), found=str(batch))
        decoder.enter()
        self.decoder, self.memory, self.batch, self.run = decoder, memory, batch, Run(1)
        sources.memory = &memory.memory if memory is not None else NULL
        sources.encoder, sources.batch, sources.order, sources.shortlist = NULL, NULL, NULL, NULL
        sources.attention, sources.shelf = 1, 0
        self.sessions = _Sessions(1)
        self.sessions.open(decoder.g, &sources, batch, &self.run.run)
        check(self.sessions.steppers[0].prepare(self.sessions.steppers[0], 0, batch, &err), &err)
        for i in range(batch):
            self.sessions.steppers[0].begin(self.sessions.steppers[0], i, i)

    def __dealloc__(self):
        self.sessions = None
        if self.decoder is not None:
            self.decoder.leave()

    def step(self, tokens):
        """tokens (B) int32 -> log-probabilities of the next token (B, V) float32."""
        cdef fs_stepper *m = self.sessions.steppers[0]
        cdef fs_status st
        cdef fs_error err
        cdef float[:, ::1] c_result
        cdef _Ragged checked = _Ragged(tokens, [0, self.batch], m.vocabulary, self.decoder.g.least)
        result = np.empty((self.batch, m.vocabulary), np.float32)
        c_result = result
        with nogil:
            st = m.step(m, self.batch, checked.batch.ids, NULL, &c_result[0, 0], &err)
            if st == FS_OK:
                fs_log_softmax_rows(self.decoder.k, self.batch, m.vocabulary, &c_result[0, 0])
        check(st, &err)
        return result

    def feed(self, ids, offsets):
        """ids (N) int32, offsets (B + 1): the tokens of each sequence go in; the next step goes on behind them."""
        cdef fs_stepper *m = self.sessions.steppers[0]
        cdef fs_status st
        cdef fs_error err
        cdef int64_t i, first
        cdef _Ragged checked = _Ragged(ids, offsets, m.vocabulary, self.decoder.g.least)
        if checked.batch.count != self.batch or m.feed == NULL:
            raise errors.ArgumentError("wrong batch, or a decoder that takes one token at a time", where="ids",
                                       expected=f"{self.batch} sequences", found=str(checked.batch.count))
        for i in range(self.batch):
            first = checked.batch.offsets[i]
            with nogil:
                st = m.feed(m, i, <int>(checked.batch.offsets[i + 1] - first), checked.batch.ids + first, &err)
            check(st, &err)

    @property
    def feeds(self):
        return self.sessions.steppers[0].feed != NULL

    def attention(self):
        """Per sequence, the last step's weights over its memory rows; empty arrays without attention."""
        cdef fs_stepper *m = self.sessions.steppers[0]
        cdef const float *weights
        cdef int64_t n
        rows = []
        for i in range(self.batch):
            n = 0
            weights = m.attention(m, i, &n) if m.attention != NULL else NULL
            rows.append(np.array(<const float[:n]>weights) if n else np.empty(0, np.float32))
        return rows

    def reorder(self, rows):
        """Sequence i goes on from where sequence rows[i] is."""
        cdef fs_stepper *m = self.sessions.steppers[0]
        cdef _Ragged checked = _Ragged(rows, [0, self.batch], self.batch)
        m.reorder(m, self.batch, checked.batch.ids)
