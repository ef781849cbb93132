"""All tables of an analysis in one file, `results.nc`: netCDF 3, which xarray, ncview, R and MATLAB read.

    xarray.open_dataset("observables/results.nc")["water_density"].plot()

Each table is a data variable of its own name along a coordinate of its own, with `<name>_error` (σ) beside it and
further columns after it; `units` and `long_name` are attributes.  A map on a full grid has two dimensions.  Everything
else in a `Table` (equation, notes, warnings, numbers) is JSON in the attribute `lmpdrive_tables`, so that
`read_results` gives back what `write_results` was given.
"""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from lmpdrive.common.atomic import replacing
from lmpdrive.errors import TrajectoryError
from lmpdrive.observables.tables import Convergence, Reference, Scalar, Span, Table

if TYPE_CHECKING:
    import pandas as pd

    from lmpdrive.trajectory.frames import Trajectory

RESULTS = "results.nc"
_ASCII = {
    "ρ": "rho", "σ": "sigma", "θ": "theta", "τ": "tau", "ε": "epsilon", "Å": "A", "Δ": "delta", "μ": "mu", "µ": "mu",
    "β": "beta", "λ": "lambda", "φ": "phi", "ω": "omega", "ν": "nu", "α": "alpha", "χ": "chi", "²": "2", "³": "3",
    "⟨": "", "⟩": "",
}  # fmt: skip


@dataclass(frozen=True)
class Results:
    """Tables by name, and `about`: atoms, area, bin width, times, ... of what was analysed."""

    tables: dict[str, Table]
    about: dict[str, Any] = field(default_factory=dict)


def describe(trajectory: Trajectory, **more: Any) -> dict[str, Any]:
    """`about` of a trajectory: what two analyses must share to be compared."""
    from lmpdrive.observables import geometry

    cell = trajectory.read(0, 1).cells
    elements = [str(element) for element in trajectory.topology.elements]
    times = [float(trajectory.times_ps[0]), float(trajectory.times_ps[-1])] if trajectory.times_known else None
    return {
        "source": str(trajectory.path.absolute()),
        "atoms": {element: elements.count(element) for element in sorted(set(elements))},
        "area_A2": float(geometry.areas(cell)[0]),
        "height_A": float(geometry.heights(cell)[0]),
        "n_frames": trajectory.n_frames,
        "times_ps": times,
        **more,
    }


def write_results(tables: Mapping[str, Table], path: str | Path, about: Mapping[str, Any] | None = None) -> Path:
    """Write `tables` to the netCDF file `path`, to a temporary name and renamed.

    Raises TrajectoryError if it cannot be written.
    """
    from scipy.io import netcdf_file

    path = Path(path)
    try:
        with replacing(path) as temporary, netcdf_file(temporary, "w", version=2) as file:
            taken = {_slug(name) for name in tables}
            described = {name: _write_table(file, table, taken) for name, table in tables.items()}
            file.title = b"lmpdrive observables"
            file.lmpdrive_about = json.dumps(dict(about or {})).encode()
            file.lmpdrive_tables = json.dumps(described).encode()
    except OSError as error:
        raise TrajectoryError(f"cannot write {path}: {error.strerror}") from error
    return path


def read_results(path: str | Path) -> Results:
    """What `write_results` wrote.

    Raises TrajectoryError if there is no such file, or if `write_results` did not write it.
    """
    from scipy.io import netcdf_file

    try:
        with netcdf_file(path, "r", mmap=False) as file:
            described = json.loads(file.lmpdrive_tables.decode())
            about = json.loads(file.lmpdrive_about.decode())
            return Results({name: _read_table(file, rest) for name, rest in described.items()}, about)
    except OSError as error:
        raise TrajectoryError(f"cannot read {path}: {error.strerror or error}") from error
    except (TypeError, ValueError, AttributeError, KeyError) as error:
        raise TrajectoryError(f"{path} is not a results file of lmpdrive: {error}; analyse the run again") from error


def _write_table(file: Any, table: Table, taken: set[str]) -> dict[str, Any]:
    """Dimensions and variables of one table; returns what goes into the JSON."""
    rest = {f.name: getattr(table, f.name) for f in dataclasses.fields(table) if f.name != "data"}
    rest["scalars"] = {name: dataclasses.asdict(scalar) for name, scalar in table.scalars.items()}
    rest["convergence"] = dataclasses.asdict(table.convergence) if table.convergence else None
    for name in ("references", "spans"):
        rest[name] = [dataclasses.asdict(one) for one in getattr(table, name)]
    headers = [str(header) for header in table.data.columns]
    rest["columns"] = columns = dict(zip(headers, _names(table, headers, taken)))
    rest["grid"] = grid = _grid(table)
    if not len(table.data):
        return rest
    variables = headers[: table.n_variables]
    if grid:
        dimensions = tuple(columns[header] for header in variables)
        for header, points in zip(variables, grid):
            file.createDimension(columns[header], len(points))
            _write_column(file, columns[header], (columns[header],), np.asarray(points), header, table)
    else:
        dimensions = (f"{table.name}_row" if table.kind == "summary" else columns[headers[0]],)
        file.createDimension(dimensions[0], len(table.data))
    for header in headers:
        if grid and header in variables:
            continue
        values = table.data[header].to_numpy()
        values = values.reshape([len(v) for v in grid]) if grid else values
        variable = _write_column(file, columns[header], dimensions, values, header, table)
        error = headers[headers.index(header) + 1 :][:1]
        if columns[header] == _slug(table.name) and error and error[0].startswith("σ"):
            variable.ancillary_variables = columns[error[0]].encode()
    return rest


def _write_column(
    file: Any, name: str, dimensions: tuple[str, ...], values: np.ndarray, header: str, table: Table
) -> Any:
    if values.dtype.kind in "OUST":  # text, as characters
        encoded = np.array([str(value).encode() for value in values])
        width = max(1, encoded.dtype.itemsize)
        file.createDimension(f"{name}_characters", width)
        variable = file.createVariable(name, "c", (*dimensions, f"{name}_characters"))
        variable[:] = encoded.astype(f"S{width}").view("S1").reshape(len(values), width)
        variable._Encoding = b"utf-8"
    else:
        variable = file.createVariable(name, "d", dimensions)
        variable[:] = values.astype(float)
    match = re.fullmatch(r"(.*?) \[(.*)\]", header)
    if match:
        variable.units = match[2].encode()
    variable.long_name = f"{table.title}: {match[1] if match else header}".encode()
    return variable


def _read_table(file: Any, rest: dict[str, Any]) -> Table:
    import pandas as pd

    columns, grid = rest.pop("columns"), rest.pop("grid")
    found = {header: _read_column(file, name) for header, name in columns.items() if name in file.variables}
    if grid:
        flat = np.meshgrid(*(found[header] for header in list(columns)[: len(grid)]), indexing="ij")
        found |= dict(zip(columns, flat))
    data = pd.DataFrame({header: np.ravel(values) for header, values in found.items()}, columns=list(columns))
    rest["scalars"] = {name: Scalar(**scalar) for name, scalar in rest["scalars"].items()}
    rest["convergence"] = Convergence(**rest["convergence"]) if rest["convergence"] else None
    rest["references"] = [Reference(**one) for one in rest.get("references", ())]
    rest["spans"] = [Span(**one) for one in rest.get("spans", ())]
    for name in ("notes", "warnings", "references", "spans", "non_negative"):
        rest[name] = tuple(rest.get(name, ()))
    return Table(data=data, **rest)


def _read_column(file: Any, name: str) -> np.ndarray:
    variable = file.variables[name]
    values = variable[:].copy()
    if values.dtype.kind == "S":
        return np.array([row.tobytes().rstrip(b"\0").decode() for row in values], dtype=object)
    return values.astype(float)


def _grid(table: Table) -> list[list[float]] | None:
    """The values of two or more variables whose products are the rows in order; None for anything else."""
    if table.n_variables < 2 or not len(table.data):
        return None
    variables = [table.data.iloc[:, i].to_numpy(dtype=float) for i in range(table.n_variables)]
    values = [np.unique(column) for column in variables]
    if np.prod([len(v) for v in values]) != len(table.data):
        return None
    full = np.meshgrid(*values, indexing="ij")
    if any((column != axis.ravel()).any() for column, axis in zip(variables, full)):
        return None
    return [v.tolist() for v in values]


def _names(table: Table, headers: list[str], taken: set[str]) -> list[str]:
    """Names of the variables: ASCII, because netCDF 3 tools choke on others; added to `taken`."""
    names: list[str] = []
    for i, header in enumerate(headers):
        base = name = f"{_slug(table.name)}_{_slug(header)}"
        if table.kind != "summary" and i == table.n_variables:
            names.append(_slug(table.name))  # reserved for it
            continue
        if table.kind != "summary" and i == table.n_variables + 1 and header.startswith("σ"):
            base = name = f"{_slug(table.name)}_error"
        number = 1
        while name in taken:
            number += 1
            name = f"{base}_{number}"
        taken.add(name)
        names.append(name)
    return names


def _slug(text: str) -> str:
    text = re.sub(r" \[.*\]$", "", text)
    ascii_ = "".join(_ASCII.get(c, c) for c in text)
    return re.sub(r"[^A-Za-z0-9_]+", "_", ascii_.replace("+", "plus").replace("-", "minus")).strip("_") or "column"


def read_csv(folder: Path) -> Results:
    """Profiles from the CSV files of an older analysis: what they are is read off their headers."""
    import pandas as pd

    tables = {}
    for path in sorted(folder.glob("*.csv")):
        data: pd.DataFrame = pd.read_csv(path)
        headers = [str(header) for header in data.columns]
        if path.stem == "summary" and headers[:3] == ["quantity", "value", "σ"]:
            words = [header for header in ("unit", "note", "error") if header in data]
            data[words] = data[words].astype(object).fillna("")
            tables["summary"] = Table("summary", "Summary", "summary", data)
        elif len(headers) > 2 and headers[2].startswith("σ"):
            first = headers[0].partition(" ")[0]
            kind = {"z": "profile", "r": "profile", "t": "series", "step": "series", "τ": "correlation"}
            known = kind.get(first, "histogram")
            blocks = 10 if data.iloc[:, 2].notna().any() else 0
            tables[path.stem] = Table(path.stem, path.stem.replace("_", " "), known, data, n_blocks=blocks)
    return Results(tables)
