# Learning Unigram models.
cdef extern from "text/train/unigram_train.h" nogil:
    ctypedef struct fs_unigram_trainer:
        fs_vocab pieces
        fs_buffer scores
    ctypedef struct fs_unigram_pass:
        double likelihood
        int64_t tokens
    fs_status fs_unigram_trainer_init(fs_unigram_trainer *t, fs_hash_key key, fs_error *err)
    void fs_unigram_trainer_free(fs_unigram_trainer *t)
    fs_status fs_unigram_trainer_piece(fs_unigram_trainer *t, fs_text piece, double score, fs_error *err)
    void fs_unigram_trainer_close(fs_unigram_trainer *t)
    fs_status fs_unigram_trainer_add(fs_unigram_trainer *t, fs_text word, int64_t count, fs_error *err)
    fs_status fs_unigram_seed(fs_unigram_trainer *t, int64_t most, int32_t longest, fs_run *run, fs_error *err)
    fs_status fs_unigram_round(fs_unigram_trainer *t, fs_run *run, fs_unigram_pass *done, fs_error *err)
    fs_status fs_unigram_prune(fs_unigram_trainer *t, int32_t size, fs_run *run, fs_unigram_pass *done, fs_error *err)

cdef fs_status _add_word(void *ctx, fs_text piece, int64_t count, fs_error *err) noexcept nogil:
    return fs_unigram_trainer_add(<fs_unigram_trainer *>ctx, piece, count, err)


cdef class UnigramTrainer:
    """Learns pieces and their scores (csrc/text/unigram_train.h). characters: those required; counts: of each."""

    cdef fs_unigram_trainer t
    cdef object threads

    def __cinit__(self, characters, counts, *, threads=None):
        cdef fs_error err
        check(fs_unigram_trainer_init(&self.t, _hash_key, &err), &err)
        self.threads = threads
        self._add(characters, counts)
        fs_unigram_trainer_close(&self.t)

    def __dealloc__(self):
        fs_unigram_trainer_free(&self.t)

    def __len__(self):
        return self.t.pieces.count

    cdef int _add(self, pieces, scores) except -1:
        cdef fs_error err
        cdef _Views views = _Views(pieces, "pieces", 0, True)
        cdef const double[::1] c_scores = np.ascontiguousarray(scores, np.float64)
        cdef Py_ssize_t i
        if c_scores.shape[0] != views.count:
            raise errors.ArgumentError(
                "not one a piece", where="scores", expected=str(views.count), found=str(c_scores.shape[0])
            )
        for i in range(views.count):
            check(fs_unigram_trainer_piece(&self.t, views.views[i], c_scores[i], &err), &err)
        return 0

    def add(self, CorpusCounter corpus not None) -> None:
        """All pieces of a corpus, as words; characters that are not required part what is around them."""
        corpus.each(_add_word, &self.t)

    def seed(self, int64_t most, int32_t longest) -> None:
        """Adds the most promising substrings, of at most `longest` characters."""
        cdef fs_error err
        cdef fs_status st
        cdef Run run = Run(1)
        with nogil:
            st = fs_unigram_seed(&self.t, most, longest, &run.run, &err)
        run.check(st, &err)

    def go_on_from(self, pieces, scores) -> None:
        """Takes what `pieces` and `scores` of another trainer of the same words gave, instead of seeds."""
        cdef double[::1] mine
        cdef Py_ssize_t i, required = self.t.pieces.count
        if self.pieces() != list(pieces[:required]):
            raise errors.FormatError("not of this corpus", where="pieces", expected=f"the same {required} characters")
        self._add(pieces[required:], scores[required:])
        mine = <double[:self.t.pieces.count]>(<double *>self.t.scores.data)
        for i in range(required):
            mine[i] = scores[i]

    cdef tuple _told(self, fs_unigram_pass *done):
        return done.likelihood, done.tokens

    def round(self) -> tuple:
        """One round of EM: (mean logarithm of a word's probability before it, 0)."""
        cdef fs_error err
        cdef fs_status st
        cdef fs_unigram_pass done
        cdef Run run = Run(self.threads)
        with nogil:
            st = fs_unigram_round(&self.t, &run.run, &done, &err)
        run.check(st, &err)
        return self._told(&done)

    def prune(self, int32_t size) -> tuple:
        """Leaves at most `size` pieces: (0, how many pieces the best ways of all words had before)."""
        cdef fs_error err
        cdef fs_status st
        cdef fs_unigram_pass done
        cdef Run run = Run(self.threads)
        with nogil:
            st = fs_unigram_prune(&self.t, size, &run.run, &done, &err)
        run.check(st, &err)
        return self._told(&done)

    def pieces(self) -> list:
        cdef fs_text piece
        cdef int32_t id
        found = []
        for id in range(self.t.pieces.count):
            piece = fs_vocab_token(&self.t.pieces, id)
            found.append(text_of(piece.data, piece.size))
        return found

    def scores(self) -> np.ndarray:
        """float64, one a piece."""
        cdef Py_ssize_t n = self.t.pieces.count
        return np.array(<double[:n]>(<double *>self.t.scores.data)) if n else np.empty(0)
