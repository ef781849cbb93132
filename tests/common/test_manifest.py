"""The manifest is a frozen model: what is absent is empty, what is unknown is kept, what is wrong is named."""

import json

import pytest
from pydantic import ValidationError

from lmpdrive.common.manifest import Manifest, Part, read_manifest, system_of, update_manifest, write_manifest
from lmpdrive.common.run_files import DECK, LOG, MANIFEST
from lmpdrive.errors import RunDirectoryError

CONTENT = {
    "state": "finished",
    "system": {"elements": ["O", "H"], "species": ["O", "H", "H"], "groups": {"water": "1:3"}, "charges_e": None},
    "dynamics": {
        "timestep_fs": 0.5,
        "stages": [{"name": "minimise", "steps": None}, {"name": "production", "steps": 8}],
    },
    "host": None,
    "of a later version": {"a": [1, 2]},
}


def test_no_manifest_has_no_entries(tmp_path):
    manifest = read_manifest(tmp_path)
    assert manifest.absent and manifest.state is None and manifest.system.species == () and manifest.parts == ()
    assert manifest.first_part == manifest.last_part == Part() and (Part().deck, Part().log) == (DECK, LOG)


def test_what_is_written_is_read_again_with_what_is_unknown(tmp_path):
    write_manifest(tmp_path, Manifest.of(CONTENT))
    written = json.loads((tmp_path / MANIFEST).read_text())
    assert written == {name: value for name, value in CONTENT.items() if name != "host"}
    manifest = read_manifest(tmp_path)
    assert manifest.host == {} and manifest.system.charges_e is None and manifest.dynamics.steps == 8
    assert read_manifest(tmp_path) == manifest == Manifest.of(CONTENT)


def test_an_update_changes_only_what_it_names(tmp_path):
    write_manifest(tmp_path, Manifest.of(CONTENT))
    parts = (Part(deck=DECK), Part(deck="in.1.lammps", from_step=4, restart="a.restart"))
    assert update_manifest(tmp_path, state="running", parts=parts).last_part.from_step == 4
    written = json.loads((tmp_path / MANIFEST).read_text())
    assert written["parts"] == [{"deck": DECK}, {"deck": "in.1.lammps", "from_step": 4, "restart": "a.restart"}]
    assert written["state"] == "running" and written["of a later version"] == CONTENT["of a later version"]
    assert written["system"] == CONTENT["system"] and "performance" not in written


def test_it_is_frozen():
    manifest = Manifest.of(CONTENT)
    with pytest.raises(ValidationError, match="frozen"):
        manifest.state = "running"
    with pytest.raises(ValidationError, match="frozen"):
        manifest.system.species = ()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"system": "Cu"}, r"system is 'Cu', not a section"),
        ({"system": {"elements": ["Au", "gold"]}}, r"system\.elements\.1 is 'gold', not the symbol of an element"),
        ({"system": {"elements": ["Au\n"]}}, r"system\.elements\.0 is 'Au\\n', not the symbol of an element"),
        ({"system": {"two_sided": "no"}}, r"system\.two_sided is 'no', not yes or no"),
        ({"dynamics": {"timestep_fs": True}}, r"dynamics\.timestep_fs is 'True', not a number"),
        ({"dynamics": {"timestep_fs": float("nan")}}, r"dynamics\.timestep_fs is 'nan', not a"),
        ({"output": {"frames_every_steps": 0}}, r"output\.frames_every_steps is '0', not a positive number"),
        ({"parts": [3]}, r"parts\.0 is '3', not a section"),
        ({"files": {"in.lammps": 3}}, r"files\.in\.lammps is '3', not text"),
    ],
)
def test_a_wrong_entry_is_named(tmp_path, change, message):
    (tmp_path / MANIFEST).write_text(json.dumps(CONTENT | change))
    with pytest.raises(RunDirectoryError, match=f"{MANIFEST} is damaged: {message}"):
        read_manifest(tmp_path)


def test_a_system_without_its_groups_is_refused(tmp_path):
    write_manifest(tmp_path, Manifest.of({"system": {"elements": ["O"], "species": ["O"]}}))
    with pytest.raises(RunDirectoryError, match=r"has no system\.groups"):
        system_of(tmp_path)
    write_manifest(tmp_path, Manifest.of(CONTENT))
    assert system_of(tmp_path).groups == {"water": "1:3"}
