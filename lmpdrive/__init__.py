"""lmpdrive: molecular dynamics of electrochemical interfaces with LAMMPS and any ML potential.

>>> import lmpdrive
>>> result = lmpdrive.simulate("inputs/pt111-water.yaml", out="runs/pt")   # doctest: +SKIP
>>> result.tables["water_density"]                                         # doctest: +SKIP
"""

from typing import Any

from lmpdrive._version import __version__

__all__ = [
    "AnalysisRequest",
    "Result",
    "__version__",
    "analyse",
    "campaign",
    "check",
    "compare",
    "load",
    "pareto",
    "probe_pes",
    "render",
    "report",
    "resume",
    "run_deck",
    "simulate",
    "umbrella",
    "uncertainty",
]


def __dir__() -> list[str]:
    return sorted(__all__)


def __getattr__(name: str) -> Any:
    # Lazy, so that `lmpdrive --help` does not wait for NumPy and pandas.
    if name in __all__:
        if name == "campaign":
            from lmpdrive.campaigns.tables import CampaignView

            return CampaignView
        if name == "load":
            from lmpdrive.stages.load import load

            return load
        from lmpdrive import pipeline

        return getattr(pipeline, name)
    raise AttributeError(f"module 'lmpdrive' has no attribute '{name}'")
