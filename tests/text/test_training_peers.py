"""What is trained here, read by the libraries whose files it writes; and how good it is beside theirs."""

import io
import json
from pathlib import Path

import pytest

import fastseq

pytestmark = pytest.mark.peers

DOCS = Path(__file__).parents[2] / "docs"
SOURCE = sorted(Path(__file__).parents[2].glob("fastseq/**/*.py"))
ODD = ["", " ", "  a  b ", "\tx\ty", "unseen wörds \U0001f600 日本", "a\u00a0b", "x" * 300, "12345 ½"]


@pytest.fixture(scope="module")
def lines():
    text = "\n".join(path.read_text(encoding="utf-8") for path in [*sorted(DOCS.glob("*.md")), *SOURCE])
    special = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "<s>", "</s>", "<unk>", "<sep>")
    lines = [line for line in text.splitlines() if line.strip()]
    return [line for line in lines if not any(token in line for token in special)]


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        ("bpe", {}),
        ("wordpiece", {}),
        ("wordpiece", {"lowercase": False, "handle_chinese_chars": False}),
        ("unigram", {}),
        ("unigram", {"byte_fallback": True, "special_tokens": ["<sep>"]}),
        ("sentencepiece-bpe", {}),
        ("sentencepiece-bpe", {"byte_fallback": True}),
        ("word", {"split": "whitespace"}),
        ("char", {}),
    ],
)
def test_tokenizers_encodes_the_same(kind, options, lines, tmp_path):
    import tokenizers

    made = fastseq.Tokenizer.train(lines, kind=kind, vocab_size=2000, **options)
    made.write(tmp_path / "tokenizer.json")
    theirs = tokenizers.Tokenizer.from_file(str(tmp_path / "tokenizer.json"))
    mine = fastseq.Tokenizer.load(tmp_path / "tokenizer.json")
    for line in [*lines[::5], *ODD]:
        wanted = theirs.encode(line).ids
        assert mine.encode(line) == wanted, line
        found = made.encode(line)
        if (
            kind == "unigram"
        ):  # of ways of equal scores sums of float32 may take another than those of float64
            assert sum(map(made.score, found)) == pytest.approx(sum(map(made.score, wanted)), rel=1e-6), line
        else:
            assert found == wanted, line


@pytest.mark.parametrize("kind", ["unigram", "sentencepiece-bpe"])
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"byte_fallback": True, "user_defined_symbols": ["self", "<x>"], "special_tokens": ["<pad>"]},
        {"add_dummy_prefix": False, "remove_extra_whitespaces": False, "split_digits": True},
    ],
)
def test_sentencepiece_encodes_the_same(kind, options, lines, tmp_path):
    import sentencepiece

    made = fastseq.Tokenizer.train(lines, kind=kind, vocab_size=1500, **options)
    made.write(tmp_path / "a.model")
    theirs = sentencepiece.SentencePieceProcessor(model_file=str(tmp_path / "a.model"))
    assert theirs.get_piece_size() == len(made)
    for line in [*lines[::3], *ODD]:
        assert made.encode(line) == theirs.encode(line)
        assert made.decode(made.encode(line)) == theirs.decode(theirs.encode(line))


@pytest.mark.parametrize("kind", ["unigram", "sentencepiece-bpe"])
def test_no_worse_than_sentencepiece(kind, lines):
    """Tokens of text that neither has seen, and for Unigram its likelihood."""
    import sentencepiece

    seen, unseen = [line for i, line in enumerate(lines) if i % 5], lines[::5]
    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(seen),
        model_writer=model,
        model_type="unigram" if kind == "unigram" else "bpe",
        vocab_size=2000,
        normalization_rule_name="identity",
        minloglevel=2,
    )
    theirs = sentencepiece.SentencePieceProcessor(model_proto=model.getvalue())
    mine = fastseq.Tokenizer.train(seen, kind=kind, vocab_size=2000)
    wanted, found = [theirs.encode(line) for line in unseen], [mine.encode(line) for line in unseen]
    assert sum(map(len, found)) <= 1.01 * sum(map(len, wanted))
    assert sum(ids.count(0) for ids in found) <= sum(ids.count(0) for ids in wanted)
    if kind == "unigram":
        likely = sum(mine.score(id) for ids in found for id in ids if id)
        assert likely >= 1.01 * sum(theirs.get_score(id) for ids in wanted for id in ids if id)


def test_wordpiece_of_tokenizers(lines, tmp_path):
    """Its trainer numbers marked characters in the order of a hash map, so ties differ from run to run."""
    import tokenizers
    from tokenizers import models, normalizers, pre_tokenizers, trainers

    lines = [line for line in lines if line.isascii()]
    mine = fastseq.Tokenizer.train(lines, kind="wordpiece", vocab_size=1500)
    mine.write(tmp_path / "t.json")
    vocab = json.loads((tmp_path / "t.json").read_text(encoding="utf-8"))["model"]["vocab"]
    theirs = tokenizers.Tokenizer(models.WordPiece(unk_token="[UNK]"))
    theirs.normalizer = normalizers.BertNormalizer()
    theirs.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    trainer = trainers.WordPieceTrainer(vocab_size=1500, special_tokens=special, show_progress=False)
    theirs.train_from_iterator(lines, trainer)
    # of equally frequent pairs either may be the last ones to be merged
    assert len(set(vocab) ^ set(theirs.get_vocab())) <= 0.01 * 1500
