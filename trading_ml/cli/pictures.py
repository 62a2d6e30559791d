"""What `make docs` adds to the built site: a small plot of each feature, on real bars where there are any.

    python -m trading_ml.cli.pictures site

The plots are drawn into the site and nowhere else: they are as large as they are easy to draw again.
"""

from __future__ import annotations

import gzip
import sys
from pathlib import Path

import polars as pl

from trading_ml.core.catalogue import built_in
from trading_ml.core.crafted import varied
from trading_ml.core.script import Bound, load
from trading_ml.core.settings import Settings
from trading_ml.core.time import NS

_BARS, _SHOWN, _COLUMNS = 6_000, 480, 8


def bars() -> tuple[pl.DataFrame, str]:
    """Minute bars of bitcoin in April 2013, or simulated ones where the market data are not here; and their name."""
    path = Settings().market_data / "bitfinex_1m" / "BTCUSD_1m_2013.csv.gz"
    if not path.is_file():
        return varied(_BARS), "simulated bars"
    names = ["stamp", "open", "close", "high", "low", "volume"]
    with gzip.open(path) as file:
        rows = pl.read_csv(file.read(), has_header=False, new_columns=names, n_rows=_BARS, infer_schema_length=None)
    opens, volume = (pl.col("stamp") * 1_000_000).cast(NS), pl.col("volume").cast(pl.Float64)
    return rows.select(
        pl.col("open", "high", "low", "close").cast(pl.Float64), ts_open=opens, ts_close=opens.dt.offset_by("1m"),
        trades=1, volume=volume, mean_size=volume, max_size=volume, vwap=pl.col("close").cast(pl.Float64),
    ), "bitcoin, minutes of April 2013"  # fmt: skip


def draw(bound: Bound, frame: pl.DataFrame, told: str, path: Path) -> None:
    """The close above, the feature's first columns below, over the last bars."""
    from matplotlib.figure import Figure

    made, closes = bound.evaluate(frame).tail(_SHOWN), frame["close"].tail(_SHOWN)
    figure = Figure(figsize=(7, 2.6), layout="constrained")
    above, below = figure.subplots(2, 1, sharex=True, height_ratios=[1, 1.4])
    above.plot(closes.to_numpy(), color="0.5", linewidth=0.8)
    above.set_title(told, fontsize=7, loc="right")
    for column in made.get_columns()[:_COLUMNS]:
        below.plot(column.to_numpy(), linewidth=0.8, label=column.name)
    below.legend(fontsize=6, loc="upper left", ncols=4, frameon=False)
    for axes in (above, below):
        axes.tick_params(labelsize=6)
    figure.savefig(path, metadata={"Date": None})


def main(site: Path) -> None:
    """Draw every feature and show it below its heading."""
    frame, told = bars()
    page = site / "reference" / "features" / "index.html"
    text = page.read_text("utf-8")
    for name in built_in("feature"):
        bound = load(name, "feature").bind({})
        fits = set().union(*(each.meta.root_names() for each in bound.expressions.values())) <= set(frame.columns)
        draw(
            bound,
            *((frame, told) if fits else (bound.given(varied(_BARS)), "simulated bars")),
            page.with_name(f"{name}.svg"),
        )
        head, heading, rest = text.partition(f'<h2 id="{name}">')
        title, end, rest = rest.partition("</h2>")
        text = "".join(
            [head, heading, title, end, f'<img src="{name}.svg" alt="{name} over time">' if end else "", rest]
        )
    page.write_text(text, "utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
