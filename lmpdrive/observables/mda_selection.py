"""Atoms selected by an MDAnalysis string (Gowers et al., Proc. SciPy 2016), on our elements, groups and positions."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from lmpdrive.errors import ConfigError
from lmpdrive.trajectory.frames import Chunk
from lmpdrive.trajectory.topology import Topology

INSTALL_MDANALYSIS = "pip install MDAnalysis"

Atoms = NDArray[np.int64]


class MdaSelection:
    """An MDAnalysis selection on our elements, groups and positions."""

    def __init__(self, text: str, topology: Topology, groups: Mapping[str, Atoms], where: str) -> None:
        try:
            import MDAnalysis
            from MDAnalysis.exceptions import NoDataError, SelectionError
        except ImportError as error:
            raise ConfigError(f"{where}: mda: {text!r} needs MDAnalysis: {INSTALL_MDANALYSIS}") from error
        universe = MDAnalysis.Universe.empty(topology.n_atoms, trajectory=False)
        for attribute in ("names", "types", "elements"):
            universe.add_TopologyAttr(attribute, topology.elements.astype(object))
        if topology.charges_e is not None:
            universe.add_TopologyAttr("charges", topology.charges_e)
        self._universe = universe
        self._groups = {name: universe.atoms[index] for name, index in groups.items()}
        self._text, self._where = text, where
        self._n_atoms = topology.n_atoms
        self.fixed: Atoms | None = None
        """The atoms, if the string needs no positions."""
        wrong = (NoDataError, AttributeError, SelectionError, ValueError, KeyError)
        try:
            self.fixed = self._select()
        except wrong:  # it needs positions, or is invalid: trying with positions shows which
            from MDAnalysis.coordinates.memory import MemoryReader

            universe.trajectory = MemoryReader(
                np.zeros((1, topology.n_atoms, 3), dtype=np.float32),
                dimensions=np.array([[1, 1, 1, 90, 90, 90]], dtype=np.float32),
            )
            try:
                self._select()
            except wrong as error:
                raise self._wrong(error) from error

    def _select(self) -> Atoms:
        import warnings

        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # an empty selection is an answer here
            return np.asarray(self._universe.select_atoms(self._text, **self._groups).indices, dtype=np.int64)

    def _wrong(self, error: Exception) -> ConfigError:
        return ConfigError(
            f"{self._where}: MDAnalysis cannot read {self._text!r}: {error}; `name`, `type` and `element` are the "
            f"element; groups: {', '.join(self._groups)}"
        )

    def inside(self, chunk: Chunk) -> NDArray[np.bool_]:
        """(F, N) True for the atoms selected in each frame."""
        from MDAnalysis.lib.mdamath import triclinic_box

        inside = np.zeros((len(chunk), self._n_atoms), dtype=bool)
        for frame in range(len(chunk)):
            self._universe.dimensions = triclinic_box(*chunk.cells[frame])
            self._universe.atoms.positions = chunk.positions[frame]
            inside[frame, self._select()] = True
        return inside
