"""How the generators of tables read their lists and write C. Runs under every Python from 3.6 on."""


def listed(text):
    """The code points of "41-5a 61", one by one."""
    for part in text.split():
        first, _, last = part.partition("-")
        yield from range(int(first, 16), int(last or first, 16) + 1)


def two_stages(values, shift):
    """values[i] == second[(first[i >> shift] << shift) + i % (1 << shift)], equal blocks stored once."""
    first, second, seen = [], [], {}
    for start in range(0, len(values), 1 << shift):
        block = tuple(values[start : start + (1 << shift)])
        if block not in seen:
            seen[block] = len(second) >> shift
            second.extend(block)
        first.append(seen[block])
    return first, second


def rows(numbers, width):
    """Lines of so many numbers."""
    for start in range(0, len(numbers), width):
        yield "    " + ", ".join(map(str, numbers[start : start + width])) + ","


def array(declaration, lines):
    """Lines that define a constant array."""
    return ["", "const " + declaration + " = {", *lines, "};"]
