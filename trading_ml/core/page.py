"""The catalogue as a page of the documentation, generated from the scripts themselves."""

from __future__ import annotations

import inspect
import re
from html import escape
from typing import Any

from trading_ml.core.catalogue import built_in, summary
from trading_ml.core.script import Kind, Script, load

_BOUNDS = {"minimum": "≥", "exclusiveMinimum": ">", "maximum": "≤", "exclusiveMaximum": "<"}


def page(kind: Kind) -> str:
    """All built-in scripts of a kind: a table, then each one's documentation and parameters, as Markdown."""
    scripts = [load(name, kind) for name in built_in(kind)]
    rows = [f"| `{script.name}` | {_cell(summary(script))} |" for script in scripts]
    head = [
        f"# {kind.capitalize()}s", "",
        f"`trading-ml {kind} list --page` writes this page from the scripts themselves.", "",
        "| name | what it is |", "| --- | --- |",
    ]  # fmt: skip
    return "\n".join([*head, *rows, *(line for script in scripts for line in _section(script)), ""])


def _section(script: Script) -> list[str]:
    told = re.split(r"\n\n(?=(?:Args|Example|Raises):\n)", inspect.getdoc(script.function) or "")[0]
    parameters = script.params.model_json_schema().get("properties", {})
    table = ["", "| parameter | default | what it says |", "| --- | --- | --- |"] if parameters else []
    rows = [f"| `{name}` | {_value(form)} | {_cell(_meaning(form))} |" for name, form in parameters.items()]
    return ["", f"## `{script.name}`", "", f"<pre>{escape(told, quote=False)}</pre>", *table, *rows]


def _value(form: dict[str, Any]) -> str:
    default = form.get("default", "required")
    return f"`{'null' if default is None else default}`"


def _meaning(form: dict[str, Any]) -> str:
    """The description, and what values it may have."""
    alternatives = [form, *form.get("anyOf", [])]
    bounds = [f"{sign} {each[key]}" for each in alternatives for key, sign in _BOUNDS.items() if key in each]
    known = [", ".join(f"`{value}`" for value in each["enum"]) for each in alternatives if "enum" in each]
    allowed = "; ".join([*known, *bounds])
    return form.get("description", "") + (f" ({allowed})" if allowed else "")


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")
