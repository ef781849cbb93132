"""The fastest form of a MACE model that agrees with the model itself on the structure at hand.

The first configuration of every run is evaluated by the unchanged model too, and a form whose forces differ by more
than its limit is not used.  Of those that agree the fastest is taken: measured at the first run of a model at this size
on this machine, remembered for the next.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from lmpdrive.architectures import Configuration, Evaluation
from lmpdrive.architectures.mace import cueq
from lmpdrive.architectures.mace.forms import Alternatives, Form, Loaded, Model, Say
from lmpdrive.architectures.mace.timing import Memory, measure
from lmpdrive.architectures.shared import pytorch
from lmpdrive.common.manifest import ModelForm
from lmpdrive.errors import ModelError

COMPARED_ATOMS = 1000
"""For larger structures a cluster of this size is compared, which bounds the memory of the unchanged model."""
UNCHANGED = "unchanged"


def _told(form: ModelForm) -> str:
    """The line for worker.log."""
    reasons = f" ({'; '.join(form.left_out)})" if form.left_out and form.name == UNCHANGED else ""
    parts = [f"MACE runs {form.name}{reasons}"]
    if form.deviation_eV_per_A is not None:
        parts.append(f"largest force difference from the model {form.deviation_eV_per_A:.1e} eV/Å")
    return "; ".join([*parts, *form.timings])


class MaceEvaluator:
    """Chooses its form at the first configuration; `say` then reports which, `report` gets the choice."""

    def __init__(
        self,
        model: Model,
        kinds: Sequence[Alternatives],
        say: Say,
        report: Callable[[ModelForm], object] = lambda form: None,
    ) -> None:
        self.model, self.kinds, self.say, self.report = model, kinds, say, report
        self._unchanged = model.unchanged()
        self._chosen: Loaded | None = None
        self._use: pytorch.MemoryUse | None = None
        """Memory of an evaluation that succeeded."""

    def __call__(self, configuration: Configuration) -> Evaluation:
        """Energy, forces, virial, per-atom energies.

        Raises ModelError with an estimate of how many atoms fit if memory runs out.
        """
        evaluator = self._chosen or self._unchanged
        try:
            if self._chosen is not None:
                return self._chosen(configuration)
            evaluator = self._chosen = self._choose(configuration)
            answer, self._use = self._measured(evaluator, configuration)
        except (RuntimeError, MemoryError) as error:
            if not pytorch.is_out_of_memory(error):
                raise
            raise ModelError(self._out_of_memory(error, configuration, evaluator)) from error
        if self._use is not None:
            self.say(f"MACE takes {self._use}")
        return answer

    def _measured(self, evaluator: Loaded, configuration: Configuration) -> tuple[Evaluation, pytorch.MemoryUse | None]:
        device = self.model.device
        pytorch.reset_peak_memory(device)
        answer = evaluator(configuration)
        return answer, pytorch.peak_memory(device, len(configuration.numbers), evaluator.edge_count)

    def _choose(self, configuration: Configuration) -> Loaded:
        """The fastest form that agrees; what is remembered is only compared."""
        cluster = _cluster(configuration)
        reference, self._use = self._measured(self._unchanged, cluster)
        trial = _Trial(cluster, {int(z) for z in configuration.numbers}, reference, self.say)
        memory = Memory(self._key(), self.model.device, len(configuration.numbers))
        known = memory.read()
        if remembered := self._remembered(known, trial):
            name, deviation = remembered
            return self._take(ModelForm(name=name, deviation_eV_per_A=deviation, ms=known), trial)
        trial.run(self.kinds)
        forms: dict[str, Loaded] = dict(trial.agreed)
        if len(configuration.numbers) <= COMPARED_ATOMS or not forms:
            forms[UNCHANGED] = self._unchanged
        if trial.settled or len(forms) == 1:
            name = next(iter(forms))
            return self._take(trial.form(name, {}), trial)
        ms = measure(forms, configuration)
        memory.write(ms, len(configuration.numbers))
        name = min(ms, key=ms.__getitem__)
        return self._take(trial.form(name, ms), trial)

    def _remembered(self, known: dict[str, float], trial: _Trial) -> tuple[str, float | None] | None:
        """Name and deviation of the form that was fastest before, if it still agrees."""
        if not known or any(kind.wanted for kind in self.kinds):
            return None
        name = min(known, key=known.__getitem__)
        if name == UNCHANGED:
            return name, None
        form = next((f for kind in self.kinds for f in kind.forms if f.name == name), None)
        return (name, trial.deviations[name]) if form is not None and trial.agrees(form) else None

    def _take(self, form: ModelForm, trial: _Trial) -> Loaded:
        self.say(_told(form))
        self.report(form)
        return trial.agreed.get(form.name, self._unchanged)

    def _key(self) -> str:
        return f"{self.model.key} {[form.name for kind in self.kinds for form in kind.forms]}"

    def _out_of_memory(self, error: BaseException, configuration: Configuration, evaluator: Loaded) -> str:
        device = self.model.device
        cures = ["Take a smaller cell"]
        if self.model.precision == "float64":
            cures.append("dtype: float32 (half the memory)")
        if device.startswith("cuda"):
            if cueq.missing(device):
                cures.append(f"cuEquivariance kernels ({cueq.INSTALL})")
            cures.append("the native coupling with KOKKOS on several GPUs")
        return pytorch.out_of_memory(
            error,
            device,
            len(configuration.numbers),
            evaluator.edge_count,
            self._use,
            " or ".join([", ".join(cures[:-1]), cures[-1]] if len(cures) > 1 else cures) + ".",
        )


class _Trial:
    """Forms made and compared with the model on one structure, part of a system in which `present` elements are.

    agreed : form -> ready to evaluate; deviations : form -> largest force difference; reasons : why others are not.
    settled : whether a form that the user asked for agrees, so that its speed does not matter.
    """

    def __init__(self, configuration: Configuration, present: set[int], reference: Evaluation, say: Say) -> None:
        self.configuration, self.present, self.reference, self.say = configuration, present, reference, say
        self.agreed: dict[str, Loaded] = {}
        self.deviations: dict[str, float] = {}
        self.reasons: list[str] = []
        self.settled = False

    def form(self, name: str, ms: dict[str, float]) -> ModelForm:
        """What is reported where this form is taken."""
        deviation = self.deviations.get(name)
        return ModelForm(name=name, deviation_eV_per_A=deviation, ms=ms, left_out=tuple(self.reasons))

    def run(self, kinds: Sequence[Alternatives]) -> None:
        """Of every kind the first form that agrees; only that kind, where the user wants one."""
        for kind in sorted(kinds, key=lambda kind: not kind.wanted):
            if kind.missing:
                self.reasons.append(kind.missing)
            found = any(form.name in self.agreed or self.agrees(form) for form in kind.forms)
            if found and kind.wanted:
                self.settled = True
                return

    def agrees(self, form: Form) -> bool:
        """Make a form and compare it."""
        try:
            loaded: Any = form.make(self.configuration, self.present, self.say)
            forces = loaded(self.configuration).forces
        except Exception as error:  # a compiler, a converter, a loader or a cache folder may fail in any way
            first = str(error).splitlines()[0][:200] if str(error) else ""
            self.reasons.append(f"{form.name}: {type(error).__name__}: {first}")
            return False
        difference = float(np.abs(forces - self.reference.forces).max())
        if not difference <= form.limit_eV_per_A:
            self.reasons.append(f"{form.name} would change forces by {difference:.1e} eV/Å")
            return False
        self.agreed[form.name], self.deviations[form.name] = loaded, difference
        return True


def _cluster(configuration: Configuration) -> Configuration:
    """The atoms nearest to the first one without their images, where there are more than `COMPARED_ATOMS`."""
    if len(configuration.numbers) <= COMPARED_ATOMS:
        return configuration
    positions = configuration.positions
    near = np.argsort(np.linalg.norm(positions - positions[0], axis=1))[:COMPARED_ATOMS]
    return replace(
        configuration,
        numbers=configuration.numbers[near],
        positions=positions[near],
        pbc=(False, False, False),
    )
