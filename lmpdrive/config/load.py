"""Read a YAML file and what it extends, apply `--set` overrides, validate, and say what is wrong with which line."""

from __future__ import annotations

import math
import types
import typing
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ValidationError

from lmpdrive.architectures import Architecture, available, find
from lmpdrive.config.sections import Config, System
from lmpdrive.config.yaml_text import MOST_CHARACTERS, Location, parse
from lmpdrive.errors import ConfigError, did_you_mean

Lines = dict[Location, str]
"""Where a key is written: "system.yaml, line 3"."""

EXTENDS = "extends"


def load(path: str | Path, overrides: Sequence[str] = ()) -> Config:
    """The validated content of `path`, with `overrides` like `"dynamics.temperature_K=330"`.

    File names inside count from the folder of the YAML file.  Raises ConfigError, naming every problem
    at once with its line.
    """
    path = Path(path)
    raw, lines = _read(path)
    # the architecture first: it starts the section afresh, and must not take away what other overrides put there
    for override in sorted(overrides, key=lambda text: not text.startswith("potential.architecture=")):
        _override(raw, override)
    return validate(raw, path.parent, source=str(path), lines=lines)


def raw_content(path: Path) -> dict[str, Any]:
    """The sections of a file over those of what it extends, as written.  Raises ConfigError if it cannot be read."""
    return _read(path)[0]


def _read(path: Path, below: tuple[Path, ...] = ()) -> tuple[dict[str, Any], Lines]:
    """The sections of `path`, over those of the file it extends, and where each key is written.

    `below`: the files that extend this one.
    """
    try:
        with path.open() as stream:
            text = stream.read(MOST_CHARACTERS + 1)
    except OSError as error:
        raise ConfigError(f"cannot read {path}: {error.strerror}. `lmpdrive init` writes a starter file.") from None
    except UnicodeDecodeError:
        raise ConfigError(f"{path} is not a text file") from None
    try:
        raw, numbers = parse(text)
    except yaml.YAMLError as error:
        raise ConfigError(f"{path} is not valid YAML: {error}") from None
    except ConfigError as error:
        raise ConfigError(f"{path}: {error}") from None
    lines: Lines = {at: f"{path}, line {n}" for at, n in numbers.items()}
    if not isinstance(raw, dict):
        raise ConfigError(f"{path} must contain sections (system:, potential:, ...). `lmpdrive init` writes one.")
    if EXTENDS not in raw:
        return raw, lines
    name = raw.pop(EXTENDS)
    where = lines[EXTENDS,]
    # file names inside count from the folder of the YAML file: there is only one such folder
    if not isinstance(name, str) or Path(name).name != name:
        raise ConfigError(f"{where}: {EXTENDS}: name a YAML file of the same folder, not {name!r}")
    base = path.parent / name
    if base in (*below, path):
        raise ConfigError(f"{where}: {EXTENDS}: {name} extends this file in turn")
    if not base.is_file():
        raise ConfigError(f"{where}: {EXTENDS}: there is no file {base}")
    inherited, theirs = _read(base, (*below, path))
    potential = raw.get("potential")
    if isinstance(potential, dict) and "architecture" in potential:  # the keys of another one mean nothing to it
        inherited.pop("potential", None)
        theirs = {at: where for at, where in theirs.items() if at[0] != "potential"}
    dynamics, theirs_too = raw.get("dynamics"), inherited.get("dynamics")
    if isinstance(dynamics, dict) and dynamics.get("stages") and isinstance(theirs_too, dict):  # give the lengths
        inherited["dynamics"] = {k: v for k, v in theirs_too.items() if k not in ("equilibrate_ps", "production_ps")}
    return _over(inherited, raw), theirs | lines


def _over(base: dict[str, Any], own: dict[str, Any]) -> dict[str, Any]:
    """`own` key by key over `base`."""
    merged = dict(base)
    for key, value in own.items():
        there = merged.get(key)
        merged[key] = _over(there, value) if isinstance(there, dict) and isinstance(value, dict) else value
    return merged


def validate(raw: dict[str, Any], folder: Path, source: str = "configuration", lines: Lines | None = None) -> Config:
    """Validate a plain dictionary as if it had been read from a file in `folder`."""
    potential = raw.get("potential")
    architecture = None
    errors: list[tuple[Location, str]] = []
    if not isinstance(potential, dict) or not isinstance(potential.get("architecture"), str):
        errors.append((("potential",), f"needs 'architecture:', one of {', '.join(available())} or ./mine.py"))
    else:
        architecture = find(potential["architecture"], folder)
        if potential["architecture"].endswith(".py"):
            # resolved.yaml lies in another folder and must mean the same file
            potential = potential | {"architecture": str((folder / potential["architecture"]).resolve())}
        try:
            potential = architecture.model_validate(potential).resolve(folder)
        except ValidationError as error:
            errors.extend((("potential", *loc), message) for loc, message in _messages(error, architecture))
    rest = {k: v for k, v in raw.items() if k != "potential"}
    try:
        config = Config.model_validate(rest | {"potential": _placeholder(potential)})
    except ValidationError as error:
        errors.extend(m for m in _messages(error, Config) if m[0][:1] != ("potential",))
    if errors:
        raise ConfigError("\n".join(_with_line(source, lines or {}, loc, message) for loc, message in errors))
    return config.model_copy(update=_absolute(config, folder))


def load_potential(path: str | Path) -> Architecture:
    """The `potential:` section of a YAML file, which may have others; file names count from its folder.

    Raises ConfigError, naming every problem at once with its line.
    """
    raw, lines = _read(Path(path))
    section = raw.get("potential")
    if not isinstance(section, dict):
        raise ConfigError(f"{path} has no potential: section, which says what potential to evaluate")
    return potential_from(section, Path(path).parent, str(path), lines)


def potential_from(
    section: dict[str, Any], folder: Path, source: str = "configuration", lines: Lines | None = None
) -> Architecture:
    """A validated `potential:` section with absolute file names.  Raises ConfigError."""
    if not isinstance(section.get("architecture"), str):
        raise ConfigError(f"{source}: potential: needs 'architecture:', one of {', '.join(available())} or ./mine.py")
    architecture = find(section["architecture"], folder)
    if section["architecture"].endswith(".py"):
        section = section | {"architecture": str((folder / section["architecture"]).resolve())}
    try:
        return architecture.model_validate(section).resolve(folder)
    except ValidationError as error:
        found = [(("potential", *loc), message) for loc, message in _messages(error, architecture)]
        raise ConfigError("\n".join(_with_line(source, lines or {}, *one) for one in found)) from None


def _placeholder(potential: Any) -> Any:
    # Problems of the other sections are reported in the same pass even when `potential:` is broken.
    return potential if isinstance(potential, Architecture) else Architecture(architecture="invalid")


def _absolute(config: Config, folder: Path) -> dict[str, Any]:
    system: System = config.system
    if system.read is not None:
        system = system.model_copy(update={"read": (folder / system.read).resolve()})
    if system.build is not None:
        system = system.model_copy(update={"build": system.build.with_files_from(folder)})
    dynamics, bias = config.dynamics, config.dynamics.bias
    if bias is not None:
        own = {key: (folder / file).resolve() for key in ("colvars", "plumed") if (file := getattr(bias, key))}
        dynamics = dynamics.model_copy(update={"bias": bias.model_copy(update=own)})
    templates = (folder / config.templates).resolve() if config.templates else None
    observables = config.observables
    if observables.extra:
        files = [(folder / file).resolve() for file in observables.extra]
        observables = observables.model_copy(update={"extra": files})
    return {"system": system, "dynamics": dynamics, "templates": templates, "observables": observables}


def _override(raw: dict[str, Any], override: str) -> None:
    key, equals, text = override.partition("=")
    if not equals or not key:
        raise ConfigError(f"--set {override}: write KEY=VALUE, for example --set dynamics.temperature_K=330")
    try:
        value, _ = parse(text)
    except yaml.YAMLError:
        raise ConfigError(f"--set {override}: '{text}' is not a YAML value") from None
    except ConfigError as error:
        raise ConfigError(f"--set {override}: {error}") from None
    *sections, last = key.split(".")
    target = raw
    for section in sections:
        if target.get(section) is None:
            target[section] = {}
        target = target[section]
        if not isinstance(target, dict):
            raise ConfigError(f"--set {override}: '{section}' is a value, not a section")
    if key == "dynamics.production_ps" and isinstance(target.get("stages"), list):
        _stretch(target, value)
        return
    if key == "potential.architecture" and target.get(last) not in (None, value):
        target.clear()  # the keys of one architecture mean nothing to another
    target[last] = value


def _stretch(dynamics: dict[str, Any], production_ps: Any) -> None:
    """Make the last of `dynamics.stages` so long that the production has this length."""
    stages, asked = dynamics["stages"], f"--set dynamics.production_ps={production_ps}"
    last = stages[-1] if stages else None
    if not isinstance(last, dict) or not last.get("production") or last.get("ramp") or last.get("ramp_K"):
        raise ConfigError(
            f"{asked}: the last of dynamics.stages must be a production without a ramp to be made longer; "
            "change dynamics.stages instead"
        )
    others = [stage.get("ps") for stage in stages[:-1] if isinstance(stage, dict) and stage.get("production")]
    before = math.fsum(ps for ps in others if isinstance(ps, int | float))
    if not isinstance(production_ps, int | float) or production_ps <= before:
        raise ConfigError(
            f"{asked}: write a number above {before:g} ps, which the production stages before the last take"
        )
    dynamics["stages"] = [*stages[:-1], last | {"ps": production_ps - before}]
    dynamics.pop("production_ps", None)


def _messages(error: ValidationError, model: type[BaseModel]) -> Iterator[tuple[Location, str]]:
    for item in error.errors():
        loc: Location = item["loc"]
        if item["type"] == "extra_forbidden":
            choices = _keys(model, loc[:-1])
            yield loc, f"unknown key{did_you_mean(str(loc[-1]), choices) or '.'} Choices: {', '.join(choices)}"
        elif item["type"] == "missing":
            yield loc, "is missing"
        else:
            # pydantic adds the member of a union or "[key]" to the location; the message keeps the value.
            value = item["input"]
            shown = f" (got {value!r})" if not isinstance(value, dict | BaseModel) else ""
            yield loc, item["msg"].removeprefix("Value error, ") + shown


def _keys(model: type[BaseModel], loc: Location) -> list[str]:
    """Valid keys of the section at `loc`."""
    current = model
    for part in loc:
        field = current.model_fields.get(str(part))
        if field is None:
            continue
        nested = _model_in(field.annotation)
        if nested is None:
            return []
        current = nested
    return list(current.model_fields)


def _model_in(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    if typing.get_origin(annotation) in (typing.Union, types.UnionType, list):
        return next((m for a in typing.get_args(annotation) if (m := _model_in(a))), None)
    return None


def _with_line(source: str, lines: Lines, loc: Location, message: str) -> str:
    at = loc
    while at and at not in lines:
        at = at[:-1]
    where = lines[at] if at else source
    return f"{where}: {'.'.join(str(p) for p in loc) or 'file'}: {message}"


def dump_yaml(config: Config) -> str:
    """The configuration with every default filled in, as YAML that `load` reads back."""
    text = yaml.safe_dump(config.model_dump(mode="json"), sort_keys=False, allow_unicode=True)
    return f"# Every value, defaults included; `lmpdrive simulate` on this file repeats the run.\n{text}"
