"""`trading-ml project tune`; a fit of scikit-learn is a trial."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from trading_ml.cli import tuning as command
from trading_ml.core.lake import Lake
from trading_ml.datasets import Dataset
from trading_ml.defs.orders import study
from trading_ml.project import Project, load
from trading_ml_tests.cli.conftest import Answer
from trading_ml_tests.defs.test_defs_tuning import FILE, TUNING
from trading_ml_tests.models.standin import Standin


def test_the_command_tells_trials_and_the_best_of_them(
    cli: Callable[..., Answer],
    root: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    source: Any = Standin(bars=300)
    asked: list[dict[str, Any]] = []
    (tmp_path / "toy.yaml").write_text(FILE + TUNING)

    def tuned(project: Project, chosen: object, start: object, end: object, given: dict[str, Any]) -> str:
        asked.append(given)
        study(Lake(root), source, project).run(**given)
        return source.digest

    monkeypatch.setattr(Dataset, "open", lambda *_: source)
    monkeypatch.setattr("trading_ml.registry.telling.figures", lambda space, told: {})
    monkeypatch.setattr(command, "tables", lambda *_: (SimpleNamespace(tuned=tuned), ()))
    file = str(tmp_path / "toy.yaml")
    nothing = cli("project", "tune", file, "--enough")
    assert (nothing.code, "has no trials yet" in nothing.err) == (2, True)
    told = cli("project", "tune", file, "--trials", 2, "--json").json
    assert asked == [{"trials": 2, "parallel": None}]
    assert [each["number"] for each in told["trials"]] == [0, 1]
    assert (told["states"], told["complete"], told["most"]) == ({"complete": 2}, False, 3)
    assert told["best"]["trial"]["scores"][0] == max(each["trial"]["scores"][0] for each in told["trials"])
    enough = cli("project", "tune", file, "--enough")
    assert f"best of 2: trial {told['best']['number']}, precision_at_recall(0.25)" in enough.out
    assert study(Lake(root), source, load(tmp_path / "toy.yaml")).tuned().complete
    (tmp_path / "toy.yaml").write_text(FILE)
    none = cli("project", "tune", file)
    assert (none.code, none.err.strip()) == (2, "error: toy: searches nothing; say what under tuning.over of its file")
