"""A pickle machine that builds plain data and nothing else: it can neither import nor call.

It knows the instructions that torch.save writes (protocol 2) and their later spellings. Names of classes and
functions are looked up in a table of the caller's; a name that is not in it is refused.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping
from typing import Any, NoReturn

from fastseq.errors import FormatError, UnsupportedError

Build = Callable[..., Any]

_MARK = object()
SCALARS = (str, bytes, int, float, bool, type(None))
_INT, _SHORT, _FLOAT, _LENGTH8 = (struct.Struct(code) for code in ("<i", "<H", ">d", "<Q"))


class Opaque:
    """A name that the table marks as harmless and of no use here; calling it gives the same again."""

    def __init__(self, name: str) -> None:
        self.name = name


class Unpickler:
    """Reads one pickle.

    Args:
        data: the whole pickle.
        known: ``"module name"`` to the function that builds it; `persistent` gets what BINPERSID carries.
        where: the file and member, for errors.

    """

    def __init__(
        self, data: bytes, known: Mapping[str, Build | Opaque], persistent: Build, where: str
    ) -> None:
        self.data, self.known, self.persistent, self.where = data, known, persistent, where
        self.at = 0
        self.stack: list[Any] = []
        self.memo: dict[int, Any] = {}

    def load(self) -> Any:
        """The one object of the pickle."""
        steps = _STEPS
        try:
            while True:
                code = self.data[self.at]
                self.at += 1
                if code == 0x2E:  # STOP
                    return self.pop()
                step = steps.get(code)
                if step is None:
                    self.fail("unknown instruction", f"0x{code:02x}")
                step(self)
        except (IndexError, struct.error):
            self.fail("truncated", "the end of the pickle")

    def fail(self, what: str, found: str = "", expected: str = "") -> NoReturn:
        """Raises FormatError at the present byte."""
        raise FormatError(what, where=f"{self.where}, byte {self.at}", expected=expected, found=found)

    def take(self, count: int) -> bytes:
        """The next bytes."""
        if count > len(self.data) - self.at:
            self.fail("truncated", f"{len(self.data) - self.at} bytes", f"{count} bytes")
        self.at += count
        return self.data[self.at - count : self.at]

    def unpack(self, kind: struct.Struct) -> Any:
        (value,) = kind.unpack(self.take(kind.size))
        return value

    def length(self, width: int) -> int:
        return int.from_bytes(self.take(width), "little")

    def text(self, width: int) -> str:
        raw = self.take(self.length(width))
        try:
            return raw.decode("utf-8", "surrogatepass")
        except UnicodeDecodeError:
            self.fail("not UTF-8", repr(raw[:20]))

    def line(self) -> str:
        end = self.data.find(b"\n", self.at)
        if end < 0:
            self.fail("truncated", "no end of line")
        raw = self.data[self.at : end]
        self.at = end + 1
        return raw.decode("utf-8", "replace")

    def pop(self) -> Any:
        value = self.stack.pop()
        if value is _MARK:
            self.fail("a mark where a value belongs")
        return value

    def since_mark(self) -> list[Any]:
        for index in range(len(self.stack) - 1, -1, -1):
            if self.stack[index] is _MARK:
                values = self.stack[index + 1 :]
                del self.stack[index:]
                return values
        self.fail("no mark")

    def top(self, kind: type) -> Any:
        value = self.stack[-1]
        if not isinstance(value, kind):
            self.fail("an instruction on the wrong value", type(value).__name__, kind.__name__)
        return value

    def set_items(self, values: list[Any]) -> None:
        target = self.top(dict)
        if len(values) % 2:
            self.fail("a key without a value")
        for key, value in zip(values[::2], values[1::2], strict=True):
            if not isinstance(key, SCALARS):  # hashing a deeply nested tuple would end the process
                self.fail("a key that is no plain value", type(key).__name__, "text or number")
            target[key] = value

    def remember(self, index: int) -> None:
        self.memo[index] = self.stack[-1]

    def recall(self, index: int) -> None:
        if index not in self.memo:
            self.fail("nothing remembered", f"number {index}")
        self.stack.append(self.memo[index])

    def find(self, module: str, name: str) -> None:
        build = self.known.get(f"{module} {name}")
        if build is None:
            raise UnsupportedError(
                "a pickle with more than plain data and tensors is not read",
                where=f"{self.where}, byte {self.at}",
                expected="tensors, dict, list, tuple, text, numbers",
                found=f"{module}.{name}"[:100],
            )
        self.stack.append(build)

    def call(self) -> None:
        arguments, build = self.pop(), self.pop()
        if isinstance(build, Opaque):
            self.stack.append(build)
            return
        if not any(build is one for one in self.known.values()) or not isinstance(arguments, tuple):
            self.fail("a call of something else than a known name")
        try:
            self.stack.append(build(*arguments))
        except (TypeError, ValueError) as error:
            if isinstance(error, FormatError):
                raise
            self.fail("wrong arguments", str(error)[:100])


def _push(make: Callable[[Unpickler], Any]) -> Callable[[Unpickler], None]:
    def step(u: Unpickler) -> None:
        u.stack.append(make(u))

    return step


def _gather(count: int) -> Callable[[Unpickler], None]:
    def step(u: Unpickler) -> None:
        values = [u.pop() for _ in range(count)]
        u.stack.append(tuple(reversed(values)))

    return step


def _append(u: Unpickler, values: list[Any]) -> None:
    u.top(list).extend(values)


def _set_item(u: Unpickler) -> None:
    value, key = u.pop(), u.pop()
    u.set_items([key, value])


def _set_state(u: Unpickler) -> None:
    """BUILD: a dict subclass's attributes (torch keeps version numbers there) are of no interest."""
    u.pop()
    if not isinstance(u.stack[-1], (dict, Opaque)):
        u.fail("state for a plain value", type(u.stack[-1]).__name__)


def _stack_global(u: Unpickler) -> None:
    name, module = u.pop(), u.pop()
    if not (isinstance(name, str) and isinstance(module, str)):
        u.fail("a name that is no text")
    u.find(module, name)


def _integer(u: Unpickler, width: int) -> int:
    count = u.length(width)
    if count > 1024:
        u.fail("an integer too long", f"{count} bytes", "at most 1024")
    return int.from_bytes(u.take(count), "little", signed=True)


_STEPS: dict[int, Callable[[Unpickler], Any]] = {
    0x80: lambda u: u.take(1),  # PROTO
    0x95: lambda u: u.take(8),  # FRAME
    ord("("): _push(lambda u: _MARK),
    ord("0"): lambda u: u.stack.pop(),  # POP
    ord("}"): _push(lambda u: {}),
    ord("]"): _push(lambda u: []),
    ord(")"): _push(lambda u: ()),
    ord("N"): _push(lambda u: None),
    0x88: _push(lambda u: True),
    0x89: _push(lambda u: False),
    ord("K"): _push(lambda u: u.length(1)),
    ord("M"): _push(lambda u: u.unpack(_SHORT)),
    ord("J"): _push(lambda u: u.unpack(_INT)),
    0x8A: _push(lambda u: _integer(u, 1)),
    0x8B: _push(lambda u: _integer(u, 4)),
    ord("G"): _push(lambda u: u.unpack(_FLOAT)),
    0x8C: _push(lambda u: u.text(1)),
    ord("X"): _push(lambda u: u.text(4)),
    0x8D: _push(lambda u: u.text(8)),
    ord("C"): _push(lambda u: u.take(u.length(1))),
    ord("B"): _push(lambda u: u.take(u.length(4))),
    ord("U"): _push(lambda u: u.take(u.length(1)).decode("latin-1")),  # Python 2's strings
    ord("T"): _push(lambda u: u.take(u.length(4)).decode("latin-1")),
    0x85: _gather(1),
    0x86: _gather(2),
    0x87: _gather(3),
    ord("t"): lambda u: u.stack.append(tuple(u.since_mark())),
    ord("l"): lambda u: u.stack.append(u.since_mark()),
    ord("a"): lambda u: _append(u, [u.pop()]),
    ord("e"): lambda u: _append(u, u.since_mark()),
    ord("s"): _set_item,
    ord("u"): lambda u: u.set_items(u.since_mark()),
    ord("q"): lambda u: u.remember(u.length(1)),
    ord("r"): lambda u: u.remember(u.length(4)),
    0x94: lambda u: u.remember(len(u.memo)),
    ord("h"): lambda u: u.recall(u.length(1)),
    ord("j"): lambda u: u.recall(u.length(4)),
    ord("c"): lambda u: u.find(u.line(), u.line()),
    0x93: _stack_global,
    ord("R"): lambda u: u.call(),
    ord("b"): _set_state,
    ord("Q"): lambda u: u.stack.append(u.persistent(u.pop())),
}
