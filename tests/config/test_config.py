"""YAML -> models: every mistake names its line, the value, the choices and the fix."""

import json

import pytest
import yaml

from lmpdrive.config import dump_yaml, load, schema
from lmpdrive.config.starter import STARTER
from lmpdrive.errors import ConfigError
from tests.conftest import ROOT, SMALL_CLASSICAL

INPUTS = sorted((ROOT / "inputs").glob("*.yaml"))


@pytest.mark.parametrize("path", INPUTS, ids=lambda p: p.stem)
def test_shipped_inputs_load(path):
    assert load(path).dynamics.timestep_fs == 0.5


def test_defaults_are_those_of_the_founding_study(write_yaml):
    dynamics = load(write_yaml({k: v for k, v in SMALL_CLASSICAL.items() if k != "dynamics"})).dynamics
    assert (dynamics.temperature_K, dynamics.timestep_fs, dynamics.fixed_layers) == (300, 0.5, 2)
    assert (dynamics.thermostat.style, dynamics.thermostat.damping_fs, dynamics.thermostat.chain) == (
        "nose-hoover",
        50,
        3,
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("dynamics:\n  temprature_K: 300", ["line 2", "unknown key", "did you mean 'temperature_K'"]),
        ("dynamic:\n  timestep_fs: 1", ["line 1", "unknown key", "did you mean 'dynamics'"]),
        ("dynamics: {timestep_fs: 0.0005}", ["0.0005 fs looks like picoseconds", "write 0.5"]),
        ("dynamics: {timestep_fs: 50}", ["50 fs", "unit is fs"]),
        ("dynamics: {thermostat: {damping_fs: 0.05}}", ["0.05 fs is 0.1 timesteps", "not ps"]),
        ("dynamics: {thermostat: {damping_fs: 100000}}", ["100000 fs is 200000 timesteps", "100 timesteps"]),
        ("dynamics: {thermostat: {style: nose}}", ["nose-hoover", "langevin", "'nose'"]),
        ("dynamics: {temperature_K: -3}", ["temperature_K", "greater than 0", "-3"]),
        ("output: {frames_every_fs: 0.7}", ["0.7 fs is not a multiple of the timestep", "take 0.5"]),
        ("observables: {blocks: 1}", ["blocks", "greater than or equal to 2"]),
        ("run: {threads: 0}", ["threads", "greater than 0"]),
        ("run: 7", ["line 1", "run"]),
    ],
)
def test_mistakes(tmp_path, text, expected):
    path = tmp_path / "system.yaml"
    path.write_text(text + "\nsystem: {build: {}}\npotential: {architecture: classical}\n")
    with pytest.raises(ConfigError) as caught:
        load(path)
    for part in expected:
        assert part in str(caught.value)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "must contain sections"),
        ("[1, 2]", "must contain sections"),
        ("a: [", "not valid YAML"),
        ("system: {build: {}}", "needs 'architecture:'"),
        ("system: {build: {}}\npotential: {architecture: deepmod}", "did you mean 'deepmd'"),
        ("system: {build: {}}\npotential: {architecture: ./no.py}", "there is no file"),
        ("system: {build: {}}\npotential: {architecture: deepmd}", "potential.model: is missing"),
        ("system: {build: {}}\npotential: {architecture: deepmd, model: x.pb, modle: 1}", "did you mean 'model'"),
        ("system: {}\npotential: {architecture: classical}", "exactly one of 'build:'"),
        ("system: {build: {metal: Xx}}\npotential: {architecture: classical}", " Au, "),
        (
            "system: {build: {ions: {Na: 2}, ion_heights_A: [4]}}\npotential: {architecture: classical}",
            "1 values for 2",
        ),
    ],
)
def test_whole_files(tmp_path, text, expected):
    path = tmp_path / "system.yaml"
    path.write_text(text)
    with pytest.raises(ConfigError) as caught:
        load(path)
    assert expected in str(caught.value)


def test_all_problems_are_told_at_once(tmp_path):
    path = tmp_path / "system.yaml"
    path.write_text(
        "system: {build: {metal: Xx}}\npotential: {architecture: classical, cutof_A: 3}\nrun: {threads: 0}\n"
    )
    with pytest.raises(ConfigError) as caught:
        load(path)
    assert len(str(caught.value).splitlines()) == 3


def test_missing_file_names_init():
    with pytest.raises(ConfigError, match="lmpdrive init"):
        load("no-such-file.yaml")


def test_overrides(write_yaml):
    path = write_yaml(SMALL_CLASSICAL)
    config = load(path, ["dynamics.temperature_K=330", "system.build.ions={K: 2}", "run.threads=2"])
    assert (config.dynamics.temperature_K, config.system.build.ions, config.run.threads) == (330, {"K": 2}, 2)
    for wrong in ("temperature", "dynamics.temprature_K=3", "dynamics.timestep_fs.x=1", "run.threads=[", "=3"):
        with pytest.raises(ConfigError):
            load(path, [wrong])


def test_models_are_frozen(write_yaml):
    config = load(write_yaml(SMALL_CLASSICAL))
    with pytest.raises(ValueError, match="frozen"):
        config.dynamics.temperature_K = 5


def test_resolved_file_means_the_same(write_yaml, tmp_path):
    config = load(write_yaml(SMALL_CLASSICAL))
    resolved = tmp_path / "resolved.yaml"
    resolved.write_text(dump_yaml(config))
    assert load(resolved) == config


def test_starter_loads(tmp_path):
    path = tmp_path / "system.yaml"
    path.write_text(STARTER)
    assert load(path).potential.architecture == "classical"


def test_schema_describes_every_key():
    content = json.loads(schema())
    assert set(content["properties"]) >= {"system", "potential", "dynamics", "output", "observables", "run"}
    assert content["additionalProperties"] is False
    for name, section in content["$defs"].items():
        for key, field in section.get("properties", {}).items():
            assert field.get("description") or key == "architecture", f"{name}.{key} has no description"
    known = content["properties"]["potential"]["properties"]["architecture"]["anyOf"][0]["enum"]
    assert {"classical", "deepmd"} <= set(known)
    assert yaml.safe_load(STARTER).keys() <= content["properties"].keys()


def test_a_list_of_files_is_short_for_extra(write_yaml, tmp_path):
    (tmp_path / "mine.py").write_text("")
    config = load(write_yaml(SMALL_CLASSICAL, observables=["./mine.py"]))
    assert config.observables.extra == [tmp_path / "mine.py"]
    assert config.observables.names is None
    (tmp_path / "elsewhere").mkdir()
    resolved = tmp_path / "elsewhere" / "resolved.yaml"
    resolved.write_text(dump_yaml(config))
    assert load(resolved).observables == config.observables  # the file is still the same one


def test_a_list_of_names_says_what_to_write(write_yaml):
    with pytest.raises(ConfigError, match=r"'rdf' is none; to choose observables write names"):
        load(write_yaml(SMALL_CLASSICAL, observables=["rdf"]))


@pytest.mark.parametrize("value", ["auto", 0, 2.5])
def test_discard_is_a_time_or_auto(write_yaml, value):
    assert load(write_yaml(SMALL_CLASSICAL, observables__discard_ps=value)).observables.discard_ps == value


@pytest.mark.parametrize(("key", "value"), [("discard_ps", "some"), ("discard_ps", -1), ("target_error", 0)])
def test_wrong_numbers_of_the_analysis(write_yaml, key, value):
    with pytest.raises(ConfigError, match=f"observables.{key}"):
        load(write_yaml(SMALL_CLASSICAL, **{f"observables__{key}": value}))


BASE = "system: {read: water.xyz}\npotential: {architecture: deepmd, model: pt-water-dp, compress: never}\n"


def test_a_file_goes_over_the_one_it_extends(tmp_path):
    (tmp_path / "base.yaml").write_text(BASE + "dynamics: {temperature_K: 330, thermostat: {chain: 5}}\n")
    own = tmp_path / "own.yaml"
    own.write_text("extends: base.yaml\npotential: {architecture: mace, model: m.model}\ndynamics: {timestep_fs: 1}\n")
    config = load(own, ["dynamics.seed=7"])
    assert (config.potential.architecture, config.potential.model) == ("mace", str(tmp_path / "m.model"))
    dynamics = config.dynamics
    assert (dynamics.temperature_K, dynamics.timestep_fs, dynamics.thermostat.chain, dynamics.seed) == (330, 1, 5, 7)
    (tmp_path / "third.yaml").write_text("extends: own.yaml\npotential: {dtype: float64}\n")
    assert load(tmp_path / "third.yaml").potential.dtype == "float64"
    assert load(tmp_path / "third.yaml").potential.architecture == "mace"
    (tmp_path / "resolved.yaml").write_text(dump_yaml(config))
    assert load(tmp_path / "resolved.yaml") == config, "resolved.yaml stands alone"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("extends: gone.yaml", "line 1: extends: there is no file"),
        ("extends: ../base.yaml", "of the same folder"),
        ("extends: own.yaml", "extends this file in turn"),
        ("extends: base.yaml\ndynamics: {temperatur_K: 3}", r"own.yaml, line 2: dynamics.temperatur_K: unknown key"),
        ("extends: wrong.yaml", r"wrong.yaml, line 2: run.thread: unknown key"),
        ("extends: base.yaml\npotential: {architecture: mace}", r"own.yaml, line 2: potential.model: is missing"),
    ],
)
def test_a_wrong_extension_is_told_with_its_file_and_line(tmp_path, text, words):
    (tmp_path / "base.yaml").write_text(BASE)
    (tmp_path / "wrong.yaml").write_text("extends: base.yaml\nrun: {thread: 1}\n")
    (tmp_path / "own.yaml").write_text(text + "\n")
    with pytest.raises(ConfigError, match=words):
        load(tmp_path / "own.yaml")


def test_another_architecture_on_the_command_line_leaves_no_key_of_the_old_one_behind(tmp_path):
    (tmp_path / "base.yaml").write_text(BASE)
    given = ["potential.model=pt-water-mace", "potential.architecture=mace"]
    for overrides in (given, given[::-1], ["potential={architecture: mace, model: pt-water-mace}"]):
        assert load(tmp_path / "base.yaml", overrides).potential.model.endswith("pt-water-mace/mace.model")
    kept = load(tmp_path / "base.yaml", ["potential.architecture=deepmd"]).potential
    assert kept.compress == "never", "the same architecture keeps its keys"


def test_an_unknown_key_in_a_list_of_sections_has_its_choices(tmp_path):
    path = tmp_path / "system.yaml"
    path.write_text("system: {build: {solvent: [{nam: methanol}]}}\npotential: {architecture: classical}\n")
    with pytest.raises(ConfigError, match=r"solvent\.0\.nam: unknown key; did you mean 'name'\? Choices: name, smiles"):
        load(path)


def test_what_is_built_from_files_is_the_same_after_the_round_through_resolved_yaml(tmp_path):
    path = tmp_path / "system.yaml"
    ions = "ions: {a.xyz: 1, Na: 2}, ion_charges_e: {a.xyz: -1}"
    build = f"{{slab: POSCAR, {ions}, solvent: {{file: b.xyz, density_g_per_cm3: 1}}}}"
    path.write_text(f"system: {{build: {build}}}\npotential: {{architecture: classical}}\n")
    config = load(path)
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "resolved.yaml").write_text(dump_yaml(config))
    assert load(tmp_path / "run" / "resolved.yaml") == config
    assert config.system.build.slab == str(tmp_path / "POSCAR")
