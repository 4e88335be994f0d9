"""Looks into a built wheel: what is in it, what must not be, how large it is.

python tests/build/check_wheel.py dist/*.whl
"""

from __future__ import annotations

import re
import sys
import zipfile

LARGEST = 4_000_000  # bytes, with the bundled model

NEEDED = [
    r"fastseq/__init__\.py",
    r"fastseq/py\.typed",
    r"fastseq/_core/native\.pyi",
    r"fastseq/_core/native\.[\w-]+\.(so|pyd)",
    r"fastseq/bundled/phonemes-en/config\.json",
    r"fastseq/bundled/phonemes-en/model\.safetensors",
    r"fastseq/train/recipes/[\w-]+\.json",
    r"fastseq_cpu-[\w.]+\.dist-info/licenses/LICENSE",
    r"fastseq_cpu-[\w.]+\.dist-info/entry_points\.txt",
]
UNWANTED = r"\.(pyx|pxi|pxd|c|h|o|a)$|(^|/)(tests|bench|csrc|docs)/|__pycache__"


def faults(path: str) -> list[str]:
    with zipfile.ZipFile(path) as wheel:
        names = wheel.namelist()
        size = sum(info.compress_size for info in wheel.infolist())
        native = next((wheel.read(name) for name in names if re.search(r"native\..*\.so$", name)), b"")
    found = [f"lacks {p}" for p in NEEDED if not any(re.fullmatch(p, name) for name in names)]
    found += [f"holds {name}" for name in names if re.search(UNWANTED, name)]
    if size > LARGEST:
        found.append(f"takes {size:,} bytes, {LARGEST:,} at most")
    if b".symtab" in native:
        found.append("has its symbols")
    print(f"{path}: {len(names)} files, {size:,} bytes")
    return found


def main() -> int:
    found = [f"{path}: {fault}" for path in sys.argv[1:] for fault in faults(path)]
    print("\n".join(found), file=sys.stderr, end="\n" if found else "")
    return 1 if found or len(sys.argv) < 2 else 0


if __name__ == "__main__":
    sys.exit(main())
