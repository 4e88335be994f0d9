"""The network of the g2p-en package: checkpoint20.npz.

Spelling to English phonemes: one GRU layer reads a word's letters, its last state starts a GRU that writes at
most 20 ARPAbet symbols. The file has the weights alone; vocabularies and limits are in the package's code.
"""

from __future__ import annotations

from itertools import product
from pathlib import Path

from fastseq.errors import ArgumentError, FormatError
from fastseq.formats import Loaded, Spec, npz, precision
from fastseq.models.blocks import Bridge, Embedding, Linear, Rnn
from fastseq.models.segment import ENGLISH
from fastseq.models.spec import GenerationSpec, ModelSpec, check_tensors
from fastseq.text import CharTokenizer, Vocabulary, WordTokenizer

LETTERS = ["<pad>", "<unk>", "</s>", *"abcdefghijklmnopqrstuvwxyz"]
_VOWELS = "AA AE AH AO AW AY EH ER EY IH IY OW OY UH UW".split()
_CONSONANTS = "B CH D DH F G HH JH K L M N NG P R S SH T TH V W Y Z ZH".split()
PHONEMES = [
    *("<pad>", "<unk>", "<s>", "</s>"),
    *sorted([*map("".join, product(_VOWELS, "012")), *_CONSONANTS, "UW"]),
]

_NAMES = {
    "enc_emb": "encoder.embedding.weight",
    "dec_emb": "decoder.embedding.weight",
    "fc_w": "decoder.head.weight",
    "fc_b": "decoder.head.bias",
} | {
    f"{short}_{file}": f"{part}.rnn.{name}_l0"
    for short, part in (("enc", "encoder"), ("dec", "decoder"))
    for file, name in (("w_ih", "weight_ih"), ("w_hh", "weight_hh"), ("b_ih", "bias_ih"), ("b_hh", "bias_hh"))
}


def matches(path: Path) -> bool:
    """An .npz file with this network's arrays."""
    if not path.is_file() or path.suffix != ".npz":
        return False
    return set(npz.names(path)) >= set(_NAMES)


def load(path: Path, spec: Spec = None) -> Loaded:
    """Reads the weights and makes the rest."""
    if spec is not None:
        raise ArgumentError("the format is known: it takes no spec", where="spec", expected="none")
    arrays = npz.load(path)
    for name, array in arrays.items():
        if name not in _NAMES:
            raise FormatError("an array that the network does not have", where=f"{path}: {name}"[:200])
        if array.array.ndim != (1 if "_b" in name else 2):
            raise FormatError("wrong number of dimensions", where=f"{path}: {name}", found=str(array.shape))
    tensors = {_NAMES[name]: array for name, array in arrays.items()}
    model = _spec({name: array.shape for name, array in arrays.items()})
    try:
        check_tensors(model, {name: tensor.shape for name, tensor in tensors.items()})
        precision.check_weights(model, tensors)
    except FormatError as error:
        raise error.within(str(path)) from None
    letters = Vocabulary(LETTERS, unknown="<unk>", specials=LETTERS[:3])
    phonemes = Vocabulary(PHONEMES, unknown="<unk>", specials=PHONEMES[:4])
    return Loaded(
        model,
        tensors,
        CharTokenizer(letters, lowercase=True, append=["</s>"]),
        WordTokenizer(phonemes, split="space"),
    )


def _spec(shapes: dict[str, tuple[int, ...]]) -> ModelSpec:
    letters, width = shapes["enc_emb"]
    phonemes, target_width = shapes["dec_emb"]
    hidden = shapes["enc_w_hh"][1]
    if letters != len(LETTERS) or phonemes != len(PHONEMES):
        raise FormatError(
            "another vocabulary",
            expected=f"{len(LETTERS)} letters, {len(PHONEMES)} phonemes",
            found=f"{letters}, {phonemes}",
        )
    return ModelSpec(
        task="seq2seq",
        name="g2p-en",
        description="English spelling to ARPAbet phonemes, of the package g2p-en",
        source="checkpoint20.npz of g2p-en",
        segment=ENGLISH,
        encoder=(
            Embedding("encoder.embedding", letters, width),
            Rnn("encoder.rnn", "gru", width, hidden),
        ),
        decoder=(
            Bridge("copy"),
            Embedding("decoder.embedding", phonemes, target_width),
            Rnn("decoder.rnn", "gru", target_width, hidden),
            Linear("decoder.head", hidden, phonemes),
        ),
        generation=GenerationSpec(start="<s>", stop=("</s>",), max_new_tokens=20),
    )
