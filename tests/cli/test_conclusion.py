"""How a command ends: one verdict in the same words everywhere, few numbers, one way on, no warnings of Python."""

from __future__ import annotations

import html
import re
import subprocess
import sys
import warnings
from pathlib import Path

import pytest
import yaml

import lmpdrive
from lmpdrive.cli.conclusion import MOST_NUMBERS, conclusion
from lmpdrive.cli.warn import sentence, warn_in_sentences
from lmpdrive.observables.tables import Scalar
from lmpdrive.report.analysed import load
from lmpdrive.report.verdict import Verdict
from lmpdrive.stages.analyse import Result
from tests.conftest import SMALL_CLASSICAL

LMPDRIVE = Path(sys.executable).with_name("lmpdrive")


def command(*args, cwd):
    return subprocess.run([LMPDRIVE, *map(str, args)], capture_output=True, text=True, cwd=cwd, check=False)


@pytest.fixture(scope="module")
def simulated(tmp_path_factory):
    """A real run of 0.2 ps, and what `simulate` printed."""
    folder = tmp_path_factory.mktemp("conclusion")
    (folder / "c.yaml").write_text(yaml.safe_dump(SMALL_CLASSICAL | {"output": {"report": True}}))
    done = command("simulate", "c.yaml", "--out", "run", cwd=folder)
    assert done.returncode == 0, done.stderr
    return folder, done


def test_the_same_words_in_terminal_page_python_and_results(simulated):
    folder, done = simulated
    kept = load(folder / "run").verdict
    result = lmpdrive.analyse(folder / "run", out=folder / "again")
    assert result.verdict == kept
    assert done.stdout.splitlines()[: len(kept.lines())] == kept.lines()
    for page in (folder / "run" / "report.html", folder / "again" / "report.html"):
        text = html.unescape(page.read_text())
        assert all(words in text for words in (kept.text, *(finding.text for finding in kept.findings)))


def test_a_run_of_a_fifth_of_a_picosecond_is_too_short_to_say(simulated):
    _, done = simulated
    assert done.stdout.startswith("Too short to say")
    more = re.search(r"lmpdrive resume run --set dynamics\.production_ps=([\d.e+]+)$", done.stdout, re.M)
    assert float(more[1]) > 0.2
    assert f"report: {Path('run') / 'report.html'}" in done.stdout


def numbers(text):
    return re.findall(r"^  (?!good|caution|problem|too short)(.+: .+)$", text, re.M)


def test_few_numbers_and_all_with_v(simulated):
    folder, done = simulated
    few = numbers(done.stdout)
    assert 3 <= len(few) <= MOST_NUMBERS
    assert any("mean temperature" in line for line in few) and "± is 2σ" in done.stdout
    every = command("analyse", "run", "--out", "all", "--no-report", "-v", cwd=folder)
    assert len(numbers(every.stdout)) > 3 * MOST_NUMBERS and set(few) <= set(numbers(every.stdout))


def test_warnings_reach_the_terminal_without_a_report(simulated):
    folder, _ = simulated
    done = command("analyse", "run", "--out", "tables", "--no-report", cwd=folder)
    kept = load(folder / "tables")
    cautions = [finding.text for finding in kept.verdict.findings if finding.level == "caution"]
    assert cautions and all(text in done.stdout for text in cautions)
    assert "results: tables" in done.stdout and not (folder / "tables" / "report.html").exists()


def test_quiet_prints_nothing(simulated):
    folder, _ = simulated
    done = command("analyse", "run", "--out", "quiet", "--no-report", "-q", cwd=folder)
    assert done.stdout == "" and done.stderr == ""


def test_what_takes_time_is_said(simulated):
    _, done = simulated
    assert re.search(r"^analysing \d+ frames of \d+ atoms$", done.stderr, re.M)
    assert re.search(r"^drawing \d+ figures$", done.stderr, re.M)


def test_compiling_is_said_once_and_only_where_it_happens(simulated, tmp_path):
    folder, _ = simulated
    script = (
        "import os, sys; os.environ['NUMBA_CACHE_DIR'] = sys.argv[1]\n"
        "import lmpdrive\n"
        "lmpdrive.analyse('run', out='cold', names=['water_density'], with_report=False, say=print)"
    )
    run = [sys.executable, "-c", script, str(tmp_path)]
    said = [subprocess.run(run, cwd=folder, capture_output=True, text=True, check=True).stdout for _ in range(2)]
    assert said[0].count("compiling the kernels") == 1 and "compiling" not in said[1]


def test_a_python_warning_is_a_sentence(simulated, tmp_path):
    """A last log line that was cut off, as after a kill."""
    folder, _ = simulated
    subprocess.run(["cp", "-r", folder / "run", tmp_path / "run"], check=True)
    log = tmp_path / "run" / "log.lammps"
    log.write_text(log.read_text().rpartition("Loop time of")[0].rstrip()[:-7])
    done = command("analyse", "run", "--no-report", cwd=tmp_path)
    assert "warning: run/log.lammps: the log's last line is incomplete and is left out\n" in done.stderr
    assert "UserWarning" not in done.stderr and ".py:" not in done.stderr


def test_whose_warning_it_is_and_which_are_not_for_users():
    there = "/env/lib/python3.11/site-packages/ase/io/extxyz.py"
    assert sentence("two\n lines", UserWarning, there) == "warning: two lines (ase)"
    assert sentence("x", DeprecationWarning, there) == ""
    assert sentence("ours", UserWarning, str(Path(lmpdrive.__file__))) == "warning: ours"


def test_each_warning_once(capsys):
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        shown = warnings.showwarning
        try:
            warn_in_sentences()
            for _ in range(3):
                warnings.warn("only once", stacklevel=1)
                warnings.warn("an old name", DeprecationWarning, stacklevel=1)
        finally:
            warnings.showwarning = shown
    assert capsys.readouterr().err == "warning: only once\n"


def result(state="finished", level="good", production_ps=None, **scalars):
    verdict = Verdict(level, "Good: no problem was found.", production_ps=production_ps)
    return Result(Path("run"), state, verdict=verdict, scalars=scalars, run_directory=Path("my run"))


@pytest.mark.parametrize(
    ("found", "line"),
    [
        (result(production_ps=120.0), "continue with: lmpdrive resume 'my run' --set dynamics.production_ps=120"),
        (result("interrupted", production_ps=120.0), "continue with: lmpdrive resume 'my run'"),
        (result("walltime"), "continue with: lmpdrive resume 'my run'"),
        (result(level="bad"), "Solve the problems first: a longer run alone does not."),
    ],
)
def test_one_command_continues(found, line):
    lines = list(conclusion(found))
    assert line in lines and sum("resume" in one for one in lines) <= 1


def test_nothing_continues_what_is_good_or_from_elsewhere():
    assert not any("resume" in line for line in conclusion(result()))
    elsewhere = Result(Path("out"), "analysed", verdict=Verdict("short", "Too short to say", production_ps=5.0))
    assert not any("resume" in line for line in conclusion(elsewhere))


def test_errors_that_are_bounds_or_missing_are_marked():
    bound = Scalar(8.37, 0.5, "ps", lower_bound=True, headline=True)
    found = result(residence=bound, density=Scalar(1.0, unit="g/cm^3", headline=True), other=Scalar(2.0, 0.1))
    text = "\n".join(conclusion(found))
    assert "residence: 8.4 ± ≥ 1.0 ps" in text and "≥: a lower bound" in text
    assert "density: 1 (no error) g/cm^3" in text and "other" not in text and "all 3 with -v" in text
    assert "other: 2.00 ± 0.20" in "\n".join(conclusion(found, every_number=True))


def test_many_titles_are_counted_and_all_with_v():
    titles = tuple(f"table {i}" for i in range(20))
    found = Result(Path("run"), "finished", verdict=Verdict("caution", "", not_converged=titles))
    assert "not converged: table 0; table 1; table 2; table 3; table 4; table 5; and 14 more" in list(conclusion(found))
    assert any(line.endswith("table 19") for line in conclusion(found, every_number=True))
