# Counting the pieces of a corpus, and learning merges from them.
cdef extern from "text/piece_count.h" nogil:
    ctypedef struct fs_corpus:
        pass
    ctypedef fs_status (*fs_piece_seen)(void *ctx, fs_text piece, int64_t count, fs_error *err) noexcept nogil
    fs_status fs_corpus_init(fs_corpus *c, fs_scan_rule rule, fs_isa isa, fs_hash_key key, int threads, fs_error *err)
    void fs_corpus_free(fs_corpus *c)
    fs_status fs_corpus_add(fs_corpus *c, const fs_text *texts, int64_t count, fs_run *run, fs_error *err)
    fs_status fs_corpus_add_lines(fs_corpus *c, fs_text block, fs_run *run, fs_error *err)
    fs_status fs_corpus_gather(fs_corpus *c, fs_error *err)
    size_t fs_corpus_bytes(const fs_corpus *c)
    fs_status fs_corpus_each(const fs_corpus *c, fs_piece_seen seen, void *ctx, fs_error *err)

cdef extern from "text/bpe_train.h" nogil:
    ctypedef struct fs_train_merge:
        int32_t left
        int32_t right
        int32_t made
    ctypedef struct fs_bpe_trainer:
        fs_vocab symbols
        fs_buffer merges
    ctypedef struct fs_bpe_plan:
        int32_t vocab_size
        int64_t least
        int64_t longest
        fs_text prefix
    fs_status fs_bpe_trainer_init(fs_bpe_trainer *t, fs_hash_key key, fs_error *err)
    void fs_bpe_trainer_free(fs_bpe_trainer *t)
    fs_status fs_bpe_trainer_add(fs_bpe_trainer *t, const int32_t *symbols, int32_t n, int64_t count, fs_error *err)
    fs_status fs_bpe_trainer_add_bytes(fs_bpe_trainer *t, const int32_t *of_byte, fs_text word, int64_t count, fs_error *err)
    fs_status fs_bpe_train(fs_bpe_trainer *t, const fs_bpe_plan *plan, fs_run *run, fs_error *err)

cdef struct _ByteWords:
    fs_bpe_trainer *trainer
    const int32_t *of_byte

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

cdef fs_status _add_word(void *ctx, fs_text piece, int64_t count, fs_error *err) noexcept nogil:
    cdef _ByteWords *words = <_ByteWords *>ctx
    return fs_bpe_trainer_add_bytes(words.trainer, words.of_byte, piece, count, err)


cdef class CorpusCounter:
    """Counts the pieces that a pattern cuts texts into; a corpus may come in parts, from one thread at a time."""

    cdef fs_corpus c
    cdef object lock

    def __cinit__(self, str pattern, *, threads=None, str isa=None):
        cdef fs_error err
        cdef Run run = Run(threads)
        self.lock = threading.Lock()
        check(fs_corpus_init(&self.c, <fs_scan_rule>_rule(pattern, SCAN_RULES, "pattern"), kernels_named(isa).isa, _hash_key,
                             fs_run_threads(&run.run), &err), &err)

    def __dealloc__(self):
        fs_corpus_free(&self.c)

    @property
    def nbytes(self) -> int:
        """Memory that the counts take."""
        return fs_corpus_bytes(&self.c)

    def add(self, texts, Py_ssize_t first=0) -> None:
        """Each text of a list; `first` is the place of its first one, for errors."""
        cdef _Views views = _Views(texts, "texts", first, True)
        cdef fs_error err
        cdef fs_status st
        cdef Run run = Run()
        with self.lock:
            with nogil:
                st = fs_corpus_add(&self.c, views.views, views.count, &run.run, &err)
            run.check(st, &err)

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
        return -1 if valid == view.size else <int64_t>valid

    def counts(self) -> dict:
        """Each piece, as bytes, and how often it was seen."""
        cdef fs_error err
        found = []
        with self.lock:
            check(fs_corpus_gather(&self.c, &err), &err)
            check(fs_corpus_each(&self.c, _note_piece, <void *>found, &err), &err)
        return dict(found)

    def byte_counts(self):
        """How often each byte was seen, (256) int64."""
        cdef fs_error err
        cdef int64_t seen[256]
        cdef int i
        memset(seen, 0, sizeof(seen))
        with self.lock:
            check(fs_corpus_gather(&self.c, &err), &err)
            check(fs_corpus_each(&self.c, _count_bytes, seen, &err), &err)
        return np.array([seen[i] for i in range(256)], np.int64)


cdef class MergeTrainer:
    """Learns merges over symbols (Sennrich et al., 2016). symbols: how each is spelled, a list whose places are ids."""

    cdef fs_bpe_trainer t

    def __cinit__(self, symbols):
        cdef fs_error err
        cdef _Views views = _Views(symbols, "symbols", 0, True)
        cdef Py_ssize_t i
        cdef int32_t id
        check(fs_bpe_trainer_init(&self.t, _hash_key, &err), &err)
        for i in range(views.count):
            check(fs_vocab_add(&self.t.symbols, views.views[i], &id, &err), &err)
            if id != i:
                raise errors.ArgumentError("the same symbol twice", where=f"symbols[{i}]", found=f"that of {id}")

    def __dealloc__(self):
        fs_bpe_trainer_free(&self.t)

    def add(self, word, int64_t count) -> None:
        """A word, as ids of symbols, and how often it occurs."""
        cdef fs_error err
        cdef int32_t[::1] ids = as_ids(word)
        if ids.shape[0]:
            check(fs_bpe_trainer_add(&self.t, &ids[0], <int32_t>ids.shape[0], count, &err), &err)

    def add_pieces(self, CorpusCounter corpus not None, of_byte) -> None:
        """All pieces of a corpus as their bytes. of_byte (256): the symbol of each byte; -1: it is left out."""
        cdef fs_error err
        cdef fs_status st
        cdef int32_t[::1] symbols = as_ids(of_byte)
        cdef _ByteWords words
        if symbols.shape[0] != 256:
            raise errors.ArgumentError("wrong size", where="of_byte", expected="256", found=str(symbols.shape[0]))
        words.trainer, words.of_byte = &self.t, &symbols[0]
        with corpus.lock, nogil:
            st = fs_corpus_gather(&corpus.c, &err)
            if st == FS_OK:
                st = fs_corpus_each(&corpus.c, _add_word, &words, &err)
        check(st, &err)

    def train(self, int32_t vocab_size, *, int64_t least=1, int64_t longest=0, bytes prefix=b"", progress=None) -> tuple:
        """(spellings of all symbols as bytes, merges (N, 3): left, right, made). progress: told of symbols made."""
        cdef fs_error err
        cdef fs_status st
        cdef fs_bpe_plan plan
        cdef Run run = Run(1, progress)
        cdef int32_t id
        cdef fs_text token
        cdef char[:, ::1] c_merges
        plan.vocab_size, plan.least, plan.longest = vocab_size, max(least, 1), max(longest, 0)
        plan.prefix.data, plan.prefix.size = <const uint8_t *>PyBytes_AS_STRING(prefix), <size_t>len(prefix)
        with nogil:
            st = fs_bpe_train(&self.t, &plan, &run.run, &err)
        run.check(st, &err)
        spelled = []
        for id in range(self.t.symbols.count):
            token = fs_vocab_token(&self.t.symbols, id)
            spelled.append((<const char *>token.data)[:token.size])
        merges = np.empty((self.t.merges.size // sizeof(fs_train_merge), 3), np.int32)
        if len(merges):
            c_merges = merges.view(np.int8)
            memcpy(&c_merges[0, 0], self.t.merges.data, self.t.merges.size)
        return spelled, merges
