"""Base of architectures that are a pair style where LAMMPS has it, and else run through their own ASE calculator."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar, Literal, Self

from pydantic import field_validator

from lmpdrive.architectures.base.couplings import Callback, Native
from lmpdrive.architectures.base.evaluator import AseEvaluator, Evaluator
from lmpdrive.architectures.base.interface import Interface
from lmpdrive.architectures.base.limits import DOUBLE, Limits
from lmpdrive.architectures.base.many_couplings import ManyCouplings
from lmpdrive.architectures.base.pair_style import PairStyle
from lmpdrive.architectures.base.problem import Problem
from lmpdrive.architectures.shared.committee import HasCommittee
from lmpdrive.errors import ModelError

CALLBACK_TEMPLATE = "callback.lmp.j2"


class StyleOrCallback(HasCommittee, ManyCouplings, PairStyle):
    """A pair style with its model files, or the same files read by the model's own Python package.

    A subclass names both couplings, `Native(...)` first and `Callback(template=CALLBACK_TEMPLATE, title=...)` last, and
    makes the calculator from the files it is given.
    """

    committee: list[Path] = []
    """Further models, files like `model`; their deviation goes to `model_devi.out`."""

    kokkos_style: ClassVar[bool] = False
    """Whether LAMMPS' KOKKOS package has the pair style; without it `kokkos: auto` means never."""

    @field_validator(
        "kokkos", mode="before", json_schema_input_type=Literal["auto", "always", "never", "threads"] | bool
    )
    @classmethod
    def _yes_or_no(cls, value: Any) -> Any:
        """`kokkos: true` and `false`, as for pair styles with one coupling."""
        return {True: "always", False: "never"}[value] if isinstance(value, bool) else value

    def resolve(self, folder: Path) -> Self:
        """A copy with absolute file names, the committee's too."""
        return super().resolve(folder).model_copy(update={"committee": self.resolved_committee(folder)})

    def couplings_of_file(self) -> tuple[Native | Callback, ...]:
        """Those of `couplings` that this model file allows, preferred first."""
        return self.couplings

    def possible_couplings(self) -> tuple[Native | Callback, ...]:
        """As the file allows; a committee is compared in Python, if the file allows that."""
        possible = self.couplings_of_file()
        in_python = tuple(c for c in possible if isinstance(c, Callback))
        return in_python if self.committee and in_python else possible

    @property
    def single_rank(self) -> str | None:  # type: ignore[override]
        """The calculator has the atoms of one process."""
        return None if isinstance(self.chosen, Native) else "a model in the same process runs on one rank"

    def decided(self, coupling: Native | Callback, kokkos: bool) -> Self:
        """As for all, without KOKKOS where it lacks the style."""
        return super().decided(coupling, kokkos and self.kokkos_style)

    def styles(self) -> dict[str, list[str]]:
        """With KOKKOS also its variant of the pair style, so that a LAMMPS without it is refused before the run."""
        styles = super().styles()
        if isinstance(self.chosen, Native) and self.with_kokkos:
            styles["pair"] += [f"{style}/kk" for style in styles["pair"]]
        return styles

    def problems(self, interface: Interface | None) -> list[Problem]:
        """As for any pair style, also of the committee; `kokkos: always` where KOKKOS lacks the style."""
        found = super().problems(interface)
        found += [problem for problem in self.committee_problems(interface) if problem not in found]
        if self.committee and self.coupling == "auto" and isinstance(self.chosen, Native):
            text = f"{self.model.name} runs in pair_style {self.chosen.pair_style} only. Take {self.instead}."
            found.append(Problem("error", f"potential.committee: models are compared in Python, and {text}"))
        if self.with_kokkos and not self.kokkos_style:
            native = next(c for c in self.couplings if isinstance(c, Native))
            text = f"LAMMPS' KOKKOS package has no pair_style {native.pair_style}. Leave the key out."
            found.append(Problem("error", f"potential.kokkos: {self.kokkos}: {text}"))
        return found

    def environment_problems(self) -> list[Problem]:
        """The pair style needs no Python module, only the interpreter's LAMMPS."""
        return [] if isinstance(self.chosen, Native) else super().environment_problems()

    def context(self, interface: Interface) -> dict[str, Any]:
        """What the pair style's template needs; nothing for the callback."""
        return super().context(interface) if isinstance(self.chosen, Native) else {}

    def model_files(self) -> dict[str, Path]:
        """Name in the run directory -> source, of the model alone."""
        return super().files()

    def files(self) -> dict[str, Path]:
        """Those of the model, and of the committee's members."""
        return self.model_files() | self.committee_files()

    def calculator(self, files: Mapping[str, Path]) -> Any:
        """The package's ASE calculator of these model files, named as in `model_files()`.  May raise anything."""
        raise NotImplementedError

    def evaluator(self, run_dir: Path, device: str) -> Evaluator:
        """The calculator, of the files that lie in the run directory.

        Raises ModelError if it cannot be made.
        """
        return self.with_committee(AseEvaluator(self.calculator_in(run_dir)), run_dir, device)

    def calculator_in(self, run_dir: Path) -> Any:
        """The calculator of the files that lie in a run directory.  Raises ModelError if it cannot be made."""
        sources = self.model_files()
        return self._made({n: local if (local := run_dir / n).exists() else p for n, p in sources.items()})

    def make_calculator(self) -> Any:
        """The same calculator, of the original files.  Raises ModelError if it cannot be made."""
        return self._made(self.model_files())

    def limits(self) -> Limits:
        """Both evaluate in double precision."""
        return DOUBLE

    def _made(self, files: Mapping[str, Path]) -> Any:
        try:
            return self.calculator(files)
        except ModelError:
            raise
        except Exception as error:  # other people's loaders raise anything
            first = (str(error) or type(error).__name__).splitlines()[0]
            raise ModelError(f"{self.title or self.architecture} cannot load {self.model.name}: {first}") from error
