"""How far every model is from its teacher: of each curve and number, in σ, for specific and for mixed training.

Of a curve with bins b that have an error, z_b = (n_b - t_b)/√(σ_b² + σ_t,b²), with n of the run and t of the teacher:

    distance [σ] = √⟨z_b²⟩,     distance = √(Σ (n_b - t_b)²/Σ t_b²),

so that 1 σ is what chance makes.  Bins are tested together by Benjamini and Hochberg's procedure, as in `compare`.
With a committee, z with σ_model² added says whether the model knows of its error.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from lmpdrive.report.significance import degrees_of_freedom, false_discoveries, two_sided

if TYPE_CHECKING:
    import pandas as pd

Array = NDArray[np.float64]
KEYS = ["model", "learns", "kind", "size", "split", "state"]
BLOCKS = 10
"""Behind each error, unless a run says otherwise."""
DIFFERS = 2.0
"""Distances above are called different in words."""


def distances(profiles: pd.DataFrame) -> pd.DataFrame:
    """One row for each curve of each run."""
    import pandas as pd

    if profiles.empty:
        return pd.DataFrame()
    rows = []
    for key, own in profiles.groupby([*KEYS, "table"], sort=False):
        rows.append(dict(zip([*KEYS, "observable"], key, strict=True)) | distance(own))
    return pd.DataFrame(rows)


def distance(curve: pd.DataFrame) -> dict[str, Any]:
    """Of one curve: the columns value, σ, teacher, σ teacher, σ_model."""
    value, error, truth, sigma = (curve[name].to_numpy(float) for name in ("value", "σ", "teacher", "σ teacher"))
    known = np.isfinite(value) & np.isfinite(truth) & np.isfinite(error) & np.isfinite(sigma)
    known &= np.hypot(error, sigma) > 0
    if not known.any():
        return {"bins": 0, "distance [σ]": np.nan, "distance": np.nan, "bins different": 0, "with σ_model [σ]": np.nan}
    delta, both = (value - truth)[known], np.hypot(error, sigma)[known]
    z = delta / both
    p = two_sided(z, degrees_of_freedom(error[known], sigma[known], BLOCKS, BLOCKS))
    model = curve["σ_model"].to_numpy(float)[known]
    with_model = delta / np.sqrt(both**2 + np.nan_to_num(model) ** 2)
    size = float(np.sqrt((truth[known] ** 2).sum()))
    return {
        "bins": int(known.sum()),
        "distance [σ]": float(np.sqrt((z**2).mean())),
        "distance": float(np.sqrt((delta**2).sum())) / size if size else np.nan,
        "bins different": int(false_discoveries(p).sum()),
        "with σ_model [σ]": float(np.sqrt((with_model**2).mean())) if np.isfinite(model).any() else np.nan,
    }


def verdict_lines(found: pd.DataFrame, observables: list[str]) -> list[str]:
    """For each architecture: is mixed training further from the teacher than specific training?"""
    if found.empty:
        return ["no run of a model is done: there is nothing to compare"]
    lines = []
    for model, own in found[found["observable"].isin(observables)].groupby("model", sort=False):
        parts = []
        for observable in observables:
            mean = own[own["observable"] == observable].groupby("kind")["distance [σ]"].mean()
            if len(mean) == 2:
                parts.append(f"{observable} {mean['specific']:.1f} σ specific, {mean['mixed']:.1f} σ mixed")
        if parts:
            lines.append(f"{model}: {'; '.join(parts)}")
    return lines
