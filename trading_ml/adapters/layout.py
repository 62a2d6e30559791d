"""One file's table: a form laid over the file's header, and the fast way to read a block of sound lines."""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pyarrow as pa
import pyarrow.csv as pacsv

from trading_ml.adapters.form import Column, Form
from trading_ml.adapters.raw import LINE

BOM = b"\xef\xbb\xbf"
_FIELD = rb'(?:"(?:[^"]|"")*+"|(?!")[^%b]*+)'
"""One field of a line: quoted, quotes inside doubled; or anything that does not begin with a quote."""
_PLAIN_FIELD = rb'(?:"[^"\0\r\x80-\xff]*+"|(?!")[^%b\0\r\x80-\xff]*+)'
_NEWLINE, _RETURN, _QUOTE = b'\n\r"'


@dataclass(frozen=True)
class Layout:
    """A form, and the header line (without byte order mark and line end) of the file that is read.

    `named` holds the columns' names where the file has no header, or one that calls them otherwise.
    """

    form: Form
    line: bytes
    named: tuple[str, ...] = ()

    @cached_property
    def header(self) -> list[str]:
        """Column names in the order of the file."""
        return list(self.named) or names(self.line, self.form.delimiter)

    @cached_property
    def columns(self) -> tuple[Column, ...]:
        """Those columns of the form that the file has."""
        return tuple(column for column in self.form.columns if column.name in self.header)

    @cached_property
    def absent(self) -> tuple[Column, ...]:
        """Those columns of the form that the file does without."""
        return tuple(column for column in self.form.columns if column.name not in self.header)

    @cached_property
    def pattern(self) -> re.Pattern[bytes]:
        """What a line of this file looks like, whatever its cells say."""
        return self._of_fields(_FIELD)

    @cached_property
    def plain_pattern(self) -> re.Pattern[bytes]:
        """What nearly all lines look like: nothing in them needs a closer look."""
        return self._of_fields(_PLAIN_FIELD)

    @cached_property
    def quoted_pattern(self) -> re.Pattern[bytes]:
        """A line whose quotes are where they may be, however many fields it has."""
        return self._of_fields(_FIELD, b"*+")

    def fields_of(self, line: bytes) -> int:
        """How many fields a well quoted line has."""
        return len(self._each_field.findall(line))

    @cached_property
    def _each_field(self) -> re.Pattern[bytes]:
        mark = re.escape(self.form.delimiter.encode())
        return re.compile(b"(?:^|%b)" % mark + _FIELD % mark)

    def _of_fields(self, field: bytes, times: bytes = b"") -> re.Pattern[bytes]:
        mark = re.escape(self.form.delimiter.encode())
        times = times or b"{%d}\r?" % (len(self.header) - 1)
        return re.compile(field % mark + b"(?:%b%b)%b" % (mark, field % mark, times))

    def quick(self, block: bytes, lines: int) -> pa.Table | None:
        """The typed lines of a block, so many of them, if every one is sound; None when any needs a closer look."""
        if not _is_plain(block, ord(self.form.delimiter)):
            return None
        try:
            table = self.read(block)
        except pa.ArrowInvalid:
            return None
        return table if table.num_rows == lines else None

    def read(self, block: bytes, as_text: bool = False) -> pa.Table:
        """The columns of a block, typed or as text.

        Raises:
            pyarrow.ArrowInvalid: when a line or a cell is not what it must be.
        """
        types = {column.name: pa.string() if as_text else column.type.arrow for column in self.columns}
        if not block:
            return pa.schema(types.items()).empty_table()
        convert = pacsv.ConvertOptions(
            column_types=types,
            include_columns=list(types),
            null_values=[""],
            strings_can_be_null=True,
            check_utf8=False,
        )
        whole = pacsv.ReadOptions(use_threads=False, block_size=len(block) + 1, column_names=self.header)
        parse = pacsv.ParseOptions(delimiter=self.form.delimiter, ignore_empty_lines=False)
        return pacsv.read_csv(pa.py_buffer(block), whole, parse, convert)


def names(line: bytes, delimiter: str = ",") -> list[str]:
    """Column names of a header line, without the `#` that some vendors put before the first.

    Example:
        >>> names(b'#RIC,"Date-Time",Price')
        ['RIC', 'Date-Time', 'Price']
    """
    return [name.strip().removeprefix("#") for name in fields(line, delimiter)]


def fields(line: bytes, delimiter: str = ",") -> list[str]:
    """The fields of one line; none when it is no line of a text table."""
    try:
        return next(csv.reader([line.decode("utf-8", "replace")], delimiter=delimiter, strict=True), [])
    except csv.Error:
        return []


def count(block: bytes) -> int:
    """Lines of a block, the last one with or without its newline."""
    newlines = np.count_nonzero(np.frombuffer(block, np.uint8) == _NEWLINE)
    return int(newlines) + (not block.endswith(b"\n"))


def _is_plain(block: bytes, delimiter: int) -> bool:
    """Whether lines and fields of a block are where a parser that trusts the bytes sees them."""
    return (
        b"\0" not in block
        and (b"\r" not in block or block.count(b"\r") == block.count(b"\r\n"))
        and (block.isascii() or _is_clean_utf8(block))
        and (b'"' not in block or _is_well_quoted(block, delimiter))
        and not _has_long_line(block)
    )


def _is_clean_utf8(block: bytes) -> bool:
    try:
        block.decode()
    except UnicodeDecodeError:
        return False
    return BOM not in block


def _is_well_quoted(block: bytes, delimiter: int) -> bool:
    """Whether quotes alternate between the beginning and the end of a field, none of them inside one."""
    bytes_ = np.frombuffer(b"\n" + block + b"\n", np.uint8)
    quotes = np.flatnonzero(bytes_ == _QUOTE)
    if len(quotes) % 2:
        return False
    before, after = bytes_[quotes[::2] - 1], bytes_[quotes[1::2] + 1]
    opened = (before == delimiter) | (before == _NEWLINE)
    closed = (after == delimiter) | (after == _NEWLINE) | (after == _RETURN)
    return bool(opened.all() and closed.all())


def _has_long_line(block: bytes) -> bool:
    """Whether any line is longer than `LINE`; looks only at the last newline in each stretch of that length."""
    start = 0
    while len(block) - start > LINE:
        newline = block.rfind(b"\n", start, start + LINE + 1)
        if newline < 0:
            return True
        start = newline + 1
    return False
