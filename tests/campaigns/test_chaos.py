"""Kills of drivers and workers: nothing is lost, and nothing is done twice."""

from __future__ import annotations

import time

import pytest

from tests.campaigns.driver import FakeCampaign, kill
from tests.campaigns.fake_lmpdrive import is_unstable, needed

pytest.importorskip("parsl", reason="parsl is not in this environment")


def until(condition, seconds: float = 120.0) -> None:
    """Wait for something."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.1)


def expected(names) -> dict[str, int]:
    """Slices that each run needs."""
    return {name: 1 if is_unstable(name) else needed(name) for name in names}


def test_three_hundred_slices_with_three_drivers_and_three_workers_killed(tmp_path):
    campaign = FakeCampaign(tmp_path, runs=165)
    wanted = expected(f"s{seed}" for seed in range(1, 166))
    total = sum(wanted.values())
    assert total >= 300
    for part in (1, 2, 3):
        driver = campaign.start()
        until(lambda part=part: sum(campaign.slices().values()) > total * part // 5)
        until(campaign.workers)
        kill(campaign.workers()[0])
        done = sum(campaign.slices().values())
        until(lambda done=done: sum(campaign.slices().values()) > done + total // 12)
        kill(driver.pid)
        driver.wait()
    last = campaign.start()
    assert last.wait(300) == 12, (tmp_path / "driver.log").read_text()  # some are unstable
    assert campaign.slices() == wanted
    assert not list(campaign.out.glob("runs/*/twice"))
    states = campaign.call("status", "--all").stdout.splitlines()
    assert states[-2].startswith("165 runs: ") and "given up" not in states[-2] and "waiting" not in states[-2]


def test_ctrl_c_leaves_every_run_in_order_and_the_next_driver_goes_on(tmp_path):
    campaign = FakeCampaign(tmp_path, runs=6, cpus=2, seconds=3)
    driver = campaign.start()
    until(campaign.workers)
    second = campaign.call("run")
    assert second.returncode == 14 and "in use by process" in second.stderr
    assert "told process" in campaign.call("stop").stdout
    assert driver.wait(60) == 130
    assert not campaign.workers()
    assert {e["code"] for e in campaign.journal() if e["event"] == "end" and e["stage"] == "md"} <= {0, 75, 130, 12}
    campaign.env["FAKE_SECONDS"] = "0.1"
    assert campaign.start().wait(120) in (0, 12)
    assert campaign.slices() == expected(f"s{seed}" for seed in range(1, 7))


def test_a_detached_driver_goes_on_without_its_terminal(tmp_path):
    campaign = FakeCampaign(tmp_path, runs=3)
    started = campaign.call("run", "--detach")
    assert started.returncode == 0 and "the driver is process" in started.stdout, started.stderr
    until(lambda: (campaign.out / "report.html").is_file())
    assert campaign.slices() == expected(["s1", "s2", "s3"])


def test_tries_are_bounded_and_can_be_given_again(tmp_path):
    campaign = FakeCampaign(tmp_path, runs=2, cpus=2, tries=2)
    real = campaign.env["LMPDRIVE"]
    broken = tmp_path / "broken.py"
    broken.write_text("import sys\nprint('error: no space left', file=sys.stderr)\nsys.exit(sys.argv[1] != 'check')\n")
    campaign.env["LMPDRIVE"] = f"{real.split()[0]} {broken}"
    driver = campaign.start()
    assert driver.wait(60) == 1
    log = (tmp_path / "driver.log").read_text()
    assert "s1: given up: no space left" in log and "s2: given up: no space left" in log
    begun = [e for e in campaign.journal() if e["event"] == "begin" and e["stage"] == "md"]
    assert len(begun) == 2 * 2
    campaign.env["LMPDRIVE"] = real
    assert campaign.start().wait(60) == 1, "without --retry they stay given up"
    assert campaign.start("--retry", "failed").wait(60) in (0, 12)
    assert campaign.slices() == expected(["s1", "s2"])


def test_a_failed_check_stops_the_runs_that_it_stands_for_and_no_others(tmp_path):
    axes = {"m": {"dynamics.timestep_fs": [1, 2]}, "s": {"dynamics.seed": [1, 2]}}
    campaign = FakeCampaign(tmp_path, runs=0, cpus=2, axes=axes, stages={"check": {"once_per": ["m"]}})
    picky = tmp_path / "picky.py"
    picky.write_text(
        "import subprocess, sys\n"
        "if sys.argv[1] == 'check':\n"
        "    bad = 'dynamics.timestep_fs=2' in sys.argv\n"
        "    if bad: print('error: the model does not know Na', file=sys.stderr)\n"
        "    sys.exit(4 if bad else 0)\n"
        f"sys.exit(subprocess.run([*{campaign.env['LMPDRIVE'].split()!r}, *sys.argv[1:]]).returncode)\n"
    )
    campaign.env["LMPDRIVE"] = f"{campaign.env['LMPDRIVE'].split()[0]} {picky}"
    assert campaign.start().wait(60) == 1
    assert set(campaign.slices()) == {"m1_s1", "m1_s2"}
    checks = [e for e in campaign.journal() if e["event"] == "begin" and e["stage"] == "check"]
    assert len(checks) == 2
    status = campaign.call("status").stdout
    assert status.count("the model does not know Na") == 2 and "2 failed" in status
