"""Origin of a script: importing it by dotted path, and digests of everything its values depend on."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable
from functools import cache
from importlib import import_module, invalidate_caches
from importlib.metadata import version
from pathlib import Path
from sysconfig import get_paths
from typing import Any

from trading_ml.core.digest import file_digest
from trading_ml.core.errors import BadParams, Unknown, nearest
from trading_ml.core.signature import brief

_LIBRARIES = ("polars", "numpy", "numba", "ta-lib")
_INSTALLED = tuple(get_paths()[kind] for kind in ("stdlib", "platstdlib", "purelib", "platlib"))


def imported(use: str) -> Callable[..., Any]:
    """The function at `package.module:function`, importable from the working directory as under `python -m`.

    Raises:
        Unknown: when there is no such module or function. BadParams: when importing fails.
    """
    name, _, attribute = use.partition(":")
    if (here := str(Path.cwd())) not in sys.path:
        sys.path.append(here)
    invalidate_caches()
    try:
        module = import_module(name)
    except ModuleNotFoundError as cause:
        fix = "name a module that is installed or lies in the working directory"
        raise Unknown(use, f"no module named '{cause.name}'", fix) from cause
    except Exception as cause:
        raise BadParams(use, f"importing {name} fails: {brief(cause)}") from cause
    function = getattr(module, attribute, None)
    if not inspect.isfunction(function):
        known = [key for key, value in vars(module).items() if inspect.isfunction(value) and key[0] != "_"]
        raise Unknown(use, f"{name} has no function '{attribute}'", nearest(attribute, known))
    return function


def made_of(function: Callable[..., Any]) -> dict[str, str]:
    """Digests of the modules a script is made of: its own, and those it names that are no installed library."""
    start = inspect.unwrap(function).__module__
    todo, found = [start], {}
    while todo:
        name = todo.pop()
        file = getattr(sys.modules.get(name), "__file__", None)
        if name in found or not file or not _is_made_here(name, file, start):
            continue
        found[name] = file_digest(Path(file))
        values = vars(sys.modules[name]).values()
        todo += [v.__name__ if inspect.ismodule(v) else str(getattr(v, "__module__", "")) for v in values]
    return found


def _is_made_here(name: str, file: str, start: str) -> bool:
    """Whether a module is of the script's package or of ours, or lies outside the installed libraries."""
    package = name.partition(".")[0]
    own = package in ("trading_ml", start.partition(".")[0]) or not file.startswith(_INSTALLED)
    return own and not name.startswith("trading_ml.core")


@cache
def libraries() -> dict[str, str]:
    """Versions of the libraries that compute."""
    return {name: version(name) for name in _LIBRARIES}
