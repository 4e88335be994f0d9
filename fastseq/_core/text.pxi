# Tokenizers that look pieces up whole, and counting.
import threading

# In the order of the C enums.
SPLIT_RULES = ("characters", "words", "whitespace", "space", "none")
KEEP_RULES = ("all", "ascii_letters", "ascii_alphanumeric", "letters", "alphanumeric")
UNKNOWN_RULES = ("error", "map", "drop")
assert len(SPLIT_RULES) == FS_SPLIT_COUNT and len(KEEP_RULES) == FS_KEEP_COUNT


cdef class TextEncoder(Encoder):
    """How texts become ids; never changed once made."""

    cdef fs_encoder e
    cdef object vocab, prepend, append

    def __cinit__(
        self, Vocab vocab, *, str split, bint lowercase=False, str keep="all", bint punctuation=True,
        str unknown="error", int32_t unknown_id=-1, bint allow_special=False, prepend=(), append=(),
    ):
        cdef int32_t[::1] ids
        memset(&self.e, 0, sizeof(self.e))
        self.job, self.encoder, self.cut = fs_rule_job, &self.e, fs_rule_cut
        self.vocab = vocab
        if vocab is not None:
            self.e.vocab = &vocab.v
        fs_map_rules_init(&self.e.map, lowercase, <fs_keep>_rule(keep, KEEP_RULES, "keep"))
        self.e.split = <fs_split_rule>_rule(split, SPLIT_RULES, "split")
        self.e.punctuation = punctuation
        self.e.unknown = <fs_unknown>_rule(unknown, UNKNOWN_RULES, "unknown")
        self.e.unknown_id = unknown_id
        self.e.allow_special = allow_special
        self.prepend, self.append = as_ids(prepend), as_ids(append)
        if len(self.prepend):
            ids = self.prepend
            self.e.prepend, self.e.prepend_count = &ids[0], <int32_t>ids.shape[0]
        if len(self.append):
            ids = self.append
            self.e.append, self.e.append_count = &ids[0], <int32_t>ids.shape[0]
        self.before, self.behind = self.e.prepend_count, self.e.append_count
        self._check(vocab)

    def _check(self, Vocab vocab):
        """Ids that C is to give out unseen are those of tokens."""
        count = 0 if vocab is None else len(vocab)
        outside = [id for id in (*self.prepend, *self.append) if not 0 <= id < count]
        if UNKNOWN_RULES[self.e.unknown] == "map" and vocab is not None and not 0 <= self.e.unknown_id < count:
            outside.append(self.e.unknown_id)
        if outside:
            raise errors.ArgumentError(
                "id not in the vocabulary", where="prepend, append or unknown_id", expected=f"0 to {count - 1}",
                found=str(outside[0]),
            )

    def pieces(self, texts, *, threads=None, bint bare=False) -> list:
        """The pieces of each text as they are looked up, a list of lists of str."""
        cdef fs_encoded out = self.encoded(texts, None, FS_WANT_PIECES | (FS_WANT_BARE if bare else 0), threads)
        cdef int64_t block, i, begin, end
        cdef const char *data
        cdef int64_t *ends
        try:
            flat = []
            for block in range(out.block_count):
                data = <const char *>out.blocks[block].pieces.data
                ends = <int64_t *>out.blocks[block].ends.data
                begin = 0
                for i in range(<int64_t>(out.blocks[block].ends.size // sizeof(int64_t))):
                    end = ends[i]
                    flat.append(text_of(data + begin if end > begin else NULL, <size_t>(end - begin)))
                    begin = end
            return [flat[out.offsets[i]:out.offsets[i + 1]] for i in range(out.count)]
        finally:
            fs_encoded_free(&out)


cdef tuple _ranked(const fs_vocab *pieces, const int64_t *counts, const fs_buffer *order):
    """(pieces, counts) of the ids in `order`."""
    cdef const int32_t *ids = <const int32_t *>order.data
    cdef fs_text piece
    cdef size_t i
    found, seen = [], []
    for i in range(order.size // sizeof(int32_t)):
        piece = fs_vocab_token(pieces, ids[i])
        found.append(text_of(piece.data, piece.size))
        seen.append(counts[ids[i]])
    return found, seen


cdef class PieceCounter:
    """Counts the pieces of a corpus that comes in parts."""

    cdef fs_counter c
    cdef object lock

    def __cinit__(self, *, str split, bint lowercase=False, str keep="all", bint punctuation=True):
        cdef TextEncoder rules = TextEncoder(None, split=split, lowercase=lowercase, keep=keep, punctuation=punctuation)
        cdef fs_error err
        self.lock = threading.Lock()
        check(fs_counter_init(&self.c, &rules.e, _hash_key, &err), &err)

    def __dealloc__(self):
        fs_counter_free(&self.c)

    def __len__(self):
        return self.c.pieces.count

    def add(self, texts, Py_ssize_t first=0) -> None:
        """Each text of a list; `first` is the place of its first one, for errors."""
        cdef _Views views = _Views(texts, "texts", first)
        cdef fs_error err
        cdef fs_status st = FS_OK
        cdef Py_ssize_t i
        with self.lock:
            with nogil:
                for i in range(views.count):
                    st = fs_counter_add(&self.c, views.views[i], &err)
                    if st != FS_OK:
                        break
            check(st, &err)

    def add_lines(self, bytes block not None) -> int:
        """Each line of UTF-8 bytes. When they are not valid, nothing is counted and the place of the first wrong
        byte is given; otherwise -1."""
        cdef fs_text view
        cdef size_t valid = 0
        cdef fs_error err
        cdef fs_status st
        view.data, view.size = <const uint8_t *><const char *>block, <size_t>len(block)
        with self.lock:
            with nogil:
                st = fs_counter_add_lines(&self.c, view, &valid, &err)
        if st == FS_ERR_FORMAT:
            return valid
        check(st, &err)
        return -1

    def ranked(self, int64_t least=1) -> tuple:
        """(pieces, counts) seen at least that often: most often first, ties in the order of code points."""
        cdef fs_buffer order
        cdef fs_error err
        cdef fs_status st
        memset(&order, 0, sizeof(order))
        with self.lock:
            try:
                with nogil:
                    st = fs_vocab_rank(&self.c.pieces, <int64_t *>self.c.counts.data, least, &order, &err)
                check(st, &err)
                return _ranked(&self.c.pieces, <int64_t *>self.c.counts.data, &order)
            finally:
                fs_buffer_free(&order)
