"""New scripts: a file, its test and its place among the others, from a template that is green at once."""

from __future__ import annotations

import keyword
import re
from importlib import import_module
from pathlib import Path
from string import Template
from typing import NamedTuple

from trading_ml.core.catalogue import HOMES, built_in, registry
from trading_ml.core.errors import BadInput, BadParams
from trading_ml.core.page import page
from trading_ml.core.script import Kind

_TEMPLATES = Path(__file__).parent / "templates"


class Written(NamedTuple):
    """What was written, and the name by which a project uses it."""

    use: str
    files: tuple[Path, ...]


def new(name: str, kind: Kind, folder: Path | None = None) -> Written:
    """Write a script and its test: into a checkout of this package, its line and page too; elsewhere into a folder.

    Raises:
        BadParams: when the name is not one of a function, or is taken. BadInput: when a file is there already.
    """
    if not re.fullmatch(r"[a-z][a-z0-9_]*", name) or keyword.iskeyword(name):
        raise BadParams(name, "is no name for a script", "write lower_case words, for example squeeze_20")
    if name in built_in(kind):
        raise BadParams(name, f"is a built-in {kind}", "take another name")
    room = Path(str(import_module(HOMES[kind]).__file__)).parent
    if folder is None and room.parents[1] == Path.cwd():
        return _inside(name, kind, room.relative_to(Path.cwd()))
    return _beside(name, kind, folder or Path())


def _inside(name: str, kind: Kind, room: Path) -> Written:
    """Beside the built-in ones, in the checkout that is the working directory."""
    home, test = f"{HOMES[kind]}.{name}", Path("trading_ml_tests") / room.name / f"test_{room.name}_{name}.py"
    _write({room / f"{name}.py": _filled(kind, "script", name, home), test: _filled(kind, "test", name, home)})
    init, reference = room / "__init__.py", Path("docs") / "reference" / f"{room.name}.md"
    init.write_text(_registered(init.read_text("utf-8"), name, kind), "utf-8")
    registry(kind)[name] = getattr(import_module(home), name)
    reference.write_text(page(kind), "utf-8")
    return Written(name, (room / f"{name}.py", test, init, reference))


def _beside(name: str, kind: Kind, folder: Path) -> Written:
    """In a folder of one's own, imported from the working directory."""
    if folder.is_absolute() and not folder.is_relative_to(Path.cwd()):
        raise BadParams(folder, "does not lie in the working directory", "start the command in a folder above it")
    parts = folder.resolve().relative_to(Path.cwd()).parts
    if wrong := [part for part in parts if not part.isidentifier()]:
        raise BadParams(wrong[0], "cannot be part of a dotted path", "name folders by letters, digits and underscores")
    home = ".".join([*parts, name])
    files = {folder / f"{name}.py": "script", folder / f"test_{name}.py": "test"}
    folder.mkdir(parents=True, exist_ok=True)
    _write({path: _filled(kind, what, name, home) for path, what in files.items()})
    return Written(f"{home}:{name}", tuple(files))


def _filled(kind: Kind, what: str, name: str, home: str) -> str:
    template = Template((_TEMPLATES / f"{kind}_{what}.txt").read_text("utf-8"))
    use = name if home.startswith(HOMES[kind]) else f"{home}:{name}"
    return template.substitute(name=name, home=home, use=use, title=name.replace("_", " ").capitalize())


def _write(texts: dict[Path, str]) -> None:
    """All files or none, and none over another."""
    for path in texts:
        if path.exists():
            raise BadInput(path, "is there already", "take another name, or remove it first")
    for path, text in texts.items():
        path.write_text(text, "utf-8")


def _registered(text: str, name: str, kind: Kind) -> str:
    """The room's `__init__.py` with the script imported and registered, both in order."""
    home = HOMES[kind]
    lines = text.splitlines()
    for line, like in (
        (f"from {home}.{name} import {name}", rf"from {re.escape(home)}\.(\w+) import "),
        (f'    "{name}": {name},', r'    "(\w+)": \w+,'),
    ):
        places = [(found[1], at) for at, each in enumerate(lines) if (found := re.match(like, each))]
        after = [at for known, at in places if known > name]
        lines.insert(min(after, default=places[-1][1] + 1), line)
    return "\n".join([*lines, ""])
