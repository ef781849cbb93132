"""Which coupling runs: decided from the installed LAMMPS when a run directory is written.

`coupling: auto` takes the first coupling that this LAMMPS has all packages for.  One that is for GPUs is left out where
KOKKOS has no GPU: on CPUs our callback is faster than ML-IAP (docs/architectures/mace.md).  `kokkos: always` means the
threads of the CPU where this LAMMPS has KOKKOS for CPUs.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from lmpdrive.architectures import Callback, Integrated, ManyCouplings, Native, Problem
from lmpdrive.config import Config
from lmpdrive.engine.probe import probe
from lmpdrive.errors import EngineError, InstallError

Coupling = Native | Callback


def choose_coupling(config: Config, here: bool = True) -> tuple[Config, list[Problem]]:
    """The configuration with its coupling decided, and a note for each coupling.

    `here=False`: the deck is for another machine, so what this LAMMPS lacks is no error.
    """
    if isinstance(config.potential.chosen, Integrated):
        return config, [Problem("note", f"coupling {config.potential.chosen}")]
    if not isinstance(config.potential, ManyCouplings):
        return config, []
    styles = [c.pair_style for c in config.potential.possible_couplings() if isinstance(c, Native)]
    try:
        lammps = probe({"pair": styles}, config.potential.plugins, config.potential.interpreter().python)
    except (EngineError, InstallError):  # `checks` reports it where it matters
        lammps = {"version": 0, "packages": [], "gpu": False, "missing": [f"pair {style}" for style in styles]}
    has_gpu = Path("/proc/driver/nvidia").exists() or Path("/dev/kfd").exists()
    return decide(config, lammps, has_gpu, here)


def decide(config: Config, lammps: dict[str, Any], has_gpu: bool, here: bool) -> tuple[Config, list[Problem]]:
    """The same for a LAMMPS that `probe` described, on a machine with or without a GPU."""
    potential = config.potential
    assert isinstance(potential, ManyCouplings) and not isinstance(potential.chosen, Integrated)
    gpu = lammps["gpu"] and (config.run.device == "cuda" or (config.run.device == "auto" and has_gpu))
    threads = potential.kokkos == "threads" or (potential.kokkos == "always" and here and _for_cpus(lammps))
    kokkos = potential.kokkos in ("always", "threads") or (potential.kokkos == "auto" and gpu)
    device = ("CPUs", _for_cpus(lammps)) if threads else ("GPUs", gpu)
    missing = {c: _missing(c, lammps, kokkos, *device) for c in potential.possible_couplings()}
    able = [
        c
        for c in missing
        if potential.coupling in ("auto", c.name)
        and not missing[c]
        and _fits(potential.decided(c, kokkos), config, lammps)
    ]
    if threads:  # asked for, so a native one, and of these one that was made for CPUs
        able.sort(key=lambda c: (not isinstance(c, Native), _for_gpus(c)))
    taken = next((c for c in able if kokkos or not _for_gpus(c)), able[0] if able else potential.chosen)
    if potential.coupling == "native" and missing[taken] and not here and potential.kokkos == "auto":
        kokkos = True  # what makes the native coupling worthwhile is expected where the deck will run
    decided = potential.decided(taken, kokkos and isinstance(taken, Native))
    if threads and decided.kokkos == "always":
        decided = decided.model_copy(update={"kokkos": "threads"})
    found = [_coupling_note(c, decided, lacking, here) for c, lacking in missing.items()]
    if not missing[taken]:
        found += decided.lammps_problems(lammps["version"])
    return config.model_copy(update={"potential": decided}), found


def _missing(coupling: Coupling, lammps: dict[str, Any], kokkos: bool, device: str, has_device: bool) -> list[str]:
    """What this LAMMPS and this machine lack for a coupling; with KOKKOS on a `device`, which they have or not."""
    if isinstance(coupling, Callback):
        return []
    lacking = [need for need in coupling.needs if need not in lammps["packages"]]
    if f"pair {coupling.pair_style}" in lammps.get("missing", ()):
        lacking.append(f"pair_style {coupling.pair_style}")
    what = {"CPUs": "KOKKOS for CPUs", "GPUs": "KOKKOS and a GPU"}[device]
    return [*lacking, f"{what} (potential.kokkos)"] if kokkos and not has_device else lacking


def _for_cpus(lammps: dict[str, Any]) -> bool:
    """Whether its KOKKOS runs on CPUs: LAMMPS has it for one kind of device."""
    return "KOKKOS" in lammps["packages"] and not lammps["gpu"]


def _fits(decided: ManyCouplings, config: Config, lammps: dict[str, Any]) -> bool:
    """Whether `auto` may take a coupling: as many ranks as asked for, and a LAMMPS that is right with the model."""
    ranks = config.run.mpi_ranks == 1 or not decided.single_rank
    return ranks and not decided.lammps_problems(lammps["version"])


def _for_gpus(coupling: Coupling) -> bool:
    return isinstance(coupling, Native) and coupling.for_gpus


def _coupling_note(coupling: Coupling, decided: ManyCouplings, lacking: list[str], here: bool) -> Problem:
    """One line on a coupling: whether it runs, is possible, or what it lacks."""
    runs, needs = coupling == decided.chosen, ", ".join(lacking)
    if runs and lacking and here:
        cure = f"Use {decided.instead}, or {decided.build}."
        return Problem("error", f"potential.coupling: {coupling} needs {needs}, which is not here. {cure}")
    if runs:
        how = "is what the deck is for" if lacking else "runs"
        if decided.with_kokkos and decided.lammps_arguments(1):
            how += f", with KOKKOS on {'GPUs' if decided.kokkos == 'always' else 'threads'}"
        how += f"; this machine lacks {needs}" if lacking else ""
    elif lacking:
        how = f"not here, it needs {needs}: {decided.build}"
    elif _for_gpus(coupling) and decided.coupling == "callback":
        how = "possible, but without KOKKOS on a GPU slower than callback; coupling: native takes it"
    else:
        how = f"possible; {decided.takes(coupling)} takes it"
    return Problem("note", f"coupling {coupling}: {how}")
