"""Raw files as they come: plain, gz, or zipped; streamed in blocks cut at line ends, in bounded memory."""

from __future__ import annotations

import os
import time
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import cached_property, lru_cache, partial
from io import BufferedReader
from pathlib import Path
from typing import cast

from isal import igzip, igzip_lib

from trading_ml.core.digest import file_digest
from trading_ml.core.errors import BadFile
from trading_ml.core.time import SECOND

BLOCK = 4 << 20
"""Bytes read at a time: large enough to parse at full speed, small enough that a few in flight are nothing."""
LINE = 1 << 20
"""Longest line that can be a row; of a longer one only the beginning is held."""
HEAD = 64 << 10
_RESTS = 10 * SECOND
_UNPACKERS = 4

_GZ, _ZIP = b"\x1f\x8b", b"PK\x03\x04"
_FOREIGN = {
    b"\xff\xfe": "UTF-16 text",
    b"\xfe\xff": "UTF-16 text",
    b"BZh91AY&SY": "compressed with bzip2",
    b"\xfd7zXZ": "compressed with xz",
    b"\x28\xb5\x2f\xfd": "compressed with zstd",
    b"7z\xbc\xaf": "a 7z archive",
    b"PK\x05\x06": "an empty zip",
    _ZIP: "an archive in an archive",
    _GZ: "compressed twice",
}
_BROKEN = (EOFError, OSError, zlib.error, igzip_lib.IsalError, zipfile.BadZipFile, NotImplementedError)


@dataclass(frozen=True)
class RawFile:
    """One raw file under the name of its content.

    Attributes:
        path: Where it lies.
        sha256: Of its bytes.
        after: The line after which it is read; what comes before need not be given again, and may be.
        watch: Told, while it is read, how many of its bytes (as they lie there) were taken.

    Example:
        >>> RawFile(Path("trades.csv.gz"), "00000000000000ff" + 48 * "0").upload
        255
    """

    path: Path
    sha256: str
    after: int = 0
    watch: Callable[[int], None] = lambda _taken: None

    @classmethod
    def of(cls, path: Path) -> RawFile:
        """The file at `path`, hashed.

        Raises:
            BadFile: when there is no such file, it is a directory or it is empty.
        """
        check(path)
        return cls(path, _digest(path))

    @property
    def upload(self) -> int:
        """First 8 bytes of the sha256: the number that leads from a tick back to this file."""
        return int(self.sha256[:16], 16)

    @cached_property
    def members(self) -> tuple[str, ...]:
        """Names of the files in a zip, in its order; of any other file its own name.

        Raises:
            BadFile: as `blocks`.
        """
        with _named(self.path), self.path.open("rb") as plain:
            if not plain.peek(4).startswith(_ZIP):
                return (self.path.name,)
            with zipfile.ZipFile(plain) as archive:
                return tuple(member.filename for member in _files(archive))

    def blocks(self, size: int = BLOCK, member: str | None = None) -> Iterator[bytes]:
        """The decompressed bytes in blocks of about `size`, each ending at a line end (the last may not).

        Memory is bounded by `size` and `LINE` whatever the file holds: a line beyond `LINE` is shortened, to a
        length that still shows that it was too long.

        Args:
            size: Bytes read at a time.
            member: Which of `members`; needed where there are several.

        Raises:
            BadFile: when the file is missing, breaks off, is corrupt, or is an archive of several files.
        """
        with _opened(self.path, member) as (stream, plain):
            read = partial(stream.read, size)
            for block in cut(_ahead(read) if isinstance(stream, igzip.IGzipFile) else iter(read, b"")):
                self.watch(plain.tell())
                yield block


def head(path: Path, size: int = HEAD) -> bytes:
    """The first `size` decompressed bytes of a file, of the first one in a zip.

    Raises:
        BadFile: as `RawFile.of` and `RawFile.blocks`.
    """
    check(path)
    first = next(iter(RawFile(path, "").members), None)
    with _opened(path, first) as (stream, _):
        return stream.read(size)


def check(path: Path) -> None:
    """Refuse what is no file with something in it.

    Raises:
        BadFile: when there is no such file, it is a directory, is empty or may not be read.
    """
    if path.is_dir():
        raise BadFile(path, "is a directory, not a file", "name the files in it")
    if not path.is_file():
        raise BadFile(path, "does not exist")
    if path.stat().st_size == 0:
        raise BadFile(path, "is empty", "fetch it again")
    if not os.access(path, os.R_OK):
        raise BadFile(path, "may not be read", "change its permissions")


def cut(chunks: Iterable[bytes]) -> Iterator[bytes]:
    r"""Regroup chunks of bytes into blocks that end at line ends.

    Example:
        >>> list(cut([b"a\nb", b"c\nd"]))
        [b'a\n', b'bc\n', b'd']
    """
    rest = b""
    for chunk in chunks:
        end = chunk.rfind(b"\n") + 1
        if end:
            yield b"".join((rest, memoryview(chunk)[:end]))  # copied once
            rest = b""
        rest += chunk[end : end + LINE + 1 - len(rest)]
    if rest:
        yield rest


def _ahead(read: Callable[[], bytes]) -> Iterator[bytes]:
    """Chunks up to an empty one; while one is looked at, a thread unpacks the next.

    These threads stay, so that closing a file never waits for one to end: the garbage collector may be who closes it,
    and may come while another thread starts, which holds the lock that an end needs.
    """
    pool = _unpackers(os.getpid())
    ahead = pool.submit(read)
    while chunk := ahead.result():
        ahead = pool.submit(read)
        yield chunk


@lru_cache(maxsize=1)
def _unpackers(process: int) -> ThreadPoolExecutor:
    return ThreadPoolExecutor(_UNPACKERS, thread_name_prefix=f"unpack-{process}")


def _digest(path: Path) -> str:
    """Hex sha256 of a file; one that rests since this process hashed it is not hashed again.

    A write sets the time of change, which steps by milliseconds: so what was hashed soon after one may change unseen.
    """
    state = path.stat()
    if time.time_ns() - state.st_ctime_ns < _RESTS:
        return file_digest(path)
    return _remembered(path, state.st_dev, state.st_ino, state.st_size, state.st_mtime_ns, state.st_ctime_ns)


@lru_cache(maxsize=4096)
def _remembered(path: Path, *_state: int) -> str:
    return file_digest(path)


@contextmanager
def _opened(path: Path, member: str | None = None) -> Iterator[tuple[BufferedReader, BufferedReader]]:
    """The decompressed bytes of `path`, or of one file in it, and its own bytes."""
    with _named(path), ExitStack() as stack:
        plain = stack.enter_context(path.open("rb"))
        stream = _stream(path, plain, member, stack)
        start = stream.peek(16)[:16]
        for magic, what in _FOREIGN.items():
            if start.startswith(magic):
                raise BadFile(path, f"is {what}", "give plain UTF-8 text, gz of it, or a zip of one such file")
        yield stream, plain


@contextmanager
def _named(path: Path) -> Iterator[None]:
    """Whatever goes wrong while reading a file names it."""
    try:
        yield
    except _BROKEN as cause:  # pyright: ignore[reportGeneralTypeIssues]
        raise BadFile(path, f"is truncated or corrupt ({cause})", "fetch it again") from cause


def _stream(path: Path, plain: BufferedReader, name: str | None, stack: ExitStack) -> BufferedReader:
    """The bytes of `path`, unpacked according to how they begin, whatever the file is called."""
    magic = plain.peek(4)
    if magic.startswith(_GZ):
        return cast(BufferedReader, stack.enter_context(igzip.open(plain, "rb")))
    if not magic.startswith(_ZIP):
        return plain
    archive = stack.enter_context(zipfile.ZipFile(plain))
    members = [member for member in _files(archive) if name in (None, member.filename)]
    if len(members) != 1:
        raise BadFile(path, f"is a zip of {len(members)} files, not of one", "unpack it and give its files")
    if members[0].flag_bits & 1:
        raise BadFile(path, "is an encrypted zip", "unpack it first")
    return cast(BufferedReader, stack.enter_context(archive.open(members[0])))


def _files(archive: zipfile.ZipFile) -> list[zipfile.ZipInfo]:
    return [member for member in archive.infolist() if not member.filename.endswith("/")]  # is_dir fails where it is ""
