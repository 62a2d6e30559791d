"""Origin of a script: importing it by dotted path, and digests of everything its values depend on."""

from __future__ import annotations

import ast
import inspect
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib import import_module, invalidate_caches
from importlib.metadata import version
from importlib.util import find_spec, resolve_name
from pathlib import Path
from sysconfig import get_paths
from types import ModuleType
from typing import Any

from trading_ml.core.digest import file_digest
from trading_ml.core.errors import BadParams, Unknown, nearest
from trading_ml.core.signature import brief

_PACKAGE = "__init__.py"
_LIBRARIES = ("polars", "numpy", "numba", "ta-lib")
_INSTALLED = tuple(get_paths()[kind] for kind in ("stdlib", "platstdlib", "purelib", "platlib"))


def imported(use: str) -> Callable[..., Any]:
    """The function at `package.module:function`, importable from the working directory as under `python -m`.

    Raises:
        Unknown: when there is no such module or function. BadParams: when importing fails.
    """
    name, _, attribute = use.partition(":")
    module = loaded(name, use)
    function = getattr(module, attribute, None)
    if not inspect.isfunction(function):
        known = [key for key, value in vars(module).items() if inspect.isfunction(value) and key[0] != "_"]
        raise Unknown(use, f"{name} has no function '{attribute}'", nearest(attribute, known))
    return function


def loaded(name: str, use: str) -> ModuleType:
    """A module, importable from the working directory too; `use` is what asks for it.

    Raises:
        Unknown: when there is none. BadParams: when importing fails.
    """
    if (here := str(Path.cwd())) not in sys.path:
        sys.path.append(here)
    invalidate_caches()
    try:
        return import_module(name)
    except ModuleNotFoundError as cause:
        fix = "name a module that is installed or lies in the working directory"
        raise Unknown(use, f"no module named '{cause.name}'", fix) from cause
    except Exception as cause:
        raise BadParams(use, f"importing {name} fails: {brief(cause)}") from cause


def made_of(function: Callable[..., Any], use: str = "") -> dict[str, str]:
    """Digests of the files a script is made of: its own, its decorators', and those these import that are no library.

    Found in the files and not among what is loaded, so that it does not depend on what has run before.

    Args:
        function: The script, decorated or not.
        use: Its dotted path, whose module counts even where a decorator hides the function that is written there.
    """
    start = use.partition(":")[0] or inspect.unwrap(function).__module__
    made = _Made(start.partition(".")[0])
    todo, found = [start, *_homes(function)], {}
    while todo:
        name = todo.pop()
        if name not in found and (file := made.file(name)):
            found[name] = file_digest(file)
            todo += made.named_in(name, file)
    return found


def _homes(function: Any) -> Iterator[str]:
    """Modules in which a function is written, and what is wrapped around it."""
    while function is not None:
        yield getattr(function, "__globals__", {}).get("__name__", "")
        function = getattr(function, "__wrapped__", None)


@dataclass(frozen=True)
class _Made:
    """What is made here: modules of the script's package, of ours, and of all that lies outside the libraries."""

    package: str

    def file(self, name: str) -> Path | None:
        """The file of a module that is made here."""
        top = name.partition(".")[0]
        if not top or name.startswith("trading_ml.core"):  # what computes is told by its version
            return None
        own = top in ("trading_ml", self.package) or not (_path(top) or "").startswith(_INSTALLED)
        path = _path(name) if own else None
        return Path(path) if path and path.endswith(".py") else None

    def named_in(self, name: str, file: Path) -> Iterator[str]:
        """Modules that the file of module `name` imports, or imports something from."""
        package = name if file.name == _PACKAGE else name.rpartition(".")[0]
        for base, given in _imports(str(file), file.stat().st_mtime_ns):
            yield from self._giving(resolve_name(base, package) if base.startswith(".") else base, given)

    def _giving(self, home: str, given: str) -> Iterator[str]:
        """The module that gives something: of what a package passes on, the one it has it from."""
        file = self.file(home)
        if file and file.name == _PACKAGE and given:
            if self.file(f"{home}.{given}"):
                yield f"{home}.{given}"
                return
            sources = [base for base, name in _imports(str(file), file.stat().st_mtime_ns) if name == given]
            for base in sources:
                yield from self._giving(resolve_name(base, home) if base.startswith(".") else base, given)
            if sources:
                return
        yield home


def _path(name: str) -> str | None:
    """Where a module lies, or the folder of a package that is only a folder; None for none, and for built-in ones."""
    if (file := getattr(sys.modules.get(name), "__file__", None)) is not None:
        return file
    try:
        spec = find_spec(name)
    except (ImportError, ValueError):
        return None
    if spec is None or not spec.has_location:
        return next(iter(spec.submodule_search_locations or ()), None) if spec else None
    return spec.origin


@lru_cache(maxsize=1024)
def _imports(file: str, _stamp: int) -> tuple[tuple[str, str], ...]:
    """What a file imports, as (module, name); the name is empty where it imports the module itself."""
    nodes = list(ast.walk(ast.parse(Path(file).read_bytes())))
    whole = [(alias.name, "") for node in nodes if isinstance(node, ast.Import) for alias in node.names]
    parts = [node for node in nodes if isinstance(node, ast.ImportFrom)]
    return *whole, *(("." * node.level + (node.module or ""), alias.name) for node in parts for alias in node.names)


@cache
def libraries() -> dict[str, str]:
    """Versions of the libraries that compute."""
    return {name: version(name) for name in _LIBRARIES}
