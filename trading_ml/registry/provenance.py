"""Where a model comes from: who and what made it."""

from __future__ import annotations

import subprocess
import sys
from functools import lru_cache
from pathlib import Path

from trading_ml.core.user import user


@lru_cache(maxsize=1)
def commit() -> str:
    """The git commit of the source, followed by `-dirty` where it was changed since; `none` outside a repository."""
    asked = ["git", "describe", "--always", "--abbrev=40", "--dirty", "--exclude=*"]
    try:
        answer = subprocess.run(asked, cwd=Path(__file__).parent, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return "none"
    return answer.stdout.strip()


def origin(description: str) -> dict[str, str]:
    """Tags by which MLflow shows who ran what, and why."""
    return {
        "mlflow.note.content": description,
        "mlflow.user": user(),
        "mlflow.source.type": "LOCAL",
        "mlflow.source.name": Path(sys.argv[0]).name,
        "mlflow.source.git.commit": commit().removesuffix("-dirty"),
    }
