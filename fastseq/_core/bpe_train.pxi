# Learning merges.
cdef extern from "text/train/bpe_train.h" nogil:
    int FS_TRAIN_PREFIX_MAX
    ctypedef struct fs_train_merge:
        int32_t left
        int32_t right
        int32_t made
    ctypedef struct fs_bpe_trainer:
        fs_vocab symbols
        fs_buffer merges
        fs_buffer done
    ctypedef struct fs_bpe_plan:
        int32_t vocab_size
        int64_t least
        int64_t longest
        fs_text prefix
    fs_status fs_bpe_trainer_init(fs_bpe_trainer *t, fs_hash_key key, fs_error *err)
    void fs_bpe_trainer_free(fs_bpe_trainer *t)
    fs_status fs_bpe_trainer_add(fs_bpe_trainer *t, const int32_t *symbols, int32_t n, int64_t count, fs_error *err)
    fs_status fs_bpe_trainer_add_bytes(fs_bpe_trainer *t, const int32_t *of_byte, fs_text word, int64_t count, fs_error *err)
    fs_status fs_bpe_trainer_add_characters(fs_bpe_trainer *t, fs_text prefix, int cut, fs_text word, int64_t count,
                                            fs_error *err)
    fs_status fs_bpe_train(fs_bpe_trainer *t, const fs_bpe_plan *plan, int32_t stop, int *more, fs_run *run, fs_error *err)
    fs_status fs_bpe_replay(fs_bpe_trainer *t, const fs_bpe_plan *plan, const uint64_t *pairs, int64_t n, fs_run *run,
                            fs_error *err)

cdef struct _Words:
    fs_bpe_trainer *trainer
    const int32_t *of_byte
    fs_text prefix
    int cut

cdef fs_status _add_bytes(void *ctx, fs_text piece, int64_t count, fs_error *err) noexcept nogil:
    cdef _Words *words = <_Words *>ctx
    return fs_bpe_trainer_add_bytes(words.trainer, words.of_byte, piece, count, err)

cdef fs_status _add_characters(void *ctx, fs_text piece, int64_t count, fs_error *err) noexcept nogil:
    cdef _Words *words = <_Words *>ctx
    return fs_bpe_trainer_add_characters(words.trainer, words.prefix, words.cut, piece, count, err)


cdef class MergeTrainer:
    """Learns merges over symbols (Sennrich et al., 2016).

    symbols: how each is spelled, a list whose places are ids. least: the count of a pair that is worth merging.
    longest: bytes of a symbol; 0: any. prefix: how symbols that do not start a word are marked.
    """

    cdef fs_bpe_trainer t
    cdef fs_bpe_plan plan
    cdef bytes prefix

    def __cinit__(self, symbols, int32_t vocab_size, *, int64_t least=1, int64_t longest=0, bytes prefix=b""):
        cdef fs_error err
        cdef _Views views = _Views(symbols, "symbols", 0, True)
        cdef Py_ssize_t i
        cdef int32_t id
        if len(prefix) > FS_TRAIN_PREFIX_MAX:
            raise errors.ArgumentError(
                "too long", where="prefix", expected=f"at most {FS_TRAIN_PREFIX_MAX} bytes", found=f"{len(prefix)} bytes"
            )
        self.prefix = prefix
        self.plan.vocab_size, self.plan.least, self.plan.longest = vocab_size, max(least, 1), max(longest, 0)
        self.plan.prefix.data, self.plan.prefix.size = <const uint8_t *>PyBytes_AS_STRING(prefix), <size_t>len(prefix)
        check(fs_bpe_trainer_init(&self.t, _hash_key, &err), &err)
        for i in range(views.count):
            check(fs_vocab_add(&self.t.symbols, views.views[i], &id, &err), &err)
            if id != i:
                raise errors.ArgumentError("the same symbol twice", where=f"symbols[{i}]", found=f"that of {id}")

    def __dealloc__(self):
        fs_bpe_trainer_free(&self.t)

    def __len__(self):
        return self.t.symbols.count

    def add(self, word, int64_t count) -> None:
        """A word, as ids of symbols, and how often it occurs."""
        cdef fs_error err
        cdef int32_t[::1] ids = as_ids(word)
        if ids.shape[0]:
            check(fs_bpe_trainer_add(&self.t, &ids[0], <int32_t>ids.shape[0], count, &err), &err)

    def add_bytes(self, CorpusCounter corpus not None, of_byte) -> None:
        """All pieces of a corpus as their bytes. of_byte (256): the symbol of each byte; -1: it is left out."""
        cdef int32_t[::1] symbols = as_ids(of_byte)
        cdef _Words words
        if symbols.shape[0] != 256:
            raise errors.ArgumentError("wrong size", where="of_byte", expected="256", found=str(symbols.shape[0]))
        words.trainer, words.of_byte = &self.t, &symbols[0]
        corpus.each(_add_bytes, &words)

    def add_characters(self, CorpusCounter corpus not None, bint cut) -> None:
        """All pieces of a corpus as their characters, marked by the prefix but for the first. Those that are no symbol
        are left out; with `cut`, they part what is around them."""
        cdef _Words words
        words.trainer, words.prefix, words.cut = &self.t, self.plan.prefix, cut
        corpus.each(_add_characters, &words)

    def replay(self, pairs) -> None:
        """The merges that another trainer of the same words has `done`, before any other."""
        cdef fs_error err
        cdef fs_status st
        cdef Run run = Run(1)
        cdef const uint64_t[::1] c_pairs = np.ascontiguousarray(pairs, np.uint64)
        cdef int64_t n = c_pairs.shape[0]
        if n:
            with nogil:
                st = fs_bpe_replay(&self.t, &self.plan, &c_pairs[0], n, &run.run, &err)
            run.check(st, &err)

    def done(self) -> np.ndarray:
        """Every pair that was merged, (N) uint64: left << 32 | right."""
        cdef size_t n = self.t.done.size // sizeof(uint64_t)
        return np.array(<uint64_t[:n]>self.t.done.data) if n else np.empty(0, np.uint64)

    def train(self, stop=None, *, progress=None) -> bool:
        """Merges until there are `stop` symbols; whether there is more to do. progress: told of symbols made."""
        cdef fs_error err
        cdef fs_status st
        cdef Run run = Run(1, progress)
        cdef int more
        cdef int32_t c_stop = self.plan.vocab_size if stop is None else min(stop, self.plan.vocab_size)
        with nogil:
            st = fs_bpe_train(&self.t, &self.plan, c_stop, &more, &run.run, &err)
        run.check(st, &err)
        return bool(more)

    def symbols(self) -> list:
        """How they are spelled, as bytes."""
        cdef fs_text token
        cdef int32_t id
        spelled = []
        for id in range(self.t.symbols.count):
            token = fs_vocab_token(&self.t.symbols, id)
            spelled.append((<const char *>token.data)[:token.size])
        return spelled

    def merges(self) -> np.ndarray:
        """(N, 3) int32: left, right, made."""
        cdef char[:, ::1] c_merges
        merges = np.empty((self.t.merges.size // sizeof(fs_train_merge), 3), np.int32)
        if len(merges):
            c_merges = merges.view(np.int8)
            memcpy(&c_merges[0, 0], self.t.merges.data, self.t.merges.size)
        return merges
