"""Where a feature enters the graph."""

from __future__ import annotations


def input(*, feature: str) -> str:  # noqa: A001  a component goes by its function's name
    """The raw windows of a feature, as the dataset shows them.

    Shapes: → (samples, window, columns of the feature).

    Args:
        feature: Its name in the project file.

    Example:
        >>> input(feature="atr")
        'atr'
    """
    return feature
