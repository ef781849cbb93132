"""Fit the small MTP of the tests (Pt, O, H; level 8) with motep's own basis.

    python tests/architectures/make_mtp.py tests/architectures/data/mtp.mtp

Run it where motep 0.2.0 is (`lmpdrive env create mtp`); it takes seconds.  Radial coefficients are fixed, those of the
moments are a least-squares fit to a dozen small frames of potentials/: poor, but a real model.
"""

import sys
from pathlib import Path

import numpy as np
from ase.io import read
from motep.calculator import MTP
from motep.io.mlip.mtp import write_mtp
from motep.potentials.mtp.data import BasisData, MTPData

POTENTIALS = Path(__file__).resolve().parents[2] / "potentials"
SPECIES = np.array([78, 8, 1])
ISOLATED_eV = np.array([-0.6548, -1.6348, -1.2058])
"""RPBE, of the source of the frames: ../shared/data/pt-water-rpbe-d3/isolated-atoms.xyz."""
RADIAL_SIZE = 8
# moments M_μ,ν: μ, and the powers of x, y, z; then the products (left, right, factor, result) that make scalars,
# up to level 8 of Shapeev, Multiscale Model. Simul. 14, 1153 (2016): level of M_μ,ν is 2 + 4 μ + ν
BASIC = [(0, a, b, n - a - b) for n in range(3) for a in range(n, -1, -1) for b in range(n - a, -1, -1)]
BASIC.append((1, 0, 0, 0))
TIMES = [(0, 0, 1, 11)]
TIMES += [(i, i, 1, 12) for i in (1, 2, 3)]
TIMES += [(i, i, 1 if max(BASIC[i][1:]) == 2 else 2, 13) for i in range(4, 10)]
TIMES += [(0, 10, 1, 14), (0, 11, 1, 15), (0, 12, 1, 16), (0, 15, 1, 17)]


def empty() -> MTPData:
    """The basis, with Chebyshev polynomials of growing order as radial functions of every pair."""
    n, pairs = len(SPECIES), (len(SPECIES),) * 2
    radial = np.zeros((*pairs, 2, RADIAL_SIZE))
    radial += np.random.default_rng(1).uniform(-0.05, 0.05, radial.shape)
    radial += radial.swapaxes(0, 1)
    radial[:, :, 0, 0] += 0.2
    radial[:, :, 1, 1] += 0.2
    return MTPData(
        version="1.1.0",
        potential_name="tests",
        scaling=0.01,
        species_count=n,
        radial_basis=BasisData("RBChebyshev", np.float64(0.5), np.float64(4.0), np.int32(RADIAL_SIZE)),
        radial_funcs_count=2,
        radial_coeffs=radial,
        alpha_moments_count=18,
        alpha_index_basic_count=len(BASIC),
        alpha_index_basic=np.array(BASIC, dtype=np.int32),
        alpha_index_times_count=len(TIMES),
        alpha_index_times=np.array(TIMES, dtype=np.int32),
        alpha_scalar_moments=9,
        alpha_moment_mapping=np.array([0, *range(10, 18)], dtype=np.int32),
        species_coeffs=ISOLATED_eV.copy(),
        moment_coeffs=np.ones(9),
        _species=SPECIES.astype(np.int32),
    )


def main(file: Path) -> None:
    """Fit the moments' and the elements' coefficients to forces and energies, and write."""
    data = empty()
    paths = (POTENTIALS / "pt-water-test" / "held-back.xyz.gz", POTENTIALS / "pt-water-contacts" / "contacts.xyz.gz")
    rows, right = [], []
    for atoms in (a for path in paths for a in read(path, ":50") if len(a) <= 60):
        engine = MTP(data, engine="cext", mode="train").engine
        engine.calculate(atoms)
        counts = [(atoms.numbers == z).sum() for z in SPECIES]
        rows.append(np.concatenate([engine.mbd.values, counts]) / len(atoms) * 30)
        right.append(atoms.info["REF_energy"] / len(atoms) * 30)
        forces = -engine.mbd.dbdris.reshape(9, -1).T
        rows.extend(np.hstack([forces, np.zeros((len(forces), 3))]))
        right.extend(atoms.arrays["REF_forces"].ravel())
    matrix, vector = np.array(rows), np.array(right)
    scale = np.linalg.norm(matrix, axis=0)
    solution = np.linalg.lstsq(matrix / scale, vector, rcond=1e-8)[0] / scale
    data.moment_coeffs, data.species_coeffs = solution[:9], solution[9:]
    print("RMS of the residual:", np.sqrt(np.mean((matrix @ solution - vector) ** 2)))
    write_mtp(file, data, legacy=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
