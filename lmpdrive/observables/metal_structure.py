"""The slab, frame by frame: layer spacings, roughness and rumpling of the surface, atoms that left their layer."""

from __future__ import annotations

from typing import Self

import numpy as np

from lmpdrive.constituents.layers import backbone
from lmpdrive.observables import geometry
from lmpdrive.observables.base import Array, Settings
from lmpdrive.observables.interface import LEFT_THE_LAYER_A, Interface, InterfaceFrames
from lmpdrive.observables.series import Series
from lmpdrive.observables.tables import Scalar
from lmpdrive.trajectory.frames import Chunk


class MetalStructure(Series):
    """d_12, d_23, ...: distance of the mean planes, from the wet surface (1) inwards.

    Roughness is the standard deviation of z over the atoms of the surface layer in one frame, rumpling the largest
    minus the smallest; both without the atoms more than 1.2 Å off the layer's median, which are counted as having left
    (adatoms, vacancy hops, dissolution), in all layers.  With two wet surfaces: layers are numbered from the top one,
    and roughness and rumpling are the mean of both.
    """

    name = "metal_structure"
    title = "Structure of the metal"
    per_face = True
    equation = (
        "d_12 = z̄_1 − z̄_2, ... from the surface inwards; roughness = std(z), rumpling = max(z) − min(z) of layer 1; "
        "left: atoms more than 1.2 Å off their layer"
    )
    error_column = "σ [Å]"
    group = "metal"

    def __init__(self, settings: Settings, layers: list[np.ndarray], faces: list[int]) -> None:
        super().__init__(settings)
        self._layers, self._faces = layers, faces
        spacings = tuple(f"d_{i}{i + 1} [Å]" for i in range(1, len(layers)))
        self.columns = (*spacings, "roughness [Å]", "rumpling [Å]", "left [1]")

    @classmethod
    def for_interface(cls, interface: Interface, settings: Settings) -> list[Self]:
        """Needs layers; of a compound, the planes of its metal."""
        if not interface.layers:
            return []
        downwards = interface.sides[0] != "bottom"
        planes = [backbone(interface.topology.elements, layer) for layer in interface.layers]
        layers = planes[::-1] if downwards else planes
        faces = [0, len(layers) - 1] if interface.two_sided else [0]
        return [cls(settings, layers, faces)]

    def update(self, chunk: Chunk, interface: InterfaceFrames) -> None:
        """One row per frame."""
        heights = geometry.heights(chunk.cells)
        z = [self._coordinates(chunk, atoms, heights) for atoms in self._layers]
        stays = [np.abs(layer - np.median(layer, axis=1, keepdims=True)) <= LEFT_THE_LAYER_A for layer in z]
        # relative to the median atom of the layer, so that a layer across the boundary is whole
        with np.errstate(invalid="ignore"):  # a layer that every atom has left has no plane: NaN
            planes = np.stack([(layer * stay).sum(axis=1) / stay.sum(axis=1) for layer, stay in zip(z, stays)], axis=1)
        anchors = np.stack([self._anchor(chunk, atoms) for atoms in self._layers], axis=1)
        gaps = np.diff(planes + anchors, axis=1)
        spacing = np.abs(geometry.wrap_symmetric(gaps, heights[:, None]))
        rough, rumpled = (
            np.mean([measure(z[face], stays[face]) for face in self._faces], axis=0) for measure in (_spread, _range)
        )
        left = np.sum([(~stay).sum(axis=1) for stay in stays], axis=0)
        self.append(chunk, np.column_stack([spacing, rough, rumpled, left]))

    @staticmethod
    def _anchor(chunk: Chunk, atoms: np.ndarray) -> Array:
        """(F,) coordinate along the normal of the layer's first atom."""
        return np.einsum("fi,fi->f", chunk.positions[:, atoms[0]], geometry.normals(chunk.cells))

    def _coordinates(self, chunk: Chunk, atoms: np.ndarray, heights: Array) -> Array:
        """(F, n) along the normal, relative to the layer's first atom, nearest image."""
        along = np.einsum("fni,fi->fn", chunk.positions[:, atoms], geometry.normals(chunk.cells))
        return geometry.wrap_symmetric(along - along[:, :1], heights[:, None])

    def notes(self) -> tuple[str, ...]:
        """How the layers are numbered."""
        return ("Layer 1 is the wet surface." if len(self._faces) == 1 else "Layer 1 is the upper surface.",)

    def alarms(self) -> tuple[str, ...]:
        """Atoms that left."""
        left = np.concatenate(self._rows)[:, -1]
        if not left.any():
            return ()
        frames = int((left > 0).sum())
        return (
            f"Metal atoms more than 1.2 Å off their layer in {frames} of {len(left)} frames (at most {left.max():g}).",
        )

    def scalars(self, errors: Array) -> dict[str, Scalar]:
        """Means over the run."""
        mean = np.concatenate(self._rows).mean(axis=0)
        found = dict(zip(self.columns, zip(mean, errors)))
        out = {"roughness of the metal surface": Scalar(*found["roughness [Å]"], "Å", "std of z in the surface layer")}
        if "d_12 [Å]" in found:
            out["metal layer spacing d_12"] = Scalar(*found["d_12 [Å]"], "Å", "outermost two layers")
        return out


def _spread(z: Array, stays: np.ndarray) -> Array:
    """(F,) standard deviation over the atoms that stay."""
    n = stays.sum(axis=1)
    mean = (z * stays).sum(axis=1) / n
    return np.sqrt((((z - mean[:, None]) * stays) ** 2).sum(axis=1) / n)


def _range(z: Array, stays: np.ndarray) -> Array:
    """(F,) largest minus smallest of the atoms that stay."""
    return np.where(stays, z, -np.inf).max(axis=1) - np.where(stays, z, np.inf).min(axis=1)
