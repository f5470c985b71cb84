"""Processor time, peak memory, user cycles and instructions of one run.

Cycles and instructions come from `perf stat` where the machine counts them; where it does not,
instructions can be counted by valgrind's callgrind tool, and user time stands in for cycles.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
import time
from dataclasses import dataclass


@dataclass
class Sample:
    status: int
    output: bytes
    wall: float
    user: float
    peak_kib: int
    cycles: int | None = None
    instructions: int | None = None


def perf_works() -> bool:
    if not shutil.which("perf"):
        return False
    done = subprocess.run(["perf", "stat", "-x,", "-e", "cycles:u", "true"],
                          capture_output=True, text=True)
    return done.returncode == 0 and re.search(r"^\d+,", done.stderr, re.M) is not None


def once(command: list[str], perf: bool = False) -> Sample:
    """Times are the process tree's, from wait4."""
    with tempfile.TemporaryDirectory(prefix="recast-measure-") as scratch:
        counts = os.path.join(scratch, "counts")
        full = command
        if perf:
            full = ["perf", "stat", "-x,", "-e", "cycles:u,instructions:u", "-o", counts, "--",
                    *command]
        with open(os.path.join(scratch, "out"), "w+b") as out:
            start = time.monotonic()
            process = subprocess.Popen(full, stdin=subprocess.DEVNULL, stdout=out,
                                       stderr=subprocess.DEVNULL)
            _, status, usage = os.wait4(process.pid, 0)
            wall = time.monotonic() - start
            process.returncode = os.waitstatus_to_exitcode(status)
            out.seek(0)
            sample = Sample(process.returncode, out.read(), wall, usage.ru_utime, usage.ru_maxrss)
        if perf and os.path.exists(counts):
            for line in open(counts):
                match = re.match(r"(\d+),[^,]*,(cycles|instructions)", line)
                if match:
                    setattr(sample, match[2], int(match[1]))
        return sample


def callgrind(command: list[str]) -> int | None:
    """Executed instructions of a native program, as callgrind counts them."""
    if not shutil.which("valgrind"):
        return None
    done = subprocess.run(
        ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", *command],
        stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace")
    match = re.search(r"Collected : (\d+)", done.stderr)
    return int(match[1]) if match and done.returncode == 0 else None
