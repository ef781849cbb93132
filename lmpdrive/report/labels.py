"""What stands on the axes of a figure: from the header of a column to symbol and unit."""

from __future__ import annotations

import re
from collections.abc import Sequence

_SYMBOLS = {
    "<cos θ>": "⟨cos θ⟩",
    "<cos 2θ>": "⟨cos 2θ⟩",
    "ρ<cos θ>": "ρ⟨cos θ⟩",
    "z": "distance from the surface, z",
    "r": "distance, r",
    "t": "time",
    "τ": "lag time, τ",
    "T": "temperature",
    "P_z": r"$P_z$",
    "p(P_z)": r"$p(P_z)$",
}
SIGN = "H away from the surface: +"
_RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
_LOWERED = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")
"""Characters, not mathtext, which takes matplotlib a tenth of the time of a report."""


def axis_label(header: str) -> str:
    """`"ρ [g/cm^3]"` -> `"ρ (g cm⁻³)"`; the unit 1 is not shown."""
    match = re.fullmatch(r"(.*?) \[(.*)\]", header)
    if not match:
        return header
    symbol = _SYMBOLS.get(match[1], re.sub(r"_([^()]+)", _subscript, match[1]))
    return symbol if match[2] == "1" else f"{symbol} ({unit_of(match[2])})"


def _subscript(match: re.Match[str]) -> str:
    if match[1].isdecimal():
        return match[1].translate(_LOWERED)
    return r"$_{\mathrm{" + match[1].removeprefix("ion_").replace("_", r"\ ") + "}}$"


def unit_of(unit: str) -> str:
    """`g/cm^3` -> `g cm⁻³`; what is not a plain quotient stays, with its exponents raised."""
    above, slash, below = unit.partition("/")
    if slash and "/" not in below and above != "1":
        factor, _, power = below.partition("^")
        return f"{unit_of(above)} {factor}{f'-{power or 1}'.translate(_RAISED)}"
    return re.sub(r"\^(-?\d+)", lambda match: match[1].translate(_RAISED), unit)


def with_typeset_unit(number: str, unit: str) -> str:
    """`("2.2 ± 0.7", "1e-5 cm^2/s")` -> `(2.2 ± 0.7) × 10⁻⁵ cm²/s`; the unit 1 is not shown."""
    if unit.startswith("1e"):
        return f"({number}) × {typeset(unit)}"
    return number if unit in ("", "1") else f"{number} {typeset(unit)}"


def typeset(unit: str) -> str:
    """`1e-5 cm^2/s` -> `10⁻⁵ cm²/s`."""
    unit = re.sub(r"^1e(-?\d+)", r"10^\1", unit)
    return re.sub(r"\^(-?\d+)", lambda match: match[1].translate(_RAISED), unit)


def symbol_of(header: str) -> str:
    """The symbol of a header, without its unit."""
    return axis_label(re.sub(r" \[.*\]$", "", header) + " [1]")


def common_label(headers: Sequence[str]) -> str:
    """For curves of one unit: what their symbols have in common (`T_water [K]`, `T_Na [K]` -> `T (K)`), else all."""
    unit = re.sub(r".*\[(.*)\]$", r"\1", headers[0])
    symbols = [re.sub(r" \[.*\]$", "", header) for header in headers]
    stems = {symbol.partition("_")[0] for symbol in symbols}
    named = ", ".join(symbol_of(header) for header in headers[:3])
    if len(stems) == 1:
        named = symbol_of(stems.pop())
    return named if unit == "1" else f"{named} ({unit_of(unit)})"
