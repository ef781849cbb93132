"""The documentation is true: its commands run, its inputs load, its links lead somewhere, no key is missing.

Blocks with `title="name"` are files of their page.  The commands of a page share one folder, which also holds copies of
inputs/ and studies/.
"""

from __future__ import annotations

import ast
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest
import yaml
from pydantic import BaseModel

from lmpdrive import architectures
from lmpdrive.architectures import DeckNeeds, Interface, ManyCouplings, ModelFacts, PairStyle, RunSteps, available, find
from lmpdrive.architectures.base import deck, pair_style, text_files
from lmpdrive.architectures.shared.dispersion import Dispersion
from lmpdrive.architectures.shared.electrostatics import Electrostatics
from lmpdrive.cli.app import EXIT_CODES
from lmpdrive.config import bias, build, electrolyte, load, sections
from lmpdrive.system.build import build as build_system
from tests.docs.terminal import run_on_terminal
from tests.shipped import shipped

ROOT = Path(__file__).parents[2]
PAGES = sorted(
    [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("benchmarks/*/README.md")],
    key=lambda p: p.relative_to(ROOT).parts,
)
COMMANDS = ("lmpdrive ", "lmp ", "cd ")
"""A line that begins with one of these is run as it stands."""

NOT_RUN = (
    'python3 -m venv .venv && .venv/bin/pip install ".[deepmd]" && .venv/bin/lmpdrive simulate inputs/pt111-water.yaml',
    'python3 -m venv .venv && .venv/bin/pip install -e ".[deepmd,mace,test]" && .venv/bin/pytest',
    'pip install ".[deepmd]"',
    'pip install ".[mace]"',
    'pip install ".[campaign]"',
    'pip install ".[sevennet]"',
    'pip install ".[fairchem]"',
    'pip install ".[mace]" cuequivariance-torch cuequivariance-ops-torch-cu12',
    'pip install ".[dispersion]"',
    'pip install ".[electrostatics]"',
    'pip install ".[grace]"',
    'pip install ".[learn]"',
    "lmpdrive learn water.yaml",
    "lmpdrive env create mace",
    "lmpdrive env create grace",
    "lmpdrive env create quip",
    "lmpdrive env create pace",
    "lmpdrive env create mtp",
    "lmpdrive env create nequip",
    "lmpdrive env create metatomic",
    ".venv/bin/ruff check .",
    ".venv/bin/mypy",
    ".venv/bin/lint-imports",
)
"""Installing (tests/environments makes a small one), what .ci/run does itself, and active learning, whose page
tests/learning/test_loop.py runs."""

SHORT = {
    "dynamics.equilibrate_ps": 0.02,
    "dynamics.minimise.max_steps": 30,
    "dynamics.production_ps": 0.1,
    "output.frames_every_fs": 10,
    "output.dump_every_fs": 50,
}
OF_PYTHON = re.compile(r"^Traceback|\.py:\d+: \w*Warning", re.M)
"""What no command shows to a user."""
MOST_PT111_SIMULATIONS = 4
"""Each takes some 20 s."""
SHIPPED = sorted(set(available()) & shipped("lmpdrive/architectures"))


class Block(NamedTuple):
    """A fenced block of a page."""

    language: str
    title: str | None
    text: str


def blocks(page: Path) -> list[Block]:
    """The fenced blocks of `page`, in order."""
    found = re.findall(r'^```(\w+)(?: title="([^"]+)")?\n(.*?)^```$', page.read_text(), re.M | re.S)
    return [Block(language, title or None, text) for language, title, text in found]


def name(page: Path) -> str:
    return str(page.relative_to(ROOT))


def lines(page: Path) -> list[str]:
    """Command lines of the page's bash blocks, comments and continuations taken out."""
    text = "\n".join(b.text for b in blocks(page) if b.language == "bash").replace("\\\n", " ")
    return [line.strip() for line in text.splitlines() if line.strip() and not line.strip().startswith("#")]


def shortened(line: str, folder: Path) -> str:
    """`simulate` and `render` with a run that takes seconds."""
    words = line.split()
    if words[:2] == ["lmpdrive", "campaign"] and words[2] != "status":
        shorten_campaign(folder / words[3])
    if words[0] != "lmpdrive" or words[1] not in ("simulate", "render") or "--dry-run" in words or "--help" in words:
        return line
    values = SHORT | ({"system.build.relax_ps": 0.2} if is_built(folder / words[2]) else {})
    if load(folder / words[2]).dynamics.stages:  # they give the lengths, and are short in the docs
        values = {key: value for key, value in values.items() if not key.endswith(("equilibrate_ps", "production_ps"))}
    head, *comment = re.split(r"\s+#\s", line)
    assert len(comment) <= 1
    return " ".join([head, *(f"--set {key}={value}" for key, value in values.items())])


def shorten_campaign(file: Path) -> None:
    """Two short runs instead of many: two points of the first axis, one of every other.  A study is only checked."""
    content = yaml.safe_load(file.read_text())
    if "study" in content:
        return
    content["set"] |= SHORT | {"system.build.relax_ps": 0.2, "output.report": False}
    for number, axis in enumerate(content["axes"].values()):
        for key, values in axis.items():
            axis[key] = values[: 2 - (number > 0)] if key != "together" else values
    file.write_text(yaml.safe_dump(content, sort_keys=False))


def is_built(file: Path) -> bool:
    return load(file).system.build is not None


def simulates(page: Path) -> bool:
    return any(line.startswith("lmpdrive simulate") for line in lines(page))


def imports(code: str) -> str:
    """Of an example without a run before it, only the names it imports can be tried; the rest must parse."""
    return "".join(ast.unparse(n) + "\n" for n in ast.parse(code).body if isinstance(n, ast.Import | ast.ImportFrom))


def run_piped(command: list[str], folder: Path, env: dict[str, str]) -> tuple[int, str]:
    """Exit status and output of a command whose output goes to a file, as on a cluster."""
    done = subprocess.run(
        command, cwd=folder, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=600
    )
    return done.returncode, done.stdout


def run_page(page: Path, folder: Path) -> None:
    """Write the page's files, then run its commands and its Python in order; every other page on a terminal."""
    on_terminal = RUNNABLE.index(page) % 2 == 0

    def run(command: list[str], folder: Path, env: dict[str, str]) -> tuple[int, str]:
        return run_on_terminal(command, folder, env, 600) if on_terminal else run_piped(command, folder, env)

    for shipped_folder in ("inputs", "studies"):
        shutil.copytree(ROOT / shipped_folder, folder / shipped_folder)
    for block in blocks(page):
        if block.title:
            (folder / block.title).parent.mkdir(parents=True, exist_ok=True)
            (folder / block.title).write_text(block.text)
    env = os.environ | {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}", "MPLBACKEND": "agg"}
    del env["LMPDRIVE_TRUST"]  # a reader has not set it
    env["XDG_DATA_HOME"] = str(folder / "home")  # and the commands are not to change what the user accepted
    for block in blocks(page):
        if block.language == "bash":
            text = block.text.replace("\\\n", " ")
            # one after the other: a command may name a file that the one before it wrote
            commands = (
                ["bash", "-c", shortened(line.strip(), folder)]
                for line in text.splitlines()
                if line.strip().startswith(COMMANDS) and line.strip() not in NOT_RUN
            )
        elif block.language == "python" and not block.title:
            commands = iter([[sys.executable, "-c", block.text if simulates(page) else imports(block.text)]])
        else:
            continue
        for command in commands:
            status, shown = run(command, folder, env)
            assert status == 0, f"{name(page)}: {command[-1]}\n{shown}"
            noise = OF_PYTHON.search(shown) if block.language == "bash" else None
            assert not noise, f"{name(page)}: {command[-1]}\n{shown}"


RUNNABLE = [
    p
    for p in PAGES
    if any(line.startswith(COMMANDS) for line in lines(p))
    or any(b.language == "python" and not b.title for b in blocks(p))
]


@pytest.mark.parametrize("page", RUNNABLE, ids=name)
def test_commands_run(page, tmp_path):
    if "pt111" in page.read_text():
        pytest.importorskip("deepmd", reason="the page runs a Deep Potential")
    if "pt111-water-mace" in page.read_text():
        pytest.importorskip("mace", reason="the page runs a MACE model")
    run_page(page, tmp_path)


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_every_command_is_run_or_listed(page):
    strange = [line for line in lines(page) if not line.startswith(COMMANDS) and line not in NOT_RUN]
    assert not strange, f"{name(page)}: neither run nor listed in NOT_RUN: {strange}"


def test_the_documentation_stays_cheap_to_run():
    runs = [
        line
        for p in PAGES
        for line in lines(p)
        if line.startswith("lmpdrive simulate") and "pt111" in line and "--dry-run" not in line
    ]
    assert len(runs) <= MOST_PT111_SIMULATIONS, runs


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_whole_configurations_load(page, tmp_path):
    for block in blocks(page):
        if block.title:
            (tmp_path / block.title).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / block.title).write_text(block.text)
    for number, block in enumerate(blocks(page)):
        content = yaml.safe_load(block.text) if block.language == "yaml" else None
        if isinstance(content, dict) and {"system", "potential"} <= set(content):
            file = tmp_path / f"block-{number}.yaml"
            file.write_text(block.text)
            load(file)


BUILDS = [
    content["build"]
    for block in blocks(ROOT / "docs" / "systems.md")
    if block.language == "yaml" and "build" in (content := yaml.safe_load(block.text))
]


@pytest.mark.parametrize("section", BUILDS, ids=lambda section: str(section)[:60])
def test_what_the_page_builds_can_be_built(section):
    checked = build.Build.model_validate(section)
    if any(word in str(section) for word in (".cif", ".xyz", "smiles")):
        return  # no such file here, and RDKit need not be installed
    made = build_system(checked)
    assert len(made.atoms) == made.report.atoms > 50


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_links_lead_to_files(page):
    prose = re.sub(r"^```.*?^```$", "", page.read_text(), flags=re.M | re.S)
    targets = re.findall(r"\]\(([^)\s]+)\)", re.sub(r"`[^`\n]*`", "", prose))
    broken = [
        t for t in targets if "://" not in t and not t.startswith("#") and not (page.parent / t.split("#")[0]).exists()
    ]
    assert not broken, f"{name(page)}: {broken}"


def rows(page: str) -> set[str]:
    """First cells of the tables of a page."""
    return set(re.findall(r"^\| `(\w+)` \|", (ROOT / "docs" / page).read_text(), re.M))


def test_every_key_of_the_configuration_is_documented():
    outer = (sections.Section, sections.Config)
    models = {
        v
        for module in (sections, bias, build, electrolyte)
        for v in vars(module).values()
        if isinstance(v, type) and issubclass(v, sections.Section) and v not in outer
    }
    keys = {key for model in models for key in model.model_fields} | {"templates"}
    assert keys == rows("configuration.md")


@pytest.mark.parametrize("architecture", SHIPPED)
def test_every_key_of_an_architecture_is_documented(architecture):
    keys = set(find(architecture).model_fields) - {"architecture"}
    assert keys <= rows(f"architectures/{architecture}.md")


@pytest.mark.parametrize("architecture", SHIPPED)
def test_every_key_of_an_architecture_is_described_in_its_class(architecture):
    silent = [name for name, field in find(architecture).model_fields.items() if not field.description]
    assert not silent, f"a string below the field says it: {silent}"


def architecture_half() -> str:
    """Of docs/extending.md, what is about architectures."""
    return (ROOT / "docs" / "extending.md").read_text().partition("## A new observable")[0]


@pytest.mark.parametrize(
    "part", [ModelFacts, DeckNeeds, RunSteps, ManyCouplings, PairStyle, Interface], ids=lambda part: part.__name__
)
def test_every_member_of_an_architecture_is_in_a_table(part):
    cells = " ".join(re.findall(r"^\| ([^|]*) \|", architecture_half(), re.M))
    own = {name for name in (*vars(part), *part.__annotations__) if not name.startswith("_")} - set(dir(BaseModel))
    keys = set(getattr(part, "model_fields", ()))
    missing = [name for name in own - keys if not re.search(rf"`{name}[`(]", cells)]
    assert own and not missing, missing


def test_every_class_and_function_for_writers_of_architectures_is_public():
    named = set(re.findall(r"`([A-Z][a-z]\w+)(?=[`(.])", architecture_half())) - {"ModelError"}
    called = set(re.findall(r"`(\w+)(?=\()", architecture_half())) & set(
        vars(text_files) | vars(pair_style) | vars(deck)
    )
    assert {"PairStyle", "Interface", "lammps_package", "words_after"} <= named | called <= set(architectures.__all__)


@pytest.mark.parametrize("term", [Dispersion, Electrostatics], ids=["dispersion", "electrostatics"])
def test_every_key_of_an_added_term_is_documented(term):
    assert set(term.model_fields) == rows(f"architectures/{term.__name__.lower()}.md")


def test_every_default_in_the_configuration_tables_is_the_code_s():
    text = (ROOT / "docs" / "configuration.md").read_text()
    of_heading = {
        "system.build": build.Build,
        "system.build.solvent": electrolyte.Solvent,
        "dynamics": sections.Dynamics,
        "output": sections.Output,
        "dynamics.thermostat": sections.Thermostat,
        "dynamics.barostat": sections.Barostat,
        "dynamics.minimise": sections.Minimise,
        "observables": sections.Observables,
    }
    for heading, model in of_heading.items():
        part = re.search(rf"^##+ {re.escape(heading)}\n(.*?)(?=^##|\Z)", text, re.M | re.S)
        assert part, heading
        for key, default in re.findall(r"^\| `(\w+)` \|[^|]*\| `([^`]+)` \|", part[1], re.M):
            value = model.model_fields[key].default
            shown = yaml.safe_load(default)
            shown = tuple(shown) if isinstance(shown, list) else shown
            assert type(value)(shown) == value, f"{heading}.{key}: documented {default}, is {value}"


def test_every_exit_code_is_documented():
    text = (ROOT / "docs" / "running.md").read_text()
    for code in re.findall(r"\d+", EXIT_CODES):
        assert re.search(rf"^\| {code} \|", text, re.M), code
