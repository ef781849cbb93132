"""Which observables an analysis makes: one of each for each block, and only those that are wanted."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from lmpdrive.constituents import Constituents
from lmpdrive.errors import ConfigError, TrajectoryError, did_you_mean
from lmpdrive.observables.base import Observable, Settings
from lmpdrive.observables.options import AnalysisOptions
from lmpdrive.observables.registry import FROM_THE_LOG
from lmpdrive.observables.views import View, views_of, with_bulk
from lmpdrive.trajectory.frames import Trajectory


@dataclass(frozen=True)
class Factory:
    """Makes new instances of the wanted observables, always in the same order."""

    classes: Sequence[type[Observable]]
    views: list[View]
    wanted: frozenset[str] | None = None

    def __call__(self) -> list[Observable]:
        """New ones, which have seen no frame."""
        apart = len(self.views) > 1
        every = (
            one
            for cls in self.classes
            for view in self.views
            if not apart or cls.per_face == bool(view.face)
            for one in view.make(cls)
        )
        return [one for one in every if self.wanted is None or one.name in self.wanted]

    def view(self, face: str) -> View:
        """The view from a face."""
        return next(view for view in self.views if view.face == face)

    def families(self) -> dict[str, list[str]]:
        """File name -> its tables for this system."""
        names: dict[str, list[str]] = {}
        seen: dict[str, str] = {}
        for one in self():
            if one.name in seen or one.name in FROM_THE_LOG:
                raise ConfigError(
                    f"two observables are named {one.name!r} ({seen.get(one.name, 'from the log')} and "
                    f"{one.family()}): rename one"
                )
            seen[one.name] = one.family()
            names.setdefault(one.family(), []).append(one.name)
        return names


def factory_for(
    trajectory: Trajectory,
    what: Constituents,
    options: AnalysisOptions,
    classes: Sequence[type[Observable]],
    from_log: Sequence[str] = (),
) -> tuple[Factory, set[str]]:
    """What makes the wanted observables of an examined trajectory, and the names of the wanted tables.

    from_log : tables that there are besides.
    """
    settings = Settings(options.bin_width_A, trajectory.times_known, trajectory.frame_interval_ps, options.options)
    factory = Factory(classes, views_of(trajectory, what, options.surface, settings))
    families = factory.families()
    wanted = wanted_tables(options.names, families, list(from_log), {cls.family() for cls in classes})
    return only_wanted(factory, families, wanted, trajectory), wanted


def wanted_tables(
    names: Iterable[str] | None, families: Mapping[str, list[str]], from_log: list[str], every_family: set[str]
) -> set[str]:
    """The wanted tables, all if None."""
    available = [name for tables in families.values() for name in tables] + from_log
    if names is None:
        return set(available)
    wanted: set[str] = set()
    for name in names:
        if name in available:
            wanted.add(name)
        elif name in families:
            wanted |= set(families[name])
        elif name in FROM_THE_LOG:
            raise TrajectoryError(f"{name} needs the thermo table of a log.lammps (thermo=)")
        elif name in every_family:
            raise TrajectoryError(
                f"{name} does not apply to this system: it lacks the atoms, velocities or times that it needs. "
                f"There are: {', '.join(available)}"
            )
        elif name != "summary":
            choices = [*available, *families]
            raise TrajectoryError(
                f"no observable {name!r} for this system{did_you_mean(name, choices) or '.'} "
                f"There are: {', '.join(dict.fromkeys(choices))}"
            )
    return wanted


def only_wanted(
    factory: Factory, families: Mapping[str, list[str]], wanted: set[str], trajectory: Trajectory
) -> Factory:
    """Without what nobody asked for, because one of each is made for each block; and with the bulk if one needs it."""
    used = [cls for cls in factory.classes if wanted.intersection(families.get(cls.family(), ()))]
    views = with_bulk(factory.views, trajectory) if any(cls.needs_bulk for cls in used) else factory.views
    return replace(factory, classes=used, wanted=frozenset(wanted), views=views)
