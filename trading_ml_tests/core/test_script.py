from __future__ import annotations

import textwrap
from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import Annotated, Any

import polars as pl
import pytest
from pydantic import Field

from trading_ml.core.crafted import crafted
from trading_ml.core.errors import BadParams, Unknown
from trading_ml.core.origin import made_of
from trading_ml.core.script import Bound, Script, load
from trading_ml.core.signature import params_of
from trading_ml.features import FeatureUse, needs
from trading_ml.features.markers import Bars
from trading_ml.labels import LabelUse

_NUMBER = count()
Write = Callable[..., str]


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Write:
    """Writes a module into the working directory, outside the package, and returns its dotted name."""
    monkeypatch.chdir(tmp_path)

    def write(source: str) -> str:
        name = f"signals_{next(_NUMBER)}"
        text = "from __future__ import annotations\nimport polars as pl\n" + textwrap.dedent(source)
        (tmp_path / f"{name}.py").write_text(text)
        return name

    return write


def bound_of(function: Callable[..., Any], kind: str = "feature", **params: Any) -> Bound:
    return Script(function.__name__, kind, function, params_of(function, function.__name__)).bind(params)  # pyright: ignore[reportArgumentType]


def test_a_built_in_goes_by_its_name() -> None:
    script = load("sma", "feature")
    assert script.name == "sma"
    assert script.bind({}).params.model_dump() == {"period": 20}
    assert load("direction", "label").classes == ("down", "up")


def test_ones_own_goes_by_dotted_path_from_the_working_directory(module: Write) -> None:
    name = module("def squeeze(*, period: int = 3):\n    return pl.col('close').rolling_max(period)\n")
    bound = load(f"{name}:squeeze", "feature").bind({"period": "2"})  # as the command line gives it
    frame = bound.evaluate(pl.DataFrame({"close": [1.0, 3.0, 2.0]}))
    assert frame.to_dict(as_series=False) == {"squeeze": [None, 3.0, 3.0]}
    assert bound.describe["use"] == f"{name}:squeeze"


@pytest.mark.parametrize(
    ("use", "said"),
    [
        ("smaa", "smaa: unknown feature; did you mean 'sma'?"),
        ("no_such_module:f", "no_such_module:f: no module named 'no_such_module'"),
        ("my.own.signal", "your own go by package.module:function"),
    ],
)
def test_what_is_not_there_is_named(use: str, said: str) -> None:
    with pytest.raises(Unknown) as caught:
        load(use, "feature")
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_missing_function_suggests_the_nearest(module: Write) -> None:
    name = module("def squeeze():\n    return pl.col('close')\n")
    with pytest.raises(Unknown, match=f"{name} has no function 'squeze'; did you mean 'squeeze'"):
        load(f"{name}:squeze", "feature")


def test_a_module_that_fails_to_import_says_why(module: Write) -> None:
    with pytest.raises(BadParams, match=r"importing .* fails: ZeroDivisionError"):
        load(f"{module('1 / 0')}:f", "feature")
    with pytest.raises(Unknown, match="no module named 'not_installed'"):
        load(f"{module('import not_installed')}:f", "feature")
    with pytest.raises(BadParams, match="fails: SyntaxError"):
        load(f"{module('def f(:')}:f", "feature")


@pytest.mark.parametrize(
    ("signature", "said"),
    [
        ("period: int = 3", "'period' is not keyword-only"),
        ("*, period=3", "'period' has no type"),
        ("*args: int", "'args' is not keyword-only"),
        ("**more: int", "'more' is not keyword-only"),
        ("*, window: int = 3", "'window' means something else"),
        ("*, period: Missing = 3", "annotations cannot be read"),
    ],
)
def test_signatures_that_cannot_be_parameters(module: Write, signature: str, said: str) -> None:
    name = module(f"def f({signature}):\n    return pl.col('close')\n")
    with pytest.raises(BadParams, match=said) as caught:
        load(f"{name}:f", "feature")
    assert str(caught.value).startswith(f"{name}:f: ")


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("return 3", "returns int; return one expression"),
        ("return {}", "returns dict"),
        ("return {'a': 3}", "'a' is int, not a Polars expression"),
        ("return pl.col('close').mean()", "gives 1 rows for 1200 bars"),
        ("return pl.col('close').filter(pl.col('close') > 100)", "rows for 1200 bars; return one value per bar"),
        ("return pl.col('clos')", "bars have no column 'clos'; did you mean 'close'"),
        ("return pl.col('ts_close')", "'f' is Datetime.*a feature is a number"),
        ("return pl.col('close').cast(pl.String)", "'f' is String; a feature is a number"),
        ("return pl.col('close').map_batches(lambda s: 1 / 0, return_dtype=pl.Float64)", "ZeroDivisionError"),
        ("raise ValueError('period too long\\nfor this')", "fails when called: ValueError: period too long"),
    ],
)
def test_what_a_feature_may_not_be(module: Write, body: str, said: str) -> None:
    name = module(f"def f():\n    {body}\n")
    bound = load(f"{name}:f", "feature").bind({})
    with pytest.raises(BadParams, match=said) as caught:
        bound.evaluate(crafted())
    assert str(caught.value).startswith(f"{name}:f: ")
    assert "\n" not in str(caught.value)


def test_a_label_returns_values_and_label_end(module: Write) -> None:
    name = module("def f():\n    return {'up': pl.col('close') > 0}\n")
    with pytest.raises(BadParams, match="a label returns its values and 'label_end'"):
        load(f"{name}:f", "label").bind({}).evaluate(crafted())


def test_parameters_are_checked_and_the_nearest_suggested() -> None:
    sma = load("sma", "feature")
    with pytest.raises(BadParams, match=r"sma.perod: unknown key; did you mean 'period'\?"):
        sma.bind({"perod": 3})
    with pytest.raises(BadParams, match=r"sma.period: .*greater than or equal to 1 .given: 0."):
        sma.bind({"period": 0})
    with pytest.raises(BadParams, match=r"sma\.period"):
        sma.bind({"period": "long"})


def test_a_parameter_without_default_is_required() -> None:
    def f(*, period: Annotated[int, Field(ge=1)]) -> pl.Expr:
        return pl.col("close").rolling_mean(period)

    with pytest.raises(BadParams, match=r"f\.period: is required but missing"):
        bound_of(f)


def test_the_schema_carries_types_bounds_defaults_and_descriptions() -> None:
    def f(*, period: Annotated[int, Field(ge=2)] = 5, zone: str = "UTC") -> pl.Expr:
        """Something.

        Args:
            period: Bars in it,
                this one included.
            zone: Of the clock.

        Returns:
            period: not this.
        """
        return pl.col("close")

    properties = params_of(f, "f").model_json_schema()["properties"]
    assert properties["period"] | {"title": ""} == {
        "default": 5, "minimum": 2, "type": "integer", "title": "", "description": "Bars in it, this one included.",
    }  # fmt: skip
    assert properties["zone"]["description"] == "Of the clock."


def test_features_are_float64_and_nan_is_null() -> None:
    def f() -> dict[str, pl.Expr]:
        close = pl.col("close")
        return {"up": close > 1, "ratio": close / close, "count": pl.col("trades"), "none": pl.lit(None)}

    frame = bound_of(f).evaluate(pl.DataFrame({"close": [0.0, 2.0], "trades": [3, 4]}))
    assert frame.to_dict(as_series=False) == {
        "up": [0.0, 1.0], "ratio": [None, 1.0], "count": [3.0, 4.0], "none": [None, None],
    }  # fmt: skip
    assert set(frame.dtypes) == {pl.Float64}


def test_labels_keep_their_type() -> None:
    def f() -> dict[str, pl.Expr]:
        close = pl.col("close")
        words = pl.when(close > 1).then(pl.lit("up")).otherwise(pl.lit("down")).cast(pl.Enum(["down", "up"]))
        return {"up": close > 1, "word": words, "size": close, "label_end": pl.col("ts_close")}

    frame = bound_of(f, "label").evaluate(crafted())
    assert frame.dtypes[:3] == [pl.Boolean, pl.String, pl.Float64]


def test_names_in_a_table() -> None:
    def single() -> pl.Expr:
        return pl.col("close")

    def several() -> dict[str, pl.Expr]:
        return {"a": pl.col("close"), "label_end": pl.col("ts_close")}

    assert bound_of(single).names("mine") == {"single": "mine"}
    assert load("sma", "feature").bind({}).names("mine") == {"sma": "mine.sma", "sma_rel": "mine.sma_rel"}
    assert bound_of(several, "label").names("mine") == {"a": "mine", "label_end": "mine.label_end"}


def test_a_column_of_other_bars_is_written_with_a_dot() -> None:
    @needs(slow=Bars("30m"))
    def f() -> pl.Expr:
        return pl.col("slow_close")

    bound = bound_of(f)
    with pytest.raises(BadParams, match=r"f: bars have no column 'slow_close'; did you mean 'slow.close'?"):
        bound.evaluate(bound.given(crafted()))

    def g() -> pl.Expr:
        return pl.col("slow.close")

    with pytest.raises(BadParams, match=r"g: bars have no column 'slow.close'; mark it with @needs\(slow=Bars\(…\)\)"):
        bound_of(g).evaluate(crafted())


def test_needs_takes_bars() -> None:
    with pytest.raises(BadParams, match=r"@needs\(slow=…\): is str; write for example Bars\(\"30m\"\)"):
        needs(slow="30m")  # pyright: ignore[reportArgumentType]


def test_the_digest_follows_source_parameters_and_what_the_script_builds_on(module: Write) -> None:
    base = module("def base():\n    return pl.col('close')\n")
    name = module(f"from {base} import base\ndef f(*, period: int = 2):\n    return base().rolling_mean(period)\n")
    digest = lambda **params: load(f"{name}:f", "feature").bind(params).digest
    first = digest()
    assert digest() == first == digest(period=2)
    assert digest(period=3) != first
    for file in (name, base):
        path = Path(f"{file}.py")
        text = path.read_text()
        path.write_text(text + "# another version\n")
        assert digest() != first
        path.write_text(text)


@pytest.mark.parametrize("kind", ["wraps", "hides", "module"])
def test_the_source_covers_decorators_and_what_they_hide_and_imported_values(module: Write, kind: str) -> None:
    wrapped = "    @functools.wraps(f)\n" if kind == "wraps" else ""
    deco = module(
        f"import functools\ndef twice(f):\n{wrapped}    def inner(*, period: int = 2):\n"
        "        return f(period=period) * 2\n    return inner\n"
    )
    scale = module("SCALE = 2.0\n")
    imports = f"from {scale} import SCALE" if kind != "module" else f"import {scale}\nSCALE = {scale}.SCALE"
    name = module(
        f"from {deco} import twice\n{imports}\n"
        "@twice\ndef f(*, period: int = 2):\n    return pl.col('close').rolling_mean(period) * SCALE\n"
    )
    bound = load(f"{name}:f", "feature").bind({})
    bars = pl.DataFrame({"close": [1.0, 3.0]})
    assert bound.evaluate(bars).to_series().to_list() == [None, 8.0]
    first = bound.digest
    for file in (name, deco, scale):
        path = Path(f"{file}.py")
        text = path.read_text()
        path.write_text(text + "# another version\n")
        assert load(f"{name}:f", "feature").bind({}).digest != first, file
        path.write_text(text)
    assert load(f"{name}:f", "feature").bind({}).digest == first


def test_a_script_that_uses_our_markers_does_not_depend_on_every_feature(module: Write) -> None:
    name = module(
        "from trading_ml.features import Bars, needs\n@needs(slow=Bars('30m'))\ndef f():\n"
        "    from trading_ml.labels import label\n    return pl.col('slow.close')\n"
    )
    markers = {f"trading_ml.{room}.markers" for room in ("features", "labels")}
    assert set(made_of(load(f"{name}:f", "feature").function, f"{name}:f")) == {name, *markers}


def test_a_built_in_label_changes_with_the_feature_it_builds_on() -> None:
    modules = set(made_of(load("atr_rises", "label").function))
    assert {"trading_ml.labels.atr_rises", "trading_ml.features.atr"} <= modules
    assert not any(name.startswith("trading_ml.core") for name in modules)


def test_a_use_names_script_and_key() -> None:
    use = FeatureUse.parse({"use": "atr", "period": 7, "window": 100}, "features.atr")
    assert (use.window, use.bound.params.model_dump()) == (100, {"period": 7})
    assert LabelUse.parse({"use": "direction"}, "labels.up").bound.script.kind == "label"
    for raw, said in [
        ({"use": "atrr"}, "features.mine: atrr: unknown feature; did you mean 'atr'"),
        ({"use": "atr", "perod": 3}, "features.mine: atr.perod: unknown key; did you mean 'period'"),
        ({"use": "atr", "period": 0}, "features.mine: atr.period: .*greater than or equal to 1"),
        ({"use": "atr", "window": 0}, "features.mine.window: .*greater than or equal to 1"),
        ({"use": "time_of_day", "zone": "Mars"}, "features.mine: time_of_day: .*Mars"),
        ({}, "features.mine.use: is required but missing"),
        ({"use": "atr", "on": "30x"}, "features.mine.on.every: is not a duration"),
        ({"use": "atr", "on": {"instrument": "BTC"}}, "features.mine.on.instrument: is not SOURCE:SYMBOL"),
        ({"use": "atr", "on": {"every": "1m", "inside": True}}, "features.mine: 'inside' is for @needs"),
    ]:
        with pytest.raises(BadParams, match=said):
            FeatureUse.parse(raw, "features.mine")
