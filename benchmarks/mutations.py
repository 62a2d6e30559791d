"""Ways in which a raw file goes wrong: what is done to its text, and what to its packing."""

from __future__ import annotations

import gzip
import io
import random
import warnings
import zipfile
from collections.abc import Callable

Mutation = Callable[[bytes, random.Random], bytes]

_CELLS = (
    b"", b"nan", b"-inf", b"1e999", b"-", b"--1", b"0x10", b"9" * 25, b"1.7976931348623157e308", b"4.9e-324", b"-0",
    b'"', b'""', b'"a', b"NULL", b"True", b"{}", b"[", b"%s", b"../../x", b"a/b", b"a" * 300, b" 1", b"1 ", b"1,2",
    b"1;2", b"\t", b"\r", b"\0", b"\xef\xbb\xbf", b"\xff", b"\xe2\x80\xa8", b"\xd9\xa1\xd9\xa2",
    b"2024-13-45T25:61:61Z", b"0001-01-01", b"9999-12-31T23:59:59.999999999Z", b"2024-02-30", b"1677-09-21T00:12:43Z",
    b"2262-04-12T00:00:00Z", b"2024-01-01T00:00:00+99:99",
)  # fmt: skip
"""What a field may be found to hold."""


def flip(text: bytes, rng: random.Random) -> bytes:
    """Some bytes become any others."""
    changed = bytearray(text)
    for _ in range(rng.choice((1, 1, 3, 30))):
        changed[rng.randrange(len(changed))] = rng.randrange(256)
    return bytes(changed)


def truncate(text: bytes, rng: random.Random) -> bytes:
    """It breaks off."""
    return text[: rng.randrange(1, len(text) + 1)]


def behead(text: bytes, rng: random.Random) -> bytes:
    """It begins somewhere else."""
    return text[rng.randrange(len(text)) :]


def shuffle(text: bytes, rng: random.Random) -> bytes:
    """Lines in another order, the header among them every other time."""
    first = rng.randrange(2)
    lines = text.splitlines(keepends=True)
    rest = lines[first:]
    rng.shuffle(rest)
    return b"".join([*lines[:first], *rest])


def repeat(text: bytes, rng: random.Random) -> bytes:
    """Lines come again, the header perhaps."""
    lines = text.splitlines(keepends=True)
    return b"".join(line for line in lines for _ in range(rng.choice((1, 1, 1, 2, 3))))


def splice(text: bytes, rng: random.Random) -> bytes:
    """A stretch of it lands in the middle of another line."""
    start, at = rng.randrange(len(text)), rng.randrange(len(text))
    return text[:at] + text[start : start + rng.randrange(1, 200)] + text[at:]


def cells(text: bytes, rng: random.Random) -> bytes:
    """Fields hold what they should not."""
    mark = max((b",", b";", b"\t", b"|"), key=text.count)
    lines = text.split(b"\n")
    for _ in range(rng.choice((1, 2, 10))):
        at = rng.randrange(len(lines))
        fields = lines[at].split(mark)
        fields[rng.randrange(len(fields))] = rng.choice(_CELLS)
        lines[at] = mark.join(fields)
    return b"\n".join(lines)


def columns(text: bytes, rng: random.Random) -> bytes:
    """Lines gain or lose fields."""
    mark = max((b",", b";", b"\t", b"|"), key=text.count)
    lines = text.split(b"\n")
    for _ in range(rng.choice((1, 5))):
        at = rng.randrange(len(lines))
        lines[at] = lines[at].rpartition(mark)[0] if rng.random() < 0.5 else lines[at] + mark * rng.choice((1, 1, 200))
    return b"\n".join(lines)


def nul(text: bytes, rng: random.Random) -> bytes:
    """NUL bytes, one or a page of them."""
    at = rng.randrange(len(text))
    return text[:at] + b"\0" * rng.choice((1, 1, 4096)) + text[at:]


def utf16(text: bytes, rng: random.Random) -> bytes:
    """Another encoding, with and without its mark."""
    return text.decode("utf-8", "replace").encode(rng.choice(("utf-16", "utf-16-le", "utf-16-be", "utf-32")))


def line_ends(text: bytes, rng: random.Random) -> bytes:
    """Line ends of several systems."""
    many = (b"\n", b"\r\n", b"\r", b"\n\r", b"\n\n", b"\x0b", b"\xc2\x85")
    ends = rng.choice(((b"\r\n",), (b"\r",), (b"\n", b"\r\n"), many))
    return b"".join(line + rng.choice(ends) for line in text.split(b"\n"))


def huge_line(text: bytes, rng: random.Random) -> bytes:
    """One line of more than a megabyte; seldom, because it is slow."""
    if rng.random() < 0.9:
        return cells(text, rng)
    at = rng.randrange(len(text))
    return text[:at] + rng.choice((b"7", b",", b'"', b"a,")) * 1_200_000 + text[at:]


def blank(text: bytes, rng: random.Random) -> bytes:
    """Empty lines and lines of spaces."""
    return text.replace(b"\n", rng.choice((b"\n\n", b"\n \n", b"\n\t\n", b"\n,\n")), rng.choice((1, 5, -1)))


def quotes(text: bytes, rng: random.Random) -> bytes:
    """Quotes that open and never close, or stand inside a field."""
    changed = bytearray(text)
    for _ in range(rng.choice((1, 2, 7))):
        changed.insert(rng.randrange(len(changed)), 34)
    return bytes(changed)


def none(text: bytes, _rng: random.Random) -> bytes:
    """As it is."""
    return text


OF_TEXT: tuple[Mutation, ...] = (
    none, flip, flip, truncate, behead, shuffle, repeat, splice, cells, cells, columns, nul, utf16, line_ends,
    huge_line, blank, quotes,
)  # fmt: skip


def mutated(text: bytes, rng: random.Random) -> bytes:
    """One to three things done to a text."""
    for _ in range(rng.choice((1, 1, 2, 3))):
        text = rng.choice(OF_TEXT)(text, rng) or b"\n"
    return text


def packed(text: bytes, name: str, rng: random.Random) -> tuple[bytes, bool]:
    """The text plain, in gz or in a zip, and whether every line of it must then be accounted for."""
    way = rng.randrange(12)
    if way < 4:
        return text, True
    if way < 6:
        return gzip.compress(text, 1), True
    if way < 8:
        return _zip([(name, text)]), True
    if way == 8:
        half = len(text) // 2
        return gzip.compress(text[:half], 1) + gzip.compress(text[half:], 1), True
    if way == 9:
        return _zip([(rng.choice(("../../" + name, "/" + name, "a/../" + name, "")), text)]), False
    if way == 10:
        return _zip([(name, text), (rng.choice(("../" + name, name, "other.csv")), text)]), False
    broken = rng.choice((gzip.compress(text, 1), _zip([(name, text)]), gzip.compress(gzip.compress(text))))
    return rng.choice((flip, truncate, splice))(broken, rng), False


def _zip(members: list[tuple[str, bytes]]) -> bytes:
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in members:
            with warnings.catch_warnings(action="ignore"):  # of equal names
                archive.writestr(zipfile.ZipInfo(name), text)
    return whole.getvalue()
