"""`write_interactive`: the page itself."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lmpdrive.errors import ConfigError
from lmpdrive.report.chapters import in_chapters
from lmpdrive.report.interactive.charts import chart
from lmpdrive.report.interactive.viewer import MOST_ATOMS, movie_of

if TYPE_CHECKING:
    from lmpdrive.observables.tables import Table
    from lmpdrive.trajectory import Trajectory

PAGE = "interactive.html"
HERE = Path(__file__).parent


def need_plotly(module: str = "plotly") -> None:
    """Raise ConfigError where plotly is not installed: before the analysis, not after it."""
    from importlib.util import find_spec

    if find_spec(module) is None:
        raise ConfigError(f'an interactive page needs {module}: pip install "lmpdrive[interactive]"')


def write_interactive(folder: Path, title: str, tables: Mapping[str, Table], frames: Trajectory) -> Path:
    """Write `folder/interactive.html`, with all that it needs inside; return its path.

    Raises ConfigError without plotly, TrajectoryError if the page cannot be written.
    """
    need_plotly()
    from plotly.offline import get_plotlyjs

    from lmpdrive.report.page import environment, written

    chapters = [
        (chapter, [(table.name, table.title, table.equation) for table in members])
        for chapter, members in in_chapters(tables.values()).items()
    ]
    movie = movie_of(frames)
    text = (
        environment()
        .get_template("interactive/interactive.html.j2")
        .render(
            title=title,
            chapters=chapters,
            charts=_in_script({t.name: chart(t) for t in tables.values() if t.kind != "summary"}),
            movie=movie,
            movie_data=_in_script(
                None if movie is None else {"xyz": movie.xyz, "times": movie.times, "edges": movie.edges}
            ),
            n_atoms=frames.n_atoms,
            most_atoms=MOST_ATOMS,
            plotly=_script(get_plotlyjs()),
            viewer=_script((HERE / "3Dmol-min.js").read_text(encoding="utf-8")),
            own=_script((HERE / "interactive.js").read_text(encoding="utf-8")),
        )
    )
    return written(folder / PAGE, text)


def _in_script(value: Any) -> Any:
    """JSON that may stand inside a script: no text in it can end the element."""
    return _script(json.dumps(value, ensure_ascii=False, allow_nan=False).replace("<", "\\u003c"))


def _script(text: str) -> Any:
    from markupsafe import Markup

    return Markup(text)
