"""Every rule has a deck that it flags, with the right line and cure, and decks that it leaves alone.

The decks are GOOD with one line changed; `#!` marks the line that is to be flagged.
"""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from lmpdrive.lint import all_rules, lint

DATA = """LAMMPS data file written by hand, units = metal

12 atoms
3 atom types

0 10 xlo xhi
0 10 ylo yhi
0 30 zlo zhi

Masses

1 1.008 # H
2 15.999 # O
3 195.084 # Pt

Atoms # atomic

1 1 0 0 0
"""

GOOD = """units           metal
atom_style      atomic
boundary        p p p
read_data       system.data
group           fixed id 1:4
group           mobile subtract all fixed
pair_style      deepmd model.pb
pair_coeff      * * H O Pt
fix             frozen fixed setforce 0 0 0
compute         T_mobile mobile temp
variable        T_now equal c_T_mobile
timestep        0.0005
velocity        mobile create 300 1
fix             bath mobile nvt temp 300 300 0.05
fix             hot all halt 10 v_T_now > 3000 error hard
restart         10000 a.restart b.restart
dump            d all custom 100 t.lammpstrj id type element x y z
dump_modify     d sort id element H O Pt
run             100000
write_restart   last.restart
"""


@dataclass
class Case:
    """`old` -> `new` in GOOD; `told`: words of what is said or of the cure."""

    code: str
    old: str
    new: str
    told: str = ""
    level: str = ""


PAIR, BATH, STEP, DUMP = (
    next(x for x in GOOD.splitlines() if word in x) for word in ("deepmd", "nvt", "timest", "dump ")
)
MODIFY, COEFF = (next(x for x in GOOD.splitlines() if word in x) for word in ("dump_modify", "pair_coeff"))
ZERO = "pair_style zero 8.0\npair_coeff * *"
CALLBACK = f"{ZERO}\nfix model all external pf/callback 1 1\nfix_modify model energy yes virial yes"

FLAGGED = [
    Case("timestep-unit", STEP, "timestep 0.5 #!", "timestep 0.0005 is 0.5 fs"),
    Case("timestep-unit", STEP, "timestep 10e-3 #!", "10 fs: atoms move too far", "warning"),
    Case("timestep-unit", STEP, "timestep 0.000000001 #!", "a picosecond takes"),
    Case("timestep-unit", STEP, "variable dt equal 1.0/2\ntimestep ${dt} #!", "0.0005 is 0.5 fs"),
    Case("timestep-unit", STEP, "units real\ntimestep 0.001 #!", "1 is 1 fs"),
    Case("timestep-hydrogen", STEP, "timestep 0.002 #!", "2 fs with H"),
    Case("damping-unit", BATH, "fix bath mobile nvt temp 300 300 50 #!", "write 0.05 if you mean 50 fs"),
    Case("damping-unit", BATH, "fix bath mobile nvt &\n temp 300 300 $(100*dt*1000) #!", "write 0.05"),
    Case("damping-unit", BATH, "fix bath mobile langevin 300 300 100 7 #!\nfix nve mobile nve", "write 0.1 if"),
    Case("damping-unit", BATH, "fix bath mobile npt temp 300 300 0.05 iso 1 1 500 #!", "write 0.5 if you mean 500 fs"),
    Case("damping-unit", BATH, "fix bath mobile nvt temp 300 300 0.0005 #!", "100"),
    Case("damping-far", BATH, "fix bath mobile nvt temp 300 300 0.002 #!", "4 timesteps"),
    Case("damping-far", BATH, "fix bath mobile nvt temp 300 300 5 #!", "10000 timesteps"),
    Case("damping-far", BATH, "fix bath mobile npt temp 300 300 0.05 z 1 1 0.01 #!", "Pdamp"),
    Case("damping-far", BATH, "fix bath mobile langevin 300 300 50 7 #!\nfix nve mobile nve", "100000 timesteps"),
    Case("pressure-unit", BATH, "fix bath mobile npt temp 300 300 0.05 iso 101325 101325 0.5 #!", "bar, not Pa"),
    Case("units-missing", "units           metal\n", "", "units metal"),
    Case(
        "data-units", "read_data       system.data", "read_data system.data #!\nunits real\ntimestep 0.5", "units metal"
    ),
    Case("pair-coeff-order", COEFF, "pair_coeff * * O H Pt #!", "type 1 is O here and H in system.data"),
    Case("pair-coeff-order", COEFF, "variable e string 'Pt O H'\npair_coeff * * ${e} #!", "H O Pt"),
    Case("pair-coeff-order", COEFF, "pair_coeff * * H O #!", "names 2 elements, system.data has 3 types"),
    Case("pair-coeff-order", PAIR + "\n" + COEFF, "pair_style quip\npair_coeff * * gp.xml '' 8 1 78 #!", "H O Pt"),
    Case("pair-coeff-no-elements", COEFF, "pair_coeff * * #!", "pair_coeff * * H O Pt"),
    Case("dump-element-order", MODIFY, "dump_modify d sort id element Pt O H #!", "element H O Pt"),
    Case("mass-element", "read_data       system.data", "read_data swapped.data #!", "mass 15.999 is that of O"),
    Case("data-missing", "read_data       system.data", "read_data gone.data #!", "--data", "note"),
    Case("data-missing", "read_data       system.data", "read_restart old.restart #!", "does not tell", "note"),
    Case("data-missing", "read_data       system.data", "read_data packed.data #!", "does not tell", "note"),
    Case("frozen-thermostat", BATH, "fix bath all nvt temp 300 300 0.05 #!", "thermostat on mobile"),
    Case("frozen-thermostat", BATH, "fix b all langevin 300 300 0.1 1 #!\nfix n mobile nve", "part of which (fixed)"),
    Case("frozen-thermostat", BATH, "group slab type 3\ngroup wet union slab fixed\nfix b wet nvt temp 9 9 .05 #!"),
    Case("frozen-momentum", BATH, BATH + "\nfix drift mobile momentum 100 linear 1 1 1 #!", "leave fix drift out"),
    Case("frozen-momentum", BATH, BATH + "\nfix drift all recenter NULL NULL INIT #!", "it moves the frozen atoms"),
    Case(
        "frozen-velocity", "velocity        mobile create 300 1\n" + BATH, "velocity all create 300 1 #!\nfix m all nve"
    ),
    Case("dump-unsorted", DUMP + "\n" + MODIFY, f"{DUMP} #!\ndump_modify d element H O Pt", "dump_modify d sort id"),
    Case("dump-unsorted", DUMP, DUMP + "\ndump e all atom 100 e.dump #!", "dump_modify e sort id"),
    Case("dump-element", DUMP + "\n" + MODIFY, f"{DUMP} #!\ndump_modify d sort id", "element H O Pt", "error"),
    Case(
        "dump-element", DUMP + "\n" + MODIFY, "dump d all custom 9 t id x y z #!\ndump_modify d sort id", "", "warning"
    ),
    Case("dump-element", DUMP, DUMP + "\ndump e all xyz 100 e.xyz #!", "numbers for elements"),
    Case("dump-element", DUMP, DUMP + "\ndump e all atom 9 e.dump #!\ndump_modify e sort id", "", "note"),
    Case("no-restart", "restart         10000 a.restart b.restart\n", "", "are written at the end only", "note"),
    Case("lost-atoms", STEP, STEP + "\nthermo_modify flush yes lost ignore #!", "lost error"),
    Case("no-halt", "fix             hot all halt 10 v_T_now > 3000 error hard\n", "", "halt"),
    Case("callback-missing", f"{PAIR}\n{COEFF}", "pair_style zero 8.0 #!\npair_coeff * *", "lmpdrive run-deck"),
    Case(
        "callback-energy", f"{PAIR}\n{COEFF}", f"{ZERO}\nfix m all external pf/callback 1 1 #!", "energy yes virial yes"
    ),
    Case(
        "callback-energy",
        f"{PAIR}\n{COEFF}",
        CALLBACK.replace("1 1\n", "1 1 #!\n").replace(" virial yes", ""),
        "virial",
    ),
    Case("callback-interval", f"{PAIR}\n{COEFF}", CALLBACK.replace("callback 1 1", "callback 5 1 #!"), "every 5"),
    Case("shell", STEP, STEP + "\nshell curl http://x.y/z -o z #!", "runs a program"),
    Case("shell", STEP, STEP + "\nif '1 > 0' then 'shell rm -r x' #!", "", "warning"),
    Case("python", STEP, STEP + "\npython f source here 'import os' #!", "lint: allow python"),
    Case("python", STEP, STEP + "\nvariable x python f #!", "runs Python code"),
    Case("python", STEP, STEP + "\nfix p all python/invoke 10 end_of_step f #!"),
    Case("plugin", PAIR, "plugin load ./libmine.so #!\n" + PAIR, "lint: allow plugin"),
    Case(
        "path-outside",
        "restart         10000 a.restart b.restart",
        "restart 100 a.restart ../b.restart #!",
        "writes ../b",
    ),
    Case("path-outside", STEP, STEP + "\nlog /tmp/log.lammps #!", "writes /tmp"),
    Case("path-outside", STEP, STEP + "\nvariable f string ../../x\nwrite_data ${f} #!", "../../x"),
    Case("path-outside", STEP, STEP + "\nfix a all ave/time 1 1 1 v_T_now file ../t.txt #!", "writes ../t.txt"),
    Case("path-outside", STEP, STEP + "\nprint x append /etc/profile #!", "writes"),
    Case("path-outside", STEP, STEP + "\ngeturl http://x.y/z output ../z #!", "writes"),
    Case("path-outside", PAIR, "pair_style deepmd /home/me/model.pb #!", "cannot be moved", "warning"),
    Case("path-outside", "read_data       system.data", "read_data ../system.data #!", "copy or link", "warning"),
    Case("path-outside", STEP, STEP + "\ninclude ../other.in #!", "reads ../other.in", "warning"),
    Case(
        "comment-continues", STEP, "timestep 0.0005 #! half a fs &\nvelocity mobile zero linear", "velocity mobile zero"
    ),
    Case("endless-loop", STEP, STEP + "\nlabel x\nrun 1\njump SELF x #!", "next i"),
    Case("endless-loop", STEP, STEP + "\njump in.lammps #!", "for ever"),
    Case("quotes", STEP, STEP + "\nprint 'not closed", "close it"),
    Case("include-missing", STEP, STEP + "\ninclude gone.in #!", "gone.in"),
    Case("include-loop", STEP, STEP + "\ninclude in.lammps #!", "include it once"),
    Case("unknown-command", STEP, STEP + "\nthermo_styl custom step #!", "did you mean 'thermo_style'"),
    Case("unknown-command", STEP, STEP + "\nif '$(step)>1' then 'runn 5' #!", "did you mean 'run'"),
    Case("unknown-command", STEP, STEP + "\nplugin load x.so # lint: allow plugin\nmycommand 1 #!", "", "warning"),
    Case("unknown-command", STEP, STEP + "\ncommunicate single #!", "comm_modify single"),
    Case("unknown-command", STEP, STEP + "\nadd_run_style verlet/split/dplr #!", "the build that adds it", "warning"),
    Case("not-lammps", GOOD, "seed 56789 #!\napp_style potts\ndimension 2\nsolve_style tree\nrun 100", "3 of 5"),
    Case("comment-continues", STEP, f"{STEP}\n#! fix x all nve &\n# a comment &\nvelocity mobile zero linear"),
    Case("neigh-exclude", COEFF, f"{COEFF}\nneigh_modify exclude group fixed fixed #!", "exclude group fixed fixed"),
    Case("neigh-interval", STEP, f"{STEP}\nneigh_modify every 50 delay 0 check no #!", "(25 fs)"),
    Case("integrated-twice", BATH, f"{BATH}\nfix again all nve #!", "unfix bath"),
    Case("thermostat-alone", BATH, "fix bath mobile langevin 300 300 0.1 7 #!", "fix move mobile nve"),
    Case("not-integrated", BATH + "\n", "", "no atom moves"),
    Case("frozen-barostat", BATH, "fix bath mobile npt temp 300 300 0.05 iso 1 1 0.5 #!", "nvt"),
    Case("velocity-after-restart", "read_data       system.data", "read_restart a.restart", "leave it out"),
    Case("pair-units", f"{PAIR}\n{COEFF}", "units real #!\npair_style mliap unified m.pt 0\npair_coeff * * H O Pt"),
    Case("zbl-charges", f"{PAIR}\n{COEFF}", "pair_style zbl 1 2\npair_coeff * * 8 8 #!", "type 1 is H with charge 1"),
    Case(
        "dispersion-twice",
        f"{PAIR}\n{COEFF}",
        "pair_style hybrid/overlay d3 9000 1600 damp_bj pbe dispersion/d3 bj pbe 20 10 #!\n"
        "pair_coeff * * d3 H O Pt\npair_coeff * * dispersion/d3 H O Pt",
        "keep one",
    ),
    Case("no-run", "run             100000\n", "", "cut off"),
]

LEFT_ALONE = {
    "as it is": (STEP, STEP),
    "a fs with hydrogen": (STEP, "timestep 0.001"),
    "2 fs with bonds held": (STEP, "timestep 0.002\nfix s mobile shake 1e-4 100 0 b 1"),
    "units real": (STEP, STEP),
    "weak Langevin of the study": (BATH, "fix l mobile langevin 300 300 5 1\nfix n mobile nve"),
    "damping by a formula": (BATH, "fix bath mobile nvt temp 300 300 $(100*dt)"),
    "damping that cannot be known": (BATH, "variable d equal temp\nfix bath mobile nvt temp 300 300 ${d}"),
    "barostat of 1000 timesteps": (BATH, "unfix frozen\nfix bath mobile npt temp 300 300 0.05 iso 1 1 0.5"),
    "deuterium is hydrogen": (COEFF, "pair_coeff * * D O Pt"),
    "a type that the model leaves out": (COEFF, "pair_coeff * * H O NULL"),
    "elements behind model files": (
        f"{PAIR}\n{COEFF}",
        "pair_style snap\npair_coeff * * a.snapcoeff a.snapparam H O Pt",
    ),
    "a hybrid": (
        f"{PAIR}\n{COEFF}",
        "pair_style hybrid/overlay deepmd model.pb lj/cut 8\npair_coeff * * deepmd H O Pt\npair_coeff 3 3 lj/cut 0.1 2",
    ),
    "QUIP's numbers": (f"{PAIR}\n{COEFF}", 'pair_style quip\npair_coeff * * gp.xml "Potential xml_label=x" 1 8 78'),
    "one type after the other": (f"{PAIR}\n{COEFF}", "pair_style lj/cut 8\npair_coeff * * 0 0\npair_coeff 1 2 0.1 3.0"),
    "a callback": (f"{PAIR}\n{COEFF}", CALLBACK),
    "forces from i-PI": (f"{PAIR}\n{COEFF}", f"{ZERO}\nfix model all ipi localhost 31415"),
    "a thermostat with a temperature of its own": (
        BATH,
        "fix bath all nvt temp 300 300 0.05\nfix_modify bath temp T_mobile",
    ),
    "a thermostat before the freezing": (
        BATH,
        "unfix frozen\nfix bath all nvt temp 300 300 0.05\nrun 10\nunfix bath\nfix frozen fixed setforce 0 0 0\n"
        + BATH,
    ),
    "half frozen": ("setforce 0 0 0", "setforce NULL NULL 0\nfix drift all momentum 100 linear 1 1 0"),
    "momentum without frozen atoms": (
        "fix             frozen fixed setforce 0 0 0",
        "fix drift all momentum 100 linear 1 1 1",
    ),
    "velocities set to zero after it": (
        "velocity        mobile create 300 1",
        "velocity all create 300 1\nvelocity fixed set 0 0 0",
    ),
    "velocities that nothing integrates": ("velocity        mobile create 300 1", "velocity all create 300 1"),
    "a group of the others by subtraction": ("group           mobile subtract all fixed", "group mobile id 5:12"),
    "dumps that sort themselves": (DUMP, DUMP + "\ndump e all dcd 10 e.dcd\ndump f all xtc 10 f.xtc"),
    "a dump of pictures": (DUMP, DUMP + "\ndump e all image 100 im.*.jpg type type"),
    "forces only": (DUMP, DUMP + "\ndump e all custom 10 f.txt id fx fy fz\ndump_modify e sort id"),
    "elements in two commands": (MODIFY, "dump_modify d sort id\ndump_modify d element H O Pt"),
    "a dump by parallel pieces": (DUMP, DUMP.replace(" custom ", " custom/gz ")),
    "restart files by a variable": ("restart         10000", "variable n index 5000\nrestart ${n}"),
    "energies only": ("run             100000", "run 0"),
    "a file of a variable that is not known": (STEP, STEP + "\nlog ${where}/log.lammps"),
    "a file in a folder below": (STEP, STEP + "\nlog logs/../logs/log.lammps"),
    "no file at all": (STEP, STEP + "\nlog none"),
    "a print to nowhere": (STEP, STEP + "\nprint x append /dev/null"),
    "styles with slashes": (f"{PAIR}\n{COEFF}", "pair_style lj/cut/coul/long 9\npair_coeff * * 0.1 3"),
    "a comment with a quote": (STEP, STEP + " # don't worry, it's fine"),
    "a command that is commented out with its continuation": (
        STEP,
        STEP + "\n#dump i all image 100 i.*.jpg element type &\n#     axes yes 0.8 0.02 &\n      view 60 -30",
    ),
    "forces from kspace": (f"{PAIR}\n{COEFF}", f"{ZERO}\nkspace_style pppm 1e-4"),
    "forces from bonds": (f"{PAIR}\n{COEFF}", f"{ZERO}\nbond_style harmonic\nbond_coeff * 10 1"),
    "forces from springs": (f"{PAIR}\n{COEFF}", f"{ZERO}\nfix s mobile spring/self 10"),
    "forces from a fix that adds them": (f"{PAIR}\n{COEFF}", f"{ZERO}\nfix s mobile addforce 0 0 1"),
    "labels that are no elements": (
        f"{PAIR}\n{COEFF}",
        "pair_style eam/fs\npair_coeff * * AgO.eam.fs NULL O1 Pt",
    ),
    "labels of a three-body potential": (
        f"{PAIR}\n{COEFF}",
        "pair_style hybrid/overlay nb3b/harmonic lj/cut 9\npair_coeff * * nb3b/harmonic m.nb3b M O Pt\n"
        "pair_coeff * * lj/cut 0.1 2",
    ),
    "a keyword that looks like an element": (f"{PAIR}\n{COEFF}", "pair_style table linear 9\npair_coeff * * t.table O"),
    "one instance of two": (
        f"{PAIR}\n{COEFF}",
        "pair_style hybrid tersoff tersoff\npair_coeff * * tersoff 1 a.tersoff H O NULL\n"
        "pair_coeff * * tersoff 2 b.tersoff NULL NULL Pt",
    ),
    "a short run without halt and restart files": (
        "fix             hot all halt 10 v_T_now > 3000 error hard\nrestart         10000 a.restart b.restart\n",
        "run 500\nquit\n",
    ),
    "a timestep that no run uses": (STEP, f"timestep 1.0\n{STEP}"),
    "a loop": (STEP, STEP + "\nlabel again\nvariable i loop 3\nrun 10\nnext i\njump SELF again"),
    "a loop that is left": (STEP, STEP + "\nlabel x\nrun 9\nif '$(pe)<0' then 'jump SELF y'\njump SELF x\nlabel y"),
    "a jump forward": (STEP, STEP + "\njump SELF y\nlabel y"),
    "a command of an accelerator": (BATH, "fix bath mobile nvt/omp temp 300 300 0.05"),
    "a second simulation": ("write_restart   last.restart", "write_restart last.restart\nclear\n" + GOOD),
    "accepted": (PAIR, "plugin load ./libmine.so # lint: allow plugin\n" + PAIR),
    "accepted with others": (STEP, STEP + "\nshell ./x.sh # lint: allow shell, python"),
}


@pytest.fixture
def check(tmp_path):
    """Lint a deck in a folder with its data files."""
    (tmp_path / "system.data").write_text(DATA)
    (tmp_path / "swapped.data").write_text(DATA.replace("1 1.008 # H", "1 15.999 # H"))
    (tmp_path / "packed.data").write_bytes(b"\x1f\x8b\x08\x00 not text")

    def checked(text, **kwargs):
        (tmp_path / "in.lammps").write_text(text)
        return lint(tmp_path / "in.lammps", **kwargs)

    return checked


def changed(old: str, new: str) -> str:
    assert old in GOOD
    return GOOD.replace(old, new, 1)


@pytest.mark.parametrize("case", FLAGGED, ids=lambda c: f"{c.code}: {c.new.splitlines()[-1][:30] if c.new else 'none'}")
def test_flagged(check, case):
    text = changed(case.old, case.new)
    report = check(text)
    found = [f for f in report.findings if f.code == case.code]
    assert found, report.findings
    marked = [n for n, line in enumerate(text.splitlines(), start=1) if "#!" in line]
    if marked:  # a command begins on the first of its lines
        begins = marked[0] - ("&" in text.splitlines()[marked[0] - 2])
        assert [f.line for f in found] == [begins]
    rule = next(r for r in all_rules() if r.code == case.code)
    assert {f.level for f in found} == {case.level or rule.level}
    assert case.told in f"{found[0].what} {found[0].fix}" and found[0].fix
    others = [f for f in report.findings if f.level == "error" and f.code != case.code]
    excused = "units real" in case.new or case.code in ("units-missing", "comment-continues", "quotes")
    assert not others or excused, others


@pytest.mark.parametrize("name", LEFT_ALONE)
def test_left_alone(check, name):
    report = check(changed(*LEFT_ALONE[name]))
    assert report.passes(strict=True) and not report.findings, report.findings


def test_every_rule_is_tried():
    tried = {case.code for case in FLAGGED} | {"empty", "efield-no-charge", "special-bonds"}  # test_physics_rules.py
    assert tried == {rule.code for rule in all_rules()}


def test_a_deck_without_commands(check):
    (found,) = check("# nothing\n").findings
    assert (found.code, found.level, found.line) == ("empty", "error", 1)


def test_no_restart_at_all_is_a_warning(check):
    text = changed("restart         10000 a.restart b.restart\n", "").replace("write_restart   last.restart\n", "")
    (found,) = check(text).findings
    assert (found.code, found.level) == ("no-restart", "warning")


def test_a_data_file_of_another_place(check, tmp_path):
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "swapped.data").write_text(
        DATA.replace("1 1.008 # H", "1 15.999 # O").replace("# O\n3", "# H\n3")
    )
    report = check(changed("system.data", "gone.data"), data=tmp_path / "system.data")
    assert not report.findings


def test_a_variable_of_the_command_line(check):
    text = changed("temp 300 300 0.05", "temp 300 300 ${damp}")
    assert not check(text).findings
    assert [f.code for f in check(text, variables={"damp": "50"}).findings] == ["damping-unit"]


def test_what_comments_accept_is_counted(check):
    text = changed(*LEFT_ALONE["accepted with others"])
    assert check(text).allowed == 1
    assert [f.code for f in check(text.replace("shell, python", "python")).findings] == ["shell"]


def test_elements_by_mass_where_the_file_names_none(check, tmp_path):
    bare = DATA.replace(" # H", "").replace(" # O", "").replace(" # Pt", "")
    (tmp_path / "system.data").write_text(bare)
    assert not check(GOOD).findings
    (tmp_path / "in.lammps").write_text(GOOD.replace("* * H O Pt", "* * O H Pt"))
    assert [f.code for f in lint(tmp_path / "in.lammps").findings] == ["pair-coeff-order"]


def test_types_by_labels_and_by_mass_commands(check, tmp_path):
    labels = "Atom Type Labels\n\n1 H\n2 O\n3 Pt\n\nAtoms # atomic"
    (tmp_path / "system.data").write_text(DATA.split("Masses")[0] + labels)
    assert [f.code for f in check(GOOD.replace("* * H O Pt", "* * O H Pt")).findings] == ["pair-coeff-order"]
    box = "region box block 0 9 0 9 0 9\ncreate_box 2 box\nmass 1 15.999\nmass 2 1.008"
    text = GOOD.replace("read_data       system.data", box).replace("element H O Pt", "element O H")
    assert next(f.what for f in check(text.replace("* * H O Pt", "* * H O")).findings).startswith(
        "pair_coeff: type 1 is H here and O in in.lammps, line 5"
    )
    assert not check(text.replace("* * H O Pt", "* * O H")).findings


def heavy(check, tmp_path, **changes: str) -> list[tuple[str, str]]:
    """Findings of a deck of argon only, in other units or with other steps."""
    (tmp_path / "argon.data").write_text("argon, units = metal\n\n8 atoms\n1 atom types\n\nMasses\n\n1 39.95\n")
    text = "units metal\nread_data argon.data\npair_style lj/cut 9\npair_coeff * * 0.01 3.4\ntimestep 0.1"
    text += "\nfix 1 all nve\nrun 9"
    for old, new in changes.items():
        assert old in text
        text = text.replace(old, new)
    return [(f.code, f.level) for f in check(text).findings]


def test_a_long_timestep_of_heavy_atoms_is_a_warning(check, tmp_path):
    assert heavy(check, tmp_path) == [("timestep-unit", "warning")]
    assert heavy(check, tmp_path, **{"0.1": "1.0"}) == [("timestep-unit", "error")]
    assert heavy(check, tmp_path, argon="gone") == [("data-missing", "note"), ("timestep-unit", "error")]


def test_electrons_have_steps_of_attoseconds(check):
    text = "units real\natom_style electron\npair_style eff/cut 500\npair_coeff * *\ntimestep 0.001\nfix 1 all nvt/eff"
    text += " temp 1 1 0.1\nrun 9"
    assert not check(text).findings
    for old, new in {"eff/cut 500": "lj/cut 9", "electron": "full"}.items():
        text = text.replace(old, new)
    assert [f.code for f in check(text).findings] == ["timestep-unit", "damping-unit"]


def test_a_link_to_a_file_of_another_machine(check, tmp_path):
    (tmp_path / "Ta06A.snap").symlink_to("/usr/share/lammps/potentials/not-here/Ta06A.snap")
    (found,) = check(changed(STEP, STEP + "\ninclude Ta06A.snap")).findings
    assert (found.code, found.level) == ("include-missing", "warning") and "not-here" in found.what


@pytest.mark.parametrize(
    ("labels", "codes"),
    [
        ("labelmap atom 1 H 2 O 3 Pt\nmass H 1.008\nmass O 15.999\nmass Pt 195.084", []),
        ("labelmap atom 1 O 2 H 3 Pt\nmass O 15.999\nmass H 1.008\nmass Pt 195.084", ["pair-coeff-order"]),
        ("labelmap atom 1 OW 2 HW 3 M\nmass OW 15.999\nmass HW 1.008\nmass M 195.084", ["pair-coeff-order"]),
        ("labelmap atom 1 H 2 O 3 Pt\nmass H 15.999\nmass O 1.008\nmass Pt 195.084", ["mass-element"] * 2),
        ("mass 1 15.999\nmass 2 1.008\nmass 3 195.084", ["pair-coeff-order"]),
        ("mass * 1.0", []),
    ],
)
def test_types_by_labelmap(check, tmp_path, labels, codes):
    (tmp_path / "system.data").write_text(DATA.split("Masses")[0] + "Atoms # atomic\n\n1 1 0 0 0\n")
    text = changed("read_data       system.data", f"read_data system.data\n{labels}")
    assert sorted({f.code for f in check(text).findings} - {"dump-element-order"}) == sorted(set(codes))
    assert [f.code for f in check(text).findings if f.code == "mass-element"] == [
        c for c in codes if c == "mass-element"
    ]


def test_order_inside_a_hybrid(check):
    style = "pair_style hybrid/overlay {} lj/cut 8\npair_coeff 3 3 lj/cut 0.1 2\npair_coeff * * {}"
    for pair, coeff, codes in (
        ("deepmd m.pb", "deepmd O H Pt", ["pair-coeff-order"]),
        ("deepmd m.pb", "deepmd H O Pt", []),
        ("deepmd m.pb", "deepmd", ["pair-coeff-no-elements"]),
        ("quip", 'quip gp.xml "Potential xml_label=x" 8 1 78', ["pair-coeff-order"]),
        ("mliap unified m.pt 0", "mliap O NULL Pt", ["pair-coeff-order"]),
        ("eam/alloy", "eam/alloy Pt.eam NULL NULL Pt", []),
    ):
        text = changed(f"{PAIR}\n{COEFF}", style.format(pair, coeff))
        assert [f.code for f in check(text).findings] == codes, coeff


def test_a_stand_in_inside_a_hybrid_is_a_warning(check):
    coeff = "pair_style hybrid/overlay quip lj/cut 8\npair_coeff * * quip sw.xml 'IP SW' 1 14 78"
    (found,) = check(changed(f"{PAIR}\n{COEFF}", coeff)).findings
    assert (found.code, found.level) == ("pair-coeff-order", "warning") and "type 2 is Si here" in found.what
