"""results.nc: what goes in comes out, and tools that know nothing of lmpdrive find units in it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import xarray
from numpy.testing import assert_allclose
from scipy.io import netcdf_file

from lmpdrive.errors import TrajectoryError
from lmpdrive.observables import Table, analyse, describe, read_results, write_results, write_tables
from lmpdrive.observables.results import read_csv
from lmpdrive.observables.tables import Scalar, Span
from tests.observables.synthetic_frames import Frames, film


def frames(n=20):
    elements, positions, cell = film([2.6, 5.2, 8.8], [0.3, -0.4, 0.1], extra=[("Na", (1, 1, 16))])
    noise = np.random.default_rng(0).normal(scale=0.05, size=(n, *positions.shape))
    return Frames(elements, positions + noise, cell)


def a_map():
    z, x = np.meshgrid([0.5, 1.5], [0.25, 0.75, 1.25], indexing="ij")
    columns = {"z [Å]": z.ravel(), "u_a [Å]": x.ravel(), "c_Na [mol/L]": np.arange(6.0), "σ [mol/L]": np.nan}
    return Table("ion_map_Na", "Map", "map", pd.DataFrame(columns), n_variables=2)


def test_round_trip_of_every_table_and_all_it_says(tmp_path):
    tables = analyse(frames(), find_equilibration=True) | {"ion_map_Na": a_map()}
    tables["dipole_pz"] = replace(tables["dipole_pz"], spans=(Span(0.0, 0.1, "left out"),))
    assert tables["water_density"].references
    back = read_results(write_results(tables, tmp_path / "results.nc", describe(frames(), bin_width_A=0.1)))
    assert list(back.tables) == list(tables)
    for name, table in tables.items():
        other = back.tables[name]
        pd.testing.assert_frame_equal(other.data, table.data, check_dtype=False)
        says = ("title", "kind", "equation", "notes", "warnings", "n_blocks", "n_frames", "group", "convergence")
        for key in (*says, "references", "spans", "non_negative", "subject"):
            assert getattr(other, key) == getattr(table, key), (name, key)
        assert_allclose(
            [s.value for s in other.scalars.values()], [s.value for s in table.scalars.values()], equal_nan=True
        )
    assert back.about["atoms"] == {"Au": 36, "H": 6, "Na": 1, "O": 3}
    assert_allclose(back.about["area_A2"], 8.7**2)


def test_units_are_where_standard_tools_look(tmp_path):
    path = write_results(analyse(frames()) | {"ion_map_Na": a_map()}, tmp_path / "results.nc")
    with netcdf_file(path, mmap=False) as file:
        density = file.variables["water_density"]
        assert density.units == b"g/cm^3"
        assert density.dimensions == ("water_density_z",)
        assert file.variables["water_density_z"].units == "Å".encode()
        assert density.ancillary_variables == b"water_density_error"
        assert file.variables["ion_map_Na"].dimensions == ("ion_map_Na_z", "ion_map_Na_u_a")
        assert file.variables["ion_map_Na"].shape == (2, 3)
        assert all(name.isascii() for name in file.variables)


def test_xarray_opens_it(tmp_path):
    tables = analyse(frames()) | {"ion_map_Na": a_map()}
    with xarray.open_dataset(write_results(tables, tmp_path / "results.nc"), engine="scipy") as data:
        near = data["water_density"].sel(water_density_z=2.65, method="nearest")
        assert_allclose(near, tables["water_density"].value[26])
        assert data["ion_map_Na"].attrs["units"] == "mol/L"
        assert data["summary_quantity"].values[0].strip() == tables["summary"].data["quantity"][0]


def test_odd_tables_survive(tmp_path):
    columns = ["z [Å]", "value, e.g. ρ<cos θ> [1]", "σ [1]", "more/less [1]", "more less [1]"]
    empty = Table("empty", "Nothing", "profile", pd.DataFrame(columns=columns, dtype=float))
    odd = Table(
        "odd", "", "histogram", pd.DataFrame([[1.0, np.nan, 2, 3, np.inf]], columns=columns), scalars={"µ": Scalar(1.5)}
    )
    text = Table("summary", "S", "summary", pd.DataFrame({"quantity": ["a", "Å²", ""], "value": [1.0, 2, np.nan]}))
    tables = {"empty": empty, "odd": odd, "summary": text}
    back = read_results(write_results(tables, tmp_path / "results.nc")).tables
    for name, table in tables.items():
        pd.testing.assert_frame_equal(back[name].data, table.data, check_dtype=False)
    assert back["odd"].scalars["µ"].value == 1.5


def test_csv_of_an_older_analysis_give_the_profiles(tmp_path):
    tables = analyse(frames())
    write_tables(tables, tmp_path)
    back = read_csv(tmp_path).tables
    assert back["water_density"].kind == "profile"
    assert back["dipole_pz"].kind == "series"
    assert_allclose(back["water_density"].value, tables["water_density"].value, rtol=1e-6)


@pytest.mark.parametrize("content", [b"", b"hello", b"CDF\x01rubbish"])
def test_what_is_no_results_file_is_said_to_be_none(content, tmp_path):
    (tmp_path / "results.nc").write_bytes(content)
    with pytest.raises(TrajectoryError, match=r"results\.nc"):
        read_results(tmp_path / "results.nc")
    with pytest.raises(TrajectoryError, match="No such file"):
        read_results(tmp_path / "gone.nc")
    with pytest.raises(TrajectoryError, match="cannot write"):
        write_results({}, tmp_path / "no folder" / "results.nc")
