"""The environment that chat templates run in: Jinja's immutable sandbox, with bounds. Imports jinja2."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import jinja2
import jinja2.ext
from jinja2 import nodes
from jinja2.sandbox import ImmutableSandboxedEnvironment

from fastseq.text.chat import bounded, check_arguments, check_format, check_tree, strftime_now, tojson

if TYPE_CHECKING:
    from fastseq.text.chat import _Limits

_WIDE = (
    "center",
    "indent",
    "batch",
    "slice",
    "wordwrap",
    "truncate",
    "join",
    "replace",
    "format",
    "xmlattr",
    "tojson",
    "string",
    "pprint",
    "map",
)
"""Filters whose results can be much longer than what goes in."""


class _Generation(jinja2.ext.Extension):  # type: ignore[misc,unused-ignore]
    """``{% generation %}`` marks what a model says, for training; it is rendered as it is."""

    tags = {"generation"}  # noqa: RUF012

    def parse(self, parser: Any) -> Any:
        line = next(parser.stream).lineno
        body = parser.parse_statements(("name:endgeneration",), drop_needle=True)
        return nodes.Scope(body, lineno=line)


class _Sandbox(ImmutableSandboxedEnvironment):  # type: ignore[misc,unused-ignore]
    """Counts rounds of loops and calls, and looks at what operators make."""

    intercepted_binops = frozenset(["*", "**", "+", "%"])
    limits: _Limits

    def _parse(self, source: str, name: str | None, filename: str | None) -> nodes.Template:
        tree = super()._parse(source, name, filename)
        for loop in list(tree.find_all(nodes.For)):
            loop.iter = _filtered(loop.iter, "each_counted")
        for text in list(tree.find_all(nodes.Concat)):
            items = nodes.List(text.nodes, lineno=text.lineno)
            text.nodes = [_filtered(items, "joined_bounded")]
        return tree

    def call(self, __context: Any, __obj: Any, *args: Any, **kwargs: Any) -> Any:
        check_arguments([*args, getattr(__obj, "__self__", None)], kwargs)
        return self.limits.sized(super().call(__context, __obj, *args, **kwargs))

    def wrap_str_format(self, value: Any) -> Any:
        if getattr(value, "__name__", "") in ("format", "format_map"):
            check_format(getattr(value, "__self__", None))
        return super().wrap_str_format(value)

    def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:
        if operator == "%":
            check_format(left)
        if operator == "**":
            check_arguments([left, right], {})
            check_arguments([right * 1000], {})
        if operator == "*":
            for one, other in ((left, right), (right, left)):
                if isinstance(one, (str, list, tuple)) and isinstance(other, int):
                    check_arguments([len(one) * other], {})
        return self.limits.sized(super().call_binop(context, operator, left, right))


class _Namespace(jinja2.utils.Namespace):  # type: ignore[misc,unused-ignore]
    """What ``namespace()`` makes; names that begin with an underscore are not for templates."""

    def __setitem__(self, name: str, value: Any) -> None:
        if name.startswith("_"):
            raise jinja2.exceptions.SecurityError(f"a namespace has no {name!r}")
        super().__setitem__(name, value)


class _Dict:
    """What ``dict`` is."""

    def __call__(self, *args: Any, **items: Any) -> dict[Any, Any]:
        return dict(*args, **items)


def _namespace(*args: Any, **items: Any) -> _Namespace:
    made = _Namespace()
    for name, value in dict(*args, **items).items():
        made[name] = value
    return made


def _filtered(node: Any, name: str) -> nodes.Filter:
    return nodes.Filter(node, name, [], [], None, None, lineno=node.lineno)


def _format(filter: Any) -> Any:
    def checked(text: Any, *args: Any, **options: Any) -> Any:
        check_format(text)
        return filter(text, *args, **options)

    return checked


def _refuse(message: str) -> None:
    raise jinja2.exceptions.TemplateError(message)


def environment(limits: _Limits) -> jinja2.Environment:
    """An environment whose templates have these limits."""
    made = _Sandbox(
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=[_Generation, jinja2.ext.loopcontrols],
        finalize=check_tree,
    )
    made.limits = limits
    made.filters["tojson"] = tojson
    for name in _WIDE:
        made.filters[name] = bounded(made.filters[name], limits)
    made.filters["format"] = _format(made.filters["format"])
    made.filters.update(each_counted=limits.each, joined_bounded=limits.joined)
    del made.globals["lipsum"]
    made.globals.update(
        raise_exception=_refuse, strftime_now=strftime_now, dict=_Dict(), namespace=_namespace
    )
    return made
