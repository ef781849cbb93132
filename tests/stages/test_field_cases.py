"""What people met when they ran and resumed decks: `../shared/field-cases/decks`."""

from __future__ import annotations

import shutil

import pytest

import lmpdrive
from lmpdrive.common.manifest import read_manifest
from lmpdrive.engine.agreement.compare import UnequalError
from lmpdrive.errors import RunDirectoryError
from tests.field_cases import deck_case
from tests.stages.resuming import resumed


def test_a_deck_edited_after_the_run(tmp_path):
    run = lmpdrive.render(deck_case("resume-edited-after-run") / "in.yaml", tmp_path / "r")
    assert resumed(run) == "finished"
    deck = run / "in.lammps"
    deck.write_text(deck.read_text().replace("300.0 300.0", "320.0 320.0"))
    with pytest.raises(RunDirectoryError, match=r"in.lammps was edited after the run began.*--accept-deck"):
        resumed(run, ["dynamics.production_ps=1.4"])


def test_a_link_to_an_empty_folder(tmp_path):
    (tmp_path / "real").mkdir()
    (tmp_path / "lout").symlink_to("real")
    lmpdrive.render(deck_case("out-symlink-empty") / "in.yaml", tmp_path / "lout")
    assert (tmp_path / "real" / "in.lammps").is_file() and (tmp_path / "lout").is_symlink()


@pytest.mark.validation
def test_a_missing_link_to_a_compressed_model(tmp_path):
    run = lmpdrive.render(deck_case("resume-model-link-missing") / "in.yaml", tmp_path / "r")
    assert resumed(run) == "finished"
    (run / "model.pb").unlink()
    said = []
    assert resumed(run, ["dynamics.production_ps=0.12"], said) == "finished"
    assert any(line.startswith("the link model.pb was not there: made again") for line in said)


@pytest.mark.validation
def test_a_template_that_takes_interactions_out(tmp_path):
    """In the block of the guard, after the potential: the comparison of the first frame covers it."""
    folder = shutil.copytree(deck_case("template-guard-block-not-compared"), tmp_path / "case")
    run = lmpdrive.render(folder / "in.yaml", tmp_path / "r")
    with pytest.raises(UnequalError, match="neigh_modify exclude"):
        resumed(run)
    assert read_manifest(run).state == "failed"
