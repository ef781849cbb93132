"""A result in a notebook: verdict, six numbers, the command that continues, and the picture of the system."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from pathlib import Path

from lmpdrive.observables.tables import Scalar
from lmpdrive.report.first_screen import KEY_NUMBERS
from lmpdrive.report.labels import with_typeset_unit
from lmpdrive.report.next_step import next_step
from lmpdrive.report.numbers import first_numbers, with_error
from lmpdrive.report.verdict import Verdict

COLOURS = {"good": "#00805a", "caution": "#b36b00", "short": "#b36b00", "bad": "#c8322b"}
"""Legible on a white and on a black page."""


def card(
    directory: Path,
    state: str,
    verdict: Verdict | None,
    scalars: Mapping[str, Scalar],
    run: Path | None,
    report: Path | None,
) -> str:
    """HTML without scripts; everything from the run is escaped."""
    head = f"<b>{escape(str(run or directory))}</b>: {escape(state)}"
    parts = [f"<div>{head}</div>"]
    if verdict is not None:
        gravest = verdict.findings[0].text if verdict.findings and verdict.level != "good" else ""
        parts.append(
            f'<div style="color:{COLOURS[verdict.level]};font-weight:600">{escape(verdict.text)}</div>'
            f"<div>{escape(gravest)}</div>"
        )
    parts.append(_numbers(scalars))
    if (step := next_step(verdict, state, run)) is not None:
        command = f": <code>{escape(step.command)}</code>" if step.command else ""
        parts.append(f"<div>{escape(step.words)}{command}</div>")
    if report is not None:
        parts.append(f'<div><a href="{escape(str(report), quote=True)}">{escape(str(report))}</a></div>')
    thumbnail = directory / "observables" / "system.svg"
    if thumbnail.is_file():
        drawn = thumbnail.read_text(encoding="utf-8")
        parts.append(f'<div style="max-width:360px;margin-top:.5em">{drawn.replace("<svg ", _FITTED, 1)}</div>')
    return f'<div style="max-width:44em">{"".join(parts)}</div>'


_FITTED = '<svg style="width:100%;height:auto" '


def _numbers(scalars: Mapping[str, Scalar]) -> str:
    """A table of the first six, with 2σ."""
    numbers = first_numbers(scalars, KEY_NUMBERS)
    if not numbers:
        return ""
    rows = "".join(
        f'<tr><td style="text-align:left">{escape(name)}</td>'
        f'<td style="text-align:right"><b>{escape(with_typeset_unit(with_error(one), one.unit))}</b></td></tr>'
        for name, one in numbers.items()
    )
    note = "± is 2σ, the 95 % interval; .summary and .tables have 1σ"
    return f"<table>{rows}</table><div><small>{note}</small></div>"
