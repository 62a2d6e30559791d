"""What is new below `raw/` since the last look: the cursor stays small however much was seen before."""

import time
from collections.abc import Collection
from pathlib import Path
from typing import NamedTuple

from pydantic import TypeAdapter

from trading_ml.adapters.csv import SUFFIX
from trading_ml.core.lake import Lake
from trading_ml.core.params import Params
from trading_ml.defs.partitions import MARGIN

SETTLED_SECONDS = 2.0
"""A file that changed more recently may still be being written."""


class Seen(Params):
    """What was looked at in one folder: everything up to a moment, and some files that changed later."""

    inode: int
    """Of the folder: another one of the same name is looked at from its beginning."""
    since: int = 0
    """Nanoseconds since 1970 by the kernel's own stamp of each file, which moved and dated-back files get too."""
    marks: frozenset[str] = frozenset()
    """Of the files that changed later and were looked at."""


_CURSOR = TypeAdapter(dict[str, Seen])


class Arrival(NamedTuple):
    """A raw file, a mark that changes with its content, and when it or what it links to came or changed."""

    path: Path
    mark: str
    changed: int
    settled: bool


class Arrivals:
    """Files below `raw/<adapter>/` that are not looked at yet, in the order in which they came.

    Files that are still being written wait. Mappings among them are no raw files: they say how those beside them are
    read.

    Args:
        lake: The data root.
        cursor: What the last look left; empty at first.
    """

    def __init__(self, lake: Lake, cursor: str | None) -> None:
        self._now, before = time.time(), _CURSOR.validate_json(cursor or "{}")
        folders = [path for path in sorted(lake.path("raw").glob("*")) if path.is_dir()]
        self._seen = {path: _resumed(before.get(path.name), path.stat().st_ino) for path in folders}
        self._found = {path: list(_later(path, seen.since, self._now)) for path, seen in self._seen.items()}
        self.new = sorted(
            (each for path, found in self._found.items() for each in found
             if each.settled and each.mark not in self._seen[path].marks),
            key=lambda each: each.changed,
        )  # fmt: skip

    def cursor(self, looked_at: Collection[Arrival]) -> str:
        """What to hand to the next look, when some of the new files were looked at."""
        marks = {each.mark for each in looked_at}
        return _CURSOR.dump_json({path.name: self._next(path, marks) for path in self._seen}).decode()

    def _next(self, folder: Path, marks: set[str]) -> Seen:
        """Up to the first file that is left, and up to what may still turn up in another listing."""
        seen, found = self._seen[folder], self._found[folder]
        done = [each for each in found if each.mark in marks | seen.marks]
        left = [each.changed - 1 for each in found if each.mark not in marks | seen.marks]
        since = max(seen.since, min([int(self._now * 1e9) - MARGIN, *left]))
        return Seen(inode=seen.inode, since=since, marks=frozenset(each.mark for each in done if each.changed > since))


def _resumed(seen: Seen | None, inode: int) -> Seen:
    return seen if seen and seen.inode == inode else Seen(inode=inode)


def _later(folder: Path, since: int, now: float) -> list[Arrival]:
    """The raw files of a folder that changed after a moment."""
    found = []
    for path in folder.iterdir():
        if path.name.startswith(".") or path.name.endswith(SUFFIX) or not path.is_file():
            continue
        known = path.stat()
        if (changed := max(known.st_ctime_ns, path.lstat().st_ctime_ns)) > since:
            mark = f"{path.name} {known.st_size} {known.st_mtime_ns}"
            found.append(Arrival(path, mark, changed, now - known.st_mtime >= SETTLED_SECONDS))
    return found
