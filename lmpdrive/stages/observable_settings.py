"""The `observables:` section: of a run that is analysed again, joined with options given, and checked before a run."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from lmpdrive.common.hashing import sha256
from lmpdrive.common.manifest import read_manifest
from lmpdrive.common.run_files import CONFIG
from lmpdrive.config import Config, load
from lmpdrive.config.sections import Observables
from lmpdrive.errors import ConfigError, did_you_mean


def settings_of(run_dir: Path) -> Observables:
    """The `observables:` section of a run; defaults if there is none."""
    resolved = run_dir / CONFIG
    if not resolved.is_file():
        return Observables()
    try:
        return load(resolved).observables
    except ConfigError as error:
        then = read_manifest(run_dir).files.get(CONFIG)
        if then is not None and then != sha256(resolved):
            raise ConfigError(f"{resolved} was edited or damaged since the run: {error}") from None
        # an old run, or a model that has moved: its profiles do not depend on it
        try:
            content = yaml.safe_load(resolved.read_text())
        except (OSError, ValueError, yaml.YAMLError):
            raise error from None
        section = content.get("observables") if isinstance(content, dict) else None
        try:
            return Observables.model_validate(section or {})
        except ValueError as error:
            raise ConfigError(f"{resolved}: observables: {error}") from None


def merged(
    first: Mapping[str, Mapping[str, Any]], second: Mapping[str, Mapping[str, Any]]
) -> dict[str, dict[str, Any]]:
    """Options of both; the second's win one by one."""
    return {family: {**first.get(family, {}), **second.get(family, {})} for family in (*first, *second)}


def check_observables(config: Config) -> None:
    """Raise ConfigError for a wrong file, option or name under `observables:`, before anything runs for hours."""
    section = config.observables
    if not (section.extra or section.options or section.names):
        return
    from lmpdrive.observables import check_options, observable_classes
    from lmpdrive.observables.registry import FROM_THE_LOG

    classes = observable_classes(section.extra)
    check_options(classes, section.options)
    families = {cls.family() for cls in classes}
    known = families | {str(cls.name) for cls in classes if hasattr(cls, "name")} | {"summary", *FROM_THE_LOG}
    for name in section.names or ():
        if name not in known and not name.startswith(tuple(f"{family}_" for family in families)):
            raise ConfigError(
                f"observables.names: no observable {name!r}{did_you_mean(name, known) or '.'} "
                f"There are: {', '.join(sorted(known))}"
            )
