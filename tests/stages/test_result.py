"""A result in Python: it shows itself, plots, and gives its frames to ASE and MDAnalysis."""

from __future__ import annotations

import importlib
from dataclasses import replace

import matplotlib
import numpy as np
import pandas as pd
import pytest

import lmpdrive
from lmpdrive.errors import RunDirectoryError, TrajectoryError
from lmpdrive.observables.tables import Scalar
from lmpdrive.report.findings.finding import Finding
from lmpdrive.report.verdict import Verdict
from lmpdrive.stages.result import Result
from tests.observables.synthetic_frames import film

TIMESTEP_FS, EVERY = 0.5, 20


@pytest.fixture(scope="module")
def expected():
    """(F, N, 3) Å."""
    _, positions, _ = film([2.6, 5.2, 8.8], [0.3, -0.4, 0.1], extra=[("Na", (1, 1, 16))])
    return positions + np.random.default_rng(0).normal(scale=0.02, size=(20, *positions.shape))


@pytest.fixture(scope="module")
def result(expected, tmp_path_factory):
    """Of a text dump from elsewhere."""
    elements, _, cell = film([2.6, 5.2, 8.8], [0.3, -0.4, 0.1], extra=[("Na", (1, 1, 16))])
    folder = tmp_path_factory.mktemp("dump")
    lines = []
    for frame, positions in enumerate(expected):
        lines += ["ITEM: TIMESTEP", str(frame * EVERY), "ITEM: NUMBER OF ATOMS", str(len(elements))]
        lines += ["ITEM: BOX BOUNDS pp pp pp", *(f"0 {length}" for length in cell)]
        lines += ["ITEM: ATOMS id element x y z"]
        lines += [f"{i} {e} {x:.8f} {y:.8f} {z:.8f}" for i, (e, (x, y, z)) in enumerate(zip(elements, positions), 1)]
    (folder / "traj.lammpstrj").write_text("\n".join(lines) + "\n")
    names = ["water_density", "rdf", "ion_map"]
    source, out = folder / "traj.lammpstrj", folder / "out"
    return lmpdrive.analyse(source, out=out, timestep_fs=TIMESTEP_FS, names=names, with_report=False)


def test_the_library_lists_its_functions():
    assert {"analyse", "simulate", "resume", "check", "compare", "Result"} <= set(dir(lmpdrive))
    assert set(dir(lmpdrive)) == set(lmpdrive.__all__)
    assert all(getattr(lmpdrive, name) is not None for name in dir(lmpdrive))
    # lmpdrive/report is a folder too, and takes the name once something of it is imported
    importlib.import_module("lmpdrive.report")

    assert callable(lmpdrive.report)
    with pytest.raises(RunDirectoryError):
        lmpdrive.report("/nowhere")


def test_repr_is_one_short_line(result):
    assert repr(result).startswith(f"<Result {result.directory}: analysed; ")
    assert "\n" not in repr(result) and len(repr(result)) < 120 + len(str(result.directory))


def test_it_shows_verdict_numbers_and_the_next_command(tmp_path):
    scalars = {f"number <{i}>": Scalar(float(i), 0.1, "g/cm^3", headline=True) for i in range(9)}
    found = Verdict("short", "Too short to say: 1 question open.", (Finding("short", "T < 300 K"),), production_ps=40.0)
    shown = Result(tmp_path, "finished", verdict=found, scalars=scalars, run_directory=tmp_path)._repr_html_()
    assert "Too short to say: 1 question open." in shown and "T &lt; 300 K" in shown
    assert shown.count("<tr>") == 6 and "number &lt;5&gt;" in shown and "5.00 ± 0.20 g/cm³" in shown
    assert "± is 2σ" in shown and ".summary and .tables have 1σ" in shown
    assert f"lmpdrive resume {tmp_path} --set dynamics.production_ps=40" in shown
    assert "<svg" not in shown and "<script" not in shown
    (tmp_path / "observables").mkdir()
    (tmp_path / "observables" / "system.svg").write_text('<svg width="10"></svg>')
    assert "<svg " in Result(tmp_path, "finished")._repr_html_()


def test_plot_draws_into_the_axes_it_is_given(result):
    from matplotlib.figure import Figure

    axes = Figure().subplots()
    assert result.plot("water_density", axes) is axes
    assert axes.get_xlabel() == "distance from the surface, z (Å)" and axes.get_ylabel() == "ρ (g cm⁻³)"
    assert axes.get_title() == "Water density (band: 95 %, 2σ)"
    (drawn, *_) = [line for line in axes.lines if len(line.get_xdata()) == len(result.tables["water_density"])]
    assert np.allclose(drawn.get_ydata(), result.tables["water_density"]["ρ [g/cm^3]"], equal_nan=True)


@pytest.mark.parametrize("name", ["water_density", "ion_map_Na", "rdf_O_O"])
def test_plot_makes_axes_where_none_are_given(result, name):
    matplotlib.use("agg")
    import matplotlib.pyplot as plt

    axes = result.plot(name)
    assert axes.get_title().startswith(result.details[name].title) and axes.get_xlabel()
    plt.close(axes.figure)


@pytest.mark.parametrize("name", ["water_densty", "summary", ""])
def test_a_table_that_is_not_there(result, name):
    with pytest.raises(RunDirectoryError, match=r"no table .* There are: .*water_density"):
        result.plot(name)


def test_atoms_are_the_last_frame(result, expected):
    atoms = result.atoms
    assert np.allclose(atoms.positions, expected[-1], atol=1e-6)
    assert atoms.get_chemical_formula() == "H6Au36NaO3" and all(atoms.pbc)
    assert atoms.info == {"step": 19 * EVERY, "time_ps": pytest.approx(19 * EVERY * TIMESTEP_FS * 1e-3)}


@pytest.mark.parametrize(("every", "frames"), [(1, range(20)), (7, (0, 7, 14)), (100, (0,))])
def test_images_and_universe_are_the_same_frames(result, expected, every, frames):
    pytest.importorskip("MDAnalysis", reason="no MDAnalysis here")
    images, universe = result.images(every), result.universe(every)
    assert len(images) == len(universe.trajectory) == len(frames)
    for image, step, frame in zip(images, universe.trajectory, frames, strict=True):
        assert np.allclose(image.positions, expected[frame], atol=1e-6)
        assert np.allclose(step.positions, expected[frame], atol=1e-5)
        assert image.info["time_ps"] == pytest.approx(frame * EVERY * TIMESTEP_FS * 1e-3)
        if len(frames) > 1:
            assert step.time == pytest.approx(image.info["time_ps"])
        assert np.allclose(step.dimensions, image.cell.cellpar(), atol=1e-4)
    assert universe.select_atoms("element Na").n_atoms == 1
    assert universe.atoms.masses[0] == pytest.approx(196.97, abs=0.01)


@pytest.mark.parametrize("every", [0, -1])
def test_every_is_a_positive_number(result, every):
    with pytest.raises(TrajectoryError, match=f"every={every}: want 1"):
        result.images(every)


def test_a_result_without_a_trajectory_says_so(result, tmp_path):
    with pytest.raises(RunDirectoryError, match="not known from which trajectory"):
        replace(result, opened_with={}).atoms


def test_an_analysis_is_loaded_without_doing_it_again(result, expected, monkeypatch):
    written = (result.directory / "observables" / "results.nc").stat().st_mtime_ns
    monkeypatch.chdir("/")
    again = lmpdrive.load(result.directory)
    assert (again.state, again.run_directory, again.report) == ("analysed", None, None)
    assert again.verdict == result.verdict and again.scalars.keys() == result.scalars.keys()
    np.testing.assert_equal(again.summary, result.summary)
    for name, table in result.tables.items():
        pd.testing.assert_frame_equal(again.tables[name], table, check_dtype=False, check_exact=True)
    np.testing.assert_allclose(again.atoms.positions, expected[-1], atol=1e-6)
    assert again.plot("water_density").get_xlabel() == result.plot("water_density").get_xlabel()
    assert (result.directory / "observables" / "results.nc").stat().st_mtime_ns == written


def test_there_must_be_an_analysis(tmp_path):
    with pytest.raises(RunDirectoryError, match="analyse it first"):
        lmpdrive.load(tmp_path)
