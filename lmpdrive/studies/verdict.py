"""How far every model is from its teacher: of each curve and number, in σ, for specific and for mixed training.

Of a curve with bins b that have an error, z_b = (n_b - t_b)/√(σ_b² + σ_t,b²), with n of the run and t of the teacher:

    distance [σ] = √⟨z_b²⟩,     distance = √(Σ (n_b - t_b)²/Σ t_b²),

so that 1 σ is what chance makes.  Where σ is a lower bound the distance in σ is an upper one.  Bins are tested together
by Benjamini and Hochberg's procedure, as in `compare`.
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
AT_MOST = "at most"
"""Column: whether the distance in σ is an upper bound."""


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
    """Of one curve: the columns value, σ, teacher, σ teacher, lower bound, σ_model."""
    value, error, truth, sigma = (curve[name].to_numpy(float) for name in ("value", "σ", "teacher", "σ teacher"))
    known = np.isfinite(value) & np.isfinite(truth) & np.isfinite(error) & np.isfinite(sigma)
    known &= np.hypot(error, sigma) > 0
    if not known.any():
        nothing = dict.fromkeys(("distance [σ]", "distance", "with σ_model [σ]"), np.nan)
        return nothing | {"bins": 0, "bins different": 0, AT_MOST: False}
    delta, both = (value - truth)[known], np.hypot(error, sigma)[known]
    z = delta / both
    p = two_sided(z, degrees_of_freedom(error[known], sigma[known], BLOCKS, BLOCKS))
    model = curve["σ_model"].to_numpy(float)[known]
    with_model = delta / np.sqrt(both**2 + np.nan_to_num(model) ** 2)
    size = float(np.sqrt((truth[known] ** 2).sum()))
    return {
        "bins": int(known.sum()),
        "distance [σ]": float(np.sqrt((z**2).mean())),
        AT_MOST: bool(curve["lower bound"].any()),
        "distance": float(np.sqrt((delta**2).sum())) / size if size else np.nan,
        "bins different": int(false_discoveries(p).sum()),
        "with σ_model [σ]": float(np.sqrt((with_model**2).mean())) if np.isfinite(model).any() else np.nan,
    }


def verdict_lines(found: pd.DataFrame, observables: list[str], runs: pd.DataFrame) -> list[str]:
    """For each architecture: is mixed training further from the teacher than specific training?  Which runs ended?"""
    lines = []
    for model, ran in [] if runs.empty else runs.groupby("model", sort=False):
        parts = []
        for observable in [] if found.empty else observables:
            of = found[(found["model"] == model) & (found["observable"] == observable)]
            kinds = {kind: in_words(rows) for kind, rows in of.groupby("kind")}
            if len(kinds) == 2:
                parts.append(f"{observable} {kinds['specific']} σ specific, {kinds['mixed']} σ mixed")
        if unstable := int((ran["phase"] == "unstable").sum()):
            parts.append(f"the guard ended {unstable} of {len(ran)} runs")
        if parts:
            lines.append(f"{model}: {'; '.join(parts)}")
    return lines or ["no run of a model is done: there is nothing to compare"]


def in_words(rows: pd.DataFrame) -> str:
    """Mean distance [σ] of several runs, with whether it is an upper bound."""
    return f"{'≤ ' if rows[AT_MOST].any() else ''}{rows['distance [σ]'].mean():.1f}"
