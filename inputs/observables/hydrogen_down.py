"""Share of the interfacial waters that point an H at the surface: an observable of one's own, in one file.

observables: [./observables/hydrogen_down.py]      # in the YAML file
lmpdrive analyse RUN --extra hydrogen_down.py      # or on the command line
"""

import numpy as np
from pydantic import PositiveFloat

from lmpdrive.observables import base
from lmpdrive.observables.profile import cosines, per_frame
from lmpdrive.observables.series import Series
from lmpdrive.observables.tables import Scalar


class HydrogenDown(Series):
    """Fraction of the waters with 0 < z <= `within_A` whose bisector points to the surface, cos θ < 0."""

    name = "hydrogen_down"
    title = "Interfacial water with H down"
    equation = "f = N(cos θ < 0, 0 < z ≤ d) / N(0 < z ≤ d)"
    group = "water"
    columns = ("f [1]", "N [1]")
    error_column = "σ [1]"

    class Options(base.Options):
        """What can be chosen."""

        within_A: PositiveFloat = 4.5
        """Thickness d of the interfacial layer."""

    @classmethod
    def for_interface(cls, interface, settings):
        """Only where there is water and a surface."""
        return [cls(settings)] if interface.may_have_water and interface.has_surface else []

    def update(self, chunk, interface):
        """One row per frame: the fraction (NaN without any water there), and the number it refers to."""
        z, n_frames = interface.water_distances[0], len(interface.areas)
        near = (z > 0) & (z <= self.options.within_A)
        down = near & (cosines(interface)[0] < 0)
        n = per_frame(interface.water.frame, near.astype(float), n_frames)
        n_down = per_frame(interface.water.frame, down.astype(float), n_frames)
        fraction = np.where(n > 0, n_down / np.maximum(n, 1), np.nan)
        self.append(chunk, np.stack([fraction, n], axis=1))

    def scalars(self, errors):
        """The mean over the run, for the summary."""
        mean = np.nanmean(np.concatenate(self._rows)[:, 0])
        return {"interfacial water with H down": Scalar(mean, errors[0], "1", f"0 < z <= {self.options.within_A} Å")}
