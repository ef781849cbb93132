"""Write the index in docs/observables.md, and docs/gallery.md, from the observables themselves.

python docs/make_observables.py                        # the texts; a test wants them up to date
python docs/make_observables.py --figures RUN [DUMP]   # the figures as well

The figures are drawn from a run directory and, for what needs velocities, from a text dump with vx vy vz of the same
system.  The shipped ones: inputs/au111-water-3na.yaml with 10 ps of equilibration and 30 ps of production; the dump has
4 ps, every 4 fs.
"""

from __future__ import annotations

import argparse
import inspect
import sys
import textwrap
from collections.abc import Collection, Iterable
from pathlib import Path

import yaml

from lmpdrive.observables import Observable, analyse, observable_classes
from lmpdrive.observables.listing import entries
from lmpdrive.observables.tables import Table
from lmpdrive.report.chapters import CHAPTERS, chapter
from lmpdrive.testing import synthetic_trajectory
from lmpdrive.trajectory import open_trajectory, read_thermo
from lmpdrive.trajectory.frames import Trajectory

PAGE = Path(__file__).with_name("observables.md")
GALLERY = Path(__file__).with_name("gallery.md")
FIGURES = Path(__file__).parent / "figures" / "observables"
START = "<!-- From here on written by docs/make_observables.py: change the docstrings instead. -->"

GALLERY_HEAD = """# Gallery

<!-- Written by docs/make_observables.py. -->

Figures as a run makes them, `observables/<name>.svg` in its directory (and `.png` by `lmpdrive report RUN --png`), each
chapter of the report with the YAML that asks for them; without `observables:` a run makes all for which it has what
they need. The system is `inputs/au111-water-3na.yaml` with 10 ps of equilibration and 30 ps of production; what needs
velocities is from a text dump of 4 ps. Each title leads to the definition. Figures of a whole run are in its report, of
several runs in that of [`compare`](compare.md), of a campaign in that of [campaigns](campaigns.md#the-report)."""

EXAMPLE_OPTIONS = {
    "density": {"profiles": [{"name": "oxygen", "selection": "O", "quantity": "mass"}]},
    "charge_visibility": {"receptive_field_A": 12.0},
}
"""For observables that do nothing by default; shown on the page as they stand."""

FROM_THE_LOG = {
    "temperature": ("t [ps]", "T [K]", "σ [K]", "T_<species> [K]"),
    "energy": ("t [ps]", "E_conserved [eV]", "σ [eV]", "E_potential [eV]", "E_kinetic [eV]", "E_total [eV]"),
    "pressure": ("t [ps]", "p [bar]", "σ [bar]"),
}
DPI = 110


def page(families: Collection[str] | None = None) -> str:
    """The whole page: what is written by hand, then the index of all families, or only of `families`."""
    by_hand = PAGE.read_text(encoding="utf-8").partition(START)[0].rstrip()
    return f"{by_hand}\n\n{START}\n\n{index(families)}"


def index(listed: Collection[str] | None = None) -> str:
    """A table of contents, and a section for each observable, in the report's chapters."""
    classes = classes_of(listed)
    tables = example_tables(synthetic_trajectory(), classes)
    chapters = by_chapter(tables)
    texts = {entry.family: entry for entry in entries()}
    lines = ["## Index", "", "| chapter | observables |", "|---|---|"]
    for key, families in chapters.items():
        links = ", ".join(f"[`{family}`](#{family})" for family in sorted(families))
        lines.append(f"| {CHAPTERS[key]} | {links} |")
    for key, families in chapters.items():
        lines += ["", f"## {CHAPTERS[key]}"]
        for family in sorted(families):
            lines += ["", f"### {family}", "", f"**{texts[family].title}.** {_math(texts[family].equation)}"]
            if family in FROM_THE_LOG:
                columns = " · ".join(f"`{header}`" for header in FROM_THE_LOG[family])
                lines += ["", f"| table | kind | columns |\n|---|---|---|\n| `{family}` | series | {columns} |"]
            else:
                lines += [
                    *_prose(classes[family], texts[family].title),
                    *_options(texts[family].options, family),
                    *_columns(tables[family]),
                ]
            lines += ["", f"![{texts[family].title}](figures/observables/{family}.png)"]
    return "\n".join(lines) + "\n"


def gallery(listed: Collection[str] | None = None) -> str:
    """The figures, chapter by chapter, each chapter with the YAML that makes it."""
    texts = {entry.family: entry for entry in entries()}
    lines = [GALLERY_HEAD]
    for key, families in by_chapter(example_tables(synthetic_trajectory(), classes_of(listed))).items():
        options = {family: EXAMPLE_OPTIONS[family] for family in families if family in EXAMPLE_OPTIONS}
        section = {"observables": {"names": sorted(families)} | ({"options": options} if options else {})}
        shown = yaml.safe_dump(section, sort_keys=False, width=100, default_flow_style=None, allow_unicode=True)
        lines += ["", f"## {CHAPTERS[key]}", "", f"```yaml\n{shown}```"]
        for family in sorted(families):
            title = texts[family].title
            lines += ["", f"[{title}](observables.md#{family})", "", f"![{title}](figures/observables/{family}.png)"]
    return "\n".join(lines) + "\n"


def classes_of(listed: Collection[str] | None) -> dict[str, list[type[Observable]]]:
    """Family -> its classes."""
    classes: dict[str, list[type[Observable]]] = {}
    for cls in observable_classes():
        if listed is None or cls.family() in listed:
            classes.setdefault(cls.family(), []).append(cls)
    return classes


def by_chapter(tables: dict[str, list[Table]]) -> dict[str, list[str]]:
    """Chapter of the report -> families with a figure there."""
    chapters: dict[str, list[str]] = {key: [] for key in CHAPTERS}
    for family, made in tables.items():
        chapters[chapter(made[0])].append(family)
    chapters["thermo"] += FROM_THE_LOG
    return {key: families for key, families in chapters.items() if families}


def example_tables(trajectory: Trajectory, families: Iterable[str]) -> dict[str, list[Table]]:
    """The tables of each observable on some frames."""
    found = {}
    for family in families:
        made = analyse(trajectory, names=[family], options=EXAMPLE_OPTIONS)
        found[family] = [table for name, table in made.items() if name != "summary"]
    return found


def _math(equation: str) -> str:
    return f"`{' '.join(equation.split())}`"


def _prose(classes: list[type[Observable]], title: str) -> list[str]:
    """Docstrings of the file and of its classes; indented lines there are formulas."""
    module = inspect.getdoc(sys.modules[classes[0].__module__]) or ""
    lines: list[str] = []
    for part in [module, *(inspect.getdoc(cls) or "" for cls in classes)]:
        for paragraph in part.strip().split("\n\n"):
            text = textwrap.dedent(paragraph).strip("\n")
            if not text or text.rstrip(".") == title:
                continue
            formula = paragraph.startswith("    ")
            lines += ["", f"```text\n{text}\n```" if formula else _escaped(text)]
    return lines


def _escaped(text: str) -> str:
    """Docstrings are plain text: Markdown must not read <...> and * as markup."""
    parts = text.split("`")
    parts[::2] = [part.replace("<", "\\<").replace("*", "\\*") for part in parts[::2]]
    return "`".join(parts)


def _cell(text: str) -> str:
    return _escaped(" ".join(text.split())).replace("|", "\\|")


def _options(options: Iterable, family: str) -> list[str]:
    rows = [f"| `{option.name}` | `{option.default}` | {_cell(option.meaning)} |" for option in options]
    lines = ["", "| option | default | meaning |", "|---|---|---|", *rows] if rows else []
    if family in EXAMPLE_OPTIONS:
        given = f"{{{family}: {EXAMPLE_OPTIONS[family]}}}"
        lines += ["", f"Made only on request. The table below is from `options: {given}`."]
    return lines


def _columns(tables: list[Table]) -> list[str]:
    lines = ["", "| table | kind | columns |", "|---|---|---|"]
    for table in tables:
        headers = " · ".join(f"`{header}`" for header in table.data.columns)
        lines.append(f"| `{table.name}` | {table.kind} | {headers} |")
    return lines


def draw_figures(run: Path, dump: Path | None) -> None:
    """One figure for each observable, its first table, in docs/figures/observables/."""
    from matplotlib import rc_context

    from lmpdrive.report.figures import STYLE, draw

    FIGURES.mkdir(parents=True, exist_ok=True)
    trajectory, thermo = open_trajectory(run), read_thermo(run / "log.lammps")
    families = sorted({cls.family() for cls in observable_classes()})
    moving = open_trajectory(dump, elements=["Au", "H", "Na", "O"], timestep_fs=0.5) if dump else None
    for family in [*families, *FROM_THE_LOG]:
        for source in filter(None, (trajectory, moving)):
            try:
                made = analyse(source, names=[family], options=EXAMPLE_OPTIONS, thermo=thermo)
            except ValueError as error:
                print(f"{family}: {error}", file=sys.stderr)
                continue
            name = next(iter(made))
            figure = draw(made[name])
            with rc_context(STYLE):
                figure.savefig(FIGURES / f"{family}.png", dpi=DPI, pil_kwargs={"optimize": True})
            break


def main() -> None:
    """Parse, write."""
    parser = argparse.ArgumentParser(description="Write the index in docs/observables.md, and docs/gallery.md.")
    parser.add_argument("--figures", type=Path, nargs="+", metavar=("RUN", "DUMP"), help="draw the figures as well")
    given = parser.parse_args()
    if given.figures:
        draw_figures(given.figures[0], given.figures[1] if len(given.figures) > 1 else None)
    PAGE.write_text(page(), encoding="utf-8")
    GALLERY.write_text(gallery(), encoding="utf-8")


if __name__ == "__main__":
    main()
