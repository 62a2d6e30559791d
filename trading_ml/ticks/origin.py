"""From a tick back to the raw line it was made from, word for word."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl

from trading_ml.adapters.layout import BOM, count, fields, names
from trading_ml.adapters.raw import RawFile, head
from trading_ml.core.digest import file_digest
from trading_ml.core.errors import BadFile, NoData, OutOfRange
from trading_ml.core.lake import Lake
from trading_ml.ticks import records
from trading_ml.ticks.records import Upload

_DELIMITERS = ",;|\t"
_NAME = re.compile(r"#?[A-Za-z_][\w .()/%&-]*")
_TABLES = {b"PAR1": pl.scan_parquet, b"ARROW1": pl.scan_ipc}
"""Binary tables by how they begin. Their rows count from 1, as lines do."""


class Lines:
    """The lines of a raw file by their number, as `sed -n NUMBERp` shows them.

    Going on from the last one costs what lies between, going back starts anew: a compressed stream has no other way.
    """

    def __init__(self, file: RawFile) -> None:
        self._file, self._blocks = file, iter(())
        self._block, self._first, self._end = b"", 1, 1

    def __getitem__(self, number: int) -> str:
        """The line called `number`, the first being 1, without its end.

        Raises:
            OutOfRange: when there is no such line. BadFile: when the file cannot be read.
        """
        if number < self._first or self._end == 1:
            self._blocks, self._block, self._first, self._end = _whole(self._file), b"", 1, 1
        while number >= self._end:
            self._block = next(self._blocks, b"")
            if not self._block:
                raise OutOfRange(f"{self._file.path}, line {number}", f"is not there: it has {self._end - 1:,} lines")
            self._first, self._end = self._end, self._end + count(self._block)
        line = self._block.split(b"\n", number - self._first + 1)[number - self._first]
        return line.removesuffix(b"\r").decode("utf-8", "backslashreplace")


class Origins:
    """Raw rows behind the ticks of a lake."""

    def __init__(self, lake: Lake) -> None:
        self._lake, self._known = lake, dict[int, Upload]()
        self._lines: tuple[int, Lines] | None = None

    def of(self, upload: int, row: int) -> dict[str, Any]:
        """The file and line of a tick, its text and its fields by the names in the header.

        Fields of a table without a header are called by their place, from 1 on.

        Args:
            upload: The tick's `upload`.
            row: The tick's `row`.

        Raises:
            NoData: when the upload is not known.
            BadFile: when its file has moved, changed or cannot be read.
        """
        known = self._verified(upload)
        told = {"file": known.path, "sha256": known.sha256, "adapter": known.adapter, "upload": known.id, "line": row}
        path = Path(known.path)
        for magic, scan in _TABLES.items():
            with path.open("rb") as file:
                if file.read(len(magic)) == magic:
                    return {**told, "text": None, "fields": scan(path).slice(row - 1, 1).collect().row(0, named=True)}
        if self._lines is None or self._lines[0] != upload:
            self._lines = upload, Lines(RawFile(path, known.sha256))
        text = self._lines[1][row]
        return {**told, "text": text, "fields": named_fields(_first_line(path), text)}

    def _verified(self, number: int) -> Upload:
        """The upload, whose file is still the one that was read; hashed once."""
        if number in self._known and Path(self._known[number].path).is_file():
            return self._known[number]
        upload = records.announced(self._lake, f"{number:016x}")
        if upload is None:
            raise NoData(f"upload {number:016x}", "is not known", "ingest its file")
        path = Path(upload.path)
        if not path.is_file():
            raise BadFile(path, "is no longer there", "ingest the file from where it is now")
        if path.stat().st_size != upload.bytes or file_digest(path) != upload.sha256:
            raise BadFile(path, "has changed since it was ingested", "ingest it again")
        self._known[number] = upload
        return upload


def named_fields(first: str, line: str) -> dict[str, str]:
    """The fields of a line by the names in the first line of its file, or by their place where that names nothing.

    Example:
        >>> named_fields("#RIC,Price", "ABF.L,1995.5"), named_fields("14400464,1674100", "14400464,1674100")
        ({'RIC': 'ABF.L', 'Price': '1995.5'}, {'1': '14400464', '2': '1674100'})
    """
    delimiter = max(_DELIMITERS, key=first.count)
    header, cells = names(first.encode(), delimiter), fields(line.encode(), delimiter)
    if len(set(header)) < len(header) or not all(_NAME.fullmatch(name) for name in header):
        header = []
    header += [str(place) for place in range(len(header) + 1, len(cells) + 1)]
    return dict(zip(header, cells, strict=False))


def _first_line(path: Path) -> str:
    return head(path).removeprefix(BOM).split(b"\n", 1)[0].removesuffix(b"\r").decode("utf-8", "backslashreplace")


def _whole(file: RawFile) -> Iterator[bytes]:
    """All blocks of a file. It does not hold the lines that hold it: a ring would be left to the garbage collector.

    That one may run while a thread starts, and to close a file then is to wait for another thread for ever.
    """
    for member in file.members:
        yield from file.blocks(member=member)
