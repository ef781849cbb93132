"""What a figure shows, in words: for screen readers, and where pictures are off."""

from __future__ import annotations

import numpy as np

from lmpdrive.observables.tables import Table


def alt_text(table: Table) -> str:
    """`Water density: ρ [g/cm^3] against z [Å] from 0.05 to 19.95; largest 3.21 at 2.85, smallest 0 at 0.05`."""
    x, y = table.x, table.value
    headers = [str(header) for header in table.data.columns]
    value, finite = headers[table.n_variables], np.isfinite(y)
    what = f"{table.title}: {value} against {' and '.join(headers[: table.n_variables])}"
    if not finite.any():
        return f"{what}; not defined anywhere"
    span = f"from {np.nanmin(x):.4g} to {np.nanmax(x):.4g}"
    if table.kind == "series":
        shown = f"mean {y[finite].mean():.4g}, between {y[finite].min():.4g} and {y[finite].max():.4g}"
    else:
        highest, lowest = int(np.nanargmax(y)), int(np.nanargmin(y))
        shown = f"largest {y[highest]:.4g} at {x[highest]:.4g}, smallest {y[lowest]:.4g} at {x[lowest]:.4g}"
    banded = table.kind not in ("series", "map") and np.isfinite(table.error).any()
    lines = "; ".join(["", *(reference.label for reference in table.references)])
    return f"{what} {span}; {shown}{'; with 95 % band' if banded else ''}{lines}"
