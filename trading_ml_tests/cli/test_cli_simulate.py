"""`trading-ml simulate orders` and what `ingest` makes of its files."""

from __future__ import annotations

from pathlib import Path


def test_writes_both_files_which_name_their_symbol(cli, root, tmp_path):
    found = cli("simulate", "orders", "--orders", 50, "--seed", 3, "--to", tmp_path / "raw", "--json")
    assert found.code == 0
    files = {file["adapter"]: Path(file["file"]) for file in found.json["files"]}
    assert {name: path.name for name, path in files.items()} == {
        "ig_prices": "SIMULATED_BTC_prices.csv", "ig_orders": "SIMULATED_BTC_orders.csv",
    }  # fmt: skip
    assert [len(path.read_text().splitlines()) for path in files.values()] == [f["rows"] for f in found.json["files"]]
    assert "trading-ml ingest" in cli("simulate", "orders", "--orders", 5, "--to", tmp_path / "few").out
    below = cli("simulate", "orders", "--orders", 50, "--seed", 3, "--json").json["files"]
    assert [Path(file["file"]) for file in below] == [root / "raw" / name / path.name for name, path in files.items()]
    assert [Path(file["file"]).read_bytes() for file in below] == [path.read_bytes() for path in files.values()]


def test_parameters_out_of_bounds_are_one_line(cli):
    refused = cli("simulate", "orders", "--orders", 0)
    assert refused.code == 2
    assert "simulate orders.orders" in refused.err.splitlines()[-1]
