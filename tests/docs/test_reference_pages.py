"""docs/cli.md and docs/api.md say what the program says: they are written by scripts beside them."""

from __future__ import annotations

import re
from typing import Annotated, Literal

import pytest
import typer

import lmpdrive
from lmpdrive.cli.app import app
from tests.conftest import ROOT
from tests.docs.generated import script

make_cli, make_api = script("make_cli"), script("make_api")


@pytest.mark.parametrize("module", [make_cli, make_api], ids=lambda module: module.__name__)
def test_the_page_is_up_to_date(module):
    assert module.page() == module.PAGE.read_text(encoding="utf-8"), f"run: python docs/{module.__name__}.py"


def test_every_command_has_a_section():
    root = typer.main.get_command(app)
    groups = {name: set(group.commands) for name, group in root.commands.items() if hasattr(group, "commands")}
    single = {f"lmpdrive {name}" for name in root.commands if name not in groups}
    inner = {f"lmpdrive {group} {name}" for group, names in groups.items() for name in names}
    sections = set(re.findall(r"^## (lmpdrive .+)$", (ROOT / "docs" / "cli.md").read_text(), re.M))
    assert sections == single | inner


def test_every_public_name_has_a_section():
    sections = set(re.findall(r"^## (\w+)$", (ROOT / "docs" / "api.md").read_text(), re.M))
    assert sections == {name for name in lmpdrive.__all__ if name != "__version__"}


def test_a_command_is_shown_with_arguments_options_and_defaults():
    toy = typer.Typer(add_completion=False, rich_markup_mode="markdown")

    @toy.command(epilog="Example: `toy a`")
    def melt(
        file: Annotated[str, typer.Argument(metavar="FILE", help="What to melt.")],
        kind: Annotated[Literal["ice", "salt"] | None, typer.Option(help="Of crystal.")] = None,
        n_steps: Annotated[int, typer.Option(help="How long.")] = 5,
        dry: Annotated[bool, typer.Option("--dry", help="Without | water.")] = False,
    ) -> None:
        """Melt a crystal."""

    shown = make_cli.section("toy melt", typer.main.get_command(toy))
    assert "Melt a crystal." in shown and shown.endswith("Example: `toy a`")
    assert "toy melt FILE [OPTIONS]" in shown
    assert "| `FILE` | | What to melt. |" in shown
    assert "| `--kind` `ice\\|salt` |  | Of crystal. |" in shown
    assert "| `--n-steps` `N` | `5` | How long. |" in shown
    assert "| `--dry` |  | Without \\| water. |" in shown


def test_a_function_is_shown_with_its_arguments():
    def mixed(a: int, *, b: float = 0.5, **rest: str) -> bool:
        """Mix.

        a : how many
        b, rest : how
        """
        return bool(a)

    shown = make_api.section("mixed", mixed)
    assert "mixed(a: int, b: float = 0.5, **rest: str) -> bool" in shown
    assert "- `a`: how many\n- `b`, `rest`: how" in shown
