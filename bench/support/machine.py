"""What benchmarks run on."""

import os
import platform
from pathlib import Path


def processor() -> str:
    """Its name, as Linux tells it."""
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text().splitlines() if cpuinfo.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor()


def machine() -> str:
    """The processor that does the work."""
    return f"{processor()}, {os.cpu_count()} cores"
