"""What a figure depends on."""

import os
import platform
import shutil
import subprocess
from importlib.metadata import version
from pathlib import Path


def conditions() -> dict[str, str]:
    """Return what machine and which versions a benchmark runs on."""
    return {
        "cpu": _cpu(),
        "cores": str(os.cpu_count()),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "sqlalchemy": version("sqlalchemy"),
    }


def libraries(*names: str) -> dict[str, str]:
    """Return the versions of installed libraries."""
    return {name: version(name) for name in names}


def program(name: str, *options: str) -> str:
    """Return what a program says of its version, in its first line."""
    path = shutil.which(name)
    if path is None:
        return "not installed"
    # Some say it on stderr, and some end with 1 then.
    said = subprocess.run([path, *options], capture_output=True, text=True, check=False)  # noqa: S603
    return (said.stdout + said.stderr).strip().partition("\n")[0]


def _cpu() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor()
