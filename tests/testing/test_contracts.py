"""`check_observable` passes what is shipped, and names the property that a broken observable breaks."""

from __future__ import annotations

import re
import subprocess
import sys
from itertools import count

import numpy as np
import pytest

from lmpdrive.errors import ConfigError
from lmpdrive.observables import analyse, observable_classes
from lmpdrive.observables.base import Settings
from lmpdrive.observables.interface import Interface
from lmpdrive.observables.profile import Profile
from lmpdrive.observables.registry import load_file
from lmpdrive.observables.series import Series
from lmpdrive.testing import check_file, check_observable, synthetic_trajectory
from tests.conftest import ROOT

EXAMPLE = ROOT / "inputs" / "observables" / "hydrogen_down.py"
EXTENDING = ROOT / "docs" / "extending.md"
NEEDED_OPTIONS = {
    "density": {"profiles": [{"name": "oxygen", "selection": "O"}]},
    "charge_visibility": {"receptive_field_A": 12.0},
}
MAPS = {"ion_map"}
"""Maps over the sides of the cell: they move with the atoms."""


@pytest.mark.parametrize("cls", observable_classes(), ids=lambda cls: cls.__name__)
def test_every_shipped_observable_keeps_the_contract(cls):
    shift = {"translation_A": (0, 0, 33.3)} if cls.family() in MAPS else {}
    check_observable(cls, NEEDED_OPTIONS.get(cls.family()), **shift)


def test_the_synthetic_frames_have_what_observables_need():
    frames = synthetic_trajectory()
    interface = Interface(frames.topology, frames.read(0, 1))
    assert [len(layer) for layer in interface.layers] == [9, 9, 9, 9]
    assert set(interface.ions) == {"Na", "Cl"}
    whole = frames.read(0, frames.n_frames)
    species = interface.frames(whole).water.species
    assert (species[:, 0] == 18).all() and not species[:, 1:].any()
    assert frames.topology.charges_e.sum() == pytest.approx(0)


def test_the_example_keeps_the_contract_and_counts_right():
    assert check_file(EXAMPLE, {"hydrogen_down": {"within_A": 6}}) == ["HydrogenDown"]
    frames = synthetic_trajectory()
    table = analyse(frames, extra=[EXAMPLE], names=["hydrogen_down"])["hydrogen_down"]
    whole = frames.read(0, frames.n_frames)
    interface = Interface(frames.topology, whole[0:1]).frames(whole)
    z, cosine = interface.water_distances[0], interface.water_normal
    near = (z > 0) & (z <= 4.5)
    assert table.data["N [1]"].sum() == near.sum()
    assert np.nansum(table.value * table.data["N [1]"]) == pytest.approx((near & (cosine < 0)).sum())
    assert "interfacial water with H down" in table.scalars
    with pytest.raises(ConfigError, match="within_A"):
        analyse(frames, extra=[EXAMPLE], options={"hydrogen_down": {"wihin_A": 3}})


class Good(Series):
    """Number of waters."""

    name, title, equation = "good", "Good", "N"
    columns, error_column = ("N [1]",), "σ [1]"

    def update(self, chunk, interface):
        self.append(chunk, interface.water.species[:, :1].astype(float))


class NoEquation(Good):
    equation = ""


class OddName(Good):
    name = "a/b"


class NoGuard(Good):
    def result(self):
        return super().result() if self.n_frames else {}


class NoUnit(Good):
    columns = ("N",)


class WrongErrorUnit(Good):
    error_column = "σ [Å]"


class ForgetsToMerge(Good):
    def merge(self, other):
        self.n_frames += other.n_frames


class ChangesTheOther(Good):
    def merge(self, other):
        super().merge(other)
        other._rows.append(np.ones((1, 1)))
        other._times.append(np.ones(1))


class CountsChunks(Good):
    def __init__(self, settings):
        super().__init__(settings)
        self.chunks = count()

    def update(self, chunk, interface):
        self.append(chunk, np.full((len(chunk), 1), float(next(self.chunks))))

    def __getstate__(self):
        return {**self.__dict__, "chunks": None}


class AbsoluteHeight(Good):
    def update(self, chunk, interface):
        self.append(chunk, chunk.positions[:, -3:, 2].mean(axis=1, keepdims=True))


class UnwrappedDistance(Good):
    def update(self, chunk, interface):
        atoms = np.array([np.flatnonzero(interface_elements == "Na")[0], np.flatnonzero(interface_elements == "Cl")[0]])
        vector = np.diff(chunk.positions[:, atoms], axis=1)[:, 0]
        self.append(chunk, np.linalg.norm(vector, axis=1, keepdims=True))


interface_elements = synthetic_trajectory().topology.elements


class FirstAtom(Good):
    def update(self, chunk, interface):
        self.append(chunk, interface.distances(np.array([0]))[0])


class WritesFrames(Good):
    def update(self, chunk, interface):
        chunk.positions[:] = 0


class CannotTravel(Good):
    def __init__(self, settings):
        super().__init__(settings)
        self.function = lambda: 0


class NeverThere(Good):
    @classmethod
    def for_interface(cls, interface, settings):
        return []


class ForgetsFrames(Profile):
    """A density whose bins are not merged."""

    name, title, equation = "forgets", "Forgets", "ρ"
    column, error_column = "ρ [1/Å]", "σ [1/Å]"

    def update(self, chunk, interface):
        z = interface.water_distances
        self.update_profile(z, np.ones(z.shape), np.ones(len(chunk)), interface)

    def values(self, low, high):
        return self.bins.within(low, high) / 10  # not by the number of frames

    def merge(self, other):
        self.n_frames += other.n_frames
        self._series += other._series
        self._gap_sum += other._gap_sum


BROKEN = {
    NoEquation: "equation: is empty",
    OddName: "name: 'a/b'",
    NoGuard: r"before the first frame must raise RuntimeError",
    NoUnit: "units: column 'N' has no unit",
    WrongErrorUnit: r"units: σ has the unit \[Å\], its value \[1\]",
    ForgetsToMerge: "merging .cut at .* changes the number of rows",
    ChangesTheOther: "merging .* leaves the other as it was",
    CountsChunks: "chunking",
    AbsoluteHeight: "translation",
    UnwrappedDistance: "translation|periodic images",
    FirstAtom: "order of the atoms",
    WritesFrames: "frames are read-only",
    CannotTravel: "another process",
    NeverThere: "for_interface: gives no instance",
    ForgetsFrames: "merging|rows",
}


def test_good_passes():
    check_observable(Good)


@pytest.mark.parametrize("cls", BROKEN, ids=lambda cls: cls.__name__)
def test_a_broken_observable_is_told_what_it_breaks(cls):
    with pytest.raises(AssertionError, match=f"{cls.__name__}.*({BROKEN[cls]})"):
        check_observable(cls)


def test_options_arrive_at_the_observable():
    (one,) = load_file(EXAMPLE)
    assert one(Settings(options={"hydrogen_down": {"within_A": 3}})).options.within_A == 3


def test_files_that_cannot_be_observables(tmp_path):
    half = tmp_path / "half.py"
    half.write_text("from lmpdrive.observables.base import Observable\nclass Half(Observable):\n    name = 'half'\n")
    with pytest.raises(ConfigError, match="Half lacks merge, result, table, update"):
        load_file(half)
    with pytest.raises(ConfigError, match="no Python file"):
        load_file(tmp_path / "gone.py")
    (tmp_path / "syntax.py").write_text("def f(:\n")
    with pytest.raises(ConfigError, match=r"SyntaxError.*line 1"):
        load_file(tmp_path / "syntax.py")


def test_a_file_may_be_named_twice(tmp_path, monkeypatch):
    monkeypatch.chdir(EXAMPLE.parent)
    assert [cls.__name__ for cls in observable_classes([EXAMPLE, EXAMPLE.name])].count("HydrogenDown") == 1


def test_the_example_and_its_test_in_the_docs_are_the_shipped_ones(tmp_path):
    blocks = dict(re.findall(r'^```python title="([^"]+)"\n(.*?)^```$', EXTENDING.read_text(), re.M | re.S))
    assert blocks["hydrogen_down.py"] == EXAMPLE.read_text()
    for name, text in blocks.items():
        (tmp_path / name).write_text(text)
    command = [sys.executable, "-m", "pytest", "-q", "test_hydrogen_down.py"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("processes", [1, 2])
def test_an_observable_that_fails_is_named_with_its_line(tmp_path, processes):
    mine = tmp_path / "mine.py"
    mine.write_text(EXAMPLE.read_text().replace('"hydrogen_down"', '"mine"').replace("near & (cos", "neer & (cos"))
    line = next(i for i, text in enumerate(mine.read_text().splitlines(), 1) if "neer" in text)
    with pytest.raises(ConfigError, match=rf"mine\.py: HydrogenDown\.update fails: line {line}: NameError"):
        analyse(synthetic_trajectory(), extra=[mine], parallel=processes)


def test_two_observables_of_one_name_are_refused(tmp_path):
    mine = tmp_path / "mine.py"
    mine.write_text(EXAMPLE.read_text().replace('name = "hydrogen_down"', 'name = "water_density"'))
    with pytest.raises(ConfigError, match="two observables are named 'water_density'"):
        analyse(synthetic_trajectory(), extra=[mine])


def test_observables_of_an_installed_package_are_found(tmp_path):
    """An entry point is what `pip install` leaves: a dist-info folder on the path."""
    (tmp_path / "my_package.py").write_text(EXAMPLE.read_text().replace('name = "hydrogen_down"', 'name = "mine"'))
    info = tmp_path / "my_package-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: my-package\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[lmpdrive.observables]\nhydrogen_down = my_package:HydrogenDown\n")
    code = (
        f"import sys; sys.path.insert(0, {str(tmp_path)!r})\n"
        "from lmpdrive.observables import analyse\n"
        "from lmpdrive.testing import synthetic_trajectory\n"
        "print(*analyse(synthetic_trajectory(), names=['my_package'], options={'my_package': {'within_A': 6}}))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stdout.split() == ["mine", "summary"], done.stderr


def test_a_user_s_observable_goes_through_several_processes():
    tables = [analyse(synthetic_trajectory(), extra=[EXAMPLE], names=["hydrogen_down"], parallel=n) for n in (1, 2)]
    np.testing.assert_array_equal(*(t["hydrogen_down"].value for t in tables))
