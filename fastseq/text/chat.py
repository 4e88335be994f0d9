"""Chat templates: a conversation to the text that a model was trained on, in Jinja's language.

Templates come with models, so they are strangers' programs: they run in Jinja's sandbox, on plain data alone,
and what they may take of time and memory is bounded.
"""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import lru_cache, wraps
from typing import Any

from fastseq.errors import ArgumentError, ArgumentTypeError, FormatError, MissingExtraError

SECONDS = 5.0
"""How long a template may take."""
OUTPUT_MAX = 2**24
"""Characters of a rendered conversation, and of any text on the way."""
TREE_MAX = 10**6
"""Values in a value."""
STEPS_MAX = 10**7
"""Rounds of loops, and calls."""
PRODUCT_MAX = 2**34
"""Of the lengths of all texts that a call is given, which bounds what `replace` and `join` make."""
_WIDTH = re.compile(r"\d{6,}|\*")
_REASONING = ("reasoning_content", "thinking", "reasoning")
_TAG = "<|the message goes on here|> "
_DEPTH_MAX = 100

Messages = Sequence[Mapping[str, Any]]


class ChatTemplate:
    """The template of a model.

    template = ChatTemplate(source, bos_token="<s>", eos_token="</s>")
    template.render([{"role": "user", "content": "Hello"}], add_generation_prompt=True)

    Args:
        source: in Jinja's language, as `chat_template` of tokenizer_config.json and of GGUF files.
        special: what templates know by name: bos_token, eos_token ...

    Needs jinja2. What it renders is what transformers' apply_chat_template does.
    """

    def __init__(self, source: str, **special: str) -> None:
        self.source, self.special = source, special

    def render(
        self,
        messages: Messages,
        *,
        add_generation_prompt: bool = False,
        continue_final_message: bool = False,
        tools: Sequence[Mapping[str, Any]] | None = None,
        **more: Any,
    ) -> str:
        """The text of a conversation.

        Args:
            messages: dicts with `role` and `content`, and whatever else the template asks for.
            add_generation_prompt: end with what begins an answer.
            continue_final_message: end with the last message as it is, for the model to go on with.
            tools: JSON schemas of functions that the model may call.
            more: what the template asks for besides; plain data.

        Raises `FormatError` for a template that is wrong, refuses the conversation, reaches for what is not
        its, or takes too long.
        """
        if add_generation_prompt and continue_final_message:
            raise ArgumentError("not both", where="continue_final_message, add_generation_prompt")
        chat = [_message(message, f"messages[{i}]") for i, message in enumerate(messages)]
        if continue_final_message:
            last = _mark(chat)
        text = self._run(
            {
                **self.special,
                "messages": chat,
                "tools": None if tools is None else _plain(list(tools), "tools"),
                "documents": None,
                "add_generation_prompt": add_generation_prompt,
                **{name: _plain(value, name) for name, value in more.items()},
            }
        )
        return _up_to_mark(text, last) if continue_final_message else text

    def _run(self, values: dict[str, Any]) -> str:
        compiled, limits = _compiled(self.source)
        limits.begin()
        parts: list[str] = []
        length = 0
        try:
            for part in compiled.generate(values):
                parts.append(part)
                length += len(part)
                if length > OUTPUT_MAX:
                    raise _TooMuch(f"more than {OUTPUT_MAX} characters")
        except _TooMuch as error:
            raise FormatError("takes too much", where="chat template", found=str(error)) from None
        except (RecursionError, MemoryError) as error:
            raise FormatError("takes too much", where="chat template", found=type(error).__name__) from None
        except Exception as error:  # anything at all, since it is a program
            found = f"{type(error).__name__}: {error}"[:300]
            raise FormatError(
                "does not render this conversation", where="chat template", found=found
            ) from None
        return "".join(parts)


class _TooMuch(Exception):
    """A template went beyond its bounds."""


class _Limits(threading.local):
    """What a run has taken."""

    def __init__(self) -> None:
        self.begin()

    def begin(self) -> None:
        self._steps, self._end = 0, time.monotonic() + SECONDS

    def step(self) -> None:
        self._steps += 1
        if self._steps > STEPS_MAX or (self._steps % 64 == 0 and time.monotonic() > self._end):
            raise _TooMuch(f"more than {SECONDS:g} seconds, or {STEPS_MAX} steps")

    def each(self, items: Iterable[Any]) -> Any:
        """The items, counted as a loop takes them."""
        if isinstance(items, str) or not isinstance(items, Sequence):
            return self._counted(items)
        self._steps += len(items)  # a sequence stays one: loops ask for its length
        self.step()
        return items

    def _counted(self, items: Iterable[Any]) -> Iterator[Any]:
        for item in items:
            self.step()
            yield item

    def sized(self, value: Any) -> Any:
        """A value that has been made."""
        self.step()
        if isinstance(value, (str, list, tuple)) and len(value) > OUTPUT_MAX:
            raise _TooMuch(f"a value of {len(value)} items")
        return value

    def joined(self, parts: Sequence[Any]) -> str:
        """What `~` makes."""
        check_tree(parts)
        return str(self.sized("".join(map(str, parts))))


@lru_cache(maxsize=32)
def _compiled(source: str) -> tuple[Any, _Limits]:
    """A template ready to run."""
    try:
        import jinja2
    except ImportError:
        raise MissingExtraError(
            "chat templates need jinja2", where="chat template", expected="pip install jinja2"
        ) from None
    from fastseq.text.chat_sandbox import environment

    limits = _Limits()
    try:
        return environment(limits).from_string(source), limits
    except jinja2.TemplateSyntaxError as error:
        raise FormatError(
            "not a template", where=f"chat template, line {error.lineno}", found=str(error)[:200]
        ) from None
    except RecursionError:
        raise FormatError("takes too much", where="chat template", found="RecursionError") from None


def bounded(function: Callable[..., Any], limits: _Limits) -> Callable[..., Any]:
    """A filter whose result is not huge."""

    @wraps(function)
    def call(*args: Any, **options: Any) -> Any:
        check_arguments(args, options)
        return limits.sized(function(*args, **options))

    return call


def check_arguments(args: Sequence[Any], options: Mapping[str, Any]) -> None:
    """Refuses what could make a text too long for memory: large numbers, long texts to be multiplied."""
    product = 1
    for value in (*args, *options.values()):
        if isinstance(value, int) and abs(value) > OUTPUT_MAX:
            raise _TooMuch(f"a number like {value:.3g}")
        check_tree(value)
        if isinstance(value, (str, list, tuple)):
            product *= max(len(value), 1)
    if product > PRODUCT_MAX:
        raise _TooMuch(f"texts of {product} characters times characters")


def check_tree(value: Any) -> Any:
    """Gives the value, but refuses long texts, and lists in lists that are many when written out."""
    if isinstance(value, str) and len(value) > OUTPUT_MAX:
        raise _TooMuch(f"a text of {len(value)} characters")
    count, left = 0, [value]
    while left:
        one = left.pop()
        count += 1
        if isinstance(one, dict):
            left.extend(one.values())
        elif isinstance(one, (list, tuple)):
            left.extend(one)
        if count + len(left) > TREE_MAX:
            raise _TooMuch(f"a value of more than {TREE_MAX} values")
    return value


def check_format(text: Any) -> None:
    """Refuses a text that formats something with a large width, or one that is worked out."""
    if isinstance(text, str) and _WIDTH.search(text):
        raise _TooMuch("a format that is wide")


def tojson(
    value: Any,
    ensure_ascii: bool = False,
    indent: Any = None,
    separators: Any = None,
    sort_keys: bool = False,
) -> str:
    """The filter: as JSON, no character escaped for HTML."""
    return json.dumps(
        value, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys
    )


def strftime_now(format: str) -> str:
    """The time, for templates that tell it."""
    return datetime.now().strftime(format)


def _plain(value: Any, where: str, depth: int = 0) -> Any:
    """A copy of plain data, which is all that a template gets."""
    if depth > _DEPTH_MAX:
        raise ArgumentError("too deep", where=where, expected=f"at most {_DEPTH_MAX} levels")
    if value is None or type(value) in (bool, int, float, str):
        return value
    if isinstance(value, Mapping):
        return {str(key): _plain(item, where, depth + 1) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item, where, depth + 1) for item in value]
    if isinstance(value, str):  # a class of its own may do more than its base
        return str.__str__(value)
    if isinstance(value, (int, float)):
        return int.__pos__(value) if isinstance(value, int) else float.__pos__(value)
    raise ArgumentTypeError(
        "not plain data",
        where=where,
        expected="str, numbers, None, lists, dicts",
        found=type(value).__name__,
    )


def _message(message: Any, where: str) -> dict[str, Any]:
    """A message's copy; thoughts under all of the names that templates read."""
    if not isinstance(message, Mapping) or not isinstance(message.get("role"), str):
        raise ArgumentTypeError(
            "not a message",
            where=where,
            expected='a dict like {"role": "user", "content": "..."}',
            found=f"{message!r:.60}",
        )
    made: dict[str, Any] = _plain(message, where)
    thought = next((made[key] for key in _REASONING if made.get(key) is not None), None)
    if thought is not None:
        made = {"thinking": thought, **made, "reasoning_content": thought}
    return made


def _mark(chat: list[dict[str, Any]]) -> str:
    """Puts a mark behind the text of the last message, which it gives."""
    content = chat[-1].get("content") if chat else None
    blocks = content if isinstance(content, list) else []
    block = next(
        (b for b in reversed(blocks) if isinstance(b, dict) and isinstance(b.get("text"), str)), None
    )
    if block is not None:
        last: str = block["text"]
        block["text"] += _TAG
    elif isinstance(content, str):
        last = content
        chat[-1]["content"] += _TAG
    else:
        raise ArgumentError("nothing to go on with", where="messages", expected="a last message with a text")
    return last


def _up_to_mark(text: str, last: str) -> str:
    place = text.rfind(_TAG.strip())
    if place < 0 or last.strip() not in text:
        raise FormatError(
            "does not keep the last message", where="chat template", found="continue_final_message"
        )
    kept = text[:place]
    return kept if text.startswith(_TAG, place) else kept.rstrip()
