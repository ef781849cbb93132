"""A folder of n2p2 or RuNNer as numbers: `input.nn`, `scaling.data`, `weights.NNN.data`.

Keywords: https://compphysvienna.github.io/n2p2/topics/keywords.html
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from ase.data import atomic_numbers
from numpy.typing import NDArray

from lmpdrive.architectures import uncommented_lines
from lmpdrive.architectures.hdnnp import network
from lmpdrive.architectures.hdnnp.symmetry_functions import SymmetryFunction, parse
from lmpdrive.errors import ModelError

Array = NDArray[np.float64]
Lines = list[list[str]]
CUTOFF_TYPES = range(9)
GLOBAL = ("global_symfunction_short", "element_symfunction_short")
"""RuNNer's ways to give one symmetry function to several elements."""


@dataclass(frozen=True)
class Scaling:
    """Of the symmetry functions of an element: input of the network = offset + factor * (G - origin)."""

    origin: Array
    factor: Array
    offset: float
    lowest: Array
    highest: Array


@dataclass(frozen=True)
class Model:
    """All of a 2G model, in its own units of length and energy.

    elements : by atomic number, as the files number them.
    functions, scaling, networks : of each element.
    offsets : energy added for each atom of an element.
    energy_unit : of the networks' output, in the model's unit.
    """

    elements: tuple[str, ...]
    functions: tuple[tuple[SymmetryFunction, ...], ...]
    scaling: tuple[Scaling, ...]
    networks: tuple[network.Network, ...]
    cutoff_type: int
    inner_cutoff: float
    offsets: Array
    energy_unit: float

    @property
    def cutoff(self) -> float:
        """Largest of all symmetry functions."""
        return max(f.cutoff for own in self.functions for f in own)


def read(folder: Path) -> Model:
    """The model in a folder.  Raises ModelError where it is incomplete or needs what is not evaluated here."""
    lines = [line.split() for line in uncommented_lines((folder / "input.nn").read_text(errors="replace"))]
    elements = _elements(lines)
    functions = _functions(lines, elements)
    kind = _last(lines, "cutoff_type") or ["1"]
    alpha = float(kind[1]) if len(kind) > 1 else float((_last(lines, "cutoff_alpha") or ["0"])[0])
    if not kind[0].isdigit() or int(kind[0]) not in CUTOFF_TYPES:
        raise ModelError(f"input.nn: cutoff_type {kind[0]}; there are 0 to {CUTOFF_TYPES[-1]}")
    offsets = np.full(len(elements), float((_last(lines, "mean_energy") or ["0"])[0]))
    for words in lines:
        if words[0] == "atom_energy" and words[1] in elements:
            offsets[elements.index(words[1])] += float(words[2])
    return Model(
        elements,
        functions,
        _scaling(lines, folder / "scaling.data", [len(own) for own in functions]),
        tuple(_network(lines, folder, e, len(own)) for e, own in zip(elements, functions, strict=True)),
        int(kind[0]),
        alpha,
        offsets,
        1.0 / float((_last(lines, "conv_energy") or ["1"])[0]),
    )


def _last(lines: Lines, keyword: str, element: str = "") -> list[str] | None:
    """Words after the last line of a keyword, and of an element if one is given; None without it."""
    head = [keyword, *([element] if element else [])]
    found = [words[len(head) :] for words in lines if words[: len(head)] == head]
    return found[-1] if found else None


def _elements(lines: Lines) -> tuple[str, ...]:
    named = _last(lines, "elements") or []
    count = (_last(lines, "number_of_elements") or [str(len(named))])[0]
    symbols = named[: int(count)] if count.isdigit() else named
    strange = [e for e in symbols if e not in atomic_numbers]
    if strange or not symbols:
        raise ModelError(f"input.nn: no list of elements; found: {' '.join(strange) or 'nothing'}")
    return tuple(sorted(symbols, key=lambda e: atomic_numbers[e]))


def _functions(lines: Lines, elements: Sequence[str]) -> tuple[tuple[SymmetryFunction, ...], ...]:
    if any(words[0] in GLOBAL for words in lines):
        raise ModelError(f"input.nn: {' and '.join(GLOBAL)} are not read: write each as symfunction_short")
    found = [parse(words, elements) for words in lines if words[0] == "symfunction_short"]
    by_element = [sorted((f for f in found if f.centre == c), key=lambda f: f.order) for c in range(len(elements))]
    for element, own in zip(elements, by_element, strict=True):
        if not own:
            raise ModelError(f"input.nn has no symmetry functions of {element}")
    return tuple(map(tuple, by_element))


def _scaling(lines: Lines, file: Path, sizes: Sequence[int]) -> tuple[Scaling, ...]:
    """How the columns of scaling.data (minimum, maximum, mean, σ) are used: four modes, or none."""
    keywords = {words[0] for words in lines}
    center, scale = "center_symmetry_functions" in keywords, "scale_symmetry_functions" in keywords
    sigma = "scale_symmetry_functions_sigma" in keywords
    low = float((_last(lines, "scale_min_short") or ["0"])[0])
    high = float((_last(lines, "scale_max_short") or ["1"])[0])
    table = _table(file, sizes)
    found = []
    for rows in table:
        lowest, highest, mean, deviation = rows.T
        if sigma:
            origin, factor, offset = mean, (high - low) / deviation, low
        elif scale:
            origin, factor, offset = (mean if center else lowest), (high - low) / (highest - lowest), low
        else:
            origin, factor, offset = (mean if center else 0.0 * mean), np.ones_like(mean), 0.0
        if not np.isfinite(factor).all():
            raise ModelError(f"{file.name}: a symmetry function has one value in all the training data: no scaling")
        found.append(Scaling(origin, factor, offset, lowest, highest))
    return tuple(found)


def _table(file: Path, sizes: Sequence[int]) -> list[Array]:
    """(functions, 4) of each element; σ is missing in files of old programs."""
    table = [np.full((n, 4), np.nan) for n in sizes]
    try:
        for line in uncommented_lines(file.read_text(errors="replace")):
            words = line.split()
            if len(words) >= 5:
                numbers = [float(word) for word in words[2:6]]
                table[int(words[0]) - 1][int(words[1]) - 1, : len(numbers)] = numbers
    except (ValueError, IndexError):
        raise ModelError(f"{file.name} does not fit input.nn, which has {list(sizes)} functions: {line}") from None
    short = [k for k, rows in enumerate(table) if np.isnan(rows[:, :3]).any()]
    if short:
        raise ModelError(f"{file.name} does not list all {sizes[short[0]]} functions of element {short[0] + 1}")
    return table


def _network(lines: Lines, folder: Path, element: str, inputs: int) -> network.Network:
    def of(keyword: str) -> list[str]:
        own = _last(lines, f"element_{keyword}_short", element)
        given = own or _last(lines, f"global_{keyword}_short")
        if not given:
            raise ModelError(f"input.nn has no global_{keyword}_short")
        return given

    layers = int(of("hidden_layers")[0])
    nodes, letters = [int(n) for n in of("nodes")[:layers]], of("activation")[: layers + 1]
    if len(letters) == layers:  # the output layer is linear
        letters = [*letters, "l"]
    file = folder / f"weights.{atomic_numbers[element]:03d}.data"
    normalized = any(words[0] == "normalize_nodes" for words in lines)
    return network.read(file, [inputs, *nodes, 1], letters, normalized)
