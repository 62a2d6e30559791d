# %% [markdown]
# # From raw files to bars
# A simulated exchange writes a raw file; the file becomes ticks, every row accounted for; the ticks become bars.

# %%
import tempfile
from datetime import date
from pathlib import Path

from trading_ml.adapters.simulated import MarketParams, write
from trading_ml.bars import BarParams, build_span, load
from trading_ml.core.instruments import instrument
from trading_ml.core.lake import Lake
from trading_ml.core.time import span
from trading_ml.ticks import Ticks, account, merge, uploads

lake = Lake(Path(tempfile.mkdtemp()) / "data")
params = MarketParams(symbols=("ALFA",), start=date(2024, 3, 7), end=date(2024, 3, 13))
(raw,) = write(lake.path("raw"), params)
print(raw.path.name, f"{raw.rows:,} rows, of which {raw.bad_rows} were made unreadable on purpose")

# %% The raw file becomes an upload, and the upload's rows ticks.
upload = uploads.announce(lake, raw.path)
uploads.parse(lake, upload.id)
alfa = instrument("simulated:ALFA")
merge.build_span(lake, alfa, params.start, params.end)
summary = account.summary(lake, upload.id)
print({key: summary[key] for key in ("rows", "kept", "quarantined", "duplicates", "excluded")})
assert summary["rows"] == summary["kept"] + summary["quarantined"] + summary["duplicates"]
assert summary["quarantined"] == raw.bad_rows

# %% Ticks of all days are one sequence. Any tick leads back to its line in the raw file.
ticks = Ticks.open("ALFA", data=lake.root)
packet = ticks.packet(len(ticks) // 2)
print(packet["line"], packet["text"])

# %% The ten minutes before that tick, none of which holds it.
print(ticks.get_bars(len(ticks) // 2, 10, "minute")[:, :5])

# %% Half-hour bars of all days; the clocks changed on 10 March, the session still opens at 09:30 in New York.
half_hours = BarParams(every="30m")
build_span(lake, alfa, half_hours, params.start, params.end)
bars = load(lake, alfa, half_hours, *span(None, None, alfa.zone))
print(bars.select("ts_open", "open", "high", "low", "close", "trades"))
