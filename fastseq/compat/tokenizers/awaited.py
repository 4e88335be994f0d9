"""The calls of `Tokenizer` for event loops: each in a thread, as all release the GIL while they work."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


class Awaited:
    """What a tokenizer has of `async_` methods; arguments and results are those of the methods without."""

    encode: Callable[..., Any]
    encode_batch: Callable[..., Any]
    decode_batch: Callable[..., Any]

    async def async_encode(self, *arguments: Any, **options: Any) -> Any:
        """See `encode`."""
        return await _in_a_thread(self.encode, *arguments, **options)

    async def async_encode_batch(self, *arguments: Any, **options: Any) -> Any:
        """See `encode_batch`."""
        return await _in_a_thread(self.encode_batch, *arguments, **options)

    async_encode_batch_fast = async_encode_batch

    async def async_decode_batch(self, *arguments: Any, **options: Any) -> Any:
        """See `decode_batch`."""
        return await _in_a_thread(self.decode_batch, *arguments, **options)


async def _in_a_thread(call: Callable[..., Any], *arguments: Any, **options: Any) -> Any:
    import asyncio  # when it is used: it takes long to import

    return await asyncio.to_thread(call, *arguments, **options)
