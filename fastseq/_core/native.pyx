# cython: language_level=3, boundscheck=False, embedsignature=True, freethreading_compatible=True
"""The one extension module: fastseq's C behind Cython. Each part is a file of its own, included here, so
that the C is linked once. Everything in it converts, checks and releases the GIL; nothing computes."""

cimport cython

include "status.pxi"
include "cpu.pxi"
include "nn.pxi"
include "decode.pxi"
include "text_csrc.pxi"
include "arrow.pxi"
include "strings.pxi"
include "vocab.pxi"
include "encoder.pxi"
include "normalize.pxi"
include "text.pxi"
include "outside.pxi"
include "bpe.pxi"
include "sentencepiece.pxi"
include "pipeline.pxi"
include "corpus.pxi"
include "bpe_train.pxi"
include "unigram_train.pxi"
include "probe.pxi"
include "probe_gemm.pxi"
include "probe_base.pxi"
include "probe_decode.pxi"
