"""Compiled sums of symmetry functions and of their derivatives.

Behler, J. Chem. Phys. 134, 074106 (2011) and Int. J. Quantum Chem. 115, 1032 (2015), in the numbering of RuNNer and
n2p2, with r_ij the distance, θ_jik the angle at atom i, f_c the cutoff function:

    2:  G_i = Σ_j exp(-η (r_ij - r_s)²) f_c(r_ij)
    3:  G_i = 2^(1-ζ) Σ_{j<k} (1 + λ cos θ_jik)^ζ f_c(r_ij) f_c(r_ik) f_c(r_jk)
                              exp(-η ((r_ij - r_s)² + (r_ik - r_s)² + (r_jk - r_s)²))
    9:  as 3, without r_jk and its f_c

Lengths in the model's unit.  `tables` is that of `symmetry_functions.py` and the kind of cutoff; `pairs` are the first
pair of each atom, its neighbours, vectors, the species, and what `lengths_and_cutoffs` returns.  No twin in plain
NumPy: lmpdrive requires numba, and tests/architectures/test_hdnnp.py has a slow implementation to compare with.
"""

from __future__ import annotations

import numpy as np

from lmpdrive.common.compiled import compiled

HARD, COS, TANHU, TANH, EXP, POLY1, POLY2, POLY3, POLY4 = range(9)
"""`cutoff_type` of input.nn."""
ETA, SHIFT, RADIUS, LAMBDA, ZETA, WIDE, FACTOR = range(7)
"""Columns of a row of parameters: η, r_s, number of its cutoff, λ, ζ, 1 for type 3, 2^(1-ζ)."""


@compiled
def cutoff(r, rc, kind, alpha):
    """f_c(r) and its derivative, for r < rc; kinds with an inner cutoff are 1 up to alpha rc."""
    if kind in (TANHU, TANH):
        t = np.tanh(1.0 - r / rc)
        scale = 1.0 / np.tanh(1.0) ** 3 if kind == TANH else 1.0
        return scale * t**3, 3.0 * scale * t * t * (t * t - 1.0) / rc
    inner = alpha * rc
    if kind == HARD or r < inner:
        return 1.0, 0.0
    width = rc - inner
    x = (r - inner) / width
    if kind == COS:
        return 0.5 * (np.cos(np.pi * x) + 1.0), -0.5 * np.pi * np.sin(np.pi * x) / width
    if kind == EXP:
        y = x * x - 1.0
        value = np.exp(1.0 + 1.0 / y)
        return value, -2.0 * x / (y * y) * value / width
    if kind == POLY1:
        return (2.0 * x - 3.0) * x**2 + 1.0, 6.0 * x * (x - 1.0) / width
    if kind == POLY2:
        return ((15.0 - 6.0 * x) * x - 10.0) * x**3 + 1.0, -30.0 * x**2 * (x - 1.0) ** 2 / width
    if kind == POLY3:
        return (((20.0 * x - 70.0) * x + 84.0) * x - 35.0) * x**4 + 1.0, 140.0 * x**3 * (x - 1.0) ** 3 / width
    return (
        ((((315.0 - 70.0 * x) * x - 540.0) * x + 420.0) * x - 126.0) * x**5 + 1.0,
        -630.0 * x**4 * (x - 1.0) ** 4 / width,
    )


@compiled
def _power(base, zeta):
    """base to the power ζ - 1; products for the usual ζ are quicker than pow."""
    if zeta == 1.0:
        return 1.0
    if zeta == 2.0:
        return base
    if zeta == 4.0:
        return base * base * base
    return base ** (zeta - 1.0)


@compiled
def _dot(u, v):
    """np.dot calls a library for three numbers."""
    return u[0] * v[0] + u[1] * v[1] + u[2] * v[2]


@compiled
def lengths_and_cutoffs(vectors, cutoffs, kind, alpha):
    """Of every pair: r (pairs,), and f_c and its derivative (pairs, cutoffs, 2), zero beyond the cutoff."""
    r, f = np.empty(len(vectors)), np.zeros((len(vectors), len(cutoffs), 2))
    for p in range(len(vectors)):
        r[p] = np.sqrt(_dot(vectors[p], vectors[p]))
        for m in range(len(cutoffs)):
            if r[p] < cutoffs[m]:
                f[p, m, 0], f[p, m, 1] = cutoff(r[p], cutoffs[m], kind, alpha)
    return r, f


@compiled
def _angular(row, a, b, d, cosine, fa, fb, fd):
    """One term of type 3 or 9, and its derivatives by r_ij, r_ik, r_jk and cos θ.

    a, b, d : r_ij, r_ik, r_jk; fa, fb, fd : their f_c and its derivative; fd of type 9 is 1.
    """
    base = 1.0 + row[LAMBDA] * cosine
    if base <= 0.0:
        return 0.0, 0.0, 0.0, 0.0, 0.0
    eta, x, y = row[ETA], a - row[SHIFT], b - row[SHIFT]
    z = d - row[SHIFT] if row[WIDE] > 0.0 else 0.0
    less = row[FACTOR] * _power(base, row[ZETA]) * np.exp(-eta * (x * x + y * y + z * z))
    whole = less * base
    return (
        whole * fa[0] * fb[0] * fd[0],
        whole * fb[0] * fd[0] * (fa[1] - 2.0 * eta * x * fa[0]),
        whole * fa[0] * fd[0] * (fb[1] - 2.0 * eta * y * fb[0]),
        whole * fa[0] * fb[0] * (fd[1] - 2.0 * eta * z * fd[0]),
        row[ZETA] * row[LAMBDA] * less * fa[0] * fb[0] * fd[0],
    )


@compiled
def _across(row, d, rc, kind, alpha):
    """f_c(r_jk) and its derivative; 1 for type 9."""
    if row[WIDE] == 0.0:
        return 1.0, 0.0
    if d >= rc:
        return 0.0, 0.0
    return cutoff(d, rc, kind, alpha)


@compiled
def values(pairs, tables, out):
    """Add the symmetry functions of every atom to `out` (n, functions)."""
    first, neighbour, vectors, species, r, f = pairs
    starts2, rows2, column2, starts3, rows3, column3, cutoffs, kind, alpha = tables
    for i in range(len(first) - 1):
        c = species[i]
        for p in range(first[i], first[i + 1]):
            e = species[neighbour[p]]
            for k in range(starts2[c, e, 0], starts2[c, e, 1]):
                row = rows2[k]
                out[i, column2[k]] += np.exp(-row[ETA] * (r[p] - row[SHIFT]) ** 2) * f[p, int(row[RADIUS]), 0]
            for q in range(p + 1, first[i + 1]):
                g = species[neighbour[q]]
                start, stop = starts3[c, e, g, 0], starts3[c, e, g, 1]
                if start == stop:
                    continue
                product = _dot(vectors[p], vectors[q])
                d = np.sqrt(r[p] * r[p] + r[q] * r[q] - 2.0 * product)
                cosine = product / (r[p] * r[q])
                before, fd = -1.0, (0.0, 0.0)
                for k in range(start, stop):
                    row = rows3[k]
                    m = int(row[RADIUS])
                    if 2 * m + row[WIDE] != before:
                        before, fd = 2 * m + row[WIDE], _across(row, d, cutoffs[m], kind, alpha)
                    if fd[0] != 0.0 and f[p, m, 0] != 0.0 and f[q, m, 0] != 0.0:
                        out[i, column3[k]] += _angular(row, r[p], r[q], d, cosine, f[p, m], f[q, m], fd)[0]


@compiled
def gradients(pairs, tables, slope, out):
    """Add dE/d(vector) of every pair to `out` (pairs, 3).  slope : (n, functions) dE/dG."""
    first, neighbour, vectors, species, r, f = pairs
    starts2, rows2, column2, starts3, rows3, column3, cutoffs, kind, alpha = tables
    for i in range(len(first) - 1):
        c = species[i]
        for p in range(first[i], first[i + 1]):
            e, u, a, by_a = species[neighbour[p]], vectors[p], r[p], 0.0
            for k in range(starts2[c, e, 0], starts2[c, e, 1]):
                row = rows2[k]
                x, m = a - row[SHIFT], int(row[RADIUS])
                term = np.exp(-row[ETA] * x * x) * (f[p, m, 1] - 2.0 * row[ETA] * x * f[p, m, 0])
                by_a += slope[i, column2[k]] * term
            for x in range(3):
                out[p, x] += by_a * u[x] / a
            for q in range(p + 1, first[i + 1]):
                g, v, b = species[neighbour[q]], vectors[q], r[q]
                start, stop = starts3[c, e, g, 0], starts3[c, e, g, 1]
                if start == stop:
                    continue
                product = _dot(u, v)
                d, cosine = np.sqrt(a * a + b * b - 2.0 * product), product / (a * b)
                s_a, s_b, s_d, s_c, before, fd = 0.0, 0.0, 0.0, 0.0, -1.0, (0.0, 0.0)
                for k in range(start, stop):
                    row, weight = rows3[k], slope[i, column3[k]]
                    m = int(row[RADIUS])
                    if 2 * m + row[WIDE] != before:
                        before, fd = 2 * m + row[WIDE], _across(row, d, cutoffs[m], kind, alpha)
                    if fd[0] != 0.0 and f[p, m, 0] != 0.0 and f[q, m, 0] != 0.0:
                        _, t_a, t_b, t_d, t_c = _angular(row, a, b, d, cosine, f[p, m], f[q, m], fd)
                        s_a, s_b = s_a + weight * t_a, s_b + weight * t_b
                        s_d, s_c = s_d + weight * t_d, s_c + weight * t_c
                across = s_d / d
                for x in range(3):
                    out[p, x] += (s_a - s_c * cosine / a) * u[x] / a + s_c * v[x] / (a * b) - across * (v[x] - u[x])
                    out[q, x] += (s_b - s_c * cosine / b) * v[x] / b + s_c * u[x] / (a * b) + across * (v[x] - u[x])
