"""Documents: links lead somewhere, commands exist, decisions are whole, examples in docstrings run."""

from __future__ import annotations

import doctest
import importlib
import re
from functools import cache
from pathlib import Path

import pytest
import yaml

from trading_ml.core.script import Kind

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("benchmarks/*.md")])
DECISIONS = sorted(ROOT.glob("docs/adr/[0-9]*.md"))
WITH_EXAMPLES = sorted(path for path in ROOT.glob("trading_ml/**/*.py") if ">>> " in path.read_text())


def code(page: Path) -> str:
    """What a page shows as code: blocks and spans."""
    return "\n".join(re.findall(r"```.*?```|`[^`\n]+`", page.read_text(), flags=re.DOTALL))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    prose = re.sub(r"```.*?```", "", page.read_text(), flags=re.DOTALL)
    for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)", prose):
        if not target.startswith(("http://", "https://")):
            assert (page.parent / target).exists(), f"{page.name} links to {target}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_commands_exist(page: Path) -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), flags=re.MULTILINE))
    shown = code(page)
    assert set(re.findall(r"\bmake ([a-z]+)\b", shown)) <= targets
    assert not unknown_commands(shown)


def test_commands_that_messages_name_exist(sources: dict[str, str]) -> None:
    assert not {name: found for name, text in sources.items() if (found := unknown_commands(text))}


def unknown_commands(text: str) -> list[str]:
    """Commands in `text` that the command line does not have."""
    known, unknown = known_commands(), []
    for words in re.findall(r"\btrading-ml ((?:[a-z]+ ?){1,2})", text):
        first, *second = words.split()
        if first not in known or (known[first] and second and second[0] not in known[first]):
            unknown.append(f"trading-ml {words.strip()}")
    return unknown


@cache
def known_commands() -> dict[str, set[str]]:
    """Commands of the command line, each with its subcommands."""
    from typer.main import get_command

    from trading_ml.cli import commands  # noqa: F401  they register themselves
    from trading_ml.cli.main import app

    found = getattr(get_command(app), "commands", {})
    return {name: set(getattr(command, "commands", {})) for name, command in found.items()}


@pytest.mark.parametrize("page", DECISIONS, ids=lambda page: page.stem)
def test_a_decision_says_why_what_else_and_what_follows(page: Path) -> None:
    headings = re.findall(r"^## (.+)$", page.read_text(), flags=re.MULTILINE)
    assert headings == ["Context", "Decision", "Alternatives rejected", "Consequences"]


def test_decisions_are_numbered_and_on_the_site() -> None:
    assert [int(page.name[:4]) for page in DECISIONS] == list(range(1, len(DECISIONS) + 1))
    site = yaml.safe_load((ROOT / "mkdocs.yml").read_text())
    shown = set(re.findall(r"[\w/.-]+\.md", str(site["nav"])))
    assert shown == {str(page.relative_to(ROOT / "docs")) for page in ROOT.glob("docs/**/*.md")}


@pytest.mark.parametrize("path", WITH_EXAMPLES, ids=lambda path: str(path.relative_to(ROOT)))
def test_examples_in_docstrings_run(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    name = ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
    assert doctest.testmod(importlib.import_module(name)).failed == 0


def test_the_reference_names_every_key_and_every_built_in_script() -> None:
    from trading_ml.core.instruments import Facts
    from trading_ml.features import FEATURES
    from trading_ml.labels import LABELS
    from trading_ml.project import Project
    from trading_ml.ticks.rules import RULES

    scripts = {"features": FEATURES, "labels": LABELS}
    named = {"project": Project.model_fields, "instruments": (*Facts.model_fields, *RULES), **scripts}
    for page, names in named.items():
        text = (ROOT / "docs" / "reference" / f"{page}.md").read_text()
        assert not {name for name in names if f"| `{name}` |" not in text}


@pytest.mark.parametrize("kind", ["feature", "label"])
def test_the_catalogue_is_what_the_scripts_say(kind: Kind) -> None:
    from trading_ml.core.page import page

    told = f"out of date: trading-ml {kind} list --page > docs/reference/{kind}s.md"
    assert (ROOT / "docs" / "reference" / f"{kind}s.md").read_text() == page(kind), told


def test_the_reference_names_every_command() -> None:
    headings = re.findall(r"^## (.+)$", (ROOT / "docs" / "reference" / "cli.md").read_text(), flags=re.MULTILINE)
    shown = {" ".join(words.split()[:2]) for line in headings for words in re.findall(r"`trading-ml ([^`]+)`", line)}
    for command, inner in known_commands().items():
        for name in [f"{command} {each}" for each in inner] or [command]:
            assert any(each == name or each.startswith(f"{name} ") for each in shown), f"trading-ml {name}"
