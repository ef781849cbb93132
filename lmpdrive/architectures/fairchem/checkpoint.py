"""Read and load checkpoints of fairchem-core 2.24."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from functools import cache
from typing import Any

from ase.data import chemical_symbols

from lmpdrive.architectures.shared.pytorch import pick
from lmpdrive.errors import ModelError, did_you_mean

NOT_CONSERVING = (
    "predicts forces directly: they are not the gradient of its energy, so energy is not conserved and there is no "
    "virial. Take a conserving model."
)
NO_TASK = "the model has several tasks, each with its level of theory: name one."


@dataclass(frozen=True)
class Contents:
    """What a checkpoint says about itself.

    tasks : as `task:` names them.
    direct_forces : whether forces are predicted directly, not as a gradient of the energy.
    experts : of UMA's mixture; zero for eSEN.
    elements : task -> elements with a reference energy; none where the task has no references.
    settings : fields of fairchem's InferenceSettings.
    reach : cutoff [Å] and number of layers; none where the backbone does not say.
    """

    tasks: Sequence[str]
    direct_forces: bool
    experts: int
    elements: Mapping[str, Sequence[str]]
    settings: Sequence[str]
    reach: Sequence[float] | None


def contents(path: str) -> dict[str, Any]:
    """`read` as a dictionary."""
    return asdict(read(path))


@cache
def read(path: str) -> Contents:
    """Read a checkpoint.  It is a pickle: this runs code.

    Raises ModelError if it is not one of fairchem's inference checkpoints.
    """
    import hydra
    import torch
    from fairchem.core.units.mlip_unit.api.inference import InferenceSettings

    try:
        found = torch.load(path, map_location="cpu", weights_only=False, mmap=True)
        tasks = [hydra.utils.instantiate(task) for task in found.tasks_config]
        backbone = found.model_config["backbone"]
        direct, experts = bool(backbone.get("direct_forces", False)), int(backbone.get("num_experts", 0))
    except Exception as error:  # unpickling may raise anything
        raise _unreadable(path, error) from None
    references = {d: t.element_references for t in tasks if t.property == "energy" for d in t.datasets}
    trained = {d: r.element_references.numpy().nonzero()[0] for d, r in references.items() if r is not None}
    return Contents(
        sorted({dataset for task in tasks for dataset in task.datasets}),
        direct,
        experts,
        {d: [chemical_symbols[z] for z in zs if 0 < z < len(chemical_symbols)] for d, zs in trained.items() if len(zs)},
        [f.name for f in fields(InferenceSettings)],
        [backbone["cutoff"], backbone["num_layers"]] if {"cutoff", "num_layers"} <= set(backbone) else None,
    )


def _unreadable(path: str, error: Exception) -> ModelError:
    return ModelError(
        f"cannot read the fairchem model {path}: {type(error).__name__}: {error}. Give an inference checkpoint "
        "(inference_ckpt.pt of a training, or a file from the hub), of a version that fairchem-core 2.24 reads."
    )


def check(found: Contents, settings: Mapping[str, Any]) -> None:
    """Raise ModelError for a model that predicts forces directly, and for settings that fairchem does not have."""
    if found.direct_forces:
        raise ModelError(f"potential.model: this model {NOT_CONSERVING}")
    for name in settings:
        if name not in found.settings:
            raise ModelError(
                f"potential.settings: fairchem's InferenceSettings has no '{name}'"
                f"{did_you_mean(name, found.settings) or '.'} Fields: {', '.join(found.settings)}"
            )


def choose_task(tasks: Sequence[str], task: str | None) -> str:
    """The task asked for, or the only one.

    Raises ModelError with the choices.
    """
    if task is not None and task in tasks:
        return task
    if task is None and len(tasks) == 1:
        return tasks[0]
    said = f"no task '{task}'{did_you_mean(task, tasks) or '.'}" if task else NO_TASK
    raise ModelError(f"potential.task: {said} Tasks: {', '.join(tasks)}")


def load(path: str, device: str, task: str | None, settings: Mapping[str, Any]) -> tuple[Any, str]:
    """fairchem's predict unit, and the task it is used for.  A checkpoint is a pickle: this runs code.

    settings : of InferenceSettings, on top of ours: nothing recomputed to save memory; experts merged (a run has one
        composition); compiled on GPUs only, where it pays.

    Raises ModelError if it cannot be loaded or is not for dynamics.
    """
    from fairchem.core.units.mlip_unit import load_predict_unit
    from fairchem.core.units.mlip_unit.api.inference import InferenceSettings

    found = read(path)
    check(found, settings)
    device = pick(device)
    preset = {"activation_checkpointing": False, "merge_mole": True, "compile": device == "cuda"}
    # without it, merging the experts of a model that was trained without stress forgets that stress is wanted
    overrides = {"backbone": {"regress_stress": True}} if found.experts else None
    try:
        unit = load_predict_unit(path, InferenceSettings(**{**preset, **settings}), overrides, device)
    except Exception as error:  # a checkpoint of another version may fail anywhere
        raise _unreadable(path, error) from None
    return unit, choose_task(found.tasks, task)
