"""Whether a Keras model of somebody's own fits a dataset: its inputs its features, its answers its labels."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from trading_ml.core.errors import BadParams, nearest
from trading_ml.core.signature import brief
from trading_ml.models.shapes import shape
from trading_ml.models.source import Target


def check_inputs(who: str, named: Collection[str], features: Collection[str]) -> None:
    """Whether all inputs are features.

    Raises:
        BadParams: of the culprit `who`, suggesting the nearest feature.
    """
    for name in named:
        if name not in features:
            raise BadParams(who, f"its model has an input '{name}', no feature", nearest(name, features))


def by_label(who: str, told: Any, labels: Collection[str]) -> Mapping[str, Any]:
    """Answers by label; those of a model that answers one label may come alone.

    Raises:
        BadParams: of the culprit `who`, when it cannot be known which answer is whose.
    """
    if isinstance(told, Mapping):
        return told
    alone = next(iter(labels))
    if len(labels) == 1 and hasattr(told, "shape"):
        return {alone: told}
    problem = f"answers with {type(told).__name__}"
    raise BadParams(who, problem, f"return keras.Model(inputs, {{'{alone}': …}}), by label")


def check_answers(who: str, told: Mapping[str, Any], targets: Mapping[str, Target]) -> None:
    """Whether each label has an answer of its width.

    Raises:
        BadParams: of the culprit `who`, naming the label and the shapes.
    """
    for label in told:
        if label not in targets:
            raise BadParams(who, f"answers '{label}', which is no label", nearest(label, targets))
    for label, target in targets.items():
        if label not in told:
            raise BadParams(who, f"does not answer '{label}'", f"add it: {{'{label}': head('{label}', x)}}")
        if told[label].shape[1:] != (target.width,):
            kind = {"binary": "of 2 classes", "numeric": "a number"}.get(target.kind, "of several classes")
            problem = f"answers {shape(told[label])} to '{label}', {kind}: (samples, {target.width}) is expected"
            raise BadParams(who, problem, f"end in head('{label}', x), which fits")


def check_stored(who: str, model: Any) -> None:
    """Whether a process that has not built the model could open it.

    Raises:
        BadParams: of the culprit `who`.
    """
    from keras import saving

    try:
        saving.deserialize_keras_object(saving.serialize_keras_object(model))
    except Exception as cause:
        fix = "decorate layers of your own with @keras.saving.register_keras_serializable, and use no Lambda"
        raise BadParams(who, f"its model could not be opened again: {brief(cause)[:200]}", fix) from cause
