"""How texts are cut for byte-level vocabularies of GGUF files, by the names of tokenizer.ggml.pre.

The names and what stands behind them are those of llama.cpp.
"""

from __future__ import annotations

from fastseq.errors import UnsupportedError
from fastseq.text.regexes import Chain, Pattern

# scanner -> names
_SCANNED = {
    "llama3": "llama3 llama-v3 llama-bpe falcon3 falcon-h1 pixtral midm-2.0 lfm2 jina-v5-nano dbrx smaug-bpe"
    " chatglm-bpe glm4",
    "qwen2": "qwen2 deepseek-r1-qwen kormo stablelm2 megrez hunyuan grok-2 bailingmoe bailingmoe2 llada-moe",
    "gpt2": "gpt-2 gpt2 phi-2 olmo mpt jina-es jina-de jina-v1-en jina-v2-es jina-v2-de jina-v2-code"
    " roberta-bpe jais exaone4 gigachat a.x-4.0 mellum modern-bert trillion granite-docling",
    "smollm": "smollm starcoder refact command-r codeshell exaone minerva-7b",
    "o200k": "gpt-4o llama4 kanana2 minimax-m2",
    "tekken": "tekken",
    "deepseek": "deepseek-v3 hunyuan-dense",
}
SCANNERS = {name: scanner for scanner, names in _SCANNED.items() for name in names.split()}
BEGINS = {*"llama3 llama-v3 llama-bpe falcon3 falcon-h1 pixtral midm-2.0 lfm2 jina-v5-nano tekken".split()}
"""Those that begin texts, and take a piece that is a token for that token."""

_GPT2 = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)"
_CJK = "[\u4e00-\u9fa5\u0800-\u4e00\uac00-\ud7ff]+"
_CASED = (
    "A-Za-z\u00b5\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u01ba\u01bc-\u01bf\u01c4-\u0293\u0295-\u02af\u0370-\u0373"
    "\u0376\u0377\u037b-\u037d\u037f\u0386\u0388-\u038a\u038c\u038e-\u03a1\u03a3-\u03f5\u03f7-\u0481"
    "\u048a-\u052f\u0531-\u0556\u10a0-\u10c5\u13a0-\u13f5\u13f8-\u13fd\u1c90-\u1cba\u1cbd-\u1cbf\u1d00-\u1d2b"
    "\u1d6b-\u1d77\u1d79-\u1d9a\u1e00-\u1f15\u1f18-\u1f1d\u1f20-\u1f45\u1f48-\u1f4d\u1f50-\u1f57\u1f59\u1f5b"
    "\u1f5d\u1f5f-\u1f7d\u1f80-\u1fb4\u1fb6-\u1fbc\u1fbe\u1fc2-\u1fc4\u1fc6-\u1fcc\u1fd0-\u1fd3\u1fd6-\u1fdb"
    "\u1fe0-\u1fec\u1ff2-\u1ff4\u1ff6-\u1ffc\u2102\u2107\u210a-\u2113\u2115\u2119-\u211d\u2124\u2126\u2128"
    "\u212a-\u212d\u212f-\u2134\u2139\u213c-\u213f\u2145-\u2149\u214e\u2183\u2184\u2c00-\u2c7b\u2c7e-\u2ce4"
    "\u2ceb-\u2cee\u2cf2\u2cf3\ua640-\ua66d\ua680-\ua69b\ua722-\ua76f\ua771-\ua787\ua78b-\ua78e\uab70-\uabbf"
    "\ufb00-\ufb06\ufb13-\ufb17\uff21-\uff3a\uff41-\uff5a\U00010400-\U0001044f\U000104b0-\U000104d3"
    "\U000104d8-\U000104fb\U00010c80-\U00010cb2\U00010cc0-\U00010cf2\U000118a0-\U000118df\U0001e900-\U0001e943"
)
_SENTENCE = " ?[^(\\s|.,!?\u2026\u3002\uff0c\u3001\u0964\u06d4\u060c)]+"

# name -> regular expressions, each of which cuts the pieces of the one before
CHAINS = {
    "default": [r"[\p{P}$+<=>^~|]+", _GPT2, r"\p{N}+", "[0-9][0-9][0-9]"],
    "falcon": [r"[\p{P}$+<=>^~|`]+", _GPT2, "[0-9][0-9][0-9]"],
    "deepseek-llm": [
        r"[\r\n]",
        rf"\s?[{_CASED}]+",
        "\\s?[!-/:-~\uff01-\uff0f\uff1a-\uff5e\u2018-\u201f\u3000-\u3002]+",
        r"\s+$",
        _CJK,
        r"\p{N}+",
    ],
    "deepseek-coder": [r"[\r\n]", r"\s?\p{L}+", r"\s?\p{P}+", _CJK, r"\p{N}"],
    "viking": [_SENTENCE, r"\p{N}"],
    "poro-chat": [_SENTENCE],
    "bloom": [_SENTENCE],
    "gpt3-finnish": [_SENTENCE],
}


def cut_of(pre: str, where: str) -> str | Pattern:
    """The scanner of that name, or what does its regular expressions; others are refused."""
    if pre in SCANNERS:
        return SCANNERS[pre]
    if pre in CHAINS:
        return Chain(CHAINS[pre], where)
    raise UnsupportedError(
        "no scanner for this way to cut",
        where=where,
        expected=", ".join((*SCANNERS, *CHAINS)),
        found=f"{pre!r:.60}",
    )
