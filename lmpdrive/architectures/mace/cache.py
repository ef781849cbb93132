"""Files that are made once for a model and a machine, in the user's cache folder."""

from __future__ import annotations

import hashlib
import importlib.metadata
from pathlib import Path

from platformdirs import user_cache_path


def of_machine(key: str, device: str, suffix: str) -> Path:
    """Path of a file; it depends on the key, torch's version, the processor and the number of threads.

    Code for one thread adds without locks, code for several is for exactly that number.
    """
    import torch

    processor = torch.cuda.get_device_name() if device.startswith("cuda") else _cpu()
    about = f"{key} {torch.__version__} {processor} {torch.get_num_threads()}"
    return user_cache_path("lmpdrive") / "mace" / f"{_short(about)}{suffix}"


def anywhere(key: str, suffix: str) -> Path:
    """Path of a file that is the same on every machine."""
    return user_cache_path("lmpdrive") / "mace" / f"{_short(key)}{suffix}"


def version_of(package: str) -> str:
    """Installed version of a package, or "none"."""
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return "none"


def _short(about: str) -> str:
    return hashlib.sha256(about.encode()).hexdigest()[:24]


def _cpu() -> str:
    """Model name and instruction sets of the processor: code for one may be illegal on another."""
    lines = Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").is_file() else []
    return "".join(sorted({line for line in lines if line.startswith(("model name", "flags", "Features"))}))
