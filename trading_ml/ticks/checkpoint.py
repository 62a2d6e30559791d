"""How far the reading of an upload came: what a killed or stopped one left is not read again."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from trading_ml.core.instruments import key_of
from trading_ml.core.lake import Lake
from trading_ml.core.params import Params
from trading_ml.ticks.cells import zones_of
from trading_ml.ticks.records import Cell


class Written(Params):
    """What was written of one cell: its rows, and the digest of each of its files."""

    cell: Cell
    rows: int
    digests: tuple[str, ...]


class Checkpoint(Params):
    """The state of a reading after a lot was written."""

    recipe: str = ""
    """Digest of all that decides what is written, and where one lot ends."""
    lots: int = 0
    line: int = 0
    """The last line whose rows are written, as are those of all lines before."""
    rows: int = 0
    quarantined: Mapping[str, int] = {}
    zones: Mapping[str, str] = {}
    written: tuple[Written, ...] = ()


@dataclass(frozen=True)
class Bench:
    """Where the files of one reading lie until all of it is published: below `reading/<upload>`.

    Its user holds the upload's lock.
    """

    lake: Lake
    folder: Path

    @classmethod
    def of(cls, lake: Lake, upload_id: str) -> Bench:
        """The bench of an upload."""
        return cls(lake, lake.path("reading", upload_id))

    @property
    def parts(self) -> Path:
        """Folder of the parts."""
        return self.folder / "parts"

    def part(self, cell: Cell, number: int) -> Path:
        """Where the `number`-th file of a cell lies."""
        return self.parts / cell.kind / key_of(cell.instrument) / f"{cell.date}-{number}.parquet"

    def quarantine(self, lot: int) -> Path:
        """Where the quarantined rows of a lot lie, if it has any."""
        return self.folder / "quarantine" / f"{lot}.parquet"

    def lots(self, number: int) -> list[Path]:
        """The quarantined rows of the first lots, up to the one of that number."""
        return [path for lot in range(1, number + 1) if (path := self.quarantine(lot)).is_file()]

    def save(self, state: Checkpoint) -> None:
        """Write down how far the reading came, after the files it names."""
        self.lake.write_json(self.folder / "checkpoint.json", state)

    def load(self, recipe: str) -> Checkpoint:
        """How far a reading by the same recipe and zones came; a new beginning where it is of no use."""
        try:
            found = Checkpoint.model_validate_json((self.folder / "checkpoint.json").read_bytes())
        except FileNotFoundError:
            return Checkpoint(recipe=recipe)
        if found.recipe == recipe and found.zones == zones_of(found.zones) and self._is_whole(found):
            return found
        self.clear()
        return Checkpoint(recipe=recipe)

    def clear(self) -> None:
        """Remove everything."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def _is_whole(self, state: Checkpoint) -> bool:
        return all(
            self.part(written.cell, number).is_file()
            for written in state.written
            for number in range(len(written.digests))
        )
