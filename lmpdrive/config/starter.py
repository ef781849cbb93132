"""The file that `lmpdrive init` writes."""

from __future__ import annotations

import json

BUILT = """\
  build:
    metal: Pt                 # any fcc, bcc or hcp metal; or slab: graphite, TiO2(110), my-slab.cif
    facet: "111"              # Miller indices: "100", "211", "10-10", ...
    repeat: [4, 4]            # surface atoms along x and y
    layers: 4
    ions: {}                  # for example {Na: 2}
    water_thickness_A: 16
    vacuum_A: 20              # 0: both faces of the slab wet
    seed: 1
  # read: structure.xyz       # instead of build: anything ASE reads, a LAMMPS data or restart file
"""
CLASSICAL = """\
  architecture: classical     # needs nothing but LAMMPS
  # architecture: deepmd      # pip install "lmpdrive[deepmd]"
  # model: pt-water-dp        # a shipped potential, or the path of your .pb / .savedmodel
"""
TEXT = """\
# yaml-language-server: $schema={schema}
# lmpdrive starter. `lmpdrive check FILE` finds problems, `lmpdrive simulate FILE` runs it.
# Times in fs and ps, K, Å. Every key: `lmpdrive schema`, docs/configuration.md.

system:
{system}
potential:
{potential}
dynamics:
  ensemble: nvt               # nvt, npt, nve, minimise
  temperature_K: 300
  timestep_fs: 0.5
  thermostat:
    style: nose-hoover        # or langevin
    damping_fs: 50
  equilibrate_thermostat: {{style: langevin, damping_fs: 100}}   # metal and water exchange heat slowly
  fixed_layers: {fixed}             # of the slab, from below
  equilibrate_ps: 2
  production_ps: 5

output:
  frames_every_fs: 10

run:
  device: auto                # cpu, cuda
  threads: 1
"""
SCHEMA = "lmpdrive.schema.json"


def starter(architecture: str = "", model: str = "", read: str = "", slab: bool = True) -> str:
    """A commented configuration; `read` : structure file in place of a built slab, `slab` : whether it has one."""
    system = f"  read: {json.dumps(read, ensure_ascii=False)}\n" if read else BUILT
    potential = CLASSICAL
    if architecture:
        potential = f"  architecture: {architecture}\n"
        potential += f"  model: {json.dumps(model, ensure_ascii=False)}\n" if model else ""
    return TEXT.format(schema=SCHEMA, system=system, potential=potential, fixed=2 if slab else 0)


STARTER = starter()
