"""Where a label is answered."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

Loss = Literal["auto", "mse", "mae", "huber", "log_cosh", "crossentropy"]


def output(
    *,
    label: str,
    loss: Loss = "auto",
    weight: Annotated[float, Field(gt=0, allow_inf_nan=False)] = 1.0,
    l1: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 0.0,
    l2: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 0.0,
    use_bias: bool = True,
) -> str:
    """A head by the label's kind: a probability, one probability a class, a number, or several numbers side by side.

    Two classes: sigmoid(x W + b), the probability of the second. More: softmax, one each. Numbers: x W + b.
    Shapes: (samples, columns) → (samples, 1), (samples, classes) or (samples, columns of the label).

    Args:
        label: Its name in the project file, or one column of it.
        loss: What is minimised; by default crossentropy for classes and the mean squared error for numbers.
        weight: What it counts in the sum of the losses of all outputs.
        l1: Penalty on the absolute values of W.
        l2: Penalty on the squares of W.
        use_bias: Whether b is learnt.

    Example:
        >>> output(label="rises")
        'rises'
    """
    return label
