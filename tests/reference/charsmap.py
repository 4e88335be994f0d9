"""Character maps of SentencePiece models (csrc/text/normalize/charsmap.h), written the plain way."""

import struct


def build(rules):
    """The bytes of a map of {what: becomes}; each node has 256 units of its own for its children."""
    nodes, order = {b"": 0}, [b""]  # prefix -> its number
    for rule in sorted(rule.encode() for rule in rules):
        for size in range(1, len(rule) + 1):
            if rule[:size] not in nodes:
                nodes[rule[:size]] = len(order)
                order.append(rule[:size])
    becomes = {what.encode(): text.encode() for what, text in rules.items()}
    units, blob = [0] * (256 * (len(order) + 1)), b"\0"
    for prefix in order:
        base = 256 * (nodes[prefix] + 1)
        at = 256 * (nodes[prefix[:-1]] + 1) + prefix[-1] if prefix else 0
        assert at ^ base < 2**21
        units[at] = (at ^ base) << 10 | (prefix in becomes) << 8 | (prefix[-1] if prefix else 0)
        if prefix in becomes:
            units[base] = 2**31 | len(blob)
            blob += becomes[prefix] + b"\0"
    return struct.pack("<I", 4 * len(units)) + struct.pack(f"<{len(units)}I", *units) + blob
