"""The user's places, and what a local one gives to whom."""

import pytest

from lmpdrive.campaigns.advance import gpu_of_this_worker
from lmpdrive.campaigns.facts import wants_report
from lmpdrive.campaigns.file import Resources
from lmpdrive.campaigns.places import PLACES, find_place
from lmpdrive.errors import ConfigError

TEXT = """
workstation: {kind: local, gpus: [2, 3], cpus: 16}
cluster:
  kind: slurm
  cpu: {partition: batch, block: {cpus: 48}, walltime: 6h, max_blocks: 2}
  gpu: {partition: booster, block: {cpus: 48, gpus: 4}, walltime: 24h, max_blocks: 8}
  big: {same: gpu, max_blocks: 1}
"""


@pytest.fixture
def places(tmp_path, monkeypatch):
    def write(text=TEXT):
        (tmp_path / "places.yaml").write_text(text)
        monkeypatch.setenv(PLACES, str(tmp_path / "places.yaml"))

    write()
    return write


def test_places_of_the_user_and_this_machine(places):
    assert find_place("here").kind == "local" and find_place(None).name == "here"
    big = find_place("cluster").blocks_of("big")
    assert big.partition == "booster" and big.block.gpus == 4 and big.max_blocks == 1
    places("only: {kind: local, cpus: 3}")
    assert find_place(None).cpus == 3


def test_no_core_and_no_gpu_is_given_twice(places):
    place = find_place("workstation")
    needs = {"cpu": Resources(cpus=2), "gpu": Resources(gpus=1, cpus=3, share=2)}
    assert place.local_workers(needs) == {True: 4, False: 2}
    assert place.local_workers({"cpu": Resources()}) == {True: 0, False: 16}
    with pytest.raises(ConfigError, match="needs GPUs, and it has none"):
        find_place("here").local_workers(needs)


def test_what_the_batch_system_gave_is_kept_although_the_engine_counts_from_zero():
    block = {"LMPDRIVE_BLOCK_GPUS": "2,3", "CUDA_VISIBLE_DEVICES": "1"}
    translated = gpu_of_this_worker(block)
    assert translated["CUDA_VISIBLE_DEVICES"] == "3"
    assert gpu_of_this_worker(block | translated) == {}, "once"
    assert gpu_of_this_worker({"CUDA_VISIBLE_DEVICES": "1"}) == {}


@pytest.mark.parametrize(
    ("text", "name", "says"),
    [
        (TEXT, "clutser", "no place 'clutser'; did you mean 'cluster'?"),
        ("a: {kind: cloud}", "a", "kind"),
        ("a: {kind: local, cpu: 3}", "a", "a.cpu is neither a section nor one of"),
        ("a: {kind: slurm, cpu: {same: gpu}}", "a", "there is no section 'gpu'"),
        ("a: {kind: slurm, cpu: {max_blocks: 0}}", "a", "blocks.cpu.max_blocks"),
        ("a: [", "a", "cannot read"),
    ],
)
def test_errors_name_the_value_and_the_choices(places, text, name, says):
    places(text)
    with pytest.raises(ConfigError) as caught:
        find_place(name)
    assert says in str(caught.value)


def test_resources_that_a_place_does_not_have(places):
    with pytest.raises(ConfigError, match=r"how to get the resources 'tpu' \(it knows cpu, gpu, big\)"):
        find_place("cluster").blocks_of("tpu")


@pytest.mark.parametrize(
    ("resolved", "wanted"),
    [
        ("output: {report: false}", False),
        ("output: {report: true}", True),
        ("output:", True),
        ("}", True),
    ],
)
def test_runs_get_figures_unless_they_say_no(tmp_path, resolved, wanted):
    assert wants_report(tmp_path), "nothing was rendered yet"
    (tmp_path / "resolved.yaml").write_text(resolved)
    assert wants_report(tmp_path) is wanted
