"""Zip files whose members are stored as they are (torch checkpoints, npz): mapped, not unpacked."""

from __future__ import annotations

import struct
import zipfile
import zlib
from pathlib import Path

from fastseq.errors import FormatError, UnsupportedError
from fastseq.files import mapped

MEMBERS_MAX = 1_000_000
UNPACKED_MAX = 4 * 2**30  # of one compressed member
_LOCAL = struct.Struct("<4s22xHH")  # signature, ..., length of the name, length of the extra field


class Members:
    """Members of a zip file by name: views of the mapped file for those stored without compression."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.data = mapped(path, at_least=22)
        try:
            with zipfile.ZipFile(path) as archive:
                entries = archive.infolist()
        except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError, struct.error) as error:
            raise FormatError("not a readable zip file", where=str(path), found=str(error)) from None
        if len(entries) > MEMBERS_MAX:
            raise FormatError(
                "too many members",
                where=str(path),
                expected=f"at most {MEMBERS_MAX}",
                found=str(len(entries)),
            )
        self._entries = {entry.filename: entry for entry in entries}
        if len(self._entries) != len(entries):
            raise FormatError("a member comes twice", where=str(path), expected="each name once")

    def names(self) -> list[str]:
        return list(self._entries)

    def __contains__(self, name: str) -> bool:
        return name in self._entries

    def __getitem__(self, name: str) -> memoryview:
        """A member's bytes: a view where it is stored as it is; unpacked, with a bound, where compressed."""
        entry = self._entries.get(name)
        if entry is None:
            raise FormatError("missing member", where=self.place(name), expected="a member of the zip file")
        if entry.flag_bits & 1:
            raise UnsupportedError("encrypted", where=self.place(name), expected="a plain zip file")
        packed = self._stored_bytes(entry)
        if entry.compress_type == zipfile.ZIP_STORED:
            if entry.compress_size != entry.file_size:
                raise FormatError("sizes contradict each other", where=self.place(name))
            return packed
        if entry.compress_type == zipfile.ZIP_DEFLATED:
            return self._inflated(packed, entry.file_size, name)
        raise UnsupportedError(
            "compressed in an unknown way", where=self.place(name), expected="stored or deflated"
        )

    def place(self, name: str) -> str:
        """Where an error is: file and member."""
        return f"{self.path}: {name[:80]}"

    def _stored_bytes(self, entry: zipfile.ZipInfo) -> memoryview:
        start = entry.header_offset
        if not 0 <= start <= len(self.data) - 30:
            raise FormatError("truncated", where=self.place(entry.filename), expected="a local header")
        signature, name_length, extra_length = _LOCAL.unpack(self.data[start : start + 30])
        start += 30 + name_length + extra_length
        if signature != b"PK\3\4" or start + entry.compress_size > len(self.data):
            raise FormatError(
                "damaged local header", where=self.place(entry.filename), expected="data within the file"
            )
        return self.data[start : start + entry.compress_size]

    def _inflated(self, packed: memoryview, size: int, name: str) -> memoryview:
        if size > UNPACKED_MAX or size > 1100 * len(packed):  # deflate cannot do better than 1 : 1032
            raise FormatError("unpacks to too much", where=self.place(name), found=f"{size} bytes")
        stream = zlib.decompressobj(-15)
        try:
            data = stream.decompress(packed, size + 1)
        except zlib.error as error:
            raise FormatError("damaged compression", where=self.place(name), found=str(error)) from None
        if len(data) != size or not stream.eof:
            raise FormatError("unpacks to another size", where=self.place(name), expected=f"{size} bytes")
        return memoryview(data)
