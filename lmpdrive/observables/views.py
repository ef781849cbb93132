"""From where a trajectory is seen: one interface, or with two electrodes the whole and each electrode on its own.

Two electrodes have different charges, so their profiles are never averaged unless that is asked for.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from lmpdrive.constituents import Constituents
from lmpdrive.errors import ConfigError
from lmpdrive.observables.base import Observable, Settings
from lmpdrive.observables.bulk_search import bulk_of
from lmpdrive.observables.interface import Interface, InterfaceFrames
from lmpdrive.trajectory.frames import Chunk, Trajectory

Surface = Literal["auto", "upper", "lower", "both", "each"]
SURFACES = ("auto", "upper", "lower", "both", "each")
FACES: tuple[Literal["lower"], Literal["upper"]] = ("lower", "upper")


@dataclass(frozen=True)
class View:
    """An interface and what observables made for it are told; face : "lower", "upper", or empty for the whole."""

    face: str
    interface: Interface
    settings: Settings

    def make(self, cls: type[Observable]) -> list[Observable]:
        """The observables of a class for this view, named after its face."""
        made = list(cls.for_interface(self.interface, self.settings))
        for one in made:
            one.face = self.face
            if self.face:
                one.name, one.title = f"{one.name}_{self.face}", f"{one.title}, {self.face} {self.of}"
        return made

    @property
    def of(self) -> str:
        """What the faces belong to."""
        return "electrode" if len(self.interface.what.slabs) > 1 else "face"


def views_of(trajectory: Trajectory, what: Constituents, surface: str, settings: Settings) -> list[View]:
    """The views that `surface` asks for.

    auto : the wet face; the mean of both faces of one slab; two electrodes each on their own.
    lower, upper : this face of the slab, or this electrode.  both : the mean of the two, mirrored.  each : both apart.

    Raises ConfigError for another word, TrajectoryError where there is no such face.
    """
    if surface not in SURFACES:
        raise ConfigError(f"surface: {surface!r}; want one of {', '.join(SURFACES)}")
    first = trajectory.read(0, 1)
    if surface in ("upper", "lower", "both"):
        return [View("", Interface(trajectory.topology, first, what, surface), settings)]  # type: ignore[arg-type]
    whole = Interface(trajectory.topology, first, what)
    apart = whole.two_electrodes if surface == "auto" else whole.two_sided
    if not apart:
        return [View("", whole, settings)]
    whole.notes = [note for note in whole.notes if not note.startswith("Both faces")]
    faces = [View(face, Interface(trajectory.topology, first, what, face), settings) for face in FACES]
    return [View("", whole, settings), *faces]


def with_bulk(views: list[View], trajectory: Trajectory) -> list[View]:
    """The views, with the bulk as it is seen from each."""
    return [
        View(view.face, view.interface, replace(view.settings, bulk=bulk_of(trajectory, view.interface)))
        for view in views
    ]


def frames_of(views: list[View], chunk: Chunk) -> dict[str, InterfaceFrames]:
    """Face -> the chunk as seen from it; waters are found once."""
    whole = views[0].interface.frames(chunk)
    return {view.face: view.interface.frames(chunk, like=whole) if view.face else whole for view in views}
