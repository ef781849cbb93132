"""Version and packages of a Python interpreter, as JSON.

Standard library only: `interpreter.py` passes the text of this file to interpreters that may lack lmpdrive.
"""

import hashlib
import importlib.util
import json
import platform
import re
import sys
import sysconfig
from importlib.metadata import distributions
from pathlib import Path


def absent(modules):
    """Those of `modules` that cannot be imported here."""
    missing = []
    for module in modules:
        try:
            found = importlib.util.find_spec(module) is not None
        except (ImportError, ValueError):
            found = False
        if not found:
            missing.append(module)
    return missing


def digest():
    """Hash of lmpdrive's own code and templates; installations of identical files have the same one."""
    spec = importlib.util.find_spec("lmpdrive")
    if spec is None or not spec.origin:
        return None
    package = Path(spec.origin).parent
    shared = package / "_shared" / "templates"
    templates = shared if shared.is_dir() else package.parent / "templates"
    total = hashlib.sha256()
    for root, pattern in ((package, "*.py"), (templates, "*.j2")):
        names = {p.relative_to(root).as_posix(): p for p in root.rglob(pattern)}
        for name, path in sorted(names.items()):
            if not name.startswith("_shared/"):  # a wheel has data there that a checkout has elsewhere
                total.update(name.encode() + b"\0" + path.read_bytes())
    return total.hexdigest()


def versions():
    """Name -> version of all packages, from the first lines of their METADATA.

    Parsing all of it, as `importlib.metadata` does at each look, takes a second for 200 packages.
    """
    found = {}
    for distribution in distributions():
        text = distribution.read_text("METADATA") or distribution.read_text("PKG-INFO") or ""
        name, version = (re.search(rf"^{key}:[ \t]*(\S+)", text, re.M | re.I) for key in ("Name", "Version"))
        if name and version:
            found[name[1]] = version[1]
    return found


def facts(modules):
    """Version, folders, versions of all packages, and which of `modules` are missing."""
    return {
        "python": platform.python_version(),
        "prefix": sys.prefix,
        "scripts": sysconfig.get_path("scripts"),
        "missing": absent(modules),
        "digest": digest(),
        "versions": versions(),
    }


if __name__ == "__main__":
    # the folder the command was started in is not the worker's
    sys.path[:] = [p for p in sys.path if p]
    print(json.dumps(facts(sys.argv[1:])))
