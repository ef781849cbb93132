"""The loops for models with scalar messages against the model."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="PyTorch is not in this environment")
pytest.importorskip("mace", reason="mace-torch is not in this environment")

from lmpdrive.architectures.mace.model import load  # noqa: E402
from lmpdrive.architectures.mace.scalar import ScalarEvaluator  # noqa: E402
from lmpdrive.architectures.mace.scalar_kernels import COMPONENTS, _harmonics, _harmonics_gradient  # noqa: E402
from lmpdrive.architectures.mace.scalar_parameters import read, unsuited  # noqa: E402
from lmpdrive.errors import ModelError  # noqa: E402
from tests.architectures.mace_models import NOWHERE, film, mace, random_model  # noqa: E402

POTENTIALS = Path(__file__).resolve().parents[2] / "potentials"


def evaluators(file: Path, dtype: str, number: int = 0, head: str | None = None):
    """The loops and the unchanged model, of one of its heads."""
    module = load(str(file), torch.float64, "cpu")
    assert unsuited(module) == ""
    unchanged = mace(file, dtype="float64", compile="never", head=head).evaluator(NOWHERE, "cpu")
    return ScalarEvaluator(read(module, number, dtype)), unchanged


def assert_equal(found, model, limit: float) -> None:
    assert np.abs(found.forces - model.forces).max() < limit
    assert np.abs(found.virial - model.virial).max() < 20 * limit
    assert np.abs(found.energies_eV - model.energies_eV).max() < limit


# forces of 10 eV/Å carry 1e-6 of rounding in float32, and sums of them differ with the processor
@pytest.mark.parametrize(("dtype", "limit"), [("float32", 4e-5), ("float64", 2e-5)])
def test_a_trained_model_with_repulsion(dtype, limit):
    ours, model = evaluators(POTENTIALS / "pt-water-mace" / "mace.model", dtype)
    assert_equal(ours(film()), model(film()), limit)


@pytest.mark.parametrize("correlation", [1, 3, [3, 2], 4], ids=str)
def test_any_order_of_the_products(correlation, tmp_path):
    ours, model = evaluators(random_model(tmp_path, correlation, "4x0e"), "float64")
    assert_equal(ours(film()), model(film()), 1e-6)


def test_a_head_that_is_not_the_first(tmp_path):
    file = random_model(tmp_path, 2, "4x0e", heads=("coarse", "fine"))
    ours, model = evaluators(file, "float64", 1, "fine")
    assert_equal(ours(film()), model(film()), 1e-6)


def test_atoms_alone_and_elements_that_are_absent():
    """Hydrogen far from everything, and no platinum."""
    whole = film()
    keep = np.flatnonzero(whole.numbers != 78)[:3]
    few = replace(whole, numbers=whole.numbers[keep], positions=whole.positions[keep], cell=whole.cell * 4)
    few.positions[-1] += 9.0
    ours, model = evaluators(POTENTIALS / "pt-water-mace" / "mace.model", "float64")
    assert_equal(ours(few), model(few), 5e-5)  # of 41 eV/Å, between O and H at 0.6 Å
    with pytest.raises(ModelError, match="does not know"):
        ours(replace(few, numbers=np.array([79, 1, 8])))


def test_what_is_not_a_number_is_not_hidden():
    ours, _ = evaluators(POTENTIALS / "pt-water-mace" / "mace.model", "float32")
    ours.model.embedding[0, 0] = np.nan
    answer = ours(film())
    assert not np.isfinite(answer.energy_eV) and not np.isfinite(answer.forces).all()


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"hidden": "4x0e+4x1o"}, "exchange more than scalars"),
        ({"layers": 3}, "two residual layers"),
        ({"max_ell": 2}, "end before l = 3"),
        ({"distance_transform": "Agnesi"}, "radial functions depend on the elements"),
    ],
    ids=str,
)
def test_other_models_are_left_to_others(options, says, tmp_path):
    file = random_model(tmp_path, 2, **({"hidden": "4x0e"} | options))
    assert says in unsuited(load(str(file), torch.float64, "cpu"))


def test_the_harmonics_are_e3nns_and_their_gradient_is_their_derivative():
    from e3nn.o3 import spherical_harmonics

    rng = np.random.default_rng(3)
    vectors = rng.normal(size=(20, 3))
    vectors /= np.linalg.norm(vectors, axis=1)[:, None]
    expected = spherical_harmonics([0, 1, 2, 3], torch.from_numpy(vectors), normalize=True, normalization="component")
    found, weights, h = np.empty(COMPONENTS), rng.normal(size=COMPONENTS), 1e-6

    def value(vector) -> float:
        out = np.empty(COMPONENTS)
        _harmonics(*vector, out)
        return out @ weights

    for vector, row in zip(vectors, expected.numpy(), strict=True):
        _harmonics(*vector, found)
        np.testing.assert_allclose(found, row, atol=1e-12)
        slopes = [(value(vector + h * axis) - value(vector - h * axis)) / (2 * h) for axis in np.eye(3)]
        np.testing.assert_allclose(_harmonics_gradient(*vector, weights), slopes, atol=1e-7)


def test_it_is_the_fastest_form_of_the_shipped_model(capsys, tmp_path, monkeypatch):
    """Without a compiler the loops run all the same, and they are faster than the model itself."""
    monkeypatch.setenv("CXX", "/nonexistent/compiler")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    mace(POTENTIALS / "pt-water-mace" / "mace.model").evaluator(NOWHERE, "cpu")(film())
    assert "MACE runs in loops for scalar messages; largest force difference" in capsys.readouterr().out
