"""Shared helpers: small systems that run in seconds, and the shipped inputs."""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path

import pytest
import yaml
from xdist.scheduler.loadscope import LoadScopeScheduling

ROOT = Path(__file__).parents[1]

# the models of the tests may be loaded; tests/common/test_trust.py and tests/docs/test_docs.py take it away
os.environ["LMPDRIVE_TRUST"] = "all"
# before NumPy and PyTorch come: the tests take all cores, each process one
os.environ.setdefault("OMP_NUM_THREADS", "1")

SMALL_CLASSICAL = {
    "system": {
        "build": {
            "metal": "Au",
            "repeat": [4, 4],
            "layers": 3,
            "ions": {"Na": 1},
            "water_thickness_A": 12,
            "vacuum_A": 12,
        }
    },
    "potential": {"architecture": "classical"},
    "dynamics": {"fixed_layers": 1, "equilibrate_ps": 0.05, "production_ps": 0.2},
    "output": {"report": False},
}
SMALL_DEEPMD = {
    "system": {
        "build": {
            "metal": "Pt",
            "repeat": [3, 4],
            "layers": 3,
            "lattice_constant_A": 3.94,
            "water_thickness_A": 10,
            "vacuum_A": 10,
            "relax_ps": 0.5,
        }
    },
    "potential": {"architecture": "deepmd", "model": "pt-water-dp", "compress": "never"},
    "dynamics": {
        "fixed_layers": 1,
        "minimise": {"max_steps": 30},
        "equilibrate_ps": 0.02,
        "production_ps": 0.1,
        "temperature_K": 330,
    },
    "output": {"report": False},
}


SLOW = (
    "tests/campaigns/test_slurm.py",
    "tests/studies/test_quick_study.py",
    "tests/campaigns/test_report.py",
    "tests/docs/test_docs.py::test_commands_run[README.md]",
    "tests/architectures/test_nequip.py",
    "tests/architectures/test_mace_native.py",
    "tests/engine/agreement/test_models.py",
    "tests/architectures/test_contract.py",
    "tests/campaigns/test_chaos.py",
    "tests/learning/test_loop.py",
    "tests/architectures/test_mace.py",
    "tests/benchmarks/test_mace_gpu.py",
    "tests/docs/test_docs.py::test_commands_run[",
)
"""Begun first, in this order: most take a minute or more, and one that began last would run beside an idle core."""


def scope_of(nodeid: str) -> str:
    """What stays on one core: a file, as its tests share what they render or run; a page of the docs."""
    return nodeid if nodeid.startswith("tests/docs/test_docs.py::test_commands_run[") else nodeid.split("::")[0]


def pytest_collection_modifyitems(items):
    """Slow scopes, then those with many tests; `pytest FILE` keeps the order of the file."""
    scopes = [scope_of(item.nodeid) for item in items]
    size = Counter(scopes)
    rank = {scope: next((n for n, start in enumerate(SLOW) if scope.startswith(start)), len(SLOW)) for scope in size}
    items.sort(key=lambda item: (rank[s := scope_of(item.nodeid)], -size[s], s))


class Scheduling(LoadScopeScheduling):
    """Scopes in the order of the collection, where xdist's own order begins with those of most tests."""

    def _split_scope(self, nodeid):
        return scope_of(nodeid)


def pytest_xdist_make_scheduler(config, log):
    config.option.loadscopereorder = False
    return Scheduling(config, log)


@pytest.fixture
def write_yaml(tmp_path):
    """Write a dictionary as `system.yaml`; keyword `potential__model=...` changes one value."""

    def write(content: dict, **changes) -> Path:
        content = yaml.safe_load(yaml.safe_dump(content))
        for key, value in changes.items():
            *sections, last = key.split("__")
            target = content
            for section in sections:
                target = target.setdefault(section, {})
            target[last] = value
        path = tmp_path / "system.yaml"
        path.write_text(yaml.safe_dump(content, sort_keys=False))
        return path

    return write


def thermo_table(log: Path) -> list[list[str]]:
    """The thermo lines of all runs, as LAMMPS printed them."""
    rows, columns = [], 0
    for line in log.read_text().splitlines():
        words = line.split()
        if words[:1] == ["Step"]:
            columns = len(words)
        elif line.startswith("Loop time"):
            columns = 0
        elif columns and len(words) == columns and words[0].isdigit():
            rows.append(words)
    return rows
