"""Errors of the models against the number of frames they learned from, and against their speed (study Fig. 2)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from lmpdrive.studies.figures import Drawn
from lmpdrive.studies.panels import logarithmic, panels, style_of
from lmpdrive.studies.tables import SPECIFIC, Tables

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

FORCES, ENERGIES, SPEED = "force RMSE [eV/Å]", "energy RMSE [meV/atom]", "speed [ns/day]"


def draw(tables: Tables) -> Iterator[Drawn]:
    """Learning curves, and error against speed where models ran."""
    seen = seen_states(tables.errors)
    yield Drawn(
        100,
        "learning_curves",
        "Errors against the number of frames",
        "On frames that no model has seen, of states that a model learned from. Filled: specific, open: mixed; bars: "
        "least and most of the splits.",
        panels(1, 2, lambda axes: _learning(axes[0], seen)),
        seen,
    )
    if not tables.runs.empty and tables.runs[SPEED].notna().any():
        both = pareto(seen, tables.runs)
        yield Drawn(
            101,
            "error_against_speed",
            "Error against speed",
            "Force errors of the largest training sets; speeds of this study's runs, on whatever machine did them.",
            panels(1, 1, lambda axes: _pareto(axes[0][0], both)),
            both,
        )


def seen_states(errors: pd.DataFrame) -> pd.DataFrame:
    """Without a specific model's errors in states that it knows nothing of."""
    return errors[(errors["kind"] != SPECIFIC) | (errors["learns"] == errors["state"])]


def pareto(errors: pd.DataFrame, runs: pd.DataFrame) -> pd.DataFrame:
    """One row for each model and kind: mean force error at the largest size, mean speed."""
    largest = errors[errors["size"] == errors.groupby("model")["size"].transform("max")]
    error = largest.groupby(["model", "kind"], sort=False)[FORCES].mean()
    speed = runs.groupby(["model", "kind"])[SPEED].mean()
    return error.to_frame().join(speed, how="inner").dropna().reset_index()


def _learning(axes: list[Axes], errors: pd.DataFrame) -> None:
    models = list(dict.fromkeys(errors["model"]))
    for one, quantity in zip(axes, (FORCES, ENERGIES), strict=True):
        for number, model in enumerate(models):
            for kind, own in errors[errors["model"] == model].groupby("kind", sort=False):
                spread = own.groupby(["size", "split"])[quantity].mean().groupby("size").agg(["mean", "min", "max"])
                bars = [spread["mean"] - spread["min"], spread["max"] - spread["mean"]]
                one.errorbar(
                    spread.index,
                    spread["mean"],
                    yerr=bars,
                    marker="os^vDP*"[number % 7],
                    fillstyle="full" if kind == SPECIFIC else "none",
                    label=f"{model}, {kind}",
                    markersize=4,
                    capsize=2,
                    **style_of(number),
                )
        logarithmic(one, x=errors["size"].to_numpy(float), y=errors[quantity].to_numpy(float))
        one.set_xlabel("frames")
        one.set_ylabel(quantity)
    axes[0].legend(fontsize=6)


def _pareto(axes: Axes, both: pd.DataFrame) -> None:
    for number, (model, own) in enumerate(both.groupby("model", sort=False)):
        for row in own.to_dict("records"):
            fill = "full" if row["kind"] == SPECIFIC else "none"
            label = f"{model}, {row['kind']}"
            axes.plot(
                row[SPEED],
                row[FORCES],
                "os^vDP*"[number % 7],
                fillstyle=fill,
                label=label,
                color=_colour(number),
                linestyle="none",
            )
    logarithmic(axes, x=both[SPEED].to_numpy(float), y=both[FORCES].to_numpy(float))
    axes.set_xlabel(SPEED)
    axes.set_ylabel(FORCES)
    axes.legend(fontsize=6)


def _colour(number: int) -> str:
    return str(style_of(number)["color"])
