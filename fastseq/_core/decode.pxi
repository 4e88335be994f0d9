# Decoding over csrc/decode: sessions for every thread, and the schedule on them.
cdef enum:
    _ROWS = 64            # rows a thread decodes at once
    _GRAIN = 128          # sources a thread takes at once: enough that the last few rows of a run cost little
    _BATCH_TOKENS = 4096  # of sources that a thread takes at once
    _BEAM_MAX = 1024


class Decoded:
    """Generated ids, ragged: A results for each of B sequences, best first, N tokens in all.

    ids and logprobs (N), offsets (A B + 1); aligned (N): the source's token that each looked at most, -1 where that is not
    known, or None. others, other_logprobs (N, alternatives): the likeliest tokens, -1 where there are no more of them, or
    None. ended (A B): 0 at the limit, 1 by a stop token (not in ids), 2 when the work stopped before, 3 where
    there is no such result; stop_logprobs (A B): of that token, 0 where there is none. steps: decoder steps taken, over all
    threads. late: the deadline passed. times (B, 3) int64, of greedy search: nanoseconds by `clock`, when each sequence began,
    had its first token, ended; 0: never.
    """
    __slots__ = ("ids", "offsets", "logprobs", "aligned", "others", "other_logprobs", "ended", "stop_logprobs", "steps", "late",
                 "times")

    def __init__(self, ids, offsets, logprobs, aligned, others, other_logprobs, ended, stop_logprobs, steps, late, times):
        self.ids, self.offsets, self.logprobs, self.aligned = ids, offsets, logprobs, aligned
        self.others, self.other_logprobs = others, other_logprobs
        self.ended, self.stop_logprobs, self.steps, self.late = ended, stop_logprobs, steps, late
        self.times = times


def clock() -> int:
    """Nanoseconds, of the clock that requests are timed with."""
    return fs_clock_ns()


def shortlist_checksum(const uint8_t[::1] data) -> int:
    """The checksum that a shortlist's file should have, of what follows it."""
    cdef uint64_t sum
    with nogil:
        sum = fs_shortlist_checksum(&data[0] if data.shape[0] else NULL, <size_t>data.shape[0])
    return sum


cdef class Shortlist:
    """For each source token the target tokens that translate it.

    offsets (sources + 1) int64 into lists, int32 below `targets`; tokens [0, first) are candidates everywhere;
    shared: so are the source's own tokens. Arrays are borrowed, so a mapped file stays mapped.
    """
    cdef fs_shortlist s
    cdef object offsets, lists

    def __cinit__(self, offsets, lists, *, int targets, int first, bint shared=False):
        cdef fs_error err
        cdef size_t address
        self.offsets = as_array(offsets, np.int64, "shortlist offsets")
        self.lists = as_array(lists, np.int32, "shortlist")
        if not 2 <= len(self.offsets) < 2**31 or targets < 1:
            raise errors.ArgumentError("empty", where="shortlist", expected="a list a source token", found="none")
        address = self.offsets.ctypes.data
        self.s.offsets = <const int64_t *>address
        address = self.lists.ctypes.data
        self.s.lists = <const int32_t *>address
        self.s.sources, self.s.targets = <int32_t>(len(self.offsets) - 1), targets
        self.s.first, self.s.shared = first, shared
        check(fs_shortlist_check(&self.s, len(self.lists), &err), &err)


cdef class _Sessions:
    """A session a worker, and their steppers."""
    cdef fs_session **sessions
    cdef fs_stepper **steppers
    cdef int count

    def __cinit__(self, int count):
        self.count = count
        self.sessions = <fs_session **>calloc(count, sizeof(fs_session *))
        self.steppers = <fs_stepper **>calloc(count, sizeof(fs_stepper *))
        if not self.sessions or not self.steppers:
            raise MemoryError

    def __dealloc__(self):
        cdef int i
        if self.sessions:
            for i in range(self.count):
                fs_session_free(self.sessions[i])
        free(self.sessions)
        free(self.steppers)

    cdef int open(self, const fs_graph *decoder, const fs_sources *sources, int rows, fs_run *run) except -1:
        cdef fs_error err
        cdef int i
        for i in range(self.count):
            check(fs_session_create(decoder, sources, rows, run, i, &self.sessions[i], &err), &err)
            self.steppers[i] = fs_session_stepper(self.sessions[i])
        return 0


cdef object _limits(max_new_tokens, int64_t batch):
    limits = as_array(np.broadcast_to(max_new_tokens, (batch,)), np.int32, "max_new_tokens")
    if batch and limits.min() < 0:
        raise errors.ArgumentError("negative", where="max_new_tokens", expected="0 or more", found=str(limits.min()))
    return limits


cdef object _token_ids(tokens, int vocabulary, str where):
    ids = as_array(list(tokens), np.int32, where)
    if len(ids) and not (0 <= ids.min() and ids.max() < vocabulary):
        raise errors.ArgumentError("outside the vocabulary", where=where, expected=f"0 to {vocabulary - 1}", found=str(list(tokens)))
    return ids


cdef int _within(value, int low, int high, str where) except -1:
    if not isinstance(value, int) or not low <= value <= high:
        raise errors.ArgumentError("out of range", where=where, expected=f"{low} to {high}", found=repr(value))
    return 0


cdef class Beginning:
    """What prompts may begin with, computed before.

    ids (T) int32, one at least; kept: what a model had of them, float32, or None: it is computed.
    """
    cdef readonly object ids, kept
    cdef Graph decoder
    cdef fs_beginning b

    def __init__(self, Graph decoder, ids, kept=None):
        cdef const int32_t[::1] c_ids
        cdef float[::1] c_kept
        cdef fs_error err
        cdef fs_status st = FS_OK
        cdef fs_sources sources
        cdef _Sessions sessions = _Sessions(1)
        cdef Run run = Run(1)
        cdef fs_stepper *m
        cdef _Ragged checked = _Ragged(ids, [0, len(ids)], decoder.g.vocabulary, decoder.g.least)
        cdef int count = len(ids)
        cdef int64_t size
        if not count or decoder.g.longest and count > decoder.g.longest:
            raise errors.ArgumentError("empty, or longer than the model has positions", where="prompt",
                                       expected=f"1 to {decoder.g.longest or 2**31 - 1} tokens", found=str(count))
        self.ids, c_ids = checked.ids, checked.ids
        memset(&sources, 0, sizeof(sources))
        decoder.enter()
        try:
            sessions.open(decoder.g, &sources, 1, &run.run)
            m = sessions.steppers[0]
            if m.size == NULL:
                raise errors.UnsupportedError("a model whose sequences are more than what it keeps of their tokens", where="prompt")
            size = <int64_t>m.size(m, count)
            self.kept = np.empty(size, np.float32) if kept is None else as_array(kept, np.float32, "kept")
            if len(self.kept) != size:
                raise errors.FormatError("of another model", where="kept", expected=f"{size} numbers", found=str(len(self.kept)))
            c_kept = self.kept
            if kept is None:
                m.begin(m, 0, 0)
                with nogil:
                    st = m.feed(m, 0, count, &c_ids[0], &err)
                    if st == FS_OK and not run.run.stopped:
                        m.read(m, 0, count, <float *>&c_kept[0])
                run.check(FS_ERR_INTERRUPTED if st == FS_OK and run.run.stopped else st, &err)
        finally:
            decoder.leave()
        self.decoder = decoder
        self.b.tokens, self.b.count, self.b.kept = &c_ids[0], count, &c_kept[0]

    cdef const fs_beginning *of(self, Graph decoder) except NULL:
        if self.decoder is not decoder:
            raise errors.ArgumentError("of another model", where="prompt_cache")
        return &self.b


cdef class _Search:
    """What is asked of a search, and the arrays that it points to."""
    cdef fs_decode_job job
    cdef Beginning beginning
    cdef object prompts, stop, limits, never, deadline, progress, threads, sampling, samplings, stop_text, pieces
    cdef int rows, aligned
    cdef int64_t batch_tokens

    def __cinit__(self, Graph decoder, _Ragged prompts, *, stop, max_new_tokens, never=(), beam=1, results=1,
                  length_penalty=1.0, aligned=False, int draft=0, Beginning beginning=None, Sampling sampling=None, seeds=None, streams=None,
                  Strings stop_text=None, Strings pieces=None, int alternatives=0, threads=None, int rows=0, batch_tokens=None,
                  deadline=None,
                  progress=None):
        cdef const int32_t[::1] c_stop, c_limits, c_never
        cdef size_t address
        B = prompts.batch.count
        self.prompts = prompts
        if B and np.diff(prompts.offsets).min() < 1:
            raise errors.ArgumentError("empty prompt", where="prompts", expected="one token at least", found="none")
        self.stop, self.limits = _token_ids(stop, decoder.g.vocabulary, "stop"), _limits(max_new_tokens, B)
        if decoder.g.longest and B:  # what goes in has positions; the last token that comes out needs none
            lengths = np.diff(prompts.offsets)
            if lengths.max() > decoder.g.longest:
                raise errors.ArgumentError("a prompt longer than the model has positions", where=f"prompts[{lengths.argmax()}]",
                                           expected=f"at most {decoder.g.longest} tokens", found=str(lengths.max()))
            self.limits = np.minimum(self.limits, decoder.g.longest + 1 - lengths).astype(np.int32)
        self.never = _token_ids(sorted(set(never)), decoder.g.vocabulary, "never")
        _within(beam, 1, _BEAM_MAX, "beam_size")
        _within(results, 1, beam, "num_return")
        self.batch_tokens = _BATCH_TOKENS if batch_tokens is None else batch_tokens
        self.aligned, self.threads, self.progress, self.deadline = aligned, threads, progress, deadline
        self.rows = rows or max(_ROWS, beam)
        c_stop, c_limits, c_never = self.stop, self.limits, self.never
        self.job.k, self.job.count = decoder.k, B
        self.job.prompt, self.job.prompt_offsets = prompts.batch.ids, prompts.batch.offsets
        self.job.stop, self.job.stops = (&c_stop[0] if len(self.stop) else NULL), len(self.stop)
        self.job.never, self.job.nevers = (&c_never[0] if len(self.never) else NULL), len(self.never)
        self.job.limit = &c_limits[0] if B else NULL
        self.job.draft, self.beginning = draft, beginning
        self.job.beginning = beginning.of(decoder) if beginning is not None else NULL
        self.job.beam, self.job.results, self.job.length_penalty = beam, results, length_penalty
        _within(alternatives, 0, 1024, "top_logprobs")
        self.job.alternatives = min(alternatives, <int>decoder.g.vocabulary)
        if sampling is not None:
            self.sampling, self.samplings = sampling, _samplings(sampling, B, seeds, streams)
            address = self.samplings.ctypes.data
            self.job.sampling = <const fs_sampling *>address
        if stop_text is not None and len(stop_text):
            if pieces is None or len(pieces) != decoder.g.vocabulary:
                raise errors.ArgumentError("not the pieces of the vocabulary", where="pieces",
                                           expected=str(decoder.g.vocabulary), found=str(0 if pieces is None else len(pieces)))
            self.stop_text, self.pieces = stop_text, pieces
            self.job.stop_text, self.job.pieces = &stop_text.s, &pieces.s


cdef class _Found:
    """Room for what a search finds."""
    cdef fs_decode_out out
    cdef fs_atomic steps
    cdef object starts, ids, logprobs, aligned, others, other_logprobs, lengths, ended, stop_logprobs, times

    def __cinit__(self, _Search search):
        cdef const int64_t[::1] c_start
        cdef int64_t[:, ::1] c_times
        cdef int32_t[::1] c_ids, c_lengths, c_aligned
        cdef float[::1] c_logprobs, c_stop_logprobs
        cdef unsigned char[::1] c_ended
        cdef int32_t[:, ::1] c_others
        cdef float[:, ::1] c_other_logprobs
        cdef int64_t count = search.job.count, most
        self.others = self.other_logprobs = None
        limits = np.repeat(search.limits, search.job.results)
        self.starts = np.zeros(len(limits) + 1, np.int64)
        np.cumsum(limits, out=self.starts[1:])
        most = max(int(self.starts[len(limits)]), 1)
        try:  # filled as far as sequences go; untouched pages cost nothing
            self.ids, self.logprobs = np.empty(most, np.int32), np.empty(most, np.float32)
            self.aligned = np.empty(most, np.int32) if search.aligned else None
            if search.job.alternatives:
                self.others = np.empty((most, search.job.alternatives), np.int32)
                self.other_logprobs = np.empty((most, search.job.alternatives), np.float32)
        except MemoryError:
            raise errors.OutOfMemoryError("out of memory", where="max_new_tokens", expected="room for every token",
                                          found=f"{most} tokens") from None
        self.lengths, self.stop_logprobs = np.zeros(len(limits), np.int32), np.zeros(len(limits), np.float32)
        self.ended = np.full((count, search.job.results), FS_END_NONE, np.uint8)
        self.ended[:, 0] = FS_END_RUN
        self.times = np.zeros((count, 3), np.int64)
        if not count:
            return
        c_start, c_ids, c_logprobs, c_lengths = self.starts, self.ids, self.logprobs, self.lengths
        c_ended, c_stop_logprobs = self.ended.reshape(-1), self.stop_logprobs
        self.out.start, self.out.ids, self.out.logprobs, self.out.length = &c_start[0], &c_ids[0], &c_logprobs[0], &c_lengths[0]
        self.out.ended, self.out.stop_logprob, self.out.steps = &c_ended[0], &c_stop_logprobs[0], &self.steps
        c_times = self.times
        self.out.times = &c_times[0, 0]
        if self.aligned is not None:
            c_aligned = self.aligned
            self.out.aligned = &c_aligned[0]
        if self.others is not None:
            c_others, c_other_logprobs = self.others, self.other_logprobs
            self.out.other, self.out.other_logprob = &c_others[0, 0], &c_other_logprobs[0, 0]

    def result(self, late):
        kept = np.zeros(len(self.lengths) + 1, np.int64)
        np.cumsum(self.lengths, out=kept[1:])
        taken = np.repeat(self.starts[:-1] - kept[:-1], self.lengths) + np.arange(kept[-1])
        aligned = None if self.aligned is None else self.aligned[taken]
        others, logprobs = (None if a is None else a[taken] for a in (self.others, self.other_logprobs))
        return Decoded(self.ids[taken], kept, self.logprobs[taken], aligned, others, logprobs, self.ended.reshape(-1),
                       self.stop_logprobs, self.steps, late, self.times)


cdef object _decode(Graph decoder, Memory memory, Graph encoder, _Ragged source, prompts, Shortlist shortlist, dict options):
    """The common path: from a memory, from ids through an encoder, or from prompts alone.

    An exception that stopped the work (a signal's, or of progress) has what was done so far as its `decoded`.
    """
    cdef fs_error err
    cdef fs_status st
    cdef Run run
    cdef fs_sources sources
    cdef _Search search
    cdef _Found found
    cdef _Sessions sessions
    cdef _Ragged prompt
    cdef int64_t[::1] c_order, c_cuts
    cdef int64_t pieces, B
    decoder.enter()
    try:
        prompt = _Ragged(prompts[0], prompts[1], decoder.g.vocabulary, decoder.g.least)
        B = prompt.batch.count
        if (memory is not None and memory.memory.count != B) or (source is not None and source.batch.count != B):
            raise errors.ArgumentError("as many prompts as sources are needed", where="prompts", expected=str(
                memory.memory.count if memory is not None else source.batch.count), found=str(B))
        search = _Search(decoder, prompt, **options)
        run = Run(search.threads, search.progress, search.deadline)
        found = _Found(search)
        if not B:
            return found.result(False)
        sources.memory = &memory.memory if memory is not None else NULL
        sources.encoder, sources.batch, sources.order, sources.shortlist = NULL, NULL, NULL, NULL
        sources.attention, sources.shelf = search.aligned, search.beginning is not None
        if source is not None:
            order = np.empty(B, np.int64)
            c_order = order
            check(fs_batch_order(&source.batch, &c_order[0], &err), &err)
            sources.encoder, sources.batch, sources.order = encoder.g, &source.batch, &c_order[0]
            search.job.order = &c_order[0]
            if shortlist is not None:
                _check_shortlist(shortlist, encoder, decoder)
                sources.shortlist = &shortlist.s
        workers = fs_run_threads(&run.run)
        cuts = np.empty(B + 1, np.int64)
        c_cuts = cuts
        pieces = fs_decode_cut(&search.job, source.batch.offsets if source is not None else NULL,
                               min(_GRAIN, -(-B // workers)), search.batch_tokens, workers, &c_cuts[0])
        sessions = _Sessions(min(workers, pieces))
        run.run.threads = sessions.count if sessions.count > 1 else workers  # a session alone shares out its steps
        sessions.open(decoder.g, &sources, min(search.rows, max(np.diff(cuts[:pieces + 1]).max() * search.job.beam,
                                                                search.job.beam)), &run.run)
        with nogil:
            st = fs_decode_all(sessions.steppers, &search.job, &c_cuts[0], pieces, &found.out, &run.run, &err)
        if run.raised is not None:
            run.raised.decoded = found.result(False)
        late = run.run.stopped == FS_STOP_DEADLINE
        run.check(FS_OK if late and st == FS_ERR_INTERRUPTED else st, &err)
        return found.result(late)
    finally:
        decoder.leave()


cdef int _check_shortlist(Shortlist shortlist, Graph encoder, Graph decoder) except -1:
    if shortlist.s.sources != encoder.g.vocabulary or shortlist.s.targets != decoder.g.vocabulary:
        raise errors.FormatError("of other vocabularies", where="shortlist",
                                 expected=f"{encoder.g.vocabulary} and {decoder.g.vocabulary} tokens",
                                 found=f"{shortlist.s.sources} and {shortlist.s.targets}")
    return 0


def translate(Graph encoder, Graph decoder, ids, offsets, *, int start=0, prompts=None, Shortlist shortlist=None, **search):
    """ids (N) int32 and offsets (B + 1) int64 of the sources -> Decoded, encoded and decoded in pieces.

    prompts: (ids, offsets) that the outputs begin with, or start: the one token for all (-1: none, for decoders that begin
    with zeros). shortlist: what each source may be answered with.

    search: stop; max_new_tokens, one or one a source; never: tokens that are not chosen; beam, results, length_penalty;
    aligned; threads; batch_tokens: of sources that a thread takes at once; deadline: seconds; progress: called with the
    number of sources finished, about 50 times a second, by the calling thread.
    """
    encoder.enter()
    try:
        source = _Ragged(ids, offsets, encoder.g.vocabulary)
        batch = (<_Ragged>source).batch.count
        if prompts is None:
            prompts = (np.full(batch, start, np.int32), np.arange(batch + 1, dtype=np.int64))
        return _decode(decoder, None, encoder, source, prompts, shortlist, search)
    finally:
        encoder.leave()
