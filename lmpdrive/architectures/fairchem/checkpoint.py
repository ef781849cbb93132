"""Load checkpoints of fairchem-core 2.24 and evaluate them.

Units as fairchem's: Å, eV, eV/Å, stress in eV/Å³.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from functools import cache
from pathlib import Path
from typing import Any

from ase import Atoms
from ase.data import chemical_symbols

from lmpdrive.architectures import Configuration, Evaluation
from lmpdrive.architectures.shared.pytorch import pick
from lmpdrive.environments import Recipe
from lmpdrive.errors import ModelError, did_you_mean

ENVIRONMENT = Recipe(
    family="fairchem",
    # what inference on a CPU imports; fairchem-core itself asks for CUDA packages on every machine
    requirements=(
        "backoff",
        "dftd3>=1.7",
        "huggingface-hub>=0.27.1",
        "hydra-core>=1.3",
        "monty>=2026.2.18",
        "omegaconf",
        "opt_einsum_fx",
        "psutil",
        "pyre-extensions",
        "requests",
        "setuptools<81",
        "submitit>=1.5.4",
        "sympy",
        "tabulate",
        "tqdm",
        "wandb",
    ),
    cuda=("fairchem-core==2.24.0",),
    torch="torch==2.13.0",
    no_deps=("fairchem-core==2.24.0", "e3nn>=0.5", "torchtnt"),
    size_GB=2.0,
    cuda_size_GB=8.0,
    imports=("torch", "fairchem.core.units.mlip_unit", "fairchem.core.calculate.ase_calculator"),
)

REPOSITORIES = {
    "esen-sm-conserving-all-oc25": ("facebook/OC25", "checkpoints/esen_sm_conserve.pt"),
    "esen-sm-conserving-all-omol": ("facebook/OMol25", "checkpoints/esen_sm_conserving_all.pt"),
    "esen-sm-filtered-odac25": ("facebook/ODAC25", "checkpoints/esen_sm_odac25_filtered.pt"),
    "esen-sm-full-odac25": ("facebook/ODAC25", "checkpoints/esen_sm_odac25_full.pt"),
    "uma-s-1p2p1": ("facebook/UMA", "checkpoints/uma-s-1p2p1.pt"),
    "uma-s-1p2": ("facebook/UMA", "checkpoints/uma-s-1p2.pt"),
    "uma-s-1p1": ("facebook/UMA", "checkpoints/uma-s-1p1.pt"),
    "uma-m-1p1": ("facebook/UMA", "checkpoints/uma-m-1p1.pt"),
}
"""Name -> repository and file on huggingface.co."""
NAMES = tuple(REPOSITORIES)
DIRECT = ("esen-md-direct-all-oc25", "esen-md-direct-all-omol", "esen-sm-direct-all-omol")
NOT_CONSERVING = (
    "predicts forces directly: they are no derivative of its energy, so energy is not conserved and there is no "
    "virial. Take a conserving model."
)
UMA_TASKS = ("oc20", "oc25", "odac", "omat", "omc", "omol")
"""Those that fairchem knows; an older model has fewer."""
NO_TASK = "the model has several tasks, each with its level of theory: name one."


@dataclass(frozen=True)
class Contents:
    """What a checkpoint says of itself.

    tasks : as `task:` names them.
    direct_forces : whether forces are no derivative of the energy.
    experts : of UMA's mixture; zero for eSEN.
    elements : task -> elements with a reference energy; none where the task has no references.
    settings : fields of fairchem's InferenceSettings.
    reach : cutoff [Å] and number of layers; none where the backbone does not say them.
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
    """Look into a checkpoint.  It is a pickle: this runs code.

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
    learnt = {d: r.element_references.numpy().nonzero()[0] for d, r in references.items() if r is not None}
    return Contents(
        sorted({dataset for task in tasks for dataset in task.datasets}),
        direct,
        experts,
        {d: [chemical_symbols[z] for z in zs if 0 < z < len(chemical_symbols)] for d, zs in learnt.items() if len(zs)},
        [f.name for f in fields(InferenceSettings)],
        [backbone["cutoff"], backbone["num_layers"]] if {"cutoff", "num_layers"} <= set(backbone) else None,
    )


def _unreadable(path: str, error: Exception) -> ModelError:
    return ModelError(
        f"cannot read the fairchem model {path}: {type(error).__name__}: {error}. It wants an inference checkpoint "
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


def tasks_of(name: str) -> tuple[str, ...]:
    """Tasks of a model on the hub, where its name says them."""
    if name.startswith("uma-"):
        return UMA_TASKS
    return (name.rsplit("-", 1)[1],) if name.endswith(("-oc25", "-omol")) else ()


def download(name: str) -> str:
    """The file of a model on the hub, from the cache if it is there.

    Raises ModelError with what to do where the hub refuses or cannot be reached.
    """
    from fairchem.core.calculate.pretrained_mlip import pretrained_checkpoint_path_from_name

    try:
        return pretrained_checkpoint_path_from_name(name)
    except Exception as error:  # the hub's client raises errors of many packages
        repository, file = REPOSITORIES[name]
        page = f"https://huggingface.co/{repository}"
        kinds = {kind.__name__ for kind in type(error).__mro__}
        if kinds & {"GatedRepoError", "RepositoryNotFoundError", "LocalTokenNotFoundError"}:
            cure = (
                f"Access is granted per person: accept the licence on {page}, then log in on this machine (`hf auth "
                "login`, or a token with read access to gated repositories in HF_TOKEN)."
            )
        else:
            cure = (
                f"Where huggingface.co cannot be reached (many compute nodes), load the model once where it can, with "
                f"the same FAIRCHEM_CACHE_DIR; or download {file} from {page} and name the file: model: "
                f"./{Path(file).name}. The licence must be accepted there first."
            )
        first = (str(error).strip().splitlines() or [""])[0]
        raise ModelError(f"{name} could not be downloaded: {type(error).__name__}: {first}\n{cure}") from None


def load(path: str, device: str, task: str | None, settings: Mapping[str, Any]) -> tuple[Any, str]:
    """fairchem's predict unit, and the task it is used for.  A checkpoint is a pickle: this runs code.

    settings : of InferenceSettings, on top of: nothing recomputed to save memory; experts merged (a run has one
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


def _spin(task: str, spin: int | None) -> int:
    """fairchem's own default where none is given."""
    return spin if spin is not None else int(task == "omol")


class FairchemEvaluator:
    """A predict unit as an `Evaluator`: energy with its references added in double precision."""

    def __init__(self, unit: Any, task: str, charge: int, spin: int | None) -> None:
        from fairchem.core import FAIRChemCalculator

        self.unit = unit
        self._info = {"charge": charge, "spin": _spin(task, spin)}
        self._graph = FAIRChemCalculator(unit, task_name=task).a2g
        tasks = {t.property: t for t in unit.dataset_to_tasks[task]}
        missing = {"energy", "forces", "stress"} - set(tasks)
        if missing:
            raise ModelError(f"the task {task} of this model does not give {', '.join(sorted(missing))}")
        references = tasks["energy"].element_references
        self._references = None if references is None else references.element_references.double().cpu().numpy()

    def __call__(self, configuration: Configuration) -> Evaluation:
        """Energy, forces, and the virial from the stress."""
        atoms = Atoms(
            configuration.numbers,
            configuration.positions,
            cell=configuration.cell,
            pbc=configuration.pbc,
            info=self._info,
        )
        answer = self.unit.predict(self._graph(atoms), undo_element_references=False)
        energy, forces, stress = (answer[p].detach().double().cpu().numpy() for p in ("energy", "forces", "stress"))
        constant = 0.0 if self._references is None else float(self._references[configuration.numbers].sum())
        return Evaluation(float(energy[0]) + constant, forces, -stress.reshape(3, 3) * atoms.get_volume())


def calculator(unit: Any, task: str, charge: int, spin: int | None) -> Any:
    """fairchem's own ASE calculator, for atoms of this charge and spin."""
    from fairchem.core import FAIRChemCalculator

    class Calculator(FAIRChemCalculator):
        def calculate(self, atoms: Any, properties: Any, system_changes: Any) -> None:
            atoms.info.update(charge=charge, spin=_spin(task, spin))
            super().calculate(atoms, properties, system_changes)

    return Calculator(unit, task_name=task)
