# Counting the pieces of a corpus.
cdef extern from "text/train/corpus.h" nogil:
    ctypedef enum fs_word_rule:
        FS_WORDS_PATTERN
    ctypedef struct fs_word_cutter:
        fs_word_rule rule
        fs_scan scan
        fs_scan_rule pattern
        fs_map_rules map
        fs_split_rule split
        int punctuation
        const fs_normalizer *normalizer
        const void *spaces
        int scripts
        int digits
        int bare_lines
    ctypedef struct fs_piece_counts:
        pass
    ctypedef struct fs_corpus_worker:
        fs_piece_counts counts
    ctypedef struct fs_corpus:
        fs_corpus_worker *workers
        int threads
        const fs_text *runs
        int32_t run_count
    ctypedef fs_status (*fs_piece_seen)(void *ctx, fs_text piece, int64_t count, fs_error *err) noexcept nogil
    fs_status fs_corpus_init(fs_corpus *c, fs_word_cutter cutter, fs_hash_key key, int threads, fs_error *err)
    void fs_corpus_free(fs_corpus *c)
    fs_status fs_corpus_add(fs_corpus *c, const fs_text *texts, int64_t count, fs_run *run, fs_error *err)
    fs_status fs_corpus_add_lines(fs_corpus *c, fs_text block, fs_run *run, fs_error *err)
    int fs_corpus_empty(const fs_corpus *c)
    size_t fs_corpus_bytes(const fs_corpus *c)
    fs_status fs_corpus_each(fs_corpus *c, fs_piece_seen seen, void *ctx, fs_run *run, fs_error *err)
    fs_status fs_piece_counts_spill(fs_piece_counts *c, fs_buffer *run, fs_error *err)

cdef extern from "text/unicode/utf8.h" nogil:
    uint32_t fs_utf8_read(const uint8_t *text, int32_t *at)

WORD_RULES = ("pattern", "split", "bert", "spaces")
cdef enum:
    _TEXTS_AT_ONCE = 4096

cdef fs_status _note_piece(void *ctx, fs_text piece, int64_t count, fs_error *err) noexcept with gil:
    """Appends (bytes, count) to a list."""
    (<list>ctx).append(((<const char *>piece.data)[:piece.size], count))
    return FS_OK

cdef fs_status _count_bytes(void *ctx, fs_text piece, int64_t count, fs_error *err) noexcept nogil:
    """Adds to counts of bytes (256)."""
    cdef size_t i
    for i in range(piece.size):
        (<int64_t *>ctx)[piece.data[i]] += count
    return FS_OK

cdef fs_status _count_characters(void *ctx, fs_text piece, int64_t count, fs_error *err) noexcept nogil:
    """Adds to counts of characters (2, 0x110000): of all, and of those that do not start a piece."""
    cdef int32_t at = 0
    cdef uint32_t character
    cdef bint inside = False
    while at < <int32_t>piece.size:
        character = fs_utf8_read(piece.data, &at)
        (<int64_t *>ctx)[character] += count
        if inside:
            (<int64_t *>ctx)[0x110000 + character] += count
        inside = True
    return FS_OK

cdef struct _Collected:
    fs_vocab pieces
    fs_buffer counts

cdef fs_status _collect(void *ctx, fs_text piece, int64_t count, fs_error *err) noexcept nogil:
    """Adds a piece that was not there before to a vocabulary."""
    cdef _Collected *all = <_Collected *>ctx
    cdef int32_t id
    cdef fs_status st = fs_vocab_add(&all.pieces, piece, &id, err)
    return st if st != FS_OK else fs_buffer_append(&all.counts, &count, sizeof(count), err)


cdef class CorpusCounter:
    """Counts the pieces that texts are cut into; a corpus may come in parts, from one thread at a time.

    rule: "pattern" cuts as the scanner `pattern` does; "split" as TextEncoder does by `split`, `lowercase`, `keep`
    and `punctuation`; "bert" as BERT's, behind `normalizer` (csrc/text/word_cut.h); "spaces" as `model` normalizes, with `scripts` and
    `digits` apart. bare_lines: the lines of add_lines end before their LF or CR LF.

    When the counts take more than `most` bytes, `full` is called, which is to `spill` them.
    """

    cdef fs_corpus c
    cdef object lock, full
    cdef size_t most
    cdef object model, normalizer, runs_memory
    cdef fs_text *runs

    def __cinit__(
        self, str pattern="whole", *, str rule="pattern", str split="words", bint lowercase=False, str keep="all",
        bint punctuation=True, SentencePieceEncoder model=None, Normalizer normalizer=None, bint scripts=True, bint digits=False,
        bint bare_lines=False, threads=None, str isa=None, most=None, full=None,
    ):
        cdef fs_error err
        cdef fs_word_cutter cutter
        cdef Run run = Run(threads)
        memset(&cutter, 0, sizeof(cutter))
        cutter.rule = <fs_word_rule>_rule(rule, WORD_RULES, "rule")
        cutter.scan = fs_scan_for(kernels_named(isa).isa)
        cutter.pattern = <fs_scan_rule>_rule(pattern, SCAN_RULES, "pattern")
        fs_map_rules_init(&cutter.map, lowercase, <fs_keep>_rule(keep, KEEP_RULES, "keep"))
        cutter.split = <fs_split_rule>_rule(split, SPLIT_RULES, "split")
        cutter.punctuation, cutter.scripts, cutter.digits = punctuation, scripts, digits
        cutter.bare_lines = bare_lines
        if rule == "spaces":
            if model is None:
                raise errors.ArgumentTypeError("a model is needed", where="model", expected="SentencePieceEncoder")
            self.model, cutter.spaces = model, &model.e.model.rules
        if rule == "bert":
            self.normalizer = Normalizer([]) if normalizer is None else normalizer
            cutter.normalizer = &(<Normalizer>self.normalizer).n
        self.lock = threading.Lock()
        self.most, self.full = 2**62 if most is None else most, full
        check(fs_corpus_init(&self.c, cutter, _hash_key, fs_run_threads(&run.run), &err), &err)

    def __dealloc__(self):
        fs_corpus_free(&self.c)
        fs_free(self.runs)

    @property
    def nbytes(self) -> int:
        """Memory that the counts take."""
        return fs_corpus_bytes(&self.c)

    @property
    def empty(self) -> bool:
        """Whether nothing was counted."""
        return fs_corpus_empty(&self.c) != 0

    cdef int _make_room(self) except -1:
        if self.full is not None and fs_corpus_bytes(&self.c) > self.most:
            self.full()
        return 0

    def add(self, texts, Py_ssize_t first=0) -> None:
        """Each text of a list; `first` is the place of its first one, for errors."""
        cdef _Views views = _Views(texts, "texts", first, True)
        cdef fs_error err
        cdef fs_status st
        cdef Run run
        cdef int64_t at, n
        for at in range(0, views.count, _TEXTS_AT_ONCE):
            n = min(<int64_t>_TEXTS_AT_ONCE, views.count - at)
            run = Run()
            with self.lock:
                with nogil:
                    st = fs_corpus_add(&self.c, views.views + at, n, &run.run, &err)
                run.check(st, &err)
            self._make_room()

    def add_lines(self, bytes block not None) -> int:
        """Each line of UTF-8 bytes with its LF. When they are not valid, nothing is counted and the place of the
        first wrong byte is given; otherwise -1."""
        cdef fs_text view
        cdef size_t valid
        cdef fs_error err
        cdef fs_status st
        cdef Run run = Run()
        view.data, view.size = <const uint8_t *>PyBytes_AS_STRING(block), <size_t>PyBytes_GET_SIZE(block)
        with self.lock:
            with nogil:
                valid = fs_utf8_valid(view.data, view.size)
                st = fs_corpus_add_lines(&self.c, view, &run.run, &err) if valid == view.size else FS_OK
            run.check(st, &err)
        self._make_room()
        return -1 if valid == view.size else <int64_t>valid

    # what does not fit in memory

    def spill(self, file) -> list:
        """Writes what was counted to a file, as sorted runs, and forgets it; the bytes of each run."""
        cdef fs_buffer run
        cdef fs_error err
        cdef fs_status st
        cdef int worker
        sizes = []
        memset(&run, 0, sizeof(run))
        with self.lock:
            try:
                for worker in range(self.c.threads):
                    run.size = 0
                    with nogil:
                        st = fs_piece_counts_spill(&self.c.workers[worker].counts, &run, &err)
                    check(st, &err)
                    if run.size:
                        file.write(memoryview(<uint8_t[:run.size]>run.data))
                        sizes.append(run.size)
            finally:
                fs_buffer_free(&run)
        return sizes

    def attach(self, memory, sizes) -> None:
        """Takes the runs that were spilled, one behind the other in memory, for all that was counted."""
        cdef const uint8_t[::1] bytes_ = memory
        cdef size_t at = 0, size
        cdef int32_t i
        with self.lock:
            fs_free(self.runs)
            self.c.run_count = 0
            self.runs = <fs_text *>fs_alloc(len(sizes) * sizeof(fs_text))
            if self.runs is NULL:
                raise errors.OutOfMemoryError("out of memory", where="counts")
            if sum(sizes) > bytes_.shape[0]:
                raise errors.FormatError(
                    "truncated", where="runs of counts", expected=f"{sum(sizes)} bytes", found=f"{bytes_.shape[0]}"
                )
            for i in range(len(sizes)):
                size = sizes[i]
                self.runs[i].data, self.runs[i].size = &bytes_[0] + at, size
                at += size
            self.runs_memory = memory
            self.c.runs, self.c.run_count = self.runs, <int32_t>len(sizes)

    # what was counted

    cdef int each(self, fs_piece_seen seen, void *ctx) except -1:
        cdef fs_error err
        cdef fs_status st
        cdef Run run = Run(1)
        with self.lock, nogil:
            st = fs_corpus_each(&self.c, seen, ctx, &run.run, &err)
        return run.check(st, &err)

    def counts(self) -> dict:
        """Each piece, as bytes, and how often it was seen."""
        found = []
        self.each(_note_piece, <void *>found)
        return dict(found)

    def byte_counts(self) -> np.ndarray:
        """How often each byte was seen, (256) int64."""
        seen = np.zeros(256, np.int64)
        cdef int64_t[::1] c_seen = seen
        self.each(_count_bytes, &c_seen[0])
        return seen

    def character_counts(self) -> np.ndarray:
        """How often each code point was seen, (2, 0x110000) int64: at any place; behind the start of a piece."""
        seen = np.zeros((2, 0x110000), np.int64)
        cdef int64_t[:, ::1] c_seen = seen
        self.each(_count_characters, &c_seen[0, 0])
        return seen

    def ranked(self, int64_t least=1) -> tuple:
        """(pieces, counts) seen at least that often: most often first, ties in the order of code points."""
        cdef _Collected all
        cdef fs_buffer order
        cdef fs_error err
        cdef fs_status st
        memset(&all, 0, sizeof(all))
        memset(&order, 0, sizeof(order))
        try:
            check(fs_vocab_init(&all.pieces, _hash_key, &err), &err)
            self.each(_collect, &all)
            with nogil:
                st = fs_vocab_rank(&all.pieces, <int64_t *>all.counts.data, least, &order, &err)
            check(st, &err)
            return _ranked(&all.pieces, <int64_t *>all.counts.data, &order)
        finally:
            fs_vocab_free(&all.pieces)
            fs_buffer_free(&all.counts)
            fs_buffer_free(&order)
