"""Config + system -> text of the deck.  Pure: the same input gives the same bytes.

A user's `templates:` folder comes first, so a file of the same name shadows a shipped one, and can
extend it: `{% extends "shipped/deepmd.lmp.j2" %}`.
"""

from __future__ import annotations

import math
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lmpdrive._version import __version__
from lmpdrive.architectures import Native
from lmpdrive.common import resources
from lmpdrive.config import Config
from lmpdrive.errors import DeckError
from lmpdrive.stability import Limits
from lmpdrive.stability.limits import BIN_A, BOND_A

if TYPE_CHECKING:
    from lmpdrive.system import BuiltSystem

LAMMPS_SORTS_EVERY = 1000
LAMMPS_LINE = 200
"""Lines of a deck are broken with `&` before this length."""


def own_folders(config: Config) -> list[Path]:
    """Where the user's own templates are looked up: `templates`, then beside `architecture: ./mine.py`."""
    architecture = Path(config.potential.architecture)
    found = [config.templates, architecture.parent if architecture.suffix == ".py" else None]
    return [folder for folder in found if folder is not None]


def render(config: Config, system: BuiltSystem) -> str:
    """The LAMMPS input script.

    Raises DeckError naming the template and line when it cannot be rendered.
    """
    import jinja2

    from lmpdrive.deck.sandbox import DeckEnvironment

    shipped = jinja2.FileSystemLoader(resources.templates())
    own = own_folders(config)
    environment = DeckEnvironment(
        loader=jinja2.ChoiceLoader(
            [
                *(jinja2.FileSystemLoader(f) for f in own),
                jinja2.PrefixLoader({"shipped": shipped}),
                shipped,
            ]
        ),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    name = config.potential.chosen.template or config.potential.template
    variables = context(config, system)
    try:
        text = environment.get_template(name).render(**variables)
    except jinja2.TemplateNotFound as error:
        folders = ", ".join(str(f) for f in (*own, resources.templates()))
        raise DeckError(f"there is no template {error.name}; looked in {folders}") from None
    except jinja2.TemplateSyntaxError as error:
        raise DeckError(f"{error.filename or error.name}, line {error.lineno}: {error.message}") from None
    except Exception as error:  # a user's template may raise anything
        place = _place(error, [*own, resources.templates()]) or f"template {name}"
        what = str(error) or type(error).__name__
        raise DeckError(f"{place}: cannot be rendered: {what}") from None
    return "".join(_folded(line) + "\n" for line in _without_double_blanks(text))


def context(config: Config, system: BuiltSystem) -> Mapping[str, Any]:
    """Variables of the templates: the YAML's sections by name, and what follows from them."""
    from lmpdrive.system import id_ranges

    dynamics, output, potential = config.dynamics, config.output, config.potential
    groups = {n: id_ranges(i) for n, i in system.groups.items() if len(i) and n != "mobile"}
    thermometers = [n for n in groups if n in ("metal", "water") or n.startswith("ion_")]
    if len(system.groups.get("fixed", [])) == len(system.groups.get("metal", [])):
        thermometers = [n for n in thermometers if n != "metal"]
    has_slab = len(system.groups.get("metal", [])) > 0
    long_range_slab = potential.atom_style == "full" and has_slab and not system.two_sided
    barostat = dynamics.barostat
    target = f"{barostat.pressure_bar:g} {barostat.pressure_bar:g} {barostat.damping_fs * 1e-3:g}"
    return {
        "title": f"{system.atoms.get_chemical_formula()}: {dynamics.ensemble} with {potential.architecture}",
        "version": __version__,
        "native": isinstance(potential.chosen, Native),
        "lammps_command": " ".join(["lmp", *potential.lammps_arguments(config.run.mpi_ranks)]),
        "potential_title": potential.chosen.title or potential.title or potential.architecture,
        "potential": potential,
        "dynamics": dynamics,
        "output": output,
        "elements": list(system.elements),
        "table": system.table(),
        "groups": groups,
        "fixed": "fixed" in groups,
        "thermometers": thermometers,
        "keep_velocities": config.system.read is not None and system.atoms.has("momenta") and not dynamics.minimise,
        "atom_style": potential.atom_style,
        # Slab-corrected electrostatics wants a non-periodic z; a short-ranged potential sees only vacuum.
        "boundary": "p p f" if long_range_slab else "p p p",
        "neighbor_skin_A": 1.0,
        "timestep_ps": f"{dynamics.timestep_fs * 1e-3:g}",
        "thermo_every": config.steps(output.thermo_every_fs),
        "frames_every": config.steps(output.frames_every_fs),
        "dump_every": config.steps(output.dump_every_fs),
        "restart_every": config.steps(output.restart_every_ps * 1e3),
        "sort_every": _sort_every(config.steps(output.restart_every_ps * 1e3)),
        "equilibrate_steps": config.equilibrate_steps,
        "production_steps": config.production_steps,
        "deviation_every": config.steps(getattr(potential, "deviation_every_fs", dynamics.timestep_fs)),
        # a cell is not changed before the run that is asked for: NPT equilibrates as NPT
        "stages": {"equilibrate": "npt" if dynamics.ensemble == "npt" else "nvt"},
        "barostat": f"{barostat.coupling} {target}",
        **_guard(config, system),
        **potential.context(system),
    }


def _sort_every(restart_every: int) -> int:
    """How often LAMMPS sorts its atoms: so that it does where a restart is written, as it will when it has read that.

    Then the order of the atoms, and so the last bit of a sum, does not depend on whether the run was interrupted.
    """
    if restart_every <= LAMMPS_SORTS_EVERY:
        return restart_every or LAMMPS_SORTS_EVERY
    return math.gcd(restart_every, LAMMPS_SORTS_EVERY)


def _guard(config: Config, system: BuiltSystem) -> dict[str, Any]:
    """Variables of guard.lmp.j2."""
    limits = Limits.of(config, system)
    type_of = {element: i for i, element in enumerate(system.elements, start=1)}
    columns = {"step": "$(step)", "T_K": "$(v_T_now:%.6g)"}
    if limits.energy or limits.drift_fraction is not None:
        columns["E_eV"] = "$(pe:%.12g)"
    if limits.drift_fraction is not None:
        columns["conserved_eV"] = "$(econserve:%.12g)"
    for name, column, wanted in (
        ("force", "force_eV_per_A", limits.force_eV_per_A is not None),
        ("close", "close", bool(limits.pairs)),
        ("metal", "metal_A", limits.metal_A is not None),
        ("water", "water", limits.water),
    ):
        if wanted:
            columns[column] = f"$(v_guard_{name}:%.6g)"
    return {
        "guard": config.guard,
        "limits": limits,
        "guard_columns": columns,
        "guard_frames_every": max(1, config.steps(config.guard.frames_every_fs)),
        "guard_pairs": [
            {"i": type_of[a], "j": type_of[b], "bin": pair.bin} for pair in limits.pairs for a, b in [pair.elements]
        ],
        "type_of": type_of,
        "bin_A": BIN_A,
        "bond_A": BOND_A,
        "list_cutoff_A": f"{max(1.0, BOND_A, limits.bins * BIN_A):g}",
    }


def _place(error: Exception, folders: Sequence[Path]) -> str:
    """`file, line n` of the innermost template in which `error` came up; empty if none is to blame."""
    import traceback

    roots = [os.path.realpath(folder) for folder in folders]
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        file = os.path.realpath(frame.filename)
        if not file.endswith(".py") and any(file.startswith(root + os.sep) for root in roots):
            return f"{frame.filename}, line {frame.lineno}"
    return ""


def _without_double_blanks(text: str) -> list[str]:
    lines: list[str] = []
    for line in text.splitlines():
        if line.strip() or (lines and lines[-1]):
            lines.append(line.rstrip())
    return lines


def _folded(line: str) -> str:
    """Break a long command with LAMMPS' continuation character; comments are left alone."""
    if len(line) <= LAMMPS_LINE or line.lstrip().startswith("#"):
        return line
    cut = line.rfind(" ", 0, LAMMPS_LINE)
    return line if cut <= 0 else f"{line[:cut]} &\n    {_folded(line[cut + 1 :])}"
