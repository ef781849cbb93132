"""Decks that LAMMPS runs without a word although the physics is another: what each rule flags, and what it leaves.

The decks are GOOD of test_rules.py with lines changed; water on platinum, 1 H, 2 O, 3 Pt, ids 1:4 fixed.
"""

from __future__ import annotations

import pytest

from lmpdrive.lint import lint
from tests.field_cases import HOME
from tests.lint.test_rules import BATH, COEFF, GOOD, PAIR, STEP, changed

READ = "read_data       system.data\n"
STYLE = "atom_style      atomic\n"
FROZEN = "fix             frozen fixed setforce 0 0 0\n"
ATOMS = [(1, 3), (2, 3), (3, 3), (4, 3), (5, 2), (6, 1), (7, 1), (8, 2), (9, 1), (10, 1), (11, 1), (12, 1)]
"""id and type of each atom: four fixed Pt, two water molecules 5 6 7 and 8 9 10, two H."""


def data(style: str = "atomic", charges=None, bonds=()) -> str:
    """A data file with these atoms; `charges` by type."""
    lines = ["water on platinum", "", "12 atoms", "3 atom types"]
    lines += [f"{len(bonds)} bonds", "1 bond types"] if bonds else []
    lines += ["", "0 10 xlo xhi", "", "Masses", "", "1 1.008", "2 15.999", "3 195.084", "", f"Atoms # {style}", ""]
    for id_, type_ in ATOMS:
        charge = (charges or {}).get(type_, 0.0)
        words = {"atomic": [type_], "charge": [type_, charge], "full": [1, type_, charge]}[style]
        lines.append(" ".join(str(w) for w in [id_, *words, 0.7 * id_, 1, 1]))
    if bonds:
        lines += ["", "Bonds", ""] + [f"{n} 1 {i} {j}" for n, (i, j) in enumerate(bonds, start=1)]
    return "\n".join(lines) + "\n"


@pytest.fixture
def found(tmp_path):
    """Code and level of the findings of a deck with this data file; notes left out."""

    def checked(text: str, file: str | None = None, **kwargs) -> list[tuple[str, str]]:
        (tmp_path / "system.data").write_text(file or data())
        (tmp_path / "in.lammps").write_text(text)
        report = lint(tmp_path / "in.lammps", **kwargs)
        assert all(f.what and f.fix for f in report.findings)
        return [(f.code, f.level) for f in report.findings if f.level != "note"]

    return checked


WATER = ((5, 6), (5, 7))
METAL_BONDS = ((1, 2), (2, 3))


def bonded(style: str = "full", after: str = "", pair: str = f"{PAIR}\n{COEFF}") -> str:
    """GOOD with an atom style that has bonds, and lines after the pair style."""
    text = changed(STYLE, f"atom_style {style}\n")
    return text.replace(f"{PAIR}\n{COEFF}", f"{pair}\nbond_style zero\nbond_coeff *\n{after}")


HYBRID = "pair_style hybrid/overlay {} lj/cut 8\npair_coeff * * lj/cut 0.1 2\npair_coeff * * {}"
METAL_ONLY = HYBRID.format("eam/alloy", "eam/alloy Pt.eam NULL NULL Pt")


@pytest.mark.parametrize(
    ("after", "pair", "bonds", "fires"),
    [
        ("", f"{PAIR}\n{COEFF}", WATER, True),
        ("special_bonds lj 0 0 1 coul 0 0 0.5", f"{PAIR}\n{COEFF}", WATER, True),
        ("special_bonds amber", f"{PAIR}\n{COEFF}", WATER, True),
        ("special_bonds lj/coul 1 0 1", f"{PAIR}\n{COEFF}", WATER, True),
        ("", "pair_style tersoff\npair_coeff * * a.tersoff H O Pt", WATER, True),
        ("", HYBRID.format("mliap unified m.pt 0", "mliap H O Pt"), WATER, True),
        ("", METAL_ONLY, METAL_BONDS, True),
        ("special_bonds lj/coul 1 1 1", f"{PAIR}\n{COEFF}", WATER, False),
        ("special_bonds lj/coul 0 0 0\nspecial_bonds lj/coul 1 1 1", f"{PAIR}\n{COEFF}", WATER, False),
        ("special_bonds lj 0 0 0 coul 1e-9 1e-9 1e-9", f"{PAIR}\n{COEFF}", WATER, False),
        ("kspace_style pppm 1e-4", f"{PAIR}\n{COEFF}", WATER, False),
        ("special_bonds lj/coul $w $w $w", f"{PAIR}\n{COEFF}", WATER, False),
        ("", "pair_style lj/cut 9\npair_coeff * * 0.1 3", WATER, False),
        ("", METAL_ONLY, WATER, False),
        ("", f"{PAIR}\n{COEFF}", (), False),
    ],
)
def test_special_bonds(found, after, pair, bonds, fires):
    expected = [("special-bonds", "error")] if fires else []
    assert found(bonded(after=after, pair=pair), data("full", bonds=bonds)) == expected


@pytest.mark.parametrize(
    ("pair", "lines", "fires"),
    [
        (f"{PAIR}\n{COEFF}", "neigh_modify exclude group fixed fixed", True),
        (f"{PAIR}\n{COEFF}", "neigh_modify delay 0 every 1 check yes exclude type 3 3", True),
        (f"{PAIR}\n{COEFF}", "neigh_modify include mobile", True),
        ("pair_style eam/alloy\npair_coeff * * a.eam H O Pt", "neigh_modify exclude molecule/intra all", True),
        (METAL_ONLY, "neigh_modify exclude type 3 3", True),
        (METAL_ONLY, "neigh_modify exclude group fixed fixed", True),
        (f"{PAIR}\n{COEFF}", "neigh_modify exclude group fixed fixed\nneigh_modify exclude none", False),
        (f"{PAIR}\n{COEFF}", "neigh_modify include mobile\nneigh_modify include all", False),
        (
            f"{PAIR}\n{COEFF}",
            "fix d all dplr model m.pb type_associate 2 3 bond_type 1\nneigh_modify exclude type 2 3",
            False,
        ),
        ("pair_style lj/cut 9\npair_coeff * * 0.1 3", "neigh_modify exclude group fixed fixed", False),
        (METAL_ONLY, "neigh_modify exclude type 1 1", False),
        (METAL_ONLY, "group water type 1 2\nneigh_modify exclude group water water", False),
    ],
)
def test_neigh_exclude(found, pair, lines, fires):
    text = changed(f"{PAIR}\n{COEFF}", f"{pair}\n{lines}")
    assert found(text) == ([("neigh-exclude", "error")] if fires else [])


@pytest.mark.parametrize(
    ("lines", "fires"),
    [
        ("neigh_modify every 50 delay 0 check no", True),
        ("neigh_modify delay 100 check yes", True),
        ("neighbor 0.3 bin\nneigh_modify every 10 delay 0", True),
        ("neigh_modify every 10 delay 0 check no", False),
        ("neighbor 1.0 bin\nneigh_modify every 10 delay 0 check no", False),
        ("neigh_modify every 50\nneigh_modify every 1", False),
        ("neigh_modify every ${n}", False),
    ],
)
def test_neigh_interval(found, lines, fires):
    """H at 300 K: three standard deviations of a velocity component are 47 Å/ps; half of the default skin is 1 Å."""
    assert found(changed(STEP, f"{STEP}\n{lines}")) == ([("neigh-interval", "warning")] if fires else [])


@pytest.mark.parametrize(
    ("new", "fires"),
    [
        (f"{BATH}\nfix again all nve", True),
        (f"{BATH}\nfix again mobile langevin 300 300 0.1 7\nfix n mobile nve", True),
        (f"{BATH}\ngroup water type 1 2\nfix again water rigid single", True),
        (f"{BATH}\nfix slow fixed nve/noforce", False),
        (f"{BATH}\nrun 10\nunfix bath\nfix n mobile nve", False),
        ("fix bath mobile nvt temp 300 300 0.1\nfix bath mobile nve", False),
        ("group h type 1\ngroup o type 2\nfix bath h nvt temp 300 300 0.05\nfix b o nvt temp 300 300 0.05", False),
        ("fix bath mobile nve\nfix t mobile temp/csvr 300 300 0.1 7", False),
    ],
)
def test_integrated_twice(found, new, fires):
    assert found(changed(BATH, new)) == ([("integrated-twice", "error")] if fires else [])


@pytest.mark.parametrize(
    ("new", "code"),
    [
        ("fix bath mobile langevin 300 300 0.1 7", "thermostat-alone"),
        ("fix bath mobile temp/csvr 300 300 0.1 7", "thermostat-alone"),
        ("fix n mobile nve\nrun 10\nunfix n\nfix bath mobile langevin 300 300 0.1 7", "thermostat-alone"),
        ("fix bath mobile langevin 300 300 0.1 7\nfix n mobile nve", None),
        ("fix bath mobile langevin 300 300 0.1 7\nfix r mobile rigid single", None),
        ("", "not-integrated"),
        ("fix n mobile nve\nunfix n", "not-integrated"),
        ("fix n mobile nve/limit 0.1", None),
        ("fix m mobile gcmc 10 100 100 1 3 300 -1 0.1", None),
        ("fix s mobile ipi localhost 31415", None),
        ("group water type 1 2\nfix n water nve", None),
        ("group o type 2\nfix n o nve", "not-integrated"),
        ("group rest id 5:10\nfix n rest nve", "not-integrated"),
        ("region r block 0 1 0 1 0 1\ngroup some region r\nfix n some nve", None),
        ("unfix frozen\ngroup o type 2\nfix n o nve", None),
    ],
)
def test_what_moves_the_atoms(found, new, code):
    level = "error" if code == "thermostat-alone" else "warning"
    assert found(changed(BATH, new)) == ([(code, level)] if code else [])


@pytest.mark.parametrize(
    ("new", "fires"),
    [
        ("fix bath mobile npt temp 300 300 0.05 iso 1 1 0.5", True),
        ("fix bath mobile npt temp 300 300 0.05 z 1 1 0.5", True),
        (f"{BATH}\nfix p all press/berendsen iso 1 1 0.5 modulus 1000", True),
        ("unfix frozen\nfix bath mobile npt temp 300 300 0.05 iso 1 1 0.5", False),
        (
            "unfix frozen\nfix p mobile npt temp 300 300 0.05 iso 1 1 0.5\nrun 10\nunfix p\n" + FROZEN + BATH,
            False,
        ),
        (BATH, False),
    ],
)
def test_frozen_barostat(found, new, fires):
    assert found(changed(BATH, new)) == ([("frozen-barostat", "warning")] if fires else [])


@pytest.mark.parametrize(
    ("read", "fires"),
    [
        ("read_restart a.restart", True),
        ("read_data system.data", False),
        ("if '${n} > 0' then 'read_restart a.restart' else 'read_data system.data'", False),
    ],
)
def test_velocity_after_restart(found, read, fires):
    assert found(changed(READ, read + "\n")) == ([("velocity-after-restart", "warning")] if fires else [])


def test_velocities_before_a_restart_and_none_after_it(found):
    velocity = "velocity        mobile create 300 1\n"
    assert not found(changed(READ, "read_restart a.restart\n").replace(velocity, ""))


@pytest.mark.parametrize(
    ("units", "pair", "fires"),
    [
        ("real", "pair_style mliap unified m.pt 0\npair_coeff * * H O Pt", True),
        ("real", "pair_style quip\npair_coeff * * gp.xml '' 1 8 78", True),
        ("real", HYBRID.format("e3gnn", "e3gnn m.pt H O Pt"), True),
        ("metal", "pair_style mliap unified m.pt 0\npair_coeff * * H O Pt", False),
        ("real", f"{PAIR}\n{COEFF}", False),
        ("real", "pair_style eam/alloy\npair_coeff * * a.eam H O Pt", False),
        ("real", "pair_style lj/cut 9\npair_coeff * * 0.1 3", False),
    ],
)
def test_pair_units(found, units, pair, fires):
    text = changed("units           metal", f"units {units}").replace(f"{PAIR}\n{COEFF}", pair)
    if units == "real":
        text = text.replace(STEP, "timestep 0.5").replace("300 300 0.05", "300 300 50")
    assert found(text) == ([("pair-units", "error")] if fires else [])


ZBL = "pair_style hybrid/overlay deepmd model.pb zbl 1 2\npair_coeff * * deepmd H O Pt\n"


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        ("pair_coeff * * zbl 1 1", "type 2 is O with charge 8, not 1; type 3 is Pt with charge 78, not 1"),
        (
            "pair_coeff 1 1 zbl 1 1\npair_coeff 2 2 zbl 6 6\npair_coeff 3 3 zbl 78 78",
            "type 2 is O with charge 8, not 6",
        ),
        ("pair_coeff 1*2 3 zbl 1 78", "type 2 is O with charge 8, not 1"),
        ("pair_coeff * * zbl 1 1\npair_coeff 2 2 zbl 8 8", "type 3 is Pt with charge 78, not 1"),
        ("pair_coeff 1 1 zbl 1 1\npair_coeff 2 2 zbl 8 8\npair_coeff 3 3 zbl 78.0 78.0", ""),
        ("pair_coeff 1 3 zbl 1 78", ""),
        ("pair_coeff 3 3 zbl $z $z", ""),
    ],
)
def test_zbl_charges(found, tmp_path, lines, told):
    codes = found(changed(f"{PAIR}\n{COEFF}", ZBL + lines))
    assert set(codes) == ({("zbl-charges", "error")} if told else set())
    texts = " ".join(f.what for f in lint(tmp_path / "in.lammps").findings)
    assert told in texts


@pytest.mark.parametrize(
    ("pair", "level"),
    [
        (
            "pair_style hybrid/overlay deepmd m.pb dispersion/d3 bj rpbe 20 10 d3 9000 1600 damp_zero\n"
            "pair_coeff * * deepmd H O Pt\npair_coeff * * dispersion/d3 H O Pt\npair_coeff * * d3 H O Pt",
            "error",
        ),
        (
            "pair_style hybrid/overlay dispersion/d3 bj rpbe 20 10 dispersion/d3 bj rpbe 20 10\n"
            "pair_coeff * * dispersion/d3 1 H O Pt\npair_coeff * * dispersion/d3 2 H O Pt",
            "error",
        ),
        (
            "pair_style hybrid/overlay deepmd rpbe-d3.pb dispersion/d3 bj rpbe 20 10\n"
            "pair_coeff * * deepmd H O Pt\npair_coeff * * dispersion/d3 H O Pt",
            "warning",
        ),
        (
            "pair_style hybrid/overlay deepmd m.pb dispersion/d3 bj rpbe 20 10\n"
            "pair_coeff * * deepmd H O Pt\npair_coeff * * dispersion/d3 H O Pt",
            None,
        ),
        ("pair_style deepmd rpbe-d3.pb\npair_coeff * * H O Pt", None),
        ("pair_style deepmd d3v2.pb\npair_coeff * * H O Pt", None),
    ],
)
def test_dispersion_twice(found, pair, level):
    assert found(changed(f"{PAIR}\n{COEFF}", pair)) == ([("dispersion-twice", level)] if level else [])


FIELD = f"{BATH}\nfix e mobile efield 0 0 0.1"


@pytest.mark.parametrize(
    ("style", "charges", "lines", "fires"),
    [
        ("charge", {}, FIELD, True),
        ("full", {}, FIELD, True),
        ("charge", {}, FIELD.replace("0 0 0.1", "v_a v_b v_c"), True),
        ("charge", {1: 0.4, 2: -0.8}, FIELD, False),
        ("charge", {}, f"set type 1 charge 0.4\n{FIELD}", False),
        ("charge", {}, f"fix q all qeq/point 1 10 1e-6 200 q.txt\n{FIELD}", False),
        ("charge", {}, BATH, False),
    ],
)
def test_efield_no_charge(found, style, charges, lines, fires):
    text = changed(STYLE, f"atom_style {style}\n").replace(BATH, lines)
    assert found(text, data(style, charges)) == ([("efield-no-charge", "warning")] if fires else [])


FIELD_CASES = {
    "lint-commented-continuation": None,
    "lint-double-integration": ("integrated-twice", "error"),
    "lint-efield-zero-charges": ("efield-no-charge", "warning"),
    "lint-hybrid-no-elements": ("pair-coeff-no-elements", "warning"),
    "lint-kspace-with-pair-zero": None,
    "lint-labelmap-order": ("pair-coeff-order", "error"),
    "lint-neigh-exclude-mlip": ("neigh-exclude", "error"),
    "lint-npt-frozen": ("frozen-barostat", "warning"),
    "lint-special-bonds-mlip": ("special-bonds", "error"),
}


@pytest.mark.parametrize("name", FIELD_CASES)
def test_field_cases(name):
    deck = HOME.parent / "decks" / name / "in.lammps"
    if not deck.is_file():
        pytest.skip(f"no {deck}: the field cases are not beside this checkout")
    codes = [(f.code, f.level) for f in lint(deck).findings]
    expected = FIELD_CASES[name]
    assert expected in codes if expected else not codes


def test_groups_of_groups_are_found_once(found):
    """2^60 ways down to the atoms, and a group that is made of itself."""
    lines = ["group g0 id 1:4"] + [f"group g{n} union g{n - 1} g{n - 1}" for n in range(1, 60)]
    lines += ["group a union b", "group b union a", "fix n mobile nve", "fix m g59 nve", "fix o a nve"]
    assert not [c for c, _ in found(changed(BATH, "\n".join(lines))) if c == "integrated-twice"]
    assert ("integrated-twice", "error") in found(changed(BATH, "\n".join([*lines, "fix p fixed nve"])))


def test_types_without_end(found):
    """A header that claims a billion types costs neither time nor memory."""
    file = data("full", bonds=WATER).replace("3 atom types", "999999999 atom types")
    assert ("special-bonds", "error") in found(bonded(), file)


def test_zbl_by_labels(found):
    file = data().replace("Masses", "Atom Type Labels\n\n1 H\n2 O\n3 Pt\n\nMasses")
    assert not found(changed(f"{PAIR}\n{COEFF}", ZBL + "pair_coeff H Pt zbl 1 78"), file)
    codes = found(changed(f"{PAIR}\n{COEFF}", ZBL + "pair_coeff H Pt zbl 78 1"), file)
    assert ("zbl-charges", "error") in codes


def test_good_is_good(found):
    assert not found(GOOD)
