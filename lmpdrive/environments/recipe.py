"""Contents of the isolated environment of an architecture family.  Data only: `install.py` installs it."""

from __future__ import annotations

from dataclasses import dataclass

from lmpdrive.environments.cards import CardWheels


@dataclass(frozen=True)
class Recipe:
    """Packages of one family.  Architectures with compatible packages may share a family.

    Example, a package with a lean set of dependencies on CPUs:

        Recipe(
            family="fairchem",
            requirements=("hydra-core", "huggingface-hub"),
            torch="torch==2.13.0",
            no_deps=("fairchem-core==2.24.0",),
            size_GB=1.1,
            cuda_size_GB=6.0,
        )
    """

    family: str
    """Name of the environment: `lmpdrive env create FAMILY`."""
    size_GB: float
    """Disk it takes without CUDA, core included; reported before anything is downloaded."""
    requirements: tuple[str, ...] = ()
    """Installed with their dependencies, in one resolution with those of lmpdrive's core."""
    cpu: tuple[str, ...] = ()
    """More requirements on a machine without a GPU."""
    cuda: tuple[str, ...] = ()
    """More requirements on a machine with an NVIDIA GPU."""
    cuda_wheels: tuple[CardWheels, ...] = ()
    """Packages with a wheel for each kind of NVIDIA card: the one for the card at hand, where there is one."""
    torch: str | None = None
    """`torch==X.Y.Z`: PyTorch's CPU build on a machine without a GPU, its CUDA build with one."""
    no_deps: tuple[str, ...] = ()
    """Installed last and without their dependencies: name those that are needed in `requirements`."""
    cuda_size_GB: float | None = None
    """Disk it takes with CUDA; default: as without."""
    named_by_user: str = ""
    """What the user must add with `--with`, in words, e.g. "the calculator's package"; empty: nothing."""
    imports: tuple[str, ...] = ()
    """Modules that must import before the environment counts as complete."""

    licence: str = ""
    """Package and licence where it restricts who may use it, reported before anything is downloaded."""

    @property
    def command(self) -> str:
        """What makes the environment."""
        return f"lmpdrive env create {self.family}" + (" --with PACKAGE" if self.named_by_user else "")

    @property
    def packages(self) -> tuple[str, ...]:
        """Those of one fixed version, on which the numbers depend; the model's own first."""
        requirements = (*self.no_deps, *self.requirements, *self.cpu, *self.cuda)
        pinned = (r.partition("==")[0].partition("[")[0] for r in requirements if "==" in r)
        return tuple(dict.fromkeys(pinned))

    def size(self, cuda: bool) -> float:
        """Disk [GB]."""
        return self.cuda_size_GB if cuda and self.cuda_size_GB is not None else self.size_GB
