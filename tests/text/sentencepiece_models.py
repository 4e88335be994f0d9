"""SentencePiece models of many settings, and the texts they are tried on; trained by `sentencepiece`.

    python -m tests.text.sentencepiece_models

writes the small ones, with what that library makes of the texts, to tests/text/data/sentencepiece.json.gz,
for the tests that run without it.
"""

from __future__ import annotations

import base64
import gzip
import io
import json
import random
from pathlib import Path
from typing import Any

RECORDED = Path(__file__).parent / "data" / "sentencepiece.json.gz"

LINES = """
The quick brown fox jumps over the lazy dog; the dog, being lazy, did not mind 3 or 4 foxes.
Zwölf Boxkämpfer jagen Viktor quer über den großen Sylter Deich. Größe, Maß und Übung zählen.
O rato roeu a roupa do rei de Roma, e a rainha com raiva resolveu remendar a roupa do rei.
Съешь же ещё этих мягких французских булок, да выпей чаю. Мягкие булки любят все.
いろはにほへと ちりぬるを わかよたれそ つねならむ。日本語の文章です。東京都と京都府。
天地玄黃 宇宙洪荒 日月盈昃 辰宿列張 寒來暑往 秋收冬藏 한국어 문장입니다. 한글은 소리글자이다.
def main(argv): return [x ** 2 for x in range(10) if x % 2 == 0]  # squares of even numbers
मनुष्य जन्म से स्वतंत्र है। सभी मनुष्य समान हैं। كل الناس أحرار ومتساوون في الكرامة.
""".strip().splitlines()

TEXTS = [
    "",
    " ",
    "   ",
    "a",
    " a",
    "a ",
    "  a  b  ",
    "\t\na\r\n",
    "\u200b",
    "a\u200bb",
    "\u3000全角\u3000",
    "ﬁne ½ Ⅷ ㍿ Å",
    "e\u0301 é",
    "▁",
    "▁▁a",
    "a▁b",
    "x\0y",
    "<s></s><unk><pad>",
    "<0x41>",
    "<sep>a<sep> <sep>",
    "user symbol",
    "usersymbol",
    "😀😀 👩‍👩‍👧 🏳️‍🌈",
    "\ufffd\ufeff",
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
    "*** +++ --- ==== ....",
    "12345678901234567890",
    "the  the   the",
    "ABC abc ÀÉÎ",
    "שלום עולם",
    "ไทยไม่มีเว้นวรรค",
    "ạ̈̄ q̣̇",
    *LINES,
]

# name -> what the trainer is told
SETTINGS: dict[str, dict[str, Any]] = {
    "unigram": {},
    "unigram-bytes": {"byte_fallback": True, "vocab_size": 600},
    "unigram-identity": {
        "normalization_rule_name": "identity",
        "user_defined_symbols": ["<sep>", "user symbol", "fox", "ab"],
    },
    "unigram-spaces": {"remove_extra_whitespaces": False, "normalization_rule_name": "nfkc_cf"},
    "unigram-bare": {"add_dummy_prefix": False, "normalization_rule_name": "nmt_nfkc_cf"},
    "unigram-suffix": {"treat_whitespace_as_suffix": True, "normalization_rule_name": "nfkc"},
    "unigram-across": {"split_by_whitespace": False, "normalization_rule_name": "identity"},
    "bpe": {"model_type": "bpe"},
    "bpe-bytes": {
        "model_type": "bpe",
        "byte_fallback": True,
        "vocab_size": 600,
        "normalization_rule_name": "identity",
    },
    "bpe-symbols": {
        "model_type": "bpe",
        "user_defined_symbols": ["<sep>", "user symbol", "fox", "ab"],
        "control_symbols": ["Q"],
    },
    "bpe-spaces": {
        "model_type": "bpe",
        "remove_extra_whitespaces": False,
        "add_dummy_prefix": False,
        "normalization_rule_name": "identity",
    },
    "bpe-across": {"model_type": "bpe", "split_by_whitespace": False, "normalization_rule_name": "identity"},
    "bpe-suffix": {
        "model_type": "bpe",
        "treat_whitespace_as_suffix": True,
        "normalization_rule_name": "identity",
    },
}

SMALL = [name for name, options in SETTINGS.items() if options.get("normalization_rule_name") == "identity"]


def train(options: dict[str, Any]) -> bytes:
    """A model's file."""
    import sentencepiece

    model = io.BytesIO()
    rng = random.Random(3)
    words = " ".join(LINES).split()
    lines = LINES * 5 + [" ".join(rng.choices(words, k=8)) for _ in range(300)]
    settings = {"vocab_size": 420, "character_coverage": 0.99, "hard_vocab_limit": False, **options}
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(lines), model_writer=model, minloglevel=2, num_threads=1, **settings
    )
    return model.getvalue()


def main() -> None:
    import sentencepiece

    recorded = {}
    for name in SMALL:
        model = train(SETTINGS[name])
        theirs = sentencepiece.SentencePieceProcessor(model_proto=model)
        ids = [theirs.encode(text) for text in TEXTS]
        recorded[name] = {
            "model": base64.b64encode(model).decode(),
            "normalized": [theirs.normalize(text) for text in TEXTS],
            "ids": ids,
            "decoded": [theirs.decode(each) for each in ids],
        }
    content = {"sentencepiece": sentencepiece.__version__, "texts": TEXTS, "models": recorded}
    RECORDED.parent.mkdir(exist_ok=True)
    RECORDED.write_bytes(gzip.compress(json.dumps(content).encode(), mtime=0))


if __name__ == "__main__":
    main()
