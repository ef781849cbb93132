"""`lmpdrive train`: potentials from labelled frames, by the packages' own trainers."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lmpdrive.cli.options import Quiet, Verbose
from lmpdrive.cli.printing import progress_printer
from lmpdrive.errors import ConfigError

if TYPE_CHECKING:
    from lmpdrive.training.plan import Task
    from lmpdrive.training.run import Trained

EXAMPLES = (
    "Examples: `lmpdrive train mace frames.xyz --out potentials/mine`; a committee of five, on frames with three Na: "
    "`lmpdrive train deepmd frames.xyz --select 'Na == 3' --committee 5 --out potentials/three`; a learning curve with "
    "three splits: `lmpdrive train ./mine.yaml frames.xyz --n 50,100,500 --splits 3 --out curve`"
)

RecipeName = Annotated[str, typer.Argument(help="A shipped recipe, or a YAML file of yours.", metavar="RECIPE")]
Data = Annotated[list[Path], typer.Argument(help="Labelled frames ASE reads, or pt-water-test.", metavar="DATA ...")]
Out = Annotated[Path, typer.Option("--out", "-o", help="Folder for the models.", metavar="DIR")]
Extra = Annotated[
    list[Path] | None,
    typer.Option("--extra", metavar="FRAMES", help="More frames to fit, never held back; may be repeated."),
]
Sizes = Annotated[str, typer.Option("--n", metavar="N,N,...", help="Frames to fit, nested; default: all.")]
Select = Annotated[str, typer.Option(metavar="CONDITION", help="Only frames of which this holds, e.g. 'Na == 3'.")]
Splits = Annotated[int, typer.Option(metavar="K", help="So many splits, with consecutive seeds.")]
Seed = Annotated[int | None, typer.Option(metavar="S", help="Of the first split; default: the recipe's.")]
Committee = Annotated[int, typer.Option(metavar="M", help="Train M models on random subsamples, each with its seed.")]
Length = Annotated[int | None, typer.Option(metavar="L", help="Batches or epochs; default: the recipe's.")]
Only = Annotated[str, typer.Option(metavar="NAME", help="Of several models only this one, e.g. n-50/member-2.")]
Test = Annotated[
    list[Path] | None,
    typer.Option("--test", metavar="FRAMES", help="Measure each model on these too; may be repeated."),
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say which models would be trained on which frames.")]


def train(
    recipe: RecipeName,
    data: Data,
    out: Out,
    extra: Extra = None,
    n: Sizes = "",
    select: Select = "",
    splits: Splits = 1,
    seed: Seed = None,
    committee: Committee = 0,
    length: Length = None,
    only: Only = "",
    test: Test = None,
    dry_run: DryRun = False,
    verbose: Verbose = False,
    quiet: Quiet = False,
) -> None:
    """Train potentials on labelled frames, with the package's own trainer; the same command resumes."""
    from lmpdrive import pipeline
    from lmpdrive.training.plan import Request

    request = Request(
        tuple(data),
        out,
        tuple(extra or ()),
        _sizes(n),
        splits,
        committee,
        select,
        length=length,
        seed=seed,
        only=only,
        tests=tuple(test or ()),
    )
    say = progress_printer(quiet)
    if dry_run:
        _print_plan(pipeline.plan_training(recipe, request, say))
        return
    try:
        _print_trained(pipeline.train(recipe, request, say))
    except KeyboardInterrupt:
        print("checkpoints are kept; the same command resumes", file=sys.stderr)
        raise


def _sizes(text: str) -> tuple[int, ...]:
    try:
        return tuple(int(word) for word in text.split(",") if word.strip())
    except ValueError:
        raise ConfigError(f"--n {text}: write numbers with commas between them, e.g. --n 50,100,500") from None


def _print_plan(tasks: Sequence[Task]) -> None:
    for task in tasks:
        parts = task.parts
        print(
            f"{task.folder}: {len(parts.train)} frames to fit, {len(parts.validation)} for validation, "
            f"{len(parts.test)} held back, {len(task.extra)} extra; {task.recipe.title}, length {task.recipe.length}, "
            f"seed {task.recipe.seed}"
        )


def _print_trained(found: Sequence[Trained]) -> None:
    for one in found:
        test = one.card["test"]
        print(
            f"{one.model}: force RMSE {test['force_rmse_eV_per_A']:.4f} eV/Å, "
            f"energy RMSE {test['energy_rmse_meV_per_atom']:.2f} meV/atom on {test['frames']} held-back frames"
        )
