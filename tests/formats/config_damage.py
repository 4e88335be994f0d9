"""Configurations of the recorded families, each field damaged in turn."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

from fastseq.errors import FastseqError
from fastseq.formats.fields import Fields
from fastseq.formats.huggingface import _checked, families
from fastseq.formats.network import taken

GONE = object()
DAMAGES = (GONE, "x", "", -1, 0, 2**60, 1e300, -0.5, True, [], [None], {}, {"x": 1}, "9" * 50, [[[]]])

SIZES = (
    "hidden_size vocab_size num_hidden_layers num_attention_heads num_key_value_heads intermediate_size "
    "head_dim n_embd n_layer n_head n_positions ffn_dim max_position_embeddings"
).split()
"""What has to be a number of things wherever it stands."""


def paths(values: dict[str, Any], at: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Every field, those inside of others too."""
    for key, value in values.items():
        yield (*at, key)
        if isinstance(value, dict):
            yield from paths(value, (*at, key))


def damaged(config: dict[str, Any], path: tuple[str, ...], value: Any) -> dict[str, Any]:
    made = inside = copy.deepcopy(config)
    for key in path[:-1]:
        inside = inside[key]
    if value is GONE:
        del inside[path[-1]]
    else:
        inside[path[-1]] = value
    return made


def refusal(config: dict[str, Any], tensors: dict[str, Any]) -> str | None:
    """What `read` says against it; None where it takes it. Other exceptions come through."""
    try:
        read(config, tensors)
    except FastseqError as error:
        return str(error)
    return None


def read(config: dict[str, Any], tensors: dict[str, Any]) -> None:
    """All that is read of a configuration, up to the weights, which are held against it."""
    network, names = families.described(_checked(Fields(config)))
    network.blocks()
    taken(network, names, tensors)
