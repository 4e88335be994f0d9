"""Conversations as prompts of a language model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from fastseq.errors import ArgumentError, ArgumentTypeError
from fastseq.models.base import prefixed
from fastseq.text.chat import ChatTemplate, Messages
from fastseq.text.sentencepiece import SentencePieceTokenizer
from fastseq.text.tokenizer import Tokenizer

if TYPE_CHECKING:
    from fastseq.models.language_model import LanguageModel

_OPTIONS = ("tools", "continue_final_message", "template_values")


def template_of(model: LanguageModel) -> ChatTemplate:
    """The model's chat template."""
    spec = model.spec
    if not spec.chat_template:
        raise ArgumentError("the model has no chat template", where="messages", expected="a text")
    stop = spec.generation.stop
    usual = {"bos_token": spec.generation.start or "", "eos_token": stop[0] if stop else ""}
    return ChatTemplate(spec.chat_template, **(spec.chat_tokens or usual))


def prompts(model: LanguageModel, messages: Any, options: dict[str, Any]) -> tuple[list[list[int]], bool]:
    """The prompts of one conversation or several, and whether it was one.

    Takes what is of chats out of `options`.
    """
    prefix = options.pop("prefix", None)
    asked = {name: options.pop(name) for name in _OPTIONS if name in options}
    asked |= asked.pop("template_values", None) or {}
    asked.setdefault("add_generation_prompt", not asked.get("continue_final_message", False))
    alone = _is_one(messages)
    template = template_of(model)
    texts = [template.render(chat, **asked) for chat in ([messages] if alone else messages)]
    return [prompt_ids(model.tokenizer, text) for text in prefixed(texts, prefix)], alone


def prompt_ids(tokenizer: Tokenizer, text: str) -> list[int]:
    """The ids of a rendered conversation: special tokens that it spells are those tokens."""
    if isinstance(tokenizer, SentencePieceTokenizer):
        return tokenizer.encode_special(text)
    return tokenizer.encode(text, add_special_tokens=False, allowed_special="all")


def _is_one(messages: Any) -> bool:
    """Whether it is one conversation, and not a list of them."""
    if not isinstance(messages, Sequence) or isinstance(messages, (str, bytes)):
        raise ArgumentTypeError(
            "not a conversation",
            where="messages",
            expected="a list of messages, or of such lists",
            found=type(messages).__name__,
        )
    return not messages or isinstance(messages[0], Mapping)


__all__ = ["Messages", "prompt_ids", "prompts", "template_of"]
