"""The running lmpdrive as arguments of an installer: its editable checkout, or a wheel of its own files.

Packed from the installed files, so that both sides of a run are the same code without any registry.
"""

from __future__ import annotations

import json
import tomllib
import zipfile
from base64 import urlsafe_b64encode
from hashlib import sha256
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import url2pathname

from lmpdrive.errors import InstallError

NOT_PACKED = ("RECORD", "INSTALLER", "REQUESTED", "direct_url.json")
"""Files that the installer writes itself."""


def running() -> Distribution:
    """Metadata of the running lmpdrive.

    Raises InstallError if it was not installed, only found on a path.
    """
    try:
        return distribution("lmpdrive")
    except PackageNotFoundError:
        raise InstallError(
            "the running lmpdrive is not installed, only found on PYTHONPATH. Install it: pip install -e <checkout>"
        ) from None


def requirements() -> list[str]:
    """Requirements of lmpdrive's core."""
    editable = checkout()
    if editable:  # its metadata may be older than what it says now
        return tomllib.loads((editable / "pyproject.toml").read_text())["project"]["dependencies"]
    return [line for line in running().requires or () if "extra ==" not in line]


def checkout() -> Path | None:
    """The folder of an editable installation."""
    origin = json.loads(running().read_text("direct_url.json") or "{}")
    if not origin.get("dir_info", {}).get("editable"):
        return None
    return Path(url2pathname(urlsplit(origin["url"]).path))


def arguments(into: Path) -> list[str]:
    """`-e CHECKOUT`, or a wheel that is written in the folder `into`."""
    editable = checkout()
    return ["-e", str(editable)] if editable else [str(wheel(into))]


def wheel(into: Path) -> Path:
    """The installed files of lmpdrive as a wheel.

    Raises InstallError if the installer left no list of them.
    """
    package = running()
    if not package.files:
        raise InstallError("lmpdrive's installation has no RECORD of its files: install it again with pip or uv")
    path = into / f"lmpdrive-{package.version}-py3-none-any.whl"
    rows = []
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in sorted(package.files):
            if ".." in file.parts or file.suffix == ".pyc" or file.name in NOT_PACKED:
                continue
            content = Path(str(file.locate())).read_bytes()
            archive.writestr(file.as_posix(), content)
            sum_ = urlsafe_b64encode(sha256(content).digest()).rstrip(b"=").decode()
            rows.append(f"{file.as_posix()},sha256={sum_},{len(content)}")
        record = next(f for f in package.files if f.name == "RECORD").as_posix()
        archive.writestr(record, "\n".join([*rows, f"{record},,", ""]))
    return path
