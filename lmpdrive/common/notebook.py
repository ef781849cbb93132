"""One line of output in a Jupyter notebook, replaced as work goes on; it needs nothing but the notebook's IPython."""

from __future__ import annotations

import sys
from html import escape
from typing import Any
from uuid import uuid4


def in_notebook() -> bool:
    """Whether this runs in a kernel with a front end that shows HTML: JupyterLab, Notebook, VS Code, Colab."""
    if "ipykernel" not in sys.modules:
        return False
    from IPython import get_ipython

    return getattr(get_ipython(), "kernel", None) is not None


def is_quiet(quiet: bool | None) -> bool:
    """What was asked for; by default progress is shown in a notebook, where somebody waits for a cell."""
    return not in_notebook() if quiet is None else quiet


class NotebookLine:
    """A line of text with a bar.

    >>> line = NotebookLine()
    >>> line.update("500 of 1000 frames", 0.5)
    >>> line.stop()  # takes it away
    """

    def __init__(self) -> None:
        self._id = uuid4().hex
        self._shown = False

    def start(self) -> None:
        """Nothing is shown before the first update."""

    def update(self, text: str, done: float | None = None) -> None:
        """Replace the line; `done` (0 to 1) is drawn as a bar."""
        bar = "" if done is None else f'<progress max="1" value="{done:.3f}"></progress> '
        self._show({"text/plain": text, "text/html": f"{bar}<code>{escape(text)}</code>"})

    def stop(self) -> None:
        """Take it away."""
        if self._shown:
            self._show({"text/plain": "", "text/html": ""})

    def _show(self, content: dict[str, Any]) -> None:
        from IPython.display import display

        display(content, raw=True, display_id=self._id, update=self._shown)
        self._shown = True
