# Graphs, memories and steppers over csrc/nn.
from cpython.buffer cimport PyBUF_CONTIG_RO, PyBuffer_Release, PyObject_GetBuffer
from libc.stdlib cimport calloc, free

from fastseq.lazy import np

cdef extern from "nn/graph.h" nogil:
    ctypedef enum fs_kept_kind:
        FS_KEPT_F32
        FS_KEPT_F16
        FS_KEPT_S8
    ctypedef struct fs_option:
        const char *key
        const char *word
        double number
    ctypedef struct fs_options:
        const fs_option *items
        int count
        const char *where
    ctypedef struct fs_tensor:
        const char *name
        fs_dtype dtype
        int dims
        int64_t shape[2]
        const void *data
        const float *scale
        int blocks
        size_t size
        float multiplier
    ctypedef struct fs_weights:
        const fs_tensor *tensors
        int count
    ctypedef struct fs_block_spec:
        const char *kind
        const char *prefix
        fs_options options
    ctypedef struct fs_memory:
        int64_t count
        const int64_t *offsets
        const float *states
        int width
        const float *hidden
        const float *cell
        int layers
        int hidden_width
    ctypedef struct fs_graph:
        int vocabulary
        int least
        int width
        int pooled
        int layers
        int hidden_width
        int has_cell
        int longest
        int memory_width
    ctypedef struct fs_batch:
        const int32_t *ids
        const int64_t *offsets
        int64_t count
    ctypedef struct fs_rows_out:
        float *rows
        const int64_t *offsets
        float *hidden
        float *cell
    fs_status fs_graph_create(const fs_block_spec *specs, int count, const fs_weights *weights, const fs_kernels *k,
                              fs_dtype dtype, int lay_out, fs_kept_kind kept, fs_run *run, fs_graph **out,
                              fs_error *err)
    void fs_graph_free(fs_graph *g)
    fs_status fs_block_check(int type, int64_t rows, int64_t columns, size_t size, const char *where, fs_error *err)
    size_t fs_graph_weight_bytes(const fs_graph *g)
    fs_status fs_batch_check(const fs_batch *b, int64_t total, int least, int vocabulary, fs_error *err)
    fs_status fs_batch_order(const fs_batch *b, int64_t *order, fs_error *err)
    fs_status fs_graph_forward(const fs_graph *g, fs_run *run, const fs_batch *batch, const fs_rows_out *out,
                               fs_error *err)
    fs_status fs_graph_log_probs(const fs_graph *g, fs_run *run, const fs_batch *batch, const int32_t *starts,
                                 float *logprobs, fs_error *err)

cdef extern from "nn/rounding.h" nogil:
    ctypedef enum fs_ggml_type:
        pass
    fs_status fs_tensor_round(const fs_tensor *t, const fs_kernels *k, fs_ggml_type type, uint8_t *blocks, size_t size,
                              fs_run *run, fs_error *err)

cdef dict _DTYPES = {"float32": FS_F32, "bfloat16": FS_BF16, "int8": FS_S8, "blocks": FS_BLOCKS}
cdef dict _KEPT = {"float32": FS_KEPT_F32, "float16": FS_KEPT_F16, "int8": FS_KEPT_S8}
cdef dict _TENSOR_DTYPES = {"f": FS_F32, "H": FS_BF16, "b": FS_S8}  # by the characters of NumPy's types


def as_array(values, dtype, str name, int ndim=1):
    """`values` as a C-contiguous array of that type; a clear error when they are not of its kind."""
    array = np.asarray(values)
    if array.size == 0 and array.ndim == 1 and ndim == 1:
        return np.empty(0, dtype)
    if not np.can_cast(array.dtype, dtype, "same_kind") or array.ndim != ndim:
        raise errors.ArgumentTypeError(
            "wrong kind of array", where=name, expected=f"{ndim}-dimensional {np.dtype(dtype).name}",
            found=f"{array.ndim}-dimensional {array.dtype}",
        )
    cast = np.ascontiguousarray(array, dtype)
    if array.dtype != cast.dtype and array.dtype.kind in "iu" and not np.array_equal(cast, array):
        raise errors.ArgumentError("a number does not fit", where=name, expected=np.dtype(dtype).name,
                                   found=f"{array.min()} to {array.max()}")
    return cast


cdef class _Ragged:
    """Checked ids and offsets, and the C view of them."""
    cdef object ids, offsets
    cdef fs_batch batch

    def __cinit__(self, ids, offsets, int vocabulary, int least=0):
        cdef fs_error err
        cdef const int32_t[::1] c_ids
        cdef const int64_t[::1] c_offsets
        self.ids = as_array(ids, np.int32, "ids")
        self.offsets = as_array(offsets, np.int64, "offsets")
        if len(self.offsets) == 0:
            raise errors.ArgumentError("empty", where="offsets", expected="one number more than sequences", found="none")
        c_ids, c_offsets = self.ids, self.offsets
        self.batch.ids = &c_ids[0] if c_ids.shape[0] else NULL
        self.batch.offsets = &c_offsets[0]
        self.batch.count = c_offsets.shape[0] - 1
        check(fs_batch_check(&self.batch, c_ids.shape[0], least, vocabulary, &err), &err)


cdef class _Blocks:
    """Block specs and tensors as C structs; lives as long as the graph that borrows the tensors."""
    cdef fs_block_spec *specs
    cdef fs_tensor *tensors
    cdef fs_weights weights
    cdef int count
    cdef list keep, options
    cdef dict laid_out  # name -> blocks

    def __cinit__(self, blocks, tensors):
        self.keep, self.options, self.laid_out = [], [], {}
        self.count = len(blocks)
        self.specs = <fs_block_spec *>calloc(max(len(blocks), 1), sizeof(fs_block_spec))
        self.tensors = <fs_tensor *>calloc(max(len(tensors), 1), sizeof(fs_tensor))
        if not self.specs or not self.tensors:
            raise MemoryError
        for i, block in enumerate(blocks):
            self._add_block(&self.specs[i], dict(block), i)
        self.weights.tensors = self.tensors
        for name, array in tensors.items():
            if not name.endswith((".scale", ".multiplier")):
                self._add_tensor(name, array, tensors)

    def __dealloc__(self):
        cdef int i
        if self.specs:
            for i in range(self.count):
                free(<void *>self.specs[i].options.items)
        free(self.specs)
        free(self.tensors)

    cdef const char *_text(self, object text):
        encoded = str(text).encode()
        self.keep.append(encoded)
        return encoded

    cdef int _add_block(self, fs_block_spec *spec, dict block, int place) except -1:
        cdef fs_option *items
        kind, prefix = block.pop("block"), block.pop("weights", "")
        items = <fs_option *>calloc(max(len(block), 1), sizeof(fs_option))
        if not items:
            raise MemoryError
        spec.kind, spec.prefix = self._text(kind), self._text(prefix)
        spec.options.items, spec.options.count = items, len(block)
        spec.options.where = self._text(prefix or f"{kind} (block {place})")
        for i, (key, value) in enumerate(block.items()):
            items[i].key = self._text(key)
            if isinstance(value, str):
                items[i].word = self._text(value)
            else:
                items[i].number = float(value)
        return 0

    cdef int _add_tensor(self, str name, object array, object tensors) except -1:
        cdef fs_tensor *t = &self.tensors[self.weights.count]
        cdef size_t address
        if not isinstance(array, np.ndarray):
            return self._add_blocks(name, array)
        if not array.dtype.isnative or array.dtype.char not in _TENSOR_DTYPES:
            raise errors.ArgumentTypeError("unknown type of weights", where=name,
                                           expected="float32, uint16 (bfloat16) or int8", found=str(array.dtype))
        if not 1 <= array.ndim <= 2:
            raise errors.FormatError("wrong number of dimensions", where=name, expected="1 or 2", found=str(array.ndim))
        array = np.ascontiguousarray(array)
        t.name, t.dtype, t.dims = self._text(name), _TENSOR_DTYPES[array.dtype.char], array.ndim
        t.shape[0], t.shape[1] = array.shape[0], (array.shape[1] if array.ndim == 2 else 1)
        address = array.ctypes.data
        t.data = <const void *>address
        self.keep.append(array)
        if t.dtype == FS_S8:
            if f"{name}.scale" not in tensors:
                raise errors.FormatError("int8 weights without their scale", where=name, expected=f"{name}.scale", found="none")
            scale = as_array(tensors[f"{name}.scale"], np.float32, f"{name}.scale")
            if len(scale) != array.shape[0] or not np.isfinite(scale).all():
                raise errors.FormatError("bad scale", where=f"{name}.scale",
                                         expected=f"{array.shape[0]} finite numbers", found=f"{len(scale)}")
            address = scale.ctypes.data
            t.scale = <const float *>address
            self.keep.append(scale)
            t.multiplier = np.asarray(tensors.get(f"{name}.multiplier", 0.0), np.float32).item()
        self.weights.count += 1
        return 0


    cdef int _add_blocks(self, str name, object matrix) except -1:
        """matrix: `type`, `data` (uint8), `shape`."""
        cdef fs_tensor *t = &self.tensors[self.weights.count]
        cdef fs_error err
        cdef size_t address
        data = np.ascontiguousarray(matrix.data, np.uint8)
        t.name, t.dtype, t.dims = self._text(name), FS_BLOCKS, 2
        t.shape[0], t.shape[1] = matrix.shape
        t.blocks, t.size = matrix.type, data.size
        check(fs_block_check(t.blocks, t.shape[0], t.shape[1], t.size, t.name, &err), &err)
        address = data.ctypes.data
        t.data = <const void *>address
        self.laid_out[name] = data
        self.weights.count += 1
        return 0

    cdef int forget(self, set tables) except -1:
        """Of matrices in blocks, which have been laid out anew, only tables are still read."""
        self.laid_out = {name: data for name, data in self.laid_out.items() if name in tables}
        return 0


def round_to_blocks(str name, matrix, int type, out, *, scale=None, threads=None):
    """A matrix (rows, columns) of any type that `Graph` takes, as blocks of ggml's type 2 (Q4_0) or 8 (Q8_0) in `out`.

    scale: of int8 rows. out: uint8, contiguous, of the blocks' size.
    """
    cdef fs_error err
    cdef fs_status st
    cdef Run run = Run(threads)
    cdef uint8_t[::1] to = out
    cdef _Blocks held = _Blocks([], {name: matrix} if scale is None else {name: matrix, f"{name}.scale": scale})
    cdef const fs_kernels *k = kernels_named(None)
    with nogil:
        st = fs_tensor_round(held.tensors, k, <fs_ggml_type>type, &to[0] if to.shape[0] else NULL, <size_t>to.shape[0],
                             &run.run, &err)
    run.check(st, &err)


cdef float *_floats(object array):
    """The address of a C-contiguous float32 array, NULL for None or an empty one."""
    cdef size_t address
    if array is None or array.size == 0:
        return NULL
    address = array.ctypes.data
    return <float *>address


cdef class Graph:
    """A list of blocks made runnable: an encoder, a decoder, a language model or a classifier.

    blocks: the spec's, each a mapping with `block` and its options. tensors: name -> float32, uint16 (bfloat16)
    or int8 array, the last with a companion NAME.scale; they are borrowed, so a memory-mapped file stays mapped.
    dtype: how matrices are held, float32, bfloat16, int8 or blocks. lay_out: those in blocks anew, for speed. kept: how a
    decoder's keys and values are, float32, float16 or int8. progress: called now and then with how many panels of 32 rows
    are laid out. Any number of threads may call it at once.
    """
    cdef fs_graph *g
    cdef _Blocks blocks
    cdef const fs_kernels *k
    cdef int uses, closed

    def __init__(self, blocks, tensors, *, str dtype="float32", isa=None, bint lay_out=True,
                 str kept="float32", progress=None):
        cdef fs_error err
        cdef fs_status st
        cdef fs_dtype kind
        cdef fs_kept_kind as_kept
        cdef fs_graph *made = NULL
        cdef Run run = Run(None, progress)
        if dtype not in _DTYPES:
            raise errors.ArgumentError("unknown dtype", where="dtype", expected=", ".join(_DTYPES), found=dtype)
        if self.g:
            raise RuntimeError("a Graph is made once")
        if kept not in _KEPT:
            raise errors.ArgumentError("unknown dtype", where="cache_dtype", expected=", ".join(_KEPT), found=kept)
        kind, as_kept = _DTYPES[dtype], _KEPT[kept]
        self.k = kernels_named(isa)
        self.blocks = _Blocks(blocks, tensors)
        with nogil:
            st = fs_graph_create(self.blocks.specs, self.blocks.count, &self.blocks.weights, self.k, kind, lay_out,
                                 as_kept, &run.run, &made, &err)
        run.check(st, &err)
        self.g = made
        if lay_out:
            self.blocks.forget({f"{dict(block).get('weights', '')}.weight" for block in blocks
                                if dict(block)["block"] in ("embedding", "position")})

    def __dealloc__(self):
        fs_graph_free(self.g)

    cdef int enter(self) except -1:
        cdef bint usable
        with cython.critical_section(self):
            usable = self.g != NULL and not self.closed
            self.uses += usable
        if not usable:
            raise errors.ArgumentError("the model is closed", where="model")
        return 0

    cdef int leave(self) except -1:
        with cython.critical_section(self):
            self.uses -= 1
        return self.release()

    cdef int release(self) except -1:
        """Frees a closed graph that no call uses."""
        cdef fs_graph *unused = NULL
        with cython.critical_section(self):
            if self.closed and not self.uses:
                unused, self.g = self.g, NULL
        if unused:
            fs_graph_free(unused)
            self.blocks = None
        return 0

    def close(self):
        """Gives the memory back once the last running call has ended. Later calls raise."""
        with cython.critical_section(self):
            self.closed = 1
        self.release()

    def _facts(self):
        self.enter()
        try:
            return (self.g.width, bool(self.g.pooled), self.g.layers, self.g.hidden_width, bool(self.g.has_cell),
                    self.g.memory_width != 0, fs_graph_weight_bytes(self.g), self.g.vocabulary)
        finally:
            self.leave()

    @property
    def width(self):
        return self._facts()[0]

    @property
    def pooled(self):
        return self._facts()[1]

    @property
    def layers(self):
        return self._facts()[2]

    @property
    def hidden(self):
        return self._facts()[3]

    @property
    def has_cell(self):
        return self._facts()[4]

    @property
    def attends(self):
        return self._facts()[5]

    @property
    def weight_bytes(self):
        return self._facts()[6]

    @property
    def vocabulary(self):
        return self._facts()[7]

    def forward(self, ids, offsets, *, threads=None, bint rows=True):
        """ids (N) int32, offsets (B + 1) int64 -> rows (N, width) or pooled (B, width), hidden (B, L, H), cell.

        rows=False leaves the rows out. hidden and cell are None for blocks without them.
        """
        self.enter()
        try:
            return self._forward(_Ragged(ids, offsets, self.g.vocabulary), threads, rows)
        finally:
            self.leave()

    cdef tuple _forward(self, _Ragged ragged, threads, bint rows):
        cdef fs_error err
        cdef fs_status st
        cdef Run run = Run(threads)
        cdef fs_rows_out out
        cdef int64_t B = ragged.batch.count
        states = np.empty((B if self.g.pooled else len(ragged.ids), self.g.width), np.float32) if rows else None
        final = (B, self.g.layers, self.g.hidden_width)
        hidden = np.empty(final, np.float32) if self.g.layers else None
        cell = np.empty(final, np.float32) if self.g.has_cell else None
        out.rows, out.offsets = _floats(states), ragged.batch.offsets
        out.hidden, out.cell = _floats(hidden), _floats(cell)
        with nogil:
            st = fs_graph_forward(self.g, &run.run, &ragged.batch, &out, &err)
        run.check(st, &err)
        return states, hidden, cell

    @property
    def longest(self):
        return self.g.longest

    def log_probs(self, ids, offsets, *, start, threads=None):
        """Log-probability (N) of every token after `start`, one for all or one each, and those before it in its sequence."""
        cdef fs_error err
        cdef fs_status st
        cdef Run run
        cdef _Ragged ragged
        cdef const int32_t[::1] c_starts
        cdef float *to
        self.enter()
        try:
            ragged, run = _Ragged(ids, offsets, self.g.vocabulary), Run(threads)
            starts = _token_ids(np.broadcast_to(start, (ragged.batch.count,)), self.g.vocabulary, "start")
            c_starts = starts
            result = np.empty(len(ragged.ids), np.float32)
            to = _floats(result)
            if to:
                with nogil:
                    st = fs_graph_log_probs(self.g, &run.run, &ragged.batch, &c_starts[0], to, &err)
                run.check(st, &err)
            return result
        finally:
            self.leave()

    def decode(self, Memory memory, prompts, **search):
        """Decoding of every source of `memory` (None: a language model); search: as of `translate`. See Decoded."""
        return _decode(self, memory, None, None, prompts, None, search)

    def stepper(self, Memory memory, int batch):
        """The decoder one token a step, for the sources 0 .. batch - 1."""
        return Stepper(self, memory, batch)


cdef class Memory:
    """What an encoder leaves for a decoder: states (N, D) with offsets (B + 1), hidden and cell (B, L, H)."""
    cdef readonly object states, offsets, hidden, cell
    cdef fs_memory memory

    def __init__(self, states, offsets, hidden, cell):
        self.offsets = as_array(offsets, np.int64, "memory.offsets")
        cdef const int64_t[::1] c_offsets = self.offsets
        self.memory.count = c_offsets.shape[0] - 1
        if self.memory.count < 0:
            raise errors.ArgumentError("empty", where="memory.offsets", expected="one number more than sequences", found="none")
        self.memory.offsets = &c_offsets[0]
        self.states = None if states is None else as_array(states, np.float32, "memory.states", 2)
        self.hidden = None if hidden is None else as_array(hidden, np.float32, "memory.hidden", 3)
        self.cell = None if cell is None else as_array(cell, np.float32, "memory.cell", 3)
        self._check()
        if self.states is not None:
            self.memory.states, self.memory.width = _floats(self.states), self.states.shape[1]
        if self.hidden is not None:
            self.memory.hidden, self.memory.cell = _floats(self.hidden), _floats(self.cell)
            self.memory.layers, self.memory.hidden_width = self.hidden.shape[1], self.hidden.shape[2]

    def _check(self):
        batch = len(self.offsets) - 1
        rows = 0 if self.states is None else len(self.states)
        if self.states is not None and (self.offsets[0] != 0 or self.offsets[-1] != rows or (np.diff(self.offsets) < 0).any()):
            raise errors.ArgumentError("do not span the states", where="memory.offsets", expected=f"rising from 0 to {rows}",
                                       found=f"{self.offsets[0]} to {self.offsets[-1]}")
        for name in ("hidden", "cell"):
            array = getattr(self, name)
            if array is not None and (len(array) != batch or (name == "cell" and (
                    self.hidden is None or array.shape != self.hidden.shape))):
                raise errors.ArgumentError("wrong shape", where=f"memory.{name}", expected=f"({batch}, L, H)", found=str(array.shape))
