"""`lmpdrive reproduce RUN`: is a run directory still what its manifest says, and does it give the same again?

The deck is rendered again from `resolved.yaml`, with the structure of `system.data`, and compared with the one there;
so are the sha256 of all inputs, and the versions of the programs.  Nothing in the run directory is changed.
"""

from __future__ import annotations

import difflib
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from lmpdrive.common.hashing import sha256
from lmpdrive.common.manifest import Manifest, read_manifest, system_of
from lmpdrive.common.run_files import CONFIG, CONFIG_GIVEN, DATA, DECK, FINAL_DATA, MANIFEST
from lmpdrive.config import Config, load
from lmpdrive.deck.render import render
from lmpdrive.deck.rendered import RenderedDeck
from lmpdrive.engine.directory import provenance
from lmpdrive.engine.directory.new import new_directory
from lmpdrive.engine.directory.write import packages_of, versions_of
from lmpdrive.errors import LmpdriveError, RunDirectoryError, TrajectoryError

MOST_DIFF_LINES = 40
END = (FINAL_DATA, "traj.lammpstrj")
"""Files of a run that are the same byte for byte when it is."""


@dataclass
class Reproduction:
    """What was found.

    differences : in plain words; none if the run directory is what it was.
    notes : of the machine: the inputs are the same, the last digits of the numbers may not be.
    diff : between the deck that lies there and the one rendered now.
    """

    differences: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    diff: str = ""

    @property
    def identical(self) -> bool:
        """Whether nothing differs."""
        return not self.differences


def compare_with_manifest(run_dir: Path) -> Reproduction:
    """A run directory against its own manifest and against this installation.

    Raises RunDirectoryError if it is none, or was made before manifests had all that is needed.
    """
    manifest = manifest_of(run_dir)
    found = Reproduction()
    config = _config(run_dir, found)
    found.differences += _files(run_dir, manifest)
    if config is not None:
        found.differences += provenance.changed_models(run_dir, config)
        found.differences += _templates(config, manifest)
        found.differences += _versions(config, manifest)
        _deck(run_dir, config, manifest, found)
        found.notes += _machine(config, manifest)
    return found


def manifest_of(run_dir: Path) -> Manifest:
    """The manifest with what a comparison needs.  Raises RunDirectoryError."""
    manifest = read_manifest(run_dir)
    if manifest.absent:
        raise RunDirectoryError(f"{run_dir} is not a run directory: it has no {MANIFEST}")
    system_of(run_dir)
    for key in ("files", "potential", "versions"):
        if key not in manifest.model_fields_set:
            raise RunDirectoryError(
                f"{run_dir / MANIFEST} has no section '{key}': it is damaged, or of an older lmpdrive"
            )
    return manifest


def _config(run_dir: Path, found: Reproduction) -> Config | None:
    try:
        return load(run_dir / CONFIG)
    except LmpdriveError as error:
        found.differences.append(f"{CONFIG} cannot be used: {error}")
        return None


def _files(run_dir: Path, manifest: Manifest) -> Iterator[str]:
    changes = {
        DECK: "was edited after it was rendered",
        DATA: "is not the structure that the run began with",
        CONFIG: "was edited after the deck was made from it",
        CONFIG_GIVEN: "was edited after the deck was made from it",
    }
    for name, digest in manifest.files.items():
        path = run_dir / name
        if not path.is_file():
            yield f"{name} is not there any more"
        elif sha256(path) != digest:
            yield f"{name} {changes[DECK] if name.endswith('.lammps') else changes.get(name, 'has changed')}"


def _templates(config: Config, manifest: Manifest) -> Iterator[str]:
    then, now = manifest.templates, provenance.templates(config)
    for name in sorted(set(then) | set(now)):
        what = "the shipped templates" if name == "shipped" else f"the template {name}"
        if name not in now:
            yield f"{what} is not there any more"
        elif name not in then:
            yield f"{what} is new"
        elif then[name] != now[name]:
            yield f"{what} {'have' if name == 'shipped' else 'has'} changed"


def _versions(config: Config, manifest: Manifest) -> Iterator[str]:
    then, packages = manifest.versions, packages_of(config.potential.recipe)
    now = versions_of(config.potential.interpreter(), {*then, *packages})
    for name in sorted(set(then) | set(now)):
        if then.get(name) != now.get(name):
            yield f"{name} was {then.get(name, 'not installed')}, is {now.get(name, 'not installed')}"
    mine = provenance.digest()
    if then.get("lmpdrive") == now.get("lmpdrive") and manifest.code_sha256 not in (None, mine):
        yield "lmpdrive has the same version, but other code or templates than the one that wrote the deck"


def _deck(run_dir: Path, config: Config, manifest: Manifest, found: Reproduction) -> None:
    try:
        again = render_again(run_dir, config, manifest)
    except LmpdriveError as error:
        found.differences.append(f"the deck cannot be rendered again: {error}")
        return
    lines = [line for name, text in again.files.items() for line in _diff(run_dir / name, text)]
    if not lines:
        return
    found.diff = "\n".join(lines[:MOST_DIFF_LINES])
    if not any(d.startswith(tuple(again.files)) for d in found.differences):
        found.differences.append("the deck rendered now is another one, although the one there was not edited")


def _diff(path: Path, again: str) -> Iterator[str]:
    """Lines of a unified diff between a file and what it is now; none if they are the same."""
    there = path.read_text(errors="replace") if path.is_file() else ""
    names = f"{path.name} (there)", f"{path.name} (rendered now)"
    return difflib.unified_diff(there.splitlines(), again.splitlines(), *names, lineterm="")


def render_again(run_dir: Path, config: Config, manifest: Manifest) -> RenderedDeck:
    """The deck, from `resolved.yaml` and the structure in `system.data`.  Raises LmpdriveError."""
    from lmpdrive.system.read import read

    about = manifest.system
    try:
        groups = {name: np.array(about.members(name), dtype=int) for name in about.groups}
        built = read(run_dir / DATA, elements=about.elements, two_sided=bool(about.two_sided))
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise RunDirectoryError(f"{MANIFEST} or {DATA} is damaged: {error}") from None
    if tuple(built.species) != about.species:
        raise RunDirectoryError(f"the atoms of {DATA} are not those of {MANIFEST}")
    nothing = np.array([], dtype=int)
    system = replace(built, groups=dict.fromkeys(built.groups, nothing) | groups)
    return render(config, system)


def _machine(config: Config, manifest: Manifest) -> Iterator[str]:
    then, now = manifest.ran_with, provenance.of_the_run(config)
    if then is None:
        yield "it has not been run yet"
        return
    if then.cpu != now.cpu:
        yield f"the run was on another processor ({then.cpu}, here {now.cpu}): last digits may differ"
    before, after = set(then.packages), set(now.packages)
    if before != after:
        changed = sorted({p.partition("==")[0] for p in before ^ after})
        yield f"{len(changed)} packages have other versions than then: {', '.join(changed[:8])}"
    old, new = then.environment, now.environment
    for name in sorted(set(old) | set(new)):
        if old.get(name) != new.get(name):
            yield f"the environment variable {name} was {old.get(name, 'not set')}, is {new.get(name, 'not set')}"


def copy_inputs(run_dir: Path, out: Path) -> Config:
    """Everything that a run reads, into a new folder; links to models stay links.  Raises RunDirectoryError."""
    manifest = manifest_of(run_dir)
    config = load(run_dir / CONFIG)
    with new_directory(out) as folder:
        for name in (*manifest.files, MANIFEST):
            if not (run_dir / name).is_file():
                raise RunDirectoryError(f"{run_dir / name} is not there: the run cannot be repeated")
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(run_dir / name, folder / name)
        for name in (*config.potential.files(), *config.potential.made):
            source = run_dir / name
            if source.is_symlink():
                (folder / name).symlink_to(source.resolve())
            elif source.is_dir():
                shutil.copytree(source, folder / name)
            elif source.is_file():
                shutil.copy(source, folder / name)
    return config


def compare_runs(first: Path, second: Path) -> Reproduction:
    """Thermo table, frames and end of two runs of one deck, number by number."""
    found = Reproduction()
    found.differences += _thermo(first, second)
    found.differences += _frames(first, second)
    for name in END:
        a, b = first / name, second / name
        if a.is_file() != b.is_file():
            found.differences.append(f"only one of the runs has {name}")
        elif a.is_file() and a.read_bytes() != b.read_bytes():
            found.differences.append(f"{name} differs")
    return found


def _thermo(first: Path, second: Path) -> Iterator[str]:
    from lmpdrive.trajectory import thermo_of

    a, b = thermo_of(first), thermo_of(second)
    if a is None or b is None:
        yield f"there is no thermo table in {first if a is None else second}"
        return
    if list(a.columns) != list(b.columns) or len(a) != len(b):
        yield f"the thermo tables have {len(a)} and {len(b)} rows, or other columns"
        return
    differ = (a != b) & ~(a.isna() & b.isna())
    if differ.any(axis=None):
        row = int(np.flatnonzero(differ.any(axis=1))[0])
        columns = [str(c) for c in a.columns[differ.iloc[row]]]
        name = columns[0]
        yield (
            f"the thermo tables differ from step {a['Step'].iloc[row]} on ({', '.join(columns)}: there "
            f"{a[name].iloc[row]:.10g}, here {b[name].iloc[row]:.10g})"
        )


def _frames(first: Path, second: Path) -> Iterator[str]:
    from lmpdrive.trajectory import open_trajectory

    try:
        a, b = open_trajectory(first), open_trajectory(second)
    except TrajectoryError:
        if any(first.glob("traj*.dcd")) != any(second.glob("traj*.dcd")):
            yield "only one of the runs has frames"
        return
    if list(a.steps) != list(b.steps):
        yield f"the trajectories have {len(a.steps)} and {len(b.steps)} frames, or other steps"
        return
    for one, other in zip(a.chunks(), b.chunks()):
        equal = (one.positions == other.positions).all(axis=(1, 2))
        if not equal.all():
            k = int(np.flatnonzero(~equal)[0])
            far = float(np.abs(one.positions[k] - other.positions[k]).max())
            yield f"the frames differ from step {one.steps[k]} on (there by up to {far:.2g} Å)"
            return
