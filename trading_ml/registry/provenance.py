"""Where a model comes from: who and what made it."""

from __future__ import annotations

import getpass
import subprocess
import sys
from functools import lru_cache
from pathlib import Path


@lru_cache(maxsize=1)
def commit() -> str | None:
    """The git commit of the installed source, with `-dirty` where it was changed since; None outside a repository."""
    folder = Path(__file__).parent
    try:
        asked = ["git", "-C", str(folder), "describe", "--always", "--abbrev=40", "--dirty", "--exclude=*"]
        return subprocess.run(asked, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return None


def origin() -> dict[str, str]:
    """Tags by which MLflow shows who ran what."""
    tags = {
        "mlflow.user": getpass.getuser(),
        "mlflow.source.type": "LOCAL",
        "mlflow.source.name": Path(sys.argv[0]).name,
    }
    return tags | ({"mlflow.source.git.commit": found} if (found := commit()) else {})
