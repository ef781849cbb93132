"""Fit the small MTP of the tests (Pt, O, H; level 8) with motep's own basis.

    python tests/architectures/make_mtp.py tests/architectures/data/mtp.mtp

Run it where motep 0.2.0 is (`lmpdrive env create mtp`); it takes seconds.  A least-squares fit to small frames of
potentials/ (DFT, and made close contacts) of what is linear: the coefficients of the moments, and those of a radial
function that is only in the pair term.  Poor, but a real model that runs.
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
BASIC += [(1, 0, 0, 0), (2, 0, 0, 0)]
TIMES = [(0, 0, 1, 12)]
TIMES += [(i, i, 1, 13) for i in (1, 2, 3)]
TIMES += [(i, i, 1 if max(BASIC[i][1:]) == 2 else 2, 14) for i in range(4, 10)]
TIMES += [(0, 10, 1, 15), (0, 12, 1, 16), (0, 13, 1, 17), (0, 16, 1, 18)]
SCALARS = [0, *range(10, 19)]
PAIR = SCALARS.index(11)
"""Place of M_2,0 among the scalar moments: the pair term with its own radial function, number 2."""


def empty() -> MTPData:
    """The basis, with Chebyshev polynomials of growing order as radial functions of every pair."""
    n, pairs = len(SPECIES), (len(SPECIES),) * 2
    radial = np.zeros((*pairs, 3, RADIAL_SIZE))
    radial += np.random.default_rng(1).uniform(-0.05, 0.05, radial.shape)
    radial += radial.swapaxes(0, 1)
    radial[:, :, 0, 0] += 0.2
    radial[:, :, 1, 1] += 0.2
    radial[:, :, 2, 2] += 0.2
    return MTPData(
        version="1.1.0",
        potential_name="tests",
        scaling=0.01,
        species_count=n,
        radial_basis=BasisData("RBChebyshev", np.float64(0.5), np.float64(4.0), np.int32(RADIAL_SIZE)),
        radial_funcs_count=3,
        radial_coeffs=radial,
        alpha_moments_count=19,
        alpha_index_basic_count=len(BASIC),
        alpha_index_basic=np.array(BASIC, dtype=np.int32),
        alpha_index_times_count=len(TIMES),
        alpha_index_times=np.array(TIMES, dtype=np.int32),
        alpha_scalar_moments=len(SCALARS),
        alpha_moment_mapping=np.array(SCALARS, dtype=np.int32),
        species_coeffs=ISOLATED_eV.copy(),
        moment_coeffs=np.eye(len(SCALARS))[PAIR],
        _species=SPECIES.astype(np.int32),
    )


def main(file: Path) -> None:
    """Fit the moments' and the elements' coefficients to forces and energies, and write."""
    data = empty()
    paths = (POTENTIALS / "pt-water-test" / "held-back.xyz.gz", POTENTIALS / "pt-water-contacts" / "contacts.xyz.gz")
    rows, right, n = [], [], len(SCALARS)
    for atoms in (a for path in paths for a in read(path, ":150") if len(a) <= 151):
        engine = MTP(data, engine="cext", mode="train").engine
        engine.calculate(atoms)
        counts = [(atoms.numbers == z).sum() for z in SPECIES]
        by_radial = engine.mbd.dedcs[:, :, 2].ravel()
        rows.append(np.concatenate([engine.mbd.values, by_radial, counts]) / len(atoms) * 100)
        right.append(atoms.info["REF_energy"] / len(atoms) * 100)
        forces = -np.vstack([engine.mbd.dbdris.reshape(n, -1), engine.mbd.dgdcs[:, :, 2].reshape(-1, 3 * len(atoms))])
        rows.extend(np.hstack([forces.T, np.zeros((3 * len(atoms), 3))]))
        right.extend(atoms.arrays["REF_forces"].ravel())
    matrix, vector = np.array(rows), np.array(right)
    matrix[:, PAIR] = 0  # its coefficient is 1, the radial function is fitted
    scale = np.linalg.norm(matrix, axis=0) + 1e-300
    solution = np.linalg.lstsq(matrix / scale, vector, rcond=1e-4)[0] / scale
    data.moment_coeffs, data.species_coeffs = solution[:n], solution[-3:]
    data.moment_coeffs[PAIR] = 1.0
    data.radial_coeffs[:, :, 2] = solution[n:-3].reshape(3, 3, RADIAL_SIZE)
    print("RMS of the residual:", np.sqrt(np.mean((matrix @ solution - vector) ** 2)))
    write_mtp(file, data, legacy=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
