"""Progress in a notebook: one line of output that is replaced; nothing of it elsewhere."""

from __future__ import annotations

import pytest

from lmpdrive.common.notebook import NotebookLine, in_notebook, is_quiet


def test_a_test_is_no_notebook_and_asks_for_no_progress():
    assert not in_notebook()
    assert is_quiet(None)


@pytest.mark.parametrize("asked", [True, False])
def test_what_is_asked_for_is_done(asked):
    assert is_quiet(asked) is asked


def test_the_line_is_shown_as_text_where_there_is_no_html(capsys):
    pytest.importorskip("IPython", reason="no IPython here")
    line = NotebookLine()
    line.start()
    line.update("500 of 1000 frames", 0.5)
    assert "500 of 1000 frames" in capsys.readouterr().out
    line.stop()


def test_a_line_that_was_never_shown_is_not_taken_away(capsys):
    NotebookLine().stop()
    assert capsys.readouterr().out == ""
