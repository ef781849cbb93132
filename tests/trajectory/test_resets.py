"""Steps that fall: a run taken back to a restart, or a count of steps that was reset."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose

from lmpdrive.errors import TrajectoryError
from lmpdrive.trajectory import open_trajectory
from tests.field_cases import case
from tests.trajectory.dump_text import frame

N = 8


def walk(n_frames, seed=0, per_frame_A=0.4):
    """(F, N, 3) positions of atoms that move on from frame to frame."""
    rng = np.random.default_rng(seed)
    return 5 + np.cumsum(rng.normal(size=(n_frames, N, 3)) * per_frame_A, axis=0)


def dump(steps, frames, **header):
    texts = []
    for step, positions in zip(steps, frames, strict=True):
        rows = [f"{i} 1 {x % 10:.6f} {y % 10:.6f} {z % 20:.6f}" for i, (x, y, z) in enumerate(positions, start=1)]
        texts.append(frame(rows, step=step, **header))
    return "".join(texts)


@pytest.fixture
def opened(tmp_path):
    def opened(*texts, **options):
        for i, text in enumerate(texts):
            (tmp_path / f"{i}.lammpstrj").write_text(text)
        paths = [tmp_path / f"{i}.lammpstrj" for i in range(len(texts))]
        return open_trajectory(paths if len(paths) > 1 else paths[0], elements=["O"], timestep_fs=0.5, **options)

    return opened


FRAMES = walk(12)


def read(trajectory):
    return trajectory.read(0, trajectory.n_frames).positions


def folded(frames):
    return np.mod(frames, [10, 10, 20])


@pytest.mark.parametrize("files", [1, 2])
def test_a_reset_count_keeps_all_frames(opened, files):
    texts = [dump(range(0, 600, 100), FRAMES[:6]), dump(range(0, 600, 100), FRAMES[6:])]
    with pytest.warns(UserWarning, match=r"fall 1 times, first from 500 to 0.*count of steps was reset"):
        trajectory = opened(*(["".join(texts)] if files == 1 else texts))
    assert trajectory.steps.tolist() == list(range(0, 1200, 100))
    assert_allclose(trajectory.times_ps, 0.5e-3 * trajectory.steps)
    assert_allclose(read(trajectory), folded(FRAMES), atol=1e-6)


def test_the_same_frame_at_both_ends_of_a_reset_is_one(opened):
    """`reset_timestep 0` and another `run`: the second dump begins with the last frame of the first."""
    text = dump([0, 20, 40], FRAMES[:3]) + dump([0, 20, 40], FRAMES[2:5])
    with pytest.warns(UserWarning, match="count of steps was reset"):
        trajectory = opened(text)
    assert trajectory.steps.tolist() == [0, 20, 40, 60, 80]
    assert_allclose(read(trajectory), folded(FRAMES[:5]), atol=1e-6)


def test_a_restart_writes_the_same_frames_again(opened):
    text = dump(range(0, 100, 20), FRAMES[:5]) + dump(range(60, 140, 20), FRAMES[3:7])
    with pytest.warns(UserWarning, match="2 frames that a restart wrote again"):
        trajectory = opened(text)
    assert trajectory.steps.tolist() == list(range(0, 140, 20))
    assert_allclose(read(trajectory), folded(FRAMES[:7]), atol=1e-6)


def test_after_a_restart_random_forces_lead_apart(opened):
    """The first frame again is near the first one of that step, the next ones are not."""
    again = FRAMES[3:7] + 0.05 * walk(4, seed=3, per_frame_A=1.0) - 0.25
    text = dump(range(0, 160, 20), FRAMES[:8]) + dump(range(60, 140, 20), again)
    with pytest.warns(UserWarning, match="restart wrote again"):
        trajectory = opened(text)
    assert trajectory.steps.tolist() == list(range(0, 140, 20))
    assert_allclose(read(trajectory)[3:], folded(again), atol=1e-6)


def test_a_restart_between_two_frames(opened):
    """Taken back to step 50: frame 60 is written again."""
    text = dump([0, 20, 40, 60, 80], FRAMES[:5]) + dump([50, 60, 80], [FRAMES[2], FRAMES[3], FRAMES[4]])
    with pytest.warns(UserWarning, match="restart wrote again"):
        assert opened(text).steps.tolist() == [0, 20, 40, 50, 60, 80]


def test_a_restart_within_the_second_stage(opened):
    text = dump([0, 20, 40], FRAMES[:3]) + dump([0, 20, 40, 60], FRAMES[3:7]) + dump([40, 60, 80], FRAMES[5:8])
    with pytest.warns(UserWarning) as caught:
        trajectory = opened(text)
    said = " ".join(str(w.message) for w in caught)
    assert "fall 1 times, first from 40 to 0" in said
    assert "2 frames that a restart wrote again" in said
    assert trajectory.steps.tolist() == list(range(0, 160, 20))
    assert_allclose(read(trajectory), folded(FRAMES[:8]), atol=1e-6)


def test_three_stages_of_one_frame_each_with_the_same_step(opened):
    with pytest.warns(UserWarning, match="fall 2 times"):
        trajectory = opened(dump([0, 0, 0], FRAMES[[0, 5, 10]]))
    assert trajectory.steps.tolist() == [0, 1, 2]
    assert_allclose(trajectory.times_ps, [0, 5e-4, 1e-3])


def test_times_of_the_file_go_on(tmp_path):
    head = "ITEM: UNITS\nmetal\nITEM: TIME\n{}\n"
    frames = [(0, 0.0), (20, 0.01), (0, 0.0), (20, 0.01)]
    text = "".join(
        (head if i == 0 else head.split("metal\n")[1]).format(time) + dump([step], FRAMES[3 * i : 3 * i + 1])
        for i, (step, time) in enumerate(frames)
    )
    (tmp_path / "traj").write_text(text)
    with pytest.warns(UserWarning, match="count of steps was reset"):
        trajectory = open_trajectory(tmp_path / "traj", elements=["O"])
    assert_allclose(trajectory.times_ps, [0, 0.01, 0.02, 0.03])


def test_in_a_run_directory_steps_fall_after_restarts_only(tmp_path):
    """A run that was taken back from an explosion: the frames there may be anything."""
    (tmp_path / "traj.lammpstrj").write_text(dump([0, 20, 40, 60], FRAMES[[0, 1, 9, 10]]))
    (tmp_path / "traj.1.lammpstrj").write_text(dump([40, 60], FRAMES[2:4]))
    with pytest.warns(UserWarning, match="restart wrote again"):
        trajectory = open_trajectory(tmp_path, elements=["O"], timestep_fs=0.5)
    assert trajectory.steps.tolist() == [0, 20, 40, 60]
    assert_allclose(read(trajectory), folded(FRAMES[:4]), atol=1e-6)


def test_frames_that_cannot_be_compared_are_left_out_as_before(opened):
    broken = dump([0, 20], FRAMES[:2]).replace("\n1 1 ", "\n77 1 ", 2).replace("\n77 1 ", "\n1 1 ", 1)
    with pytest.warns(UserWarning, match="restart wrote again"):
        trajectory = opened(broken + dump([20, 40], FRAMES[1:3]))
    assert trajectory.steps.tolist() == [0, 20, 40]
    with pytest.raises(TrajectoryError, match="other atom ids"):
        opened(broken).read(0, 2)


def test_field_case():
    with pytest.warns(UserWarning, match="count of steps was reset"):
        trajectory = open_trajectory(
            case("reset-timestep/reset.lammpstrj"), elements=["Au", "H", "Na", "O"], timestep_fs=0.5
        )
    assert trajectory.n_frames == 12
    assert trajectory.steps.tolist() == list(range(0, 1200, 100))
