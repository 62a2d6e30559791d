"""Progress: whoever listens hears every report made meanwhile, and nobody has to listen."""

from __future__ import annotations

from trading_ml.core import progress


def test_a_listener_hears_from_the_first_to_the_last_item() -> None:
    heard: list[tuple[str, int, int, str]] = []
    with progress.listen(lambda *report: heard.append(report)):
        assert list(progress.track("dates", ["a", "b"], total=2)) == ["a", "b"]
    assert heard == [("dates", done, 2, "") for done in range(3)]


def test_listening_ends_with_the_block_even_when_the_work_fails() -> None:
    heard: list[tuple[str, int, int, str]] = []
    try:
        with progress.listen(lambda *report: heard.append(report)):
            raise RuntimeError("work failed")
    except RuntimeError:
        progress.report("dates", 1, 2)
    assert heard == []
