"""Committees: several models of one kind, of which the first drives and all are compared now and then.

    potential:
      architecture: mace
      model: ./a.model                       # energy, forces and virial of the run
      committee: [./b.model, ./c.model]      # what they say differs by is written to model_devi.out

With M models, ⟨⟩ the mean over them and n atoms, as in DeePMD-kit (https://docs.deepmodeling.com/projects/deepmd, model
deviation):

    ε_f,i = sqrt(⟨|f_i - ⟨f_i⟩|²⟩)   [eV/Å], of which max, min and mean over the atoms i are written;
    ε_v,ab = sqrt(⟨(W_ab - ⟨W_ab⟩)²⟩) / n   [eV], of which max, min and root mean square over the 9 components;
    ε_e = sqrt(⟨(E - ⟨E⟩)²⟩) / n   [eV], and the energy of each model [eV].

With `bias_tau` = τ all of them drive, towards configurations in which they disagree: hyper-active learning (C. van der
Oord, M. Sachs, D. P. Kovács, C. Ortner, G. Csányi, npj Comput. Mater. 9, 168 (2023)), to find frames to learn from:

    E = ⟨E_k⟩ - τ σ,   σ = sqrt(⟨(E_k - ⟨E_k⟩)²⟩),   f_i = ⟨f_k,i⟩ - τ ⟨(E_k - ⟨E_k⟩)(f_k,i - ⟨f_k,i⟩)⟩ / σ.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from time import perf_counter
from typing import Any, Self

import numpy as np
from pydantic import PositiveFloat, PositiveInt

from lmpdrive.architectures.base.architecture import Architecture
from lmpdrive.architectures.base.evaluator import Configuration, Evaluation, Evaluator
from lmpdrive.architectures.base.interface import Interface
from lmpdrive.architectures.base.problem import Problem
from lmpdrive.architectures.shared.added_terms import TERMS
from lmpdrive.architectures.shared.step_table import StepTable

MODEL_DEVI = "model_devi.out"
"""Name of the record in a run directory, and its first columns, are those of `pair_style deepmd`."""
_NOT_A_RUN = Path("alone")
"""No folder: a member reads its own file, not the first model's in the run directory."""


class HasCommittee(Architecture):
    """Adds the keys of a committee to an architecture whose model is Python.

    The subclass calls `resolved_committee` in `resolve`, `committee_files` in `files`, `committee_problems` in
    `problems`, and `with_committee` in `evaluator`, each of which does nothing without a committee.  Where a model is
    more than the key `model`, it also overrides `member`.
    """

    committee: Sequence[Any] = ()
    """Further models, to be compared with the first."""
    uncertainty_every: PositiveInt = 100
    """Steps between lines of `model_devi.out`, which is written for a committee."""
    bias_tau: PositiveFloat | None = None
    """Strength τ of a bias -τ σ(E) towards disagreement, to explore; the whole committee drives, at every step."""

    def member(self, model: Any) -> Self:
        """The potential with another model, alone; added terms, being the same for all, are left out."""
        update = {"model": type(getattr(self, "model", model))(model), "committee": [], "bias_tau": None}
        update |= dict.fromkeys(set(TERMS) & set(type(self).model_fields))
        return self.model_copy(update=update)

    def alone(self, device: str) -> Evaluator:
        """The loaded model of a member.  Raises ModelError if it cannot be loaded."""
        return self.evaluator(_NOT_A_RUN, device)

    def uncertainty_files(self) -> dict[str, str]:
        """The record of a committee."""
        return {"model_deviation": MODEL_DEVI} if self.committee else {}

    def resolved_committee(self, folder: Path) -> list[Any]:
        """The key with absolute file names."""
        return [getattr(self.member(model).resolve(folder), "model", model) for model in self.committee]

    def committee_files(self) -> dict[str, Path]:
        """Those of the members: `model_2.model` where the first has `model.model`, and so on."""
        return {name: source for files in self._files_of_members() for name, (_, source) in files.items()}

    def committee_problems(self, interface: Interface | None) -> list[Problem]:
        """What is wrong with each member, and with the coupling."""
        found, coupling = [], getattr(self, "coupling", "callback")
        if self.committee and coupling not in ("auto", "callback"):
            message = f"potential.committee: with coupling: {coupling} only one model runs; take coupling: callback."
            found.append(Problem("error", message))
        found += self._bias_problems()
        for model in self.committee:
            member, electrostatics = self.member(model), getattr(self, "electrostatics", None)
            if electrostatics is not None:  # each must have been trained on what remains without them
                member = member.model_copy(update={"electrostatics": electrostatics})
            for problem in member.problems(interface):
                message = problem.message.replace("potential.model", "potential.committee")
                found.append(Problem(problem.level, message))
        return found

    def _bias_problems(self) -> list[Problem]:
        if self.bias_tau is None:
            return []
        if not self.committee:
            return [Problem("error", "potential.bias_tau: needs potential.committee, whose disagreement it follows.")]
        for key in TERMS:
            if getattr(self, key, None) is not None:
                return [Problem("error", f"potential.bias_tau: not with potential.{key}, which the first alone has.")]
        text = "potential.bias_tau: a biased run explores; its averages are not those of the potential."
        return [Problem("warning", text)]

    def with_committee(self, first: Evaluator, run_dir: Path, device: str) -> Evaluator:
        """`first`, the loaded model, which writes `model_devi.out` in `run_dir` if there is a committee."""
        if not self.committee:
            return first
        others = []
        for model, files in zip(self.committee, self._files_of_members(), strict=True):
            local = [run_dir / name for name, (own, _) in files.items() if (run_dir / name).exists()]
            others.append(self.member(local[0] if len(local) == 1 else model).alone(device))
        members = [first, *others]
        return CommitteeEvaluator(members, self.uncertainty_every, run_dir / MODEL_DEVI, print, self.bias_tau)

    def _files_of_members(self) -> list[dict[str, tuple[str, Path]]]:
        """Of each member: name in the run directory -> name it would have alone, and source."""
        return [
            {
                own.replace(name := own.partition(".")[0], f"{name}_{number}", 1): (own, source)
                for own, source in self.member(model).files().items()
            }
            for number, model in enumerate(self.committee, start=2)
        ]


class CommitteeEvaluator:
    """The first of `members`, and every `every` steps a line in `file` about all of them.

    say : is told once what that costs.  bias_tau : all of them drive, with a bias towards disagreement.
    """

    def __init__(
        self,
        members: Sequence[Evaluator],
        every: int,
        file: Path,
        say: Callable[[str], object] = print,
        bias_tau: float | None = None,
    ) -> None:
        self.members, self.every, self.say, self.bias_tau = tuple(members), every, say, bias_tau
        self.table = StepTable(file, header(len(members)))
        self._calls = 0

    def __call__(self, configuration: Configuration) -> Evaluation:
        """What the first says, or all of them with a bias.  Raises what any of them raises."""
        due = configuration.step % self.every == 0
        if self.bias_tau is not None:
            answers = [member(configuration) for member in self.members]
            if due:
                self.table.write(configuration.step, row(configuration.step, answers))
            return biased(answers, self.bias_tau)
        answer = self.members[0](configuration)
        if due:
            started = perf_counter()
            answers = [answer, *(member(configuration) for member in self.members[1:])]
            self._tell(perf_counter() - started)
            self.table.write(configuration.step, row(configuration.step, answers))
        return answer

    def _tell(self, seconds: float) -> None:
        self._calls += 1
        if self._calls != 2:  # at the first call models are compiled
            return
        ms, others = 1e3 * seconds, len(self.members) - 1
        self.say(
            f"committee of {others + 1}: the {others} that only compare take {ms:.3g} ms every {self.every} steps, "
            f"{ms / self.every:.2g} ms per step"
        )


def biased(answers: Sequence[Evaluation], tau: float) -> Evaluation:
    """Energy, forces and virial of ⟨E⟩ - τ σ; where all agree, of ⟨E⟩."""
    energies = np.array([answer.energy_eV for answer in answers])
    off = energies - energies.mean()
    sigma = float(np.sqrt(np.mean(off**2)))
    # forces and virial are derivatives, and follow the same rule
    weights = (1 - tau * off / sigma if sigma else np.ones(len(answers))) / len(answers)
    forces = np.tensordot(weights, np.array([answer.forces for answer in answers]), 1)
    virial = np.tensordot(weights, np.array([answer.virial for answer in answers]), 1)
    return Evaluation(float(energies.mean()) - tau * sigma, forces, virial)


def force_deviations(forces: Any) -> Any:
    """(n,) ε_f of each atom [eV/Å] from the (M, n, 3) forces of M models."""
    return np.sqrt(np.square(forces - np.mean(forces, axis=0)).sum(axis=-1).mean(axis=0))


def header(members: int) -> str:
    """The first line of the file: DeePMD-kit's columns, then the deviation of the energy, and M energies."""
    names = [f"{what}_devi_{of}" for of in "vf" for what in ("max", "min", "avg")]
    names += ["devi_e", *(f"energy_{number}" for number in range(1, members + 1))]
    return "#" + "step".rjust(11) + "".join(name.rjust(19) for name in names) + "\n"


def row(step: int, answers: Sequence[Evaluation]) -> str:
    """The line of one step."""
    n = len(answers[0].forces)
    energies = np.array([answer.energy_eV for answer in answers])
    virial = np.std([answer.virial for answer in answers], axis=0) / n
    force = force_deviations(np.array([answer.forces for answer in answers]))
    deviations = (
        *(virial.max(), virial.min(), np.sqrt(np.mean(virial**2))),
        *(force.max(), force.min(), force.mean()),
        np.std(energies) / n,
    )
    return f"{step:12d}" + "".join(f"{d:19.6e}" for d in deviations) + "".join(f"{e:19.10e}" for e in energies)
