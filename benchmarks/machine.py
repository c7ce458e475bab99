"""On what and with what was measured."""

import os
import platform
import subprocess
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import psutil

from benchmarks.source_server import PROJECT

_PACKAGES = (
    "duckdb",
    "dagster",
    "httpx",
    "orjson",
    "dlt",
    "pyarrow",
    "singer-sdk",
    "target-duckdb",
)


def machine() -> Mapping[str, str]:
    """Processor, memory, disk and system."""
    disk = psutil.disk_usage(str(PROJECT))
    return {
        "Processor": f"{_processor()}, {psutil.cpu_count()} cores",
        "Memory": f"{psutil.virtual_memory().total / 2**30:.0f} GiB",
        "Disk": f"{_disk()}, {disk.total / 2**30:.0f} GiB, {disk.free / 2**30:.0f} GiB free",
        "System": f"{_system()}, Linux {platform.release()}"
        if platform.system() == "Linux"
        else platform.platform(),
        "Load when it began": ", ".join(f"{load:.2f}" for load in os.getloadavg()),
    }


def versions() -> Mapping[str, str]:
    """Of Python, this project, what it stands on, and the tools beside it."""
    found = {"Python": platform.python_version(), "Pack Sync": _commit()}
    for package in _PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = "not installed"
    return found


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.machine())


def _disk() -> str:
    """Where temporary files are: that is where everything is written."""
    mounts = {Path(part.mountpoint): part for part in psutil.disk_partitions()}
    for folder in (PROJECT, *PROJECT.parents):
        if part := mounts.get(folder):
            return f"{part.device} ({part.fstype})"
    return "unknown"


def _system() -> str:
    try:
        return platform.freedesktop_os_release()["PRETTY_NAME"]
    except (OSError, KeyError):
        return "unknown system"


def _commit() -> str:
    done = subprocess.run(
        ["git", "describe", "--always", "--dirty"],  # noqa: S607 - whatever git is on the path
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=False,
    )
    return f"commit {done.stdout.strip()}" if done.returncode == 0 else version("pack-sync")
