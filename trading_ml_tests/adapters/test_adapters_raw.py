from __future__ import annotations

import bz2
import gzip
import hashlib
import io
import lzma
import threading
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trading_ml.adapters import raw
from trading_ml.adapters.raw import LINE, RawFile, cut, head
from trading_ml.core.errors import BadFile

TEXT = b"".join(b"line %d\n" % number for number in range(10_000))


def _zip(*members: tuple[str, bytes]) -> bytes:
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members:
            archive.writestr(zipfile.ZipInfo(name), content)
    return sink.getvalue()


def _file(tmp_path: Path, content: bytes) -> Path:
    path = tmp_path / "raw.bin"
    path.write_bytes(content)
    return path


@pytest.mark.parametrize(
    "packed",
    [
        TEXT,
        gzip.compress(TEXT),
        gzip.compress(TEXT[:500]) + gzip.compress(TEXT[500:]),
        _zip(("../../up.csv", TEXT)),
        _zip(("", TEXT)),
    ],
    ids=["plain", "gz", "gz of two members", "zip", "zip of a file without a name"],
)
@pytest.mark.parametrize("size", [7, 4096, 1 << 20])
def test_blocks_give_the_same_bytes_cut_at_line_ends_however_packed(tmp_path: Path, packed: bytes, size: int) -> None:
    blocks = list(RawFile.of(_file(tmp_path, packed)).blocks(size))
    assert b"".join(blocks) == TEXT
    assert all(block.endswith(b"\n") for block in blocks)


def test_what_a_file_is_called_does_not_decide_how_it_is_unpacked(tmp_path: Path) -> None:
    path = tmp_path / "really_gz.csv"
    path.write_bytes(gzip.compress(TEXT))
    assert head(path, 12) == TEXT[:12]


def test_upload_is_the_first_eight_bytes_of_the_hash(tmp_path: Path) -> None:
    raw = RawFile.of(_file(tmp_path, b"abc"))
    assert raw.sha256 == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert raw.upload == int.from_bytes(bytes.fromhex("ba7816bf8f01cfea"), "big")


def test_a_file_that_rests_is_hashed_once_and_a_changed_one_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, hashed = _file(tmp_path, b"a\n"), list[Path]()

    def counted(path: Path) -> str:
        hashed.append(path)
        return hashlib.sha256(path.read_bytes()).hexdigest()

    monkeypatch.setattr(raw, "file_digest", counted)
    assert RawFile.of(path) == RawFile.of(path)
    assert len(hashed) == 2, "a file that was just written may change within one step of its clock"
    monkeypatch.setattr(raw, "_RESTS", -1)
    assert RawFile.of(path) == RawFile.of(path)
    assert len(hashed) == 3
    path.write_bytes(b"other\n")
    assert RawFile.of(path).sha256 == hashlib.sha256(b"other\n").hexdigest()


@given(st.lists(st.binary(max_size=30).map(lambda noise: noise.replace(b"\r", b"\n"))))
def test_cutting_regroups_and_changes_nothing(chunks: list[bytes]) -> None:
    blocks = list(cut(chunks))
    assert b"".join(blocks) == b"".join(chunks)
    assert all(block.endswith(b"\n") for block in blocks[:-1])


def test_of_a_line_beyond_all_bounds_only_the_beginning_is_held() -> None:
    blocks = list(cut([b"first\n", *[b"x" * LINE] * 50, b"\nlast\n"]))
    assert max(map(len, blocks)) <= 2 * LINE + 10
    lines = b"".join(blocks).split(b"\n")
    assert [lines[0], lines[2], lines[3]] == [b"first", b"last", b""]
    assert len(lines[1]) > LINE


BAD = {
    "truncated gz": (gzip.compress(TEXT)[:-20], "truncated or corrupt"),
    "gz with a flipped byte": (
        gzip.compress(TEXT)[:-6] + b"\x00\x00" + gzip.compress(TEXT)[-4:],
        "truncated or corrupt",
    ),
    "gz with bytes after its end": (gzip.compress(TEXT) + b"noise", "truncated or corrupt"),
    "truncated zip": (_zip(("a.csv", TEXT))[:-30], "truncated or corrupt"),
    "zip of two": (_zip(("a.csv", TEXT), ("b.csv", TEXT)), "zip of 2 files"),
    "zip of none": (_zip(), "empty zip"),
    "gz in gz": (gzip.compress(gzip.compress(TEXT)), "compressed twice"),
    "bz2": (bz2.compress(TEXT), "bzip2"),
    "xz": (lzma.compress(TEXT), "xz"),
    "UTF-16": (TEXT.decode().encode("utf-16"), "UTF-16"),
}


@pytest.mark.parametrize(("content", "said"), BAD.values(), ids=BAD.keys())
def test_what_cannot_be_read_to_its_end_is_refused_by_name(tmp_path: Path, content: bytes, said: str) -> None:
    path = _file(tmp_path, content)
    with pytest.raises(BadFile, match=said) as refusal:
        list(RawFile.of(path).blocks())
    assert refusal.value.culprit == str(path)


def test_no_file_a_directory_and_an_empty_file_are_refused(tmp_path: Path) -> None:
    with pytest.raises(BadFile, match="does not exist"):
        RawFile.of(tmp_path / "nothing.csv")
    with pytest.raises(BadFile, match="is a directory"):
        RawFile.of(tmp_path)
    with pytest.raises(BadFile, match="is empty"):
        head(_file(tmp_path, b""))


def test_whoever_closes_a_file_waits_for_no_thread(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The garbage collector may be who closes it, while a thread starts: an end of another one would never come."""
    path = tmp_path / "long.csv.gz"
    path.write_bytes(gzip.compress(b"1,2\n" * 3_000_000))
    joined = []
    monkeypatch.setattr(threading.Thread, "join", lambda thread, timeout=None: joined.append(thread))
    blocks = RawFile.of(path).blocks(1 << 16)
    assert next(blocks).startswith(b"1,2\n1,2\n")
    blocks.close()
    assert not joined
