"""The LAMMPS with ML-IAP, PYTHON and no KOKKOS that lies beside the repository on some machines."""

from __future__ import annotations

import os
import sysconfig
from pathlib import Path

import pytest

from tests.conftest import ROOT

HOME = Path(os.environ.get("LMPDRIVE_MLIAP_LAMMPS", ROOT.parent / "shared" / "lammps-mliap"))

needed = pytest.mark.skipif(
    not (HOME / "lammps" / "liblammps.so").is_file(),
    reason=f"no LAMMPS with ML-IAP and PYTHON in {HOME} (LMPDRIVE_MLIAP_LAMMPS names another folder)",
)


@pytest.fixture
def mliap_lammps(monkeypatch, tmp_path_factory) -> dict[str, str]:
    """Every process started from here finds that LAMMPS; returns the environment for its `lmp`."""
    libraries = tmp_path_factory.mktemp("libraries")
    (libraries / "liblammps.so.0").symlink_to(HOME / "lammps" / "liblammps.so")
    monkeypatch.setenv("PYTHONPATH", str(HOME))
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    search = os.pathsep.join([str(libraries), sysconfig.get_config_var("LIBDIR")])
    return os.environ | {"LD_LIBRARY_PATH": search}
