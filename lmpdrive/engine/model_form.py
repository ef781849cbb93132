"""Which form of its model a worker evaluates, for the terminal and the manifest."""

from __future__ import annotations

import json
from pathlib import Path

from lmpdrive.common.manifest import ModelForm
from lmpdrive.common.run_files import MODEL_FORM
from lmpdrive.common.say import Say


def form_of(run_dir: Path) -> ModelForm | None:
    """What the worker of a run left; None for models that have one form."""
    path = run_dir / MODEL_FORM
    return ModelForm(**json.loads(path.read_text())) if path.is_file() else None


def forget(run_dir: Path) -> None:
    """Remove what an earlier run left."""
    (run_dir / MODEL_FORM).unlink(missing_ok=True)


class FormPrinter:
    """Prints the form once, as soon as the worker has chosen it."""

    def __init__(self, run_dir: Path, say: Say) -> None:
        self._run_dir, self._say, self._printed = run_dir, say, False

    def poll(self) -> None:
        """Look for it."""
        found = None if self._printed else form_of(self._run_dir)
        if found:
            self._say(str(found))
            self._printed = True
