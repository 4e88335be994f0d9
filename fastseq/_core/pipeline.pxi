# tokenizer.json as a whole.

cdef extern from "text/cut/cut.h" nogil:
    ctypedef int fs_cut_kind
    ctypedef int fs_cut_behavior
    int FS_CUT_KIND_COUNT, FS_CUT_BEHAVIOR_COUNT
    ctypedef struct fs_cut_step:
        fs_cut_kind kind
        fs_cut_behavior behavior
        int invert
        fs_scan_rule rule
        int32_t length
        fs_outside outside
    ctypedef struct fs_cutter:
        pass
    fs_status fs_cutter_add(fs_cutter *c, const fs_cut_step *step, fs_text text, fs_error *err)

cdef extern from "text/pipeline/subword.h" nogil:
    ctypedef int fs_subword_kind
    int FS_SUBWORD_KIND_COUNT
    ctypedef struct fs_subword_parts:
        fs_subword_kind kind
        const fs_text *tokens
        const int32_t *ids
        const double *scores
        const uint8_t *hidden
        int64_t count
        const fs_text *merges
        int64_t merge_count
        int32_t unknown
        fs_text prefix
        fs_text suffix
        int32_t longest
        int byte_fallback
        int fuse_unknown
        int ignore_merges
    ctypedef struct fs_subword:
        pass
    fs_status fs_subword_init(fs_subword *m, fs_hash_key key, const fs_subword_parts *parts, fs_error *err)

cdef extern from "text/pipeline/pipeline.h" nogil:
    ctypedef int fs_pipeline_local
    int FS_LOCAL_COUNT
    ctypedef struct fs_pipeline:
        fs_markers given
        fs_markers normalized
        const fs_normalizer *normalizer
        fs_buffer lead
        fs_cutter cutter
        fs_subword model
        fs_pipeline_local local
        fs_hash_key key
        fs_buffer prepend
        fs_buffer append
    void fs_pipeline_free(fs_pipeline *e)
    int32_t fs_pipeline_cut(const fs_text_call *call, fs_text text, unsigned int want, int32_t at)
    fs_status fs_pipeline_job(const fs_text_call *call, fs_text text, int64_t place, unsigned int want,
                              fs_text_block *block, int64_t *tokens)

# In the order of the C enums.
CUT_KINDS = (
    "spaces", "signs", "numbers", "words", "text", "run", "pattern", "length", "outside", "replace_spaces", "prefix",
    "first_prefix", "alphabet",
)
CUT_BEHAVIORS = ("removed", "isolated", "merged_with_previous", "merged_with_next", "contiguous")
SUBWORD_KINDS = ("WordPiece", "WordLevel", "Unigram", "BPE")
PIPELINE_LOCALS = ("none", "words", "signs", "wide", "led")
assert len(CUT_KINDS) == FS_CUT_KIND_COUNT and len(CUT_BEHAVIORS) == FS_CUT_BEHAVIOR_COUNT
assert len(SUBWORD_KINDS) == FS_SUBWORD_KIND_COUNT and len(PIPELINE_LOCALS) == FS_LOCAL_COUNT


cdef class Pipeline(Encoder):
    """A tokenizer.json; never changed once made.

    model: a dict of `kind` (of SUBWORD_KINDS), `tokens`, `ids`, `hidden` (a byte a token), `unknown` (id or -1), and as
    the kind has them `scores`, `merges` (left, right, left ...), `prefix`, `suffix`, `longest`, `byte_fallback`,
    `fuse_unknown`, `ignore_merges`. cuts: dicts of `kind` (of CUT_KINDS), `behavior`, `invert`, `text`, `rule`, `length`, `find`.
    given, normalized: added tokens as (spelling, id, flags).
    """

    cdef fs_pipeline e
    cdef Normalizer normalizer
    cdef list finders  # functions that C calls

    def __cinit__(
        self, *, dict model, cuts=(), Normalizer normalizer=None, str lead="", given=(), normalized=(),
        str local="none", prepend=(), append=(),
    ):
        cdef fs_error err
        cdef fs_text text = view_of(lead, "lead", -1)
        self.job, self.encoder = fs_pipeline_job, &self.e
        self.units = ("characters", "bytes", "words")
        self.cut, self.markers = fs_pipeline_cut, &self.e.given
        self.e.key = _hash_key
        self.finders = []
        self.e.local = _rule(local, PIPELINE_LOCALS, "local")
        self.normalizer = normalizer
        if normalizer is not None:
            self.e.normalizer = &normalizer.n
        check(fs_buffer_append(&self.e.lead, text.data, text.size, &err), &err)
        self._read_model(model)
        for step in cuts:
            self._add_cut(step)
        self._add_markers(&self.e.given, given)
        self._add_markers(&self.e.normalized, normalized)
        self._fix(&self.e.prepend, prepend)
        self._fix(&self.e.append, append)
        self.before, self.behind = len(prepend), len(append)

    def __dealloc__(self):
        fs_pipeline_free(&self.e)

    def _read_model(self, dict model):
        cdef fs_error err
        cdef fs_status st
        cdef fs_subword_parts parts
        cdef _Views tokens = _Views(model["tokens"], "vocab"), merges = _Views(model.get("merges", ()), "merges")
        cdef int32_t[::1] ids = as_ids(model["ids"])
        cdef const uint8_t[::1] hidden = model["hidden"]
        cdef const double[::1] scores = np.ascontiguousarray(model.get("scores", np.zeros(len(tokens.owners))), np.float64)
        if not tokens.count == ids.shape[0] == hidden.shape[0] == scores.shape[0]:
            raise errors.FormatError("lists of different lengths", where="vocab")
        memset(&parts, 0, sizeof(parts))
        parts.kind = _rule(model["kind"], SUBWORD_KINDS, "kind")
        parts.tokens, parts.count = tokens.views, tokens.count
        if tokens.count:
            parts.ids, parts.hidden, parts.scores = &ids[0], &hidden[0], &scores[0]
        parts.merges, parts.merge_count = merges.views, merges.count // 2
        parts.unknown, parts.longest = model["unknown"], model.get("longest", 0)
        prefix, suffix = model.get("prefix", ""), model.get("suffix", "")
        parts.prefix, parts.suffix = view_of(prefix, "prefix", -1), view_of(suffix, "suffix", -1)
        parts.byte_fallback = model.get("byte_fallback", False)
        parts.fuse_unknown = model.get("fuse_unknown", False)
        parts.ignore_merges = model.get("ignore_merges", False)
        with nogil:
            st = fs_subword_init(&self.e.model, _hash_key, &parts, &err)
        check(st, &err)

    def _add_cut(self, dict step):
        cdef fs_error err
        cdef fs_cut_step made
        spelling = step.get("text", "")
        memset(&made, 0, sizeof(made))
        made.kind = _rule(step["kind"], CUT_KINDS, "kind")
        made.behavior = _rule(step.get("behavior", "isolated"), CUT_BEHAVIORS, "behavior")
        made.invert = step.get("invert", False)
        made.rule = _rule(step.get("rule", "whole"), SCAN_RULES, "rule")
        made.length = step.get("length", 1)
        if step["kind"] == "outside":
            self.finders.append(step["find"])
            made.outside.find, made.outside.ctx = _find_matches, <void *>step["find"]
        if made.length < 1 or (not spelling and step["kind"] in ("text", "run", "replace_spaces", "prefix", "first_prefix")):
            raise errors.FormatError("nothing to cut at", where="pre_tokenizer")
        check(fs_cutter_add(&self.e.cutter, &made, view_of(spelling, "text", -1), &err), &err)

    cdef int _add_markers(self, fs_markers *to, markers) except -1:
        cdef fs_error err
        check(fs_markers_init(to, _hash_key, &err), &err)
        for spelling, id, flags in markers:
            check(fs_markers_add(to, view_of(spelling, "markers", -1), id, flags, &err), &err)
            self.note_marker(flags)
        return 0

    cdef int _fix(self, fs_buffer *where, ids) except -1:
        cdef fs_error err
        cdef int32_t[::1] c_ids = as_ids(ids)
        if c_ids.shape[0]:
            check(fs_buffer_append(where, &c_ids[0], c_ids.shape[0] * sizeof(int32_t), &err), &err)
        return 0
