"""Run directories made to measure something, and gone afterwards."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from lmpdrive.common.patience import announced_if_long
from lmpdrive.common.run_files import CONFIG
from lmpdrive.common.say import Say
from lmpdrive.config import Config, load
from lmpdrive.errors import ConfigError, RunDirectoryError
from lmpdrive.stages.reproduce import copy_inputs
from lmpdrive.stages.run import PREPARING
from lmpdrive.stages.umbrella_windows import first_overrides
from lmpdrive.stages.write import write_run_directory

SHORT_RELAX_PS = 0.5
"""Of the classical run before the potential's own: what is measured needs no liquid."""

Trial = tuple[Path, Config]
"""A run directory, ready to run, and its configuration."""


@contextmanager
def trial_run(config: Config, file: str | Path, say: Say) -> Iterator[Trial]:
    """A run directory as `simulate` would make it from `file`."""
    with tempfile.TemporaryDirectory(prefix="lmpdrive-") as folder:
        out = Path(folder) / "run"
        config = write_run_directory(config, Path(file), out, say, to_run=True)
        _prepare(out, config, say)
        yield out, config


@contextmanager
def trial_of(source: str | Path, say: Say, overrides: Sequence[str] = ()) -> Iterator[Trial]:
    """The same of a YAML file with a short relaxation (of umbrella windows, the lowest), or of a run directory: a copy
    of its inputs.

    Raises RunDirectoryError for a folder that is no run directory.
    """
    source = Path(source)
    if source.is_dir():
        if not (source / CONFIG).is_file():
            raise RunDirectoryError(f"{source} is no run directory: it has no {CONFIG}. Name one, or a YAML file.")
        with tempfile.TemporaryDirectory(prefix="lmpdrive-") as folder:
            out = Path(folder) / "run"
            config = copy_inputs(source, out)
            _prepare(out, config, say)
            yield out, config
        return
    config = load(source, overrides)
    overrides = [*overrides, *first_overrides(config)]
    config = load(source, overrides)
    if config.system.build and config.system.build.relax_ps > SHORT_RELAX_PS:
        config = load(source, [*overrides, f"system.build.relax_ps={SHORT_RELAX_PS}"])
    with trial_run(config, source, say) as trial:
        yield trial


def by_label(sources: Sequence[str | Path], labels: Sequence[str] | None) -> dict[str, Path]:
    """Sources by the labels given, else by the name of the folder or YAML file.

    Raises ConfigError unless there is one label for each, and no two are the same.
    """
    paths = [Path(source) for source in sources]
    names = labels or [path.resolve().name if path.is_dir() else path.stem for path in paths]
    if len(names) != len(paths):
        raise ConfigError(f"{len(names)} labels for {len(paths)} potentials: give one for each")
    if len(set(names)) != len(names):
        raise ConfigError(f"two potentials have one name ({', '.join(names)}): tell them apart with --labels A B ...")
    return dict(zip(names, paths, strict=True))


def _prepare(run_dir: Path, config: Config, say: Say) -> None:
    with announced_if_long(say, PREPARING):
        note = config.potential.prepare(run_dir)
    if note:
        say(note)
