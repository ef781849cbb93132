"""Writing a run directory: what the classical run before the first step did, in the terminal and in the manifest."""

import pytest

from lmpdrive.common.manifest import read_manifest
from lmpdrive.config.load import load
from lmpdrive.stages.write import write_run_directory

SMALL = {"metal": "Pt", "repeat": [4, 4], "layers": 2, "water_thickness_A": 12, "vacuum_A": 12, "relax_ps": 0.02}
LENNARD_JONES = {"architecture": "ase", "calculator": "ase.calculators.lj:LennardJones"}


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"ions": {"ClO4": 1, "Na": 1}}, "moved water and simple ions only; as they were packed: ClO4. Keep"),
        ({"solvent": "methanol"}, "has parameters for water only; as they were packed: methanol. Keep"),
        ({"ions": {"K": 1}}, ""),
    ],
)
def test_what_stays_as_it_was_packed_is_said_and_kept_in_the_manifest(write_yaml, tmp_path, changes, said):
    file = write_yaml({"system": {"build": SMALL | changes}, "potential": LENNARD_JONES})
    lines: list[str] = []
    write_run_directory(load(file), file, tmp_path / "run", lines.append, to_run=False)
    notes = [line for line in read_manifest(tmp_path / "run").system.report if "packed" in line]
    assert len(notes) == bool(said) and all(said in note for note in notes)
    assert [line for line in lines if "packed" in line] == [f"note: {note}" for note in notes]
