# Sequences one by one, over csrc/decode/lane.h: requests, and the lanes that they go through.
cdef extern from "decode/request.h" nogil:
    enum:
        FS_END_CANCELLED
        FS_END_DEADLINE
    ctypedef struct fs_request:
        int length
        int limit
        int64_t deadline_ns
        fs_atomic cancelled
        fs_atomic count
        int ended
        int shared
        int passes
        fs_atomic watched

cdef extern from "decode/decode.h" nogil:
    void fs_decode_request(const fs_decode_job *job, const fs_decode_out *out, int64_t source, fs_request *q)
    void fs_decode_write(const fs_decode_job *job, const fs_decode_out *out, const fs_request *q)

cdef extern from "decode/lane.h" nogil:
    ctypedef struct fs_lane:
        pass
    fs_status fs_lane_open(fs_lane *l, fs_stepper *m, fs_run *run, const fs_kernels *k, int64_t kept, fs_error *err)
    void fs_lane_close(fs_lane *l)
    fs_status fs_lane_load(fs_lane *l, const fs_beginning *b, fs_error *err)
    void fs_lane_add(fs_lane *l, fs_request *request)
    fs_status fs_lane_work(fs_lane *l, fs_error *err)
    fs_request *fs_lane_take(fs_lane *l)
    void fs_lane_wake(fs_lane *l)

cdef extern from "base/portable.h" nogil:
    int64_t fs_atomic_load(fs_atomic *p)
    void fs_atomic_store(fs_atomic *p, int64_t v)

_ENDS = {FS_END_LIMIT: "length", FS_END_STOP: "stop", FS_END_RUN: "interrupted", FS_END_CANCELLED: "cancelled",
         FS_END_DEADLINE: "deadline"}


cdef class Request:
    """What one sequence wants, and what came of it. Read and cancelled from any thread.

    prompt: ids, one at least. search: as of `translate`, of a beam of 1.
    """
    cdef fs_request q
    cdef _Search search
    cdef _Found found
    cdef object allowed  # what its mask points to
    cdef int vocabulary

    def __init__(self, Graph decoder, prompt, **search):
        self.vocabulary = decoder.g.vocabulary
        self.search = _Search(decoder, _Ragged(prompt, [0, len(prompt)], decoder.g.vocabulary, decoder.g.least), **search)
        _within(self.search.job.beam, 1, 1, "beam_size")
        self.found = _Found(self.search)
        fs_decode_request(&self.search.job, &self.found.out, 0, &self.q)
        if self.search.deadline is not None:
            self.q.deadline_ns = _deadline(self.search.deadline)

    def cancel(self):
        """The sequence ends before its next token."""
        fs_atomic_store(&self.q.cancelled, 1)

    def expire(self):
        """Its deadline has come before it joined a lane."""
        self.q.ended = FS_END_DEADLINE

    def mask(self, mask):
        """Only these tokens may come next: (V / 64 rounded up) uint64, bit t of token t. Not while a lane works."""
        cdef const uint64_t[::1] c_mask = as_array(mask, np.uint64, "mask")
        cdef fs_sampling *sampling = <fs_sampling *>self.search.job.sampling
        if sampling == NULL or c_mask.shape[0] != (self.vocabulary + 63) // 64:
            raise errors.ArgumentError("not bits of the vocabulary", where="mask", expected=str((self.vocabulary + 63) // 64),
                                       found=str(c_mask.shape[0]))
        self.allowed = c_mask
        sampling.mask = &c_mask[0]

    def watch(self, bint watched):
        """Whether `Lane.work` is to come back for each of its tokens."""
        fs_atomic_store(&self.q.watched, watched)

    @property
    def size(self):
        """Tokens that it may hold, at most."""
        return self.q.length + self.q.limit

    @property
    def count(self):
        """Tokens of the answer so far."""
        return fs_atomic_load(&self.q.count)

    def ids(self, int64_t first=0):
        """Those from `first` on; int32."""
        return self.found.ids[first:fs_atomic_load(&self.q.count)].copy()

    @property
    def ended(self):
        """How, once it is over: length, stop, cancelled, deadline, interrupted."""
        return _ENDS[self.q.ended]

    def result(self):
        """A `Decoded` of the one sequence, once it is over."""
        fs_decode_write(&self.search.job, &self.found.out, &self.q)
        return self.found.result(self.q.ended == FS_END_DEADLINE)

    @property
    def shared(self):
        """Tokens of the prompt that had been computed before."""
        return self.q.shared

    @property
    def passes(self):
        """Passes through the model that its answer took."""
        return self.q.passes


@cython.no_gc_clear  # the lane goes before the session
cdef class Lane:
    """A language model at work on up to `rows` sequences, one thread's. Only `wake` is for other threads.

    kept: tokens of sequences that ended which are kept, so that prompts that begin as they do go on from there, at most
    `places` of those. beginnings: that stay as well.
    """
    cdef fs_lane lane
    cdef fs_run run
    cdef _Sessions sessions
    cdef Graph decoder
    cdef dict held

    def __init__(self, Graph decoder, int rows, *, int64_t kept=0, int places=32, beginnings=()):
        cdef Beginning beginning
        cdef const fs_beginning *b
        cdef fs_sources sources
        cdef fs_error err
        _within(rows, 1, 4096, "rows")
        decoder.enter()
        self.decoder, self.held = decoder, {}
        memset(&sources, 0, sizeof(sources))
        sources.shelf = (places if kept > 0 else 0) + len(beginnings)
        self.run.threads = 1
        self.sessions = _Sessions(1)
        self.sessions.open(decoder.g, &sources, rows, &self.run)
        check(fs_lane_open(&self.lane, self.sessions.steppers[0], &self.run, decoder.k, kept, &err), &err)
        for beginning in beginnings if self.sessions.steppers[0].size != NULL else ():
            b = beginning.of(decoder)
            check(fs_lane_load(&self.lane, b, &err), &err)

    def __dealloc__(self):
        fs_lane_close(&self.lane)
        self.sessions = None
        if self.decoder is not None:
            self.decoder.leave()

    def add(self, Request request):
        """It joins at the next step. A request is added once."""
        self.held[<size_t>&request.q] = request
        fs_lane_add(&self.lane, &request.q)

    def __len__(self):
        return len(self.held)

    def work(self):
        """Steps until a sequence has ended, a watched one has a new token, somebody called `wake`, or nothing is left.

        Gives the requests that are over, and what went wrong with them, or None.
        """
        cdef fs_error err
        cdef fs_status st
        cdef fs_request *q
        with nogil:
            st = fs_lane_work(&self.lane, &err)
        failure = None
        try:
            check(st, &err)
        except Exception as error:
            failure = error
        over = []
        q = fs_lane_take(&self.lane)
        while q != NULL:
            over.append(self.held.pop(<size_t>q))
            q = fs_lane_take(&self.lane)
        return over, failure

    def wake(self):
        """`work` comes back after the step it is at."""
        fs_lane_wake(&self.lane)
