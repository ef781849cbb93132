"""What the program takes is valid in the schema that editors use, and what it refuses is marked at the right key."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest
import yaml

from lmpdrive.config import schema
from lmpdrive.config.starter import STARTER
from tests.docs.test_docs import PAGES, blocks, name

ROOT = Path(__file__).parents[2]
WHOLE = {"system", "potential"}
FILES = [
    path
    for folder in ("inputs", "studies")
    for path in sorted((ROOT / folder).rglob("*.yaml"))
    if set(yaml.safe_load(path.read_text())) >= WHOLE
]


@pytest.fixture(scope="module")
def validator():
    content = json.loads(schema())
    jsonschema.Draft202012Validator.check_schema(content)
    return jsonschema.Draft202012Validator(content)


def found(validator, content):
    """Places and messages of what is wrong."""
    return [(".".join(map(str, e.absolute_path)), e.message) for e in validator.iter_errors(content)]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_shipped_files_are_valid(validator, path):
    assert found(validator, yaml.safe_load(path.read_text())) == []


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_files_of_the_docs_are_valid(validator, page):
    for block in blocks(page):
        content = yaml.safe_load(block.text) if block.language == "yaml" else None
        if isinstance(content, dict) and set(content) >= WHOLE:
            assert found(validator, content) == []


def test_the_starter_is_valid(validator):
    assert found(validator, yaml.safe_load(STARTER)) == []


@pytest.mark.parametrize(
    "changes",
    [
        "system: {build: {facet: 111}}",
        "system: {build: {solvent: methanol}}",
        "guard: off",
        "guard: {force_eV_per_A: off}",
        "dynamics: {freeze: layer_1, walls: {face: zhi, from_A: 18}}",
        "dynamics: {stages: [{ramp: [300, 400], ps: 5}, {nvt: true, ps: 1}, {production: true, ps: 1}]}",
        "observables: [./mine.py]",
        "potential: {architecture: ./mine.py, depth_eV: 3}",
        "potential: {architecture: quip, model: gap.xml, kokkos: true}",
    ],
)
def test_short_forms_are_valid(validator, changes):
    base = {"system": {"read": "a.xyz"}, "potential": {"architecture": "classical"}}
    assert found(validator, base | yaml.safe_load(changes)) == []


@pytest.mark.parametrize(
    ("changes", "place", "message"),
    [
        ("potential: {architecture: mace, model: a.model, modle: b}", "potential", "'modle' was unexpected"),
        ("potential: {architecture: mace}", "potential", "'model' is a required property"),
        ("potential: {architecture: clasical}", "potential.architecture", "'clasical' is not valid"),
        ("potential: {architecture: classical, cutoff_A: far}", "potential.cutoff_A", "not of type 'number'"),
        ("guard: {force: 3}", "guard", "'force' was unexpected"),
        ("dynamics: {timestep_fs: a}", "dynamics.timestep_fs", "'a' is not of type 'number'"),
    ],
)
def test_what_is_wrong_is_marked_at_its_key(validator, changes, place, message):
    base = {"system": {"read": "a.xyz"}, "potential": {"architecture": "classical"}}
    ((where, text),) = found(validator, base | yaml.safe_load(changes))
    assert where == place and message in text


def test_descriptions_have_units():
    dynamics = json.loads(schema())["$defs"]["Dynamics"]["properties"]
    assert dynamics["timestep_fs"]["description"].endswith("[fs]")
    assert dynamics["temperature_K"]["description"].endswith("[K]")
