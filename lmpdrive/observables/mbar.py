"""MBAR for states that differ by known biases along one coordinate, from counts on a fine grid.

    p_k(x) ∝ p(x) exp(-u_k(x)),   f_k = -ln ∫ p(x) exp(-u_k(x)) dx

The f_k maximise Σ_k N_k f_k - Σ_x n(x) ln Σ_k N_k exp(f_k - u_k(x)), and p(x) = n(x) / Σ_k N_k exp(f_k - u_k(x)).
M. R. Shirts, J. D. Chodera, J. Chem. Phys. 129, 124105 (2008); on a grid it is WHAM, and it is MBAR as the grid gets
fine.  Biases in kT; K states, G grid cells.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

CONVERGED = 1e-9
"""Largest change of an f_k [kT]."""
MOST_ITERATIONS = 3000
NEWTON_FROM = 0.3
"""Below such changes [kT] of the plain iteration, Newton's method takes over."""


def solve(biases: Array, counts: Array, start: Array | None = None) -> Array:
    """(K,) f_k with f_0 = 0, from (K, G) biases and (K, G) counts.

    start : of the search.  Without convergence, which states that do not overlap prevent, the last f_k: `overlap` tells
    where.
    """
    n_states, n_cells = counts.sum(axis=1), counts.sum(axis=0)
    seen = n_cells > 0
    biases, n_cells = biases[:, seen], n_cells[seen]
    f = np.zeros(len(biases)) if start is None else start
    newton = start is not None
    for _ in range(MOST_ITERATIONS):
        share = _shares(f, biases, n_states)
        excess = share @ n_cells - n_states
        plain = np.log(n_states / (n_states + excess))
        step = _newton(share, n_cells, excess) if newton else plain
        if newton and np.abs(step).max() > 1:
            newton, step = False, plain  # too far away for it
        f = f + step - step[0]
        change = float(np.abs(step - step[0]).max())
        if newton and change < CONVERGED:
            break
        newton = newton or change < NEWTON_FROM
    return f


def density(f: Array, biases: Array, counts: Array) -> Array:
    """(G,) unbiased p of the cells, sum 1."""
    with np.errstate(divide="ignore"):
        weights = np.log(counts.sum(axis=1))[:, None] + f[:, None] - biases
        highest = weights.max(axis=0)
        log_p = np.log(counts.sum(axis=0)) - highest - np.log(np.exp(weights - highest).sum(axis=0))
    p: Array = np.exp(log_p - log_p.max())
    return np.asarray(p / p.sum())


def overlap(f: Array, biases: Array, counts: Array) -> Array:
    """(K, K) matrix O_kl = Σ_x n(x) W_k(x) W_l(x) N_l: what share of state k's weight is in samples of state l."""
    n_states, n_cells = counts.sum(axis=1), counts.sum(axis=0)
    share = _shares(f, biases, n_states)
    return np.asarray((share * n_cells) @ share.T / n_states[:, None])


def _shares(f: Array, biases: Array, n_states: Array) -> Array:
    """(K, G) probability that a sample at x came from state k."""
    with np.errstate(divide="ignore"):
        weights = np.log(n_states)[:, None] + f[:, None] - biases
    weights = np.exp(weights - weights.max(axis=0))
    return np.asarray(weights / weights.sum(axis=0))


def _newton(share: Array, n_cells: Array, excess: Array) -> Array:
    """The step to where the gradient vanishes; f_0 stays."""
    curvature = np.diag(share @ n_cells) - (share * n_cells) @ share.T
    step = np.zeros(len(excess))
    step[1:] = np.linalg.lstsq(curvature[1:, 1:], -excess[1:], rcond=None)[0]
    return step
