"""Which Python runs an architecture: this one, the site's, or that of an installed environment.

In this order: the user's settings file (`environments: {grace: {python: /path/to/python}}`), this interpreter if it
can import what the architecture needs, the complete environment of the family.
"""

from __future__ import annotations

import importlib
import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Literal

from lmpdrive._version import __version__
from lmpdrive.environments import facts as _facts
from lmpdrive.environments import store
from lmpdrive.errors import ConfigError, InstallError, ModelError


@dataclass(frozen=True)
class Interpreter:
    """A Python that can run the worker.

    python : what is started.
    origin : why it was chosen.
    family : of the environment.
    missing : modules that it cannot import.
    """

    python: Path
    origin: Literal["here", "environment", "settings"]
    family: str
    missing: tuple[str, ...] = ()
    about: Mapping[str, Any] = field(default_factory=dict, compare=False)

    @property
    def here(self) -> bool:
        """Whether it is the running one."""
        return self.origin == "here"

    @property
    def versions(self) -> Mapping[str, str]:
        """Of all its packages."""
        return (self.about or _facts.facts(()))["versions"]

    @property
    def scripts(self) -> Path:
        """Folder of its command-line programs (`lmp`, `mpiexec`, `dp`)."""
        return Path(self.about["scripts"]) if self.about else self.python.parent

    def absent(self, modules: Sequence[str]) -> list[str]:
        """Those of `modules` that it cannot import."""
        return _facts.absent(modules) if self.here else list(ask(self.python, tuple(modules))["missing"])

    def call(self, function: str, *arguments: Any) -> Any:
        """`package.module:function(*arguments)` there; arguments and result are what JSON can hold.

        Raises ModelError with what it raised.
        """
        module, _, name = function.partition(":")
        if self.here:
            return getattr(importlib.import_module(module), name)(*arguments)
        words = [str(self.python), "-c", _CALL, module, name, json.dumps(arguments)]
        done = subprocess.run(words, capture_output=True, text=True, check=False)
        lines = (done.stdout if done.returncode == 0 else done.stderr).strip().splitlines() or ["no message"]
        if done.returncode:
            raise ModelError(lines[-1].removeprefix("lmpdrive.errors.ModelError: "))
        return json.loads(lines[-1])

    def describe(self) -> str:
        """For messages."""
        if self.here:
            return "this environment"
        made = "the environment" if self.origin == "environment" else "the interpreter of your settings for"
        return f"{made} '{self.family}' ({self.python})"


_CALL = """
import importlib, json, sys
print(json.dumps(getattr(importlib.import_module(sys.argv[1]), sys.argv[2])(*json.loads(sys.argv[3]))))
"""


def choose(family: str, modules: Sequence[str]) -> Interpreter:
    """The interpreter for an architecture of `family` that needs `modules`.

    If none has them all, the running one, with what it lacks in `missing`.  Raises InstallError for an interpreter that
    cannot be started, or whose lmpdrive is not this one; ConfigError for a wrong settings file.
    """
    configured = pointed_to(family)
    if configured is not None:
        return _foreign(configured, "settings", family, modules)
    missing = _facts.absent(modules)
    if missing and store.complete(family):
        return _foreign(store.python(family), "environment", family, modules)
    return Interpreter(Path(sys.executable), "here", family, tuple(missing))


def _foreign(python: Path, origin: Literal["environment", "settings"], family: str, modules: Sequence[str]):
    about = ask(python, tuple(modules))
    check(about, python, family, ours=origin == "environment" and python.is_relative_to(store.folder(family)))
    return Interpreter(python, origin, family, tuple(about["missing"]), about)


def check(about: Mapping[str, Any], python: Path, family: str, ours: bool) -> None:
    """Raise InstallError unless the interpreter has this lmpdrive; in an environment of `ours`, exactly this one."""
    version = about["versions"].get("lmpdrive")
    if version == __version__ and not (ours and about["digest"] != _facts.digest()):
        return
    if ours:
        raise InstallError(
            f"the environment '{family}' has another lmpdrive than this one ({version}, this is {__version__}). "
            f"Bring it up to date: lmpdrive env create {family}"
        )
    has = f"lmpdrive {version}" if version else "no lmpdrive"
    raise InstallError(
        f"{python} has {has}; it must have lmpdrive {__version__} like this one. Install it there, without its "
        "dependencies if they come from elsewhere: python -m pip install --no-deps <the folder or wheel of lmpdrive>"
    )


@cache
def ask(python: Path, modules: tuple[str, ...]) -> dict[str, Any]:
    """`facts.facts` of another interpreter.

    Raises InstallError if it cannot be started.
    """
    code = Path(_facts.__file__).read_text()
    try:
        done = subprocess.run([python, "-c", code, *modules], capture_output=True, text=True, check=False, timeout=120)
        reason = done.stderr.strip().splitlines()[-1:] or [f"exit code {done.returncode}"]
        if done.returncode == 0:
            return json.loads(done.stdout.strip().splitlines()[-1])
    except OSError as error:
        reason = [error.strerror or str(error)]
    except subprocess.TimeoutExpired:
        reason = ["no answer for two minutes"]
    except (ValueError, IndexError):
        reason = ["it printed no answer"]
    raise InstallError(
        f"{python} cannot be used as an interpreter: {reason[0]}. Correct it in {settings_file()}, "
        "or make the environment again: `lmpdrive env remove`, then `lmpdrive env create`."
    )


def settings_file() -> Path:
    """`settings.yaml` in the user's configuration directory."""
    from platformdirs import user_config_path

    return user_config_path("lmpdrive") / "settings.yaml"


def pointed_to(family: str) -> Path | None:
    """The interpreter given for a family in the settings file.

    Raises ConfigError when the file is not as it should be.
    """
    path = settings_file()
    if not path.is_file():
        return None
    import yaml

    shape = f"{path}: write `environments: {{{family}: {{python: /path/to/python}}}}`"
    try:
        content = yaml.safe_load(path.read_text()) or {}
    except yaml.YAMLError as error:
        raise ConfigError(f"{path} is not valid YAML: {error}") from None
    environments = content.get("environments", {}) if isinstance(content, dict) else None
    if not isinstance(environments, dict) or set(content) - {"environments"}:
        raise ConfigError(shape)
    entry = environments.get(family)
    if entry is None:
        return None
    if not isinstance(entry, dict) or set(entry) != {"python"} or not isinstance(entry["python"], str):
        raise ConfigError(shape)
    return Path(entry["python"]).expanduser()
