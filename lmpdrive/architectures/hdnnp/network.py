"""Feed-forward networks of n2p2 and RuNNer: weights, activation functions, energy and its gradient."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lmpdrive.errors import ModelError

Array = NDArray[np.float64]
Activation = Callable[[Array], tuple[Array, Array]]


def _logistic(x: Array) -> tuple[Array, Array]:
    from scipy.special import expit

    y = expit(x)
    return y, y * (1 - y)


def _reversed_logistic(x: Array) -> tuple[Array, Array]:
    y, slope = _logistic(x)
    return 1 - y, -slope


def _tanh(x: Array) -> tuple[Array, Array]:
    y = np.tanh(x)
    return y, 1 - y * y


def _gaussian(x: Array) -> tuple[Array, Array]:
    y = np.exp(-0.5 * x * x)
    return y, -x * y


ACTIVATIONS: dict[str, Activation] = {
    "l": lambda x: (x, np.ones_like(x)),
    "t": _tanh,
    "s": _logistic,
    "S": _reversed_logistic,
    "p": lambda x: (np.logaddexp(0.0, x), _logistic(x)[0]),
    "r": lambda x: (np.maximum(x, 0.0), (x > 0).astype(float)),
    "g": _gaussian,
    "c": lambda x: (np.cos(x), -np.sin(x)),
    "e": lambda x: (np.exp(-x), -np.exp(-x)),
    "h": lambda x: (x * x, 2 * x),
}
"""Letters of `global_activation_short` -> value and derivative."""


@dataclass(frozen=True)
class Network:
    """The network of an element: its layers' weights (outputs, inputs), biases and activation functions."""

    weights: tuple[Array, ...]
    biases: tuple[Array, ...]
    activations: tuple[str, ...]
    normalized: bool = False
    """`normalize_nodes`: sums are divided by the number of inputs."""

    def energies(self, inputs: Array) -> tuple[Array, Array]:
        """Energy of each atom (n,) and its derivatives by the inputs (n, inputs)."""
        slopes, x = [], inputs
        for weights, bias, letter in zip(self.weights, self.biases, self.activations, strict=True):
            x, slope = ACTIVATIONS[letter]((x @ weights.T + bias) / self._divisor(weights))
            slopes.append(slope)
        gradient = slopes[-1]
        for number in range(len(self.weights) - 1, -1, -1):
            gradient = gradient @ self.weights[number] / self._divisor(self.weights[number])
            if number:
                gradient = gradient * slopes[number - 1]
        return x[:, 0], gradient

    def _divisor(self, weights: Array) -> float:
        return weights.shape[1] if self.normalized else 1.0


def read(path: Path, sizes: list[int], activations: list[str], normalized: bool) -> Network:
    """From `weights.NNN.data`, whose columns say which neurons each number connects.

    sizes : neurons of each layer, input and output included.  Raises ModelError if numbers are missing.
    """
    strange = [letter for letter in activations if letter not in ACTIVATIONS]
    if strange:
        raise ModelError(f"input.nn: no activation function '{strange[0]}'; there are {', '.join(ACTIVATIONS)}")
    weights = [np.full((n, m), np.nan) for m, n in pairwise(sizes)]
    biases = [np.full(n, np.nan) for n in sizes[1:]]
    try:
        for line in path.read_text(errors="replace").splitlines():
            words = line.split("#")[0].split()
            if len(words) >= 7 and words[1] == "a":
                layer, source, target = int(words[3]), int(words[4]), int(words[6])
                weights[layer][target - 1, source - 1] = float(words[0])
            elif len(words) >= 5 and words[1] == "b":
                biases[int(words[3]) - 1][int(words[4]) - 1] = float(words[0])
    except (ValueError, IndexError):
        raise ModelError(f"{path.name} does not fit input.nn, whose network has layers of {sizes}: {line}") from None
    missing = sum(int(np.isnan(array).sum()) for array in (*weights, *biases))
    if missing:
        raise ModelError(f"{path.name} lacks {missing} weights and biases of the network of input.nn, layers {sizes}")
    return Network(tuple(weights), tuple(biases), tuple(activations), normalized)
