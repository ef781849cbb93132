"""Compiled loops over the edges and atoms of a MACE model whose atoms have scalar features only (`scalar`).

Shapes: E edges, sorted by their first atom; N atoms; K channels; 16 components lm of the spherical harmonics up to
l = 3; T terms of a polynomial.  Vectors point from the second atom of an edge to the first, in Å.  No NumPy twin: where
there is no numba, this form of the model is left out.
"""

from __future__ import annotations

from math import exp, floor, sqrt
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lmpdrive.common.compiled import compiled_fast

COMPONENTS = 16
A, B, C, D = sqrt(3.0), sqrt(15.0), sqrt(5.0), sqrt(42.0) / 6 * sqrt(15.0)
F, H, S = sqrt(7.0) * sqrt(15.0), sqrt(168.0) / 8, sqrt(7.0) / 2
"""Factors of the harmonics."""
BOHR_EXPONENTS = (3.2, 0.9423, 0.4028, 0.2016)


class Table(NamedTuple):
    """Cubic pieces of the radial functions: (n, 4, 4 K), the functions of one l together; piece p begins at
    start + p step."""

    pieces: NDArray[np.floating]
    start: float
    step: float


class Polynomials(NamedTuple):
    """factors : (T, ν) component of each factor, -1 after the last; coefficients : (elements, T, K)."""

    factors: NDArray[np.int64]
    coefficients: NDArray[np.floating]


class Repulsion(NamedTuple):
    """ZBL per pair of elements: charges [eV Å], screening lengths and ends [Å], (elements, elements); weights (4,)."""

    charges: NDArray[np.float64]
    screening: NDArray[np.float64]
    ends: NDArray[np.float64]
    weights: NDArray[np.float64]
    power: int


@compiled_fast
def _harmonics(x, y, z, out):
    """Real spherical harmonics of a unit vector, in e3nn's order and `component` normalisation."""
    xx, yy, zz = x * x, y * y, z * z
    out[0] = 1.0
    out[1], out[2], out[3] = A * x, A * y, A * z
    out[4], out[5], out[7] = B * x * z, B * x * y, B * y * z
    out[6] = C * (yy - 0.5 * (xx + zz))
    out[8] = 0.5 * B * (zz - xx)
    out[9] = D * x * (1.5 * zz - 0.5 * xx)
    out[10] = F * x * y * z
    out[11] = H * x * (4.0 * yy - xx - zz)
    out[12] = S * y * (2.0 * yy - 3.0 * (xx + zz))
    out[13] = H * z * (4.0 * yy - xx - zz)
    out[14] = 0.5 * F * y * (zz - xx)
    out[15] = D * z * (0.5 * zz - 1.5 * xx)


@compiled_fast
def _harmonics_gradient(x, y, z, g):
    """Σ_lm g_lm ∂Y_lm/∂(x, y, z), of the polynomials in `_harmonics`."""
    xx, yy, zz = x * x, y * y, z * z
    plane = 4.0 * yy - xx - zz
    gx = A * g[1] + B * (g[4] * z + g[5] * y) - C * g[6] * x - B * g[8] * x
    gy = A * g[2] + B * (g[5] * x + g[7] * z) + 2.0 * C * g[6] * y
    gz = A * g[3] + B * (g[4] * x + g[7] * y) - C * g[6] * z + B * g[8] * z
    gx += D * (1.5 * g[9] * (zz - xx) - 3.0 * g[15] * x * z)
    gz += D * (3.0 * g[9] * x * z + 1.5 * g[15] * (zz - xx))
    gx += F * (g[10] * y * z - g[14] * x * y)
    gy += F * (g[10] * x * z + 0.5 * g[14] * (zz - xx))
    gz += F * (g[10] * x * y + g[14] * y * z)
    gx += H * (g[11] * (plane - 2.0 * xx) - 2.0 * g[13] * x * z)
    gy += 8.0 * H * y * (g[11] * x + g[13] * z)
    gz += H * (g[13] * (plane - 2.0 * zz) - 2.0 * g[11] * x * z)
    gx -= 6.0 * S * g[12] * x * y
    gy += S * g[12] * (6.0 * yy - 3.0 * (xx + zz))
    gz -= 6.0 * S * g[12] * y * z
    return gx, gy, gz


@compiled_fast
def messages(edges, table, features, out):
    """A_i,lm,k = Σ_j R_lk(r_ij) Y_lm(r_ij) h_jk.  features : (N, K); out : (16, N, K), zero before."""
    channels = features.shape[1]
    kind = features.dtype.type
    width = 4 * channels
    radial = np.empty(width, features.dtype)
    sums = np.zeros((COMPONENTS, channels), features.dtype)
    harmonics = np.empty(COMPONENTS)
    count = len(edges.i)
    for e in range(count):
        i, r = edges.i[e], edges.lengths[e]
        h = features[edges.j[e]]
        place = (r - table.start) / table.step
        piece = min(max(floor(place), 0), len(table.pieces) - 1)
        t = kind(place - piece)
        c = table.pieces[piece]
        for q in range(width):
            radial[q] = ((c[3, q] * t + c[2, q]) * t + c[1, q]) * t + c[0, q]
        _harmonics(edges.vectors[e, 0] / r, edges.vectors[e, 1] / r, edges.vectors[e, 2] / r, harmonics)
        for degree in range(4):
            part = radial[degree * channels : (degree + 1) * channels]
            for k in range(channels):
                part[k] *= h[k]
            for lm in range(degree * degree, (degree + 1) * (degree + 1)):
                y = kind(harmonics[lm])
                row = sums[lm]
                for k in range(channels):
                    row[k] += y * part[k]
        if e + 1 == count or edges.i[e + 1] != i:
            for lm in range(COMPONENTS):
                for k in range(channels):
                    out[lm, i, k] = sums[lm, k]
                    sums[lm, k] = 0


@compiled_fast
def messages_reverse(edges, table, features, gradient, vectors, for_features):
    """Adds ∂E/∂v (E, 3) to `vectors` and ∂E/∂h (N, K) to `for_features`.  gradient : ∂E/∂A, (16, N, K)."""
    channels = features.shape[1]
    kind = features.dtype.type
    width = 4 * channels
    radial, slope = np.empty(width, features.dtype), np.empty(width, features.dtype)
    mine = np.empty((COMPONENTS, channels), features.dtype)
    inner = np.empty(channels, features.dtype)
    harmonics, g = np.empty(COMPONENTS), np.empty(COMPONENTS)
    last = -1
    for e in range(len(edges.i)):
        i, j, r = edges.i[e], edges.j[e], edges.lengths[e]
        if i != last:
            for lm in range(COMPONENTS):
                for k in range(channels):
                    mine[lm, k] = gradient[lm, i, k]
            last = i
        h, gh = features[j], for_features[j]
        place = (r - table.start) / table.step
        piece = min(max(floor(place), 0), len(table.pieces) - 1)
        t = kind(place - piece)
        c = table.pieces[piece]
        for q in range(width):
            radial[q] = ((c[3, q] * t + c[2, q]) * t + c[1, q]) * t + c[0, q]
            slope[q] = (kind(3.0) * c[3, q] * t + kind(2.0) * c[2, q]) * t + c[1, q]
        x, y, z = edges.vectors[e, 0] / r, edges.vectors[e, 1] / r, edges.vectors[e, 2] / r
        _harmonics(x, y, z, harmonics)
        by_r = kind(0.0)
        for degree in range(4):
            part = radial[degree * channels : (degree + 1) * channels]
            rise = slope[degree * channels : (degree + 1) * channels]
            for k in range(channels):
                inner[k] = 0
            for lm in range(degree * degree, (degree + 1) * (degree + 1)):
                s, v, row = kind(0.0), kind(harmonics[lm]), mine[lm]
                for k in range(channels):
                    s += row[k] * part[k] * h[k]
                    inner[k] += v * row[k]
                g[lm] = s
            for k in range(channels):
                by_r += inner[k] * rise[k] * h[k]
                gh[k] += inner[k] * part[k]
        gx, gy, gz = _harmonics_gradient(x, y, z, g)
        along = by_r / table.step - (gx * x + gy * y + gz * z) / r
        vectors[e, 0] += gx / r + along * x
        vectors[e, 1] += gy / r + along * y
        vectors[e, 2] += gz / r + along * z


@compiled_fast
def products(polynomials, kinds, sums, out):
    """B_ik = P(A_i,.,k), by the polynomial of the atom's element.  sums : (16, N, K); out : (N, K)."""
    factors, coefficients = polynomials.factors, polynomials.coefficients
    channels = out.shape[1]
    term = np.empty(channels, out.dtype)
    for i in range(len(kinds)):
        for k in range(channels):
            out[i, k] = 0
        for n in range(len(factors)):
            c = coefficients[kinds[i], n]
            for k in range(channels):
                term[k] = c[k]
            for f in factors[n]:
                if f >= 0:
                    a = sums[f, i]
                    for k in range(channels):
                        term[k] *= a[k]
            for k in range(channels):
                out[i, k] += term[k]


@compiled_fast
def products_reverse(polynomials, kinds, sums, gradient, out):
    """∂E/∂A from ∂E/∂B.  gradient : (N, K); out : (16, N, K), zero before."""
    factors, coefficients = polynomials.factors, polynomials.coefficients
    channels = gradient.shape[1]
    term = np.empty(channels, gradient.dtype)
    for i in range(len(kinds)):
        g = gradient[i]
        for n in range(len(factors)):
            c = coefficients[kinds[i], n]
            for left in range(factors.shape[1]):
                if factors[n, left] < 0:
                    break
                for k in range(channels):
                    term[k] = c[k] * g[k]
                for other in range(factors.shape[1]):
                    f = factors[n, other]
                    if other != left and f >= 0:
                        a = sums[f, i]
                        for k in range(channels):
                            term[k] *= a[k]
                row = out[factors[n, left], i]
                for k in range(channels):
                    row[k] += term[k]


@compiled_fast
def repulsion(edges, kinds, zbl, scale, energies, vectors):
    """Adds scale x V(r) to the first atom's energy, and its gradient to `vectors`."""
    p = zbl.power
    for e in range(len(edges.i)):
        i, j, r = edges.i[e], edges.j[e], edges.lengths[e]
        a, b = kinds[i], kinds[j]
        u = r / zbl.ends[a, b]
        if u >= 1.0:
            continue
        screened, falls = 0.0, 0.0
        for n in range(4):
            q = BOHR_EXPONENTS[n] / zbl.screening[a, b]
            part = zbl.weights[n] * exp(-q * r)
            screened += part
            falls -= q * part
        cut = 1 - (p + 1) * (p + 2) / 2 * u**p + p * (p + 2) * u ** (p + 1) - p * (p + 1) / 2 * u ** (p + 2)
        ends = -p * (p + 1) * (p + 2) / 2 * u ** (p - 1) * (1 - u) ** 2 / zbl.ends[a, b]
        front = scale * zbl.charges[a, b] / r
        energies[i] += front * screened * cut
        slope = front * (falls * cut + screened * ends - screened * cut / r)
        for axis in range(3):
            vectors[e, axis] += slope * edges.vectors[e, axis] / r


@compiled_fast
def assemble(edges, vectors, forces, virial):
    """Forces (N, 3) and virial (3, 3) of ∂E/∂v, both zero before."""
    for e in range(len(edges.i)):
        i, j = edges.i[e], edges.j[e]
        for a in range(3):
            forces[i, a] -= vectors[e, a]
            forces[j, a] += vectors[e, a]
            for b in range(3):
                virial[a, b] -= edges.vectors[e, a] * vectors[e, b]
