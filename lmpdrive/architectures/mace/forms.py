"""The ways to evaluate a MACE model; which there are depends on the device, the options and what is installed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any, Literal, Protocol

from lmpdrive.architectures import Configuration, Evaluation
from lmpdrive.architectures.mace import cache, compiled, cueq
from lmpdrive.architectures.mace.inputs import needed
from lmpdrive.architectures.mace.model import eager
from lmpdrive.architectures.shared.edges import EdgeEvaluator, EdgeFunction

TABLE_LIMIT_EV_PER_A = 2e-5
LIMITS_EV_PER_A = {"float32": 1e-4, "float64": 1e-8}
SYMMETRIX = "symmetrix-xl==0.1.1"
"""Its evaluator has no public entry below ASE's: the version is the one whose entries `native` knows."""

Option = Literal["auto", "always", "never"]
Say = Callable[[str], object]


class Loaded(Protocol):
    """A form, ready to evaluate; `edge_count` is of its last configuration."""

    edge_count: int

    def __call__(self, configuration: Configuration) -> Evaluation:
        """Energy, forces, virial."""


@dataclass(frozen=True)
class Model:
    """A loaded model, one of its heads, and where it runs.

    key : identifies model, head and precision.
    """

    module: Any
    head: int
    key: str
    device: str

    @property
    def precision(self) -> str:
        """`float32` or `float64`."""
        return str(self.module.r_max.dtype).removeprefix("torch.")

    @property
    def numbers(self) -> list[int]:
        """Atomic numbers in the model's own order."""
        return [int(z) for z in self.module.atomic_numbers]

    def on_edges(self, function: EdgeFunction) -> EdgeEvaluator:
        """A function of edge vectors that stands for this model, on configurations."""
        r_max = self.module.r_max
        return EdgeEvaluator(function, self.numbers, float(r_max), r_max.dtype, self.device)

    def unchanged(self) -> EdgeEvaluator:
        """The model as it is."""
        return self.on_edges(eager(self.module, self.head))


@dataclass(frozen=True)
class Form:
    """One way to evaluate the model.

    limit_eV_per_A : largest difference of forces from the model's own with which it is used.
    make : a configuration, and the atomic numbers in the whole system -> the form, ready; slow the first time.
    """

    name: str
    limit_eV_per_A: float
    make: Callable[[Configuration, set[int], Say], Loaded]


@dataclass(frozen=True)
class Alternatives:
    """Forms of one kind, the faster first: of them the first that agrees with the model is used.

    wanted : the user asked for this kind, whether or not it is the fastest.
    """

    forms: tuple[Form, ...] = ()
    missing: str = ""
    """Why there are none."""
    wanted: bool = False


def alternatives(
    model: Model, compile_mode: Option, table: str, symmetrix: Option, cuequivariance: Option
) -> list[Alternatives]:
    """All kinds of forms; the options are those of the YAML file."""
    return [
        _scalar(model, compile_mode, table),
        _native(model, symmetrix, compile_mode, table),
        _compiled(model, compile_mode, table),
        _on_kernels(model, cuequivariance),
    ]


def _scalar(model: Model, compile_mode: Option, table: str) -> Alternatives:
    """The loops for models whose atoms exchange scalars; of other models nothing is said."""
    if compile_mode == "never" or table == "never" or model.device != "cpu" or find_spec("numba") is None:
        return Alternatives()

    from lmpdrive.architectures.mace import scalar, scalar_parameters

    def make(*_: object) -> Loaded:
        return scalar.ScalarEvaluator(scalar_parameters.read(model.module, model.head, model.precision))

    suits = not scalar_parameters.unsuited(model.module)
    return Alternatives((Form("in loops for scalar messages", TABLE_LIMIT_EV_PER_A, make),) if suits else ())


def _native(model: Model, mode: Option, compile_mode: Option, table: str) -> Alternatives:
    wanted = mode == "always"
    if mode == "never" or (not wanted and (compile_mode == "never" or table == "never")):
        return Alternatives()
    reason = _no_symmetrix(model, wanted)
    if reason:
        return Alternatives(missing=f"no symmetrix: {reason}")

    def make(_: Configuration, present: set[int], say: Say) -> Loaded:
        from lmpdrive.architectures.mace import extraction, native

        numbers = sorted(present, key=model.numbers.index)
        file = cache.anywhere(f"{model.key} {numbers} {extraction.LAYOUT} {SYMMETRIX}", ".symmetrix.json")
        if not file.is_file():
            say("extracting the MACE model for symmetrix, once: some seconds, for many channels a minute")
            extraction.write(model.module, model.head, numbers, file)
        return (native.NativeEvaluator if model.device == "cpu" else native.OnGpu)(file, model.precision)

    return Alternatives((Form("natively (symmetrix)", TABLE_LIMIT_EV_PER_A, make),), wanted=wanted)


def _no_symmetrix(model: Model, wanted: bool) -> str:
    """Why symmetrix cannot be tried; empty if it can."""
    if model.device != "cpu" and not wanted:
        return "on GPUs only with symmetrix: always"
    if find_spec("symmetrix") is None:
        return f"pip install {SYMMETRIX}"
    if f"symmetrix-xl=={cache.version_of('symmetrix-xl')}" != SYMMETRIX:
        return f"version {cache.version_of('symmetrix-xl')} is installed, this is made for {SYMMETRIX}"
    if compiled.compiler() is None:
        return compiled.NO_COMPILER
    return needed(model.module)


def _on_kernels(model: Model, mode: Option) -> Alternatives:
    if mode == "never" or (mode == "auto" and not model.device.startswith("cuda")):
        return Alternatives()
    reason = cueq.missing(model.device)
    if reason is not None:
        return Alternatives(missing=reason)

    def make(*_: object) -> Loaded:
        return model.on_edges(eager(cueq.convert(model.module, model.device), model.head))

    form = Form("on cuEquivariance kernels", LIMITS_EV_PER_A[model.precision], make)
    return Alternatives((form,), wanted=mode == "always")


def _compiled(model: Model, mode: Option, table: str) -> Alternatives:
    if mode == "never":
        return Alternatives(missing="potential.compile: never")
    if mode == "auto" and model.device != "cpu":
        return Alternatives(missing="potential.compile: auto compiles on CPUs only")
    if compiled.compiler() is None:
        return Alternatives(missing=compiled.NO_COMPILER)

    def form(name: str, tabled: bool, limit_eV_per_A: float) -> Form:
        key = f"{model.key} {'table' if tabled else 'plain'} {compiled.LAYOUT}"
        package = cache.of_machine(key, model.device, ".pt2")

        def make(configuration: Configuration, _: set[int], say: Say) -> Loaded:
            if not package.is_file():
                say(f"compiling the MACE model ({name}), once for this machine: one to two minutes")
                example = model.unchanged().edges(configuration)
                compiled.build(model.module, model.head, tabled, example, package)
            return model.on_edges(compiled.load(package))

        return Form(name, limit_eV_per_A, make)

    plain = form("compiled", False, LIMITS_EV_PER_A[model.precision])
    if table == "never" or not compiled.can_tabulate(model.module):
        return Alternatives((plain,))
    return Alternatives((form("compiled with radial tables", True, TABLE_LIMIT_EV_PER_A), plain))
