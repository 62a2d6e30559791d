"""A picture of a batch: every model's metric, and its direction beside a coin."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from trading_ml.registry.batched import BatchCertificate

_COLORS = ("#0b5394", "#b45f06", "#6aa84f", "#8e7cc3", "#cc0000", "#45818e", "#bf9000", "#666666", "#a64d79", "#222222")
_STYLES = ("--", ":", "-.", (0, (1, 3)))


def chart(told: BatchCertificate) -> Figure:
    """A line for each model, the best on top; vertical lines are those that need no network."""
    from matplotlib.figure import Figure

    rows, wide = told.rows, 2 if told.coin else 1
    figure = Figure(figsize=(5.2 * wide, 1.6 + 0.2 * max(len(rows), 6)), layout="constrained")
    panels = figure.subplots(1, wide, sharey=True, squeeze=False)[0]
    groups = list(dict.fromkeys(row["group"] for row in rows))
    colors = {group: _COLORS[place % len(_COLORS)] for place, group in enumerate(groups)}
    _points(panels[0], rows, told.metric, colors)
    _lines(panels[0], {name: each.metrics.get(told.metric) for name, each in told.baselines.items()})
    panels[0].set(xlabel=f"{told.metric} on the validation part", yticks=range(len(rows)))
    panels[0].set_yticklabels([f"{row['group']} {row['number']}" for row in rows], fontsize=7)
    panels[0].invert_yaxis()
    if told.coin:
        _points(panels[1], rows, "direction", colors)
        panels[1].axvspan(*told.coin.persistent, color="0.93", zorder=0, label="coin, as persistent: 95 %")
        panels[1].axvspan(*told.coin.binomial, color="0.82", zorder=0, label="coin, thrown anew: 95 %")
        _lines(panels[1], {name: each.direction for name, each in told.baselines.items()})
        panels[1].set(xlabel="share of right directions, ± standard error")
    for axes in panels:
        axes.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=2, fontsize=7, frameon=False)
    return figure


def _points(axes: Any, rows: list[dict[str, Any]], name: str, colors: dict[str, str]) -> None:
    for place, row in enumerate(rows):
        if name in row:
            error = row.get("±") if name == "direction" else None
            axes.errorbar(row[name], place, xerr=error, fmt="o", markersize=4, color=colors[row["group"]], linewidth=1)


def _lines(axes: Any, values: dict[str, float | None]) -> None:
    for (name, value), style in zip(values.items(), _STYLES, strict=False):
        if value is not None:
            axes.axvline(value, color="0.35", linewidth=1, linestyle=style, label=name)
