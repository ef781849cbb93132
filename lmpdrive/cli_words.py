"""What words of the command line mean."""

from __future__ import annotations

from typing import Literal


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
