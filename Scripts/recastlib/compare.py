"""Runs a command under several runners and compares everything that can be seen of it."""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import re
import shutil
import signal
import stat
import subprocess
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Callable, Iterable, TypeVar

from .tools import ARCHITECTURES, environment

T = TypeVar("T")
R = TypeVar("R")


@dataclass
class Outcome:
    status: int | str
    stdout: bytes
    stderr: bytes
    files: dict[str, str]


@dataclass
class Verdict:
    case: str
    runner: str
    passed: bool
    detail: str = ""


@dataclass
class Tally:
    """Collects verdicts, says differences as they come, and ends with the closing line."""

    verdicts: list[Verdict] = field(default_factory=list)

    def add(self, case: str, runner: str, detail: str) -> None:
        self.verdicts.append(Verdict(case, runner, not detail, detail))
        if detail:
            print(f"FAILED {runner}: {case}\n  " + detail.replace("\n", "\n  "), flush=True)

    def close(self, as_json: bool) -> int:
        failed = sum(not v.passed for v in self.verdicts)
        if as_json:
            print(json.dumps([asdict(v) for v in self.verdicts], indent=1))
        for runner in dict.fromkeys(v.runner for v in self.verdicts):
            mine = [v for v in self.verdicts if v.runner == runner]
            print(f"{runner}: {sum(v.passed for v in mine)} of {len(mine)} agree")
        print(f"{len(self.verdicts) - failed} passed, {failed} failed")
        return 1 if failed or not self.verdicts else 0


def files_of(directory: Path) -> dict[str, str]:
    """Every path below, with type, mode and content; times and owners are left out."""
    found: dict[str, str] = {}
    for path in sorted(directory.rglob("*")):
        information = path.lstat()
        mode = f"{information.st_mode:o}"
        if stat.S_ISLNK(information.st_mode):
            content = os.readlink(path)
        elif stat.S_ISREG(information.st_mode):
            content = hashlib.sha256(path.read_bytes()).hexdigest()
        else:
            content = ""
        found[str(path.relative_to(directory))] = f"{mode} {content}"
    return found


def run(
    command: list[str], prepare: Callable[[Path], None] | None = None, stdin: bytes = b"",
    timeout: float = 120, extra: dict[str, str] | None = None
) -> Outcome:
    """Runs in a fresh directory that always has the same name within its own parent."""
    parent = Path(tempfile.mkdtemp(prefix="recast-case-"))
    home = parent / "case"
    home.mkdir()
    try:
        if prepare:
            prepare(home)
        process = subprocess.Popen(
            command, cwd=home, env=environment(Path("/nonexistent"), extra),
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            start_new_session=True)
        status: int | str
        try:
            out, err = process.communicate(stdin, timeout)
            status = process.returncode
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            out, err = process.communicate()
            status = "time-out"
        old, new = str(parent).encode(), b"DIRECTORY"
        if Path(command[0]).name.startswith("qemu-"):
            # The emulator says by which signal its guest died.
            err = re.sub(rb"^qemu: uncaught target signal.*\n", b"", err, flags=re.M)
        return Outcome(status, out.replace(old, new), err.replace(old, new), files_of(home))
    finally:
        shutil.rmtree(parent, ignore_errors=True)


def difference(expected: Outcome, seen: Outcome) -> str:
    """Empty when nothing differs."""
    parts: list[str] = []
    if expected.status != seen.status:
        parts.append(f"status {seen.status}, expected {expected.status}")
    for name in ("stdout", "stderr"):
        want, got = getattr(expected, name), getattr(seen, name)
        if want != got:
            at = next((i for i, (a, b) in enumerate(zip(want, got)) if a != b),
                      min(len(want), len(got)))
            parts.append(f"{name} differs at byte {at}: {got[at:at + 120]!r}, "
                         f"expected {want[at:at + 120]!r}")
    if expected.files != seen.files:
        names = sorted(set(expected.files.items()) ^ set(seen.files.items()))
        parts.append("files differ: " + " ".join(dict.fromkeys(n for n, _ in names))[:300])
    return "\n".join(parts)


def side_by_side(jobs: int, work: Callable[[T], R], items: Iterable[T]) -> list[R]:
    """The results in the items' order."""
    with ThreadPoolExecutor(max(1, jobs)) as pool:
        return list(pool.map(work, items))


def arguments(description: str) -> argparse.ArgumentParser:
    """The options that all acceptance scripts have."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--targets", default=",".join(ARCHITECTURES),
                        help="architectures, with commas (default: all four)")
    parser.add_argument("--json", action="store_true", help="print every verdict as JSON")
    parser.add_argument("--level", default="O2", choices=["O0", "O1", "O2", "O3"],
                        help="of recast build (default: O2)")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1,
                        help="builds' shards and cases at a time (default: processors)")
    parser.add_argument("--keep", type=lambda path: Path(path).resolve(),
                        help="the directory for artifacts, which a second "
                        "run takes again (default: .build/acceptance)")
    return parser
