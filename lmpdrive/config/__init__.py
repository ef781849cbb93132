"""YAML -> frozen, validated models.  `load("system.yaml")` is the way in."""

from lmpdrive.config.load import dump_yaml, load
from lmpdrive.config.schema import schema
from lmpdrive.config.sections import Build, Config, Dynamics, Observables, Output, Run, System, Thermostat

__all__ = [
    "Build",
    "Config",
    "Dynamics",
    "Observables",
    "Output",
    "Run",
    "System",
    "Thermostat",
    "dump_yaml",
    "load",
    "schema",
]
