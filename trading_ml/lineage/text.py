"""A walk as people read it: a heading and some lines for each step."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

Told = Mapping[str, Any]
Lines = Iterator[str]
_FEW = 3
"""Of long lists so many are shown at either end, unless all are asked for."""


def sections(told: Told, everything: bool = False) -> Iterator[tuple[str, list[str]]]:
    """Heading and lines of each step of a walk, from what was asked down to the raw lines.

    Args:
        told: What `walk` returned.
        everything: Whether to list every bar, chunk and file.
    """
    for step, lines in _STEPS.items():
        if step in told:
            heading, *rest = lines(told[step], everything)
            yield heading, rest


def _version(told: Told, everything: bool) -> Lines:
    held = f" ({', '.join(told['aliases'])})" if told["aliases"] else ""
    yield f"version {told['version']} of {told['model']}{held}, of {told['created']}"
    gate = told["gate"] or {"passed": False, "reasons": ["it was not judged yet"], "openings": 0}
    judged = "let it pass" if gate["passed"] else f"refused it: {'; '.join(gate['reasons'])}"
    yield f"the gate {judged}" if told["gate"] else "the gate has not judged it yet"
    yield f"trained on dataset {told['dataset'][:12]}; project file {told['project_file'][:12]}"
    yield f"git commit {told['git_commit']}"
    yield f"weights {str(told['weights'])[:12]}; MLflow run {told['run']}, Dagster run {told['dagster_run_id']}"
    if everything:
        yield "environment: " + ", ".join(f"{name} {version}" for name, version in told["environment"].items())


def _dataset(told: Told, everything: bool) -> Lines:
    parts = ", ".join(f"{part} {count:,}" for part, count in told["parts"].items() if count)
    yield f"dataset {told['digest'][:12]} of {told['project']}: {told['samples']:,} samples ({parts})"
    for name, days in told["days"].items():
        yield f"{name}: {days['count']:,} days from {days['first']} to {days['last']}"
    yield "bars: " + _named({key: value for key, value in told["params"]["bars"].items() if value})
    for script in told["scripts"]:
        yield f"{script['kind']} {script['name']}: {_script(script)}"
    for name, rules in told["rules"].items():
        if rules:
            yield f"ticks of {name} cleaned by " + ", ".join(rule["rule"] for rule in rules)
    chunks = [f"{each['kind']} {each['instrument']} {each['month']}: {each['digest'][:12]}" for each in told["chunks"]]
    yield from _shortened(chunks, everything, "chunks of series")


def _script(told: Told) -> str:
    state = {True: "", False: ", changed since", None: f", cannot be loaded any more ({told.get('problem')})"}
    where = f" in {told['file']}" if told["origin"] == "own" and told["file"] else ""
    proof = told["proof"]
    proven = f"proven with warm-up {proof['warm_up']}" if proof and proof["passed"] else "no proof by today's libraries"
    on = f" on {_named(told['on'])}" if "on" in told else ""
    params = f" ({_named(told['params'])})" if told["params"] else ""
    source = f"source {told['source'][:12]}{state[told['unchanged']]}"
    return f"{told['use']}{params}{on}, {told['origin']}{where}, {source}; {proven}"


def _sample(told: Told, everything: bool) -> Lines:
    parts = {each["part"] for each in told["parts"]}
    yield f"sample {told['number']} of {told['instrument']} at {_time(told['ts'])}: {', '.join(sorted(parts))}"
    answers = _named(told["labels"])
    yield f"answer: {answers}; known at {_time(told['label_end'])}, after {_span(told['ahead'])}"
    for feature in told["features"]:
        bounds = f"{_time(feature['first'])} to {_time(feature['last'])}"
        values = _named(dict(list(feature["values"].items())[: None if everything else 2 * _FEW]))
        yield f"{feature['name']} shows {feature['window']} bars, {bounds}; at its own: {values}"


def _bars(told: Told, everything: bool) -> Lines:
    yield f"it looks at {_span(told)}"
    yield from _rows(told["rows"], everything)
    for script, other in told["beside"].items():
        yield f"{script} looks at {_span(other)}"
        yield from _rows(other["rows"], everything)


def _ticks(told: Told, everything: bool) -> Lines:
    left = f", {told['passed_over']:,} passed over" if told["passed_over"] else ""
    opened, closed = (_time(told["bar"][name]) for name in ("ts_open", "ts_close"))
    count = (
        f"{told['count']:,} rows{left} of {told['table']} {told['partition']}" if told["count"] else "nothing: filled"
    )
    yield f"bar {told['bars']} from {opened} to {closed} is made of {count}"
    for upload in told["uploads"]:
        yield f"{upload['ticks']:,} of them from {upload.get('file')}, sha256 {upload.get('sha256')}"
    for place in ("first", "last"):
        if tick := told[place]:
            yield f"{place}, at {tick['ts_event']}: {Path(tick.get('file', '')).name}, line {tick['line']:,}"
            yield f"    {tick['text'] or tick.get('problem') or _named(tick['fields'])}"


def _events(told: Sequence[Told], everything: bool) -> Lines:
    yield f"{len(told):,} events" if told else "nothing was written down of when it was built and promoted"
    for event in told:
        yield f"{event['event']} at {event['at'][:19]} by {event['by']}" + (f": {event['why']}" if event["why"] else "")


def _uploads(told: Sequence[Told], everything: bool) -> Lines:
    yield f"made of {sum(each['rows'] for each in told):,} rows in {len(told):,} raw files"
    for each in told if everything or len(told) <= 2 * _FEW else (*told[:_FEW], *told[-_FEW:]):
        yield f"{each['file']}, sha256 {each['sha256']}: {each['rows']:,} rows, {' to '.join(each['dates'])}"


def _changes(told: Sequence[str], everything: bool) -> Lines:
    yield "what was made anew since, and is shown as it is today" if told else "nothing below was made anew since"
    yield from _shortened(told, everything, "changes")


def _rows(rows: Sequence[Told], everything: bool) -> Lines:
    lines = [
        f"    {_time(row['ts_open'])} to {_time(row['ts_close'])}: "
        + _named({name: row[name] for name in ("open", "high", "low", "close", "trades", "volume")})
        for row in rows
    ]  # fmt: skip
    yield from lines if everything or len(lines) <= 2 else (lines[0], "    …", lines[-1])


def _shortened(lines: Sequence[str], everything: bool, what: str) -> Lines:
    if everything or len(lines) <= _FEW:
        yield from lines
    else:
        yield f"{len(lines):,} {what}, from {lines[0]} to {lines[-1]}"


def _span(told: Told) -> str:
    bounds = f", {_time(told['first'])} to {_time(told['last'])}" if told["count"] else ""
    return f"{told['count']:,} bars {told['bars']} of {told['instrument']}{bounds}"


def _named(told: Told) -> str:
    return ", ".join(
        f"{name} {value:.9g}" if isinstance(value, float) else f"{name} {value}" for name, value in told.items()
    )


def _time(text: str) -> str:
    """A moment without the nanoseconds that it does not have."""
    return text.replace(".000000000Z", "Z")


_STEPS: dict[str, Callable[[Any, bool], Lines]] = {
    "version": _version,
    "dataset": _dataset,
    "events": _events,
    "uploads": _uploads,
    "sample": _sample,
    "bars": _bars,
    "ticks": _ticks,
    "changes": _changes,
}
