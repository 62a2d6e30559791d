"""What components share with Keras by name, without importing it."""

from __future__ import annotations

from typing import Any, Literal

Layer = Any
"""A `keras.Layer`."""
Activation = Literal["linear", "relu", "elu", "gelu", "selu", "silu", "softplus", "tanh", "sigmoid"]
"""Activations by the names that Keras gives them."""
