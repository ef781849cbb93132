"""The configuration of Colvars that a deck holds (Fiorin, Klein, Hénin, Mol. Phys. 111, 3345 (2013)), and the file of
PLUMED that it reads (Tribello et al., Comput. Phys. Commun. 185, 604 (2014)).
"""

from __future__ import annotations

from pathlib import Path

from lmpdrive.config import Config
from lmpdrive.config.umbrella import Umbrella
from lmpdrive.constituents import known_slab
from lmpdrive.errors import DeckError, did_you_mean
from lmpdrive.system import BuiltSystem, id_ranges

PLUMED = "bias.plumed"
"""The user's PLUMED file in a run directory."""
LONGEST_LINE = 200
"""A deck's longer lines are broken, which Colvars would not understand."""


def colvars_text(config: Config, system: BuiltSystem) -> str | None:
    """What `fix_modify bias config` is given; None without a bias through Colvars.

    Raises DeckError for a file that cannot be read or cannot stand in a deck, and for an ion or a layer that is not
    there.
    """
    bias = config.dynamics.bias
    if bias is None:
        return None
    if bias.umbrella is not None:
        return _umbrella(bias.umbrella, config, system)
    if bias.colvars is None:
        return None
    try:
        text = bias.colvars.read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise DeckError(f"dynamics.bias.colvars: cannot read {bias.colvars}: {error}") from None
    if '"""' in text or any(len(line) > LONGEST_LINE for line in text.splitlines()):
        raise DeckError(
            f'dynamics.bias.colvars: {bias.colvars} has """ or a line of more than {LONGEST_LINE} characters, which '
            "cannot stand in a deck: break the line (lists may have several atomNumbers lines)"
        )
    return text.strip("\n")


def plumed_file(config: Config) -> Path | None:
    """The file that becomes `bias.plumed`.  Raises DeckError for one that cannot be read."""
    bias = config.dynamics.bias
    if bias is None or bias.plumed is None:
        return None
    try:
        bias.plumed.read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise DeckError(f"dynamics.bias.plumed: cannot read {bias.plumed}: {error}") from None
    return bias.plumed


def _umbrella(umbrella: Umbrella, config: Config, system: BuiltSystem) -> str:
    """A colvar that is the ion's height above the mean of the outermost layer, and a spring on it."""
    if umbrella.is_set:
        raise DeckError(
            f"dynamics.bias.umbrella stands for {umbrella.windows} runs: `lmpdrive simulate` makes and runs them all; "
            f"for one of them write umbrella: {{ion: {umbrella.ion}, at_A: {umbrella.heights_A[0]:g}}}"
        )
    kinds = {name.removeprefix("ion_"): ids for name, ids in system.groups.items() if name.startswith("ion_")}
    if len(kinds.get(umbrella.ion, ())) != 1:
        hint = did_you_mean(umbrella.ion, list(kinds)) or "."
        found = ", ".join(f"{len(ids)} {name}" for name, ids in kinds.items()) or "none"
        raise DeckError(f"dynamics.bias.umbrella: {umbrella.ion} must be one ion of the system{hint} Ions: {found}")
    _, layers = known_slab(system.groups)
    if not layers or system.two_sided:
        raise DeckError(
            "dynamics.bias.umbrella: needs a slab with layers and one wet face; write a Colvars file instead"
        )
    ion, layer = (id_ranges(ids) for ids in (kinds[umbrella.ion], layers[-1]))
    every = max(1, config.steps(umbrella.every_fs))
    return f"""colvarsTrajFrequency {every}
colvar {{
  name height
  distanceZ {{
    main {{ atomNumbers {ion} }}
    ref {{
{_atoms(layer)}
    }}
    axis (0, 0, 1)
  }}
}}
harmonic {{
  name umbrella
  colvars height
  centers {umbrella.at_A:g}
  forceConstant {umbrella.k_eV_per_A2:g}
}}"""


def _atoms(ranges: str) -> str:
    """`1:16 20` as Colvars writes it."""
    lines = []
    for word in ranges.split():
        first, _, last = word.partition(":")
        lines.append(f"      atomNumbersRange {first}-{last}" if last else f"      atomNumbers {first}")
    return "\n".join(lines)
