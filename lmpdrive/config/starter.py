"""The file that `lmpdrive init` writes."""

STARTER = """\
# lmpdrive starter. `lmpdrive check FILE` finds problems, `lmpdrive simulate FILE` runs it.
# Times in fs and ps, K, Å. Every key: `lmpdrive schema`, docs/configuration.md.

system:
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

potential:
  architecture: classical     # needs nothing but LAMMPS
  # architecture: deepmd      # pip install "lmpdrive[deepmd]"
  # model: pt-water-dp        # a shipped potential, or the path of your .pb / .savedmodel

dynamics:
  ensemble: nvt               # nvt, npt, nve, minimise
  temperature_K: 300
  timestep_fs: 0.5
  thermostat:
    style: nose-hoover        # or langevin
    damping_fs: 50
  fixed_layers: 2
  equilibrate_ps: 2
  production_ps: 5

output:
  frames_every_fs: 10

run:
  device: auto                # cpu, cuda
  threads: 1
"""
