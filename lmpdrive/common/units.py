"""Unit conversions, derived from CODATA through `scipy.constants`; nothing is typed in.

Users see fs, ps, K, Å, eV, e, g/cm^3, mol/L and µC/cm^2.  Decks are LAMMPS `units metal`: ps, bar, eV, Å.
"""

from scipy import constants as _c

K_B_EV_PER_K = _c.k / _c.e
"""Boltzmann constant [eV/K]."""

UC_PER_CM2_PER_E_PER_A2 = _c.e * 1e6 / (_c.angstrom * 1e2) ** 2
"""Surface charge: 1 e/Å^2 in µC/cm^2."""

G_PER_CM3_PER_U_PER_A3 = _c.atomic_mass * 1e3 / (_c.angstrom * 1e2) ** 3
"""Mass density: 1 u/Å^3 in g/cm^3."""

MOL_PER_L_PER_A3 = 1e-3 / _c.N_A / _c.angstrom**3
"""Number density: 1 particle/Å^3 in mol/L."""

KCAL_PER_MOL_EV = _c.calorie * 1e3 / _c.N_A / _c.e
"""1 kcal/mol in eV (thermochemical calorie)."""

BAR_PER_ATM = _c.atm / _c.bar
"""1 atm in bar."""

VOLT_ANGSTROM_PER_E = _c.e / (_c.epsilon_0 * _c.angstrom)
"""e/(ε0 Å) in V: a dipole per area in e/Å, times this, is the potential step over it."""

BAR_PER_EV_PER_A3 = _c.e / _c.angstrom**3 / _c.bar
"""Pressure: 1 eV/Å^3 in bar."""

WATER_MOLAR_MASS_G_PER_MOL = 18.015
"""Molar mass used for water profiles (design, part 2)."""

CM2_PER_S_PER_A2_PER_PS = (_c.angstrom * 1e2) ** 2 / _c.pico
"""Diffusion: 1 Å^2/ps in cm^2/s."""

EV_PER_U_A2_PER_PS2 = _c.atomic_mass * (_c.angstrom / _c.pico) ** 2 / _c.e
"""Energy: 1 u (Å/ps)^2 in eV."""

PER_CM_PER_THZ = _c.tera / (_c.c * 1e2)
"""Frequency: 1 THz in cm^-1."""

BOHR_A = _c.value("Bohr radius") / _c.angstrom
"""Bohr radius [Å]."""

HARTREE_EV = _c.value("Hartree energy in eV")
"""Hartree energy [eV]."""
