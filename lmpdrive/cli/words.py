"""What words of the command line mean."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from lmpdrive.architectures import Problem


def options(words: list[str]) -> dict[str, dict[str, object]]:
    """`rdf.max_A=8` -> {"rdf": {"max_A": 8}}."""
    import yaml

    from lmpdrive.errors import ConfigError

    found: dict[str, dict[str, object]] = {}
    for word in words:
        key, equals, text = word.partition("=")
        family, dot, name = key.partition(".")
        if not (equals and dot and family and name):
            raise ConfigError(f"--option {word}: write NAME.KEY=VALUE, for example --option rdf.max_A=8")
        try:
            found.setdefault(family, {})[name] = yaml.safe_load(text)
        except yaml.YAMLError:
            raise ConfigError(f"--option {word}: '{text}' is not a YAML value") from None
    return found


def discard(word: str | None) -> float | Literal["auto"] | None:
    """Of `--discard-ps`: a time in ps, or auto."""
    from lmpdrive.errors import ConfigError

    if word is None or word == "auto":
        return word  # type: ignore[return-value]
    try:
        value = float(word)
    except ValueError:
        value = -1.0
    if not 0 <= value < float("inf"):
        raise ConfigError(f"--discard-ps {word}: write a time in ps, or auto")
    return value


def print_problems(found: Sequence[Problem], quiet: bool) -> None:
    """The table of types first, then notes, warnings, and errors last, where they are seen.

    Notes go to stdout, the others to stderr.  On a terminal long ones are wrapped.
    """
    import shutil
    import sys
    import textwrap

    width = shutil.get_terminal_size().columns
    tables = [p.message for p in found if p.level == "note" and "\n" in p.message]
    for table in tables if not quiet else ():
        print(table, end="\n\n")
    for level in ("note", "warning", "error"):
        stream = sys.stdout if level == "note" else sys.stderr
        for problem in found:
            if problem.level != level or problem.message in tables or (quiet and level == "note"):
                continue
            text = f"{level}: {problem.message}"
            if stream.isatty() and "\n" not in text:
                text = textwrap.fill(
                    text, width, subsequent_indent="  ", break_long_words=False, break_on_hyphens=False
                )
            print(text, file=stream, flush=True)


def count(n: int, what: str) -> str:
    """`1 warning`, `2 warnings`."""
    return f"{n} {what}{'' if n == 1 else 's'}"


def spread(argv: list[str]) -> list[str]:
    """`--elements Au H Na O`, `--labels A B` (one option, several words) into what typer parses."""
    spread: list[str] = []
    taking = ""
    for word in argv:
        if word in ("--elements", "--labels"):
            taking = word
        elif (taking == "--labels" and not word.startswith("-")) or (
            taking == "--elements" and word.isalpha() and word[0].isupper() and len(word) <= 2
        ):
            spread += [taking, word]
        else:
            taking = ""
            spread.append(word)
    return spread
