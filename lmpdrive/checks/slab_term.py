"""The pressure that LAMMPS leaves out with `kspace_modify slab`."""

from lmpdrive.common.units import BAR_PER_EV_PER_A3, VOLT_ANGSTROM_PER_E

EXTENDED = 3.0
"""`kspace_modify slab`: the sums are of a cell so many times as high."""


def slab_term_bar(dipole_eA: float, volume_A3: float) -> float:
    """In-plane pressure of the slab correction's energy, 2π M_z^2 / (3 V): M_z^2 / (2 ε0 · 3 V^2).

    M_z is the dipole along z [e Å], V the volume of the cell [Å^3] (Yeh, Berkowitz, J. Chem. Phys. 111, 3155 (1999)).
    """
    return VOLT_ANGSTROM_PER_E * BAR_PER_EV_PER_A3 * dipole_eA**2 / (2 * EXTENDED * volume_A3**2)
