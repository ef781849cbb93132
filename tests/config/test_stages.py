"""`dynamics.stages`: short forms, what is left to defaults, lengths, and what cannot be meant."""

import pytest
import yaml

from lmpdrive.config import dump_yaml, load
from lmpdrive.errors import ConfigError
from tests.conftest import SMALL_CLASSICAL

ISSUE = [{"ramp": [300, 400], "ps": 5}, {"nvt": 400, "ps": 10}, {"production": True, "ps": 20}]
WITHOUT = {key: value for key, value in SMALL_CLASSICAL.items() if key != "dynamics"}


@pytest.fixture
def stages(write_yaml):
    """The configuration with these stages, and these other keys of `dynamics`."""

    def loaded(content, overrides=(), **dynamics):
        return load(write_yaml(WITHOUT | {"dynamics": {"stages": content, **dynamics}}), overrides)

    return loaded


def test_the_stages_of_the_issue(stages):
    config = stages(ISSUE)
    assert [(s.name, s.steps, s.ensemble, s.begin_K, s.end_K, s.production) for s in config.plan] == [
        ("ramp", 10_000, "nvt", 300, 400, False),
        ("nvt", 20_000, "nvt", 400, 400, False),
        ("production", 40_000, "nvt", 400, 400, True),
    ]
    assert (config.equilibrate_steps, config.production_steps) == (30_000, 40_000)
    dynamics = config.dynamics
    assert (dynamics.equilibrate_ps, dynamics.production_ps, dynamics.temperature_K) == (15, 20, 400)


def test_without_stages_there_are_two(write_yaml):
    config = load(write_yaml(SMALL_CLASSICAL))
    assert [(s.name, s.steps, s.production, s.listed) for s in config.plan] == [
        ("equilibrate", 100, False, False),
        ("production", 400, True, False),
    ]


def test_each_stage_has_its_own(stages):
    content = [
        {"nve": True, "ps": 1, "timestep_fs": 0.25},
        {"nvt": True, "ps": 1, "thermostat": {"style": "langevin", "damping_fs": 500}},
        {"nvt": 350, "ps": 1, "frames_every_fs": 5},
        {"name": "long", "ramp_K": [350, 320], "ps": 1},
        {"production": True, "ps": 2},
        {"production": True, "ps": 2, "ensemble": "nve"},
    ]
    plan = stages(content, temperature_K=310).plan
    assert [s.name for s in plan] == ["nve", "nvt", "nvt_2", "long", "production", "production_2"]
    assert [s.steps for s in plan] == [4000, 2000, 2000, 2000, 4000, 4000]
    assert [(s.begin_K, s.end_K) for s in plan] == [(310, 310), (310, 310), (350, 350), (350, 320), *2 * [(320, 320)]]
    assert [s.frames_every for s in plan] == [None, None, 10, None, None, None]
    assert [s.thermostat.style for s in plan][:3] == ["nose-hoover", "langevin", "nose-hoover"]
    assert not plan[1].moves_like(plan[0]) and not plan[2].moves_like(plan[1])


def test_resolved_yaml_means_the_same(stages, tmp_path):
    config = stages(ISSUE, temperature_K=290)
    file = tmp_path / "resolved.yaml"
    file.write_text(dump_yaml(config))
    assert load(file) == config
    longer = load(file, ["dynamics.production_ps=30"])
    assert [s.steps for s in longer.plan] == [10_000, 20_000, 60_000]


def test_a_file_that_extends_another_may_name_stages(write_yaml, tmp_path):
    write_yaml(SMALL_CLASSICAL)
    (tmp_path / "mine.yaml").write_text("extends: system.yaml\n" + yaml.safe_dump({"dynamics": {"stages": ISSUE}}))
    assert load(tmp_path / "mine.yaml").production_steps == 40_000


PRODUCTION = {"production": True, "ps": 1}


@pytest.mark.parametrize(
    ("content", "others", "words"),
    [
        ([], {}, "is empty"),
        ([{"ramp": [300, 400]}], {}, "stages.0.ps: is missing"),
        ([{"ramp": [300], "ps": 1}], {}, "ramp_K"),
        ([{"nvt": 300, "npt": 300, "ps": 1}], {}, "one ensemble a stage"),
        ([{"nvt": 300, "ramp": [300, 400], "ps": 1}], {}, "not both"),
        ([{"nve": True, "ramp": [300, 400], "ps": 1}], {}, "no thermostat"),
        ([{"ramp": [300, 400], "ps": 1}], {"ensemble": "nve"}, "needs ensemble: nvt"),
        ([PRODUCTION, {"nvt": 400, "ps": 1}], {}, "stage nvt follows the production.*campaign"),
        ([{"name": "a", "ps": 1}, {"name": "a", "ps": 1}], {}, "2 stages have the name a"),
        ([{"name": "my stage", "ps": 1}], {}, "begins with a letter"),
        ([{"name": "minimise", "ps": 1}], {}, "none of minimise"),
        ([{"name": "production", "ps": 1}], {}, "add production: true"),
        ([PRODUCTION | {"timestep_fs": 1}], {}, "dynamics.timestep_fs"),
        ([PRODUCTION | {"frames_every_fs": 1}], {}, "output.frames_every_fs"),
        ([{"nvt": 300, "ps": 1, "timestep_fs": 0.0005}], {}, "looks like picoseconds"),
        ([{"nvt": 300, "ps": 1, "frames_every_fs": 0.7}], {}, "not a multiple of its timestep"),
        ([{"nvt": 300, "ps": 1e-5}], {}, "shorter than a timestep"),
        ([{"nvt": 300, "ps": 1, "timestep_fs": 5}], {"thermostat": {"damping_fs": 20}}, "stage nvt: thermostat.damp"),
        ([PRODUCTION], {"production_ps": 20}, "production_ps: 20 ps, but dynamics.stages has 1 ps"),
        ([PRODUCTION], {"equilibrate_ps": 2}, "take equilibrate_ps out"),
        ([{"nvt": 300, "ps": 1, "lenght": 3}], {}, "unknown key"),
    ],
)
def test_what_cannot_be_meant_is_said(stages, content, others, words):
    with pytest.raises(ConfigError, match=f"(?s){words}"):
        stages(content, **others)


@pytest.mark.parametrize(
    ("content", "ps", "words"),
    [
        ([PRODUCTION | {"ramp": [300, 400]}], "5", "without a ramp"),
        ([{"nvt": 300, "ps": 1}], "5", "must be a production"),
        ([PRODUCTION, PRODUCTION], "1", "above 1 ps"),
        ([PRODUCTION], "long", "write a number"),
    ],
)
def test_what_cannot_be_made_longer(stages, content, ps, words):
    with pytest.raises(ConfigError, match=words):
        stages(content, [f"dynamics.production_ps={ps}"])


def test_the_equilibration_may_have_another_thermostat(write_yaml):
    own = ['dynamics.equilibrate_thermostat={"style": "langevin", "damping_fs": 100}']
    first, production = load(write_yaml(SMALL_CLASSICAL), own).plan
    assert (first.thermostat.style, production.thermostat.style) == ("langevin", "nose-hoover")
    assert not production.moves_like(first)
    with pytest.raises(ConfigError, match=r"equilibrate_thermostat\.damping_fs: 0\.1 fs is 0\.2 timesteps"):
        load(write_yaml(SMALL_CLASSICAL), ['dynamics.equilibrate_thermostat={"damping_fs": 0.1}'])


def test_a_stage_has_its_own_thermostat_alone(stages):
    with pytest.raises(ConfigError, match="give the stage its own thermostat"):
        stages(ISSUE, equilibrate_thermostat={"style": "langevin"})
