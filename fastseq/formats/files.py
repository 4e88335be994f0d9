"""Opening and reading files: `fastseq.files` under the name it had first."""

from fastseq.files import mapped, read_json, regular_size, strict_json

__all__ = ["mapped", "read_json", "regular_size", "strict_json"]
