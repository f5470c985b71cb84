"""Where things are, and how artifacts are made and run."""

from __future__ import annotations

import argparse
import functools
import hashlib
import json
import os
import platform
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
ARCHITECTURES = ["x86_64", "aarch64", "riscv64", "loongarch64"]


def recast() -> str:
    """The tool: $RECAST, or the release build."""
    named = os.environ.get("RECAST")
    path = Path(named) if named else ROOT / ".build" / "release" / "recast"
    if not path.is_file():
        sys.exit(f"{path} is missing: run Scripts/build, or name the tool in RECAST")
    return str(path)


def emulator(architecture: str) -> list[str] | None:
    """The command before an artifact: none on its own machine, qemu elsewhere, None if missing."""
    if architecture == platform.machine():
        return []
    found = shutil.which(f"qemu-{architecture}-static") or shutil.which(f"qemu-{architecture}")
    return [found] if found else None


@dataclass(frozen=True)
class Runner:
    """A way to run one program."""

    name: str
    command: tuple[str, ...]


@dataclass(frozen=True)
class Built:
    runner: Runner
    path: Path
    report: dict[str, object]


def digest(*files: Path) -> str:
    sum = hashlib.sha256()
    for file in files:
        sum.update(hashlib.sha256(file.read_bytes()).digest())
    return sum.hexdigest()[:24]


@functools.cache
def tool_identity() -> str:
    """Changes with the tool and the runtime that it puts into artifacts."""
    runtime = os.environ.get("RECAST_RUNTIME")
    folder = Path(runtime).parent if runtime else ROOT / ".build" / "recast-runtime"
    return digest(Path(recast()), *sorted(p for p in folder.iterdir() if p.is_file()))


def kept_artifacts() -> Path:
    """Where artifacts wait for the next run of the same tool; those of other builds go."""
    every = ROOT / ".build" / "acceptance"
    mine = every / tool_identity()
    for other in every.iterdir() if every.is_dir() else []:
        if other != mine:
            shutil.rmtree(other, ignore_errors=True)
    mine.mkdir(parents=True, exist_ok=True)
    return mine


def build(
    program: Path, architecture: str, directory: Path, flow: str = "static", level: str = "-O2",
    jobs: int | None = None, words: tuple[str, ...] = ()
) -> Built | str:
    """Makes an artifact, every function anew, with `words` as further options; a string says why it could not."""
    directory.mkdir(parents=True, exist_ok=True)
    path = directory / f"{program.name}.{architecture}.{flow}{level}{''.join(words)}"
    runner = runner_of(path, architecture, flow)
    if isinstance(runner, str):
        return runner
    more = ["--jobs", str(jobs)] if jobs else []
    done = subprocess.run(
        [recast(), "build", str(program), "--target", f"{architecture}-linux-gnu", "-o", str(path),
         "--flow", flow, level, "--json", "--no-cache", *more, *words],
        stdin=subprocess.DEVNULL, capture_output=True, text=True)
    if done.returncode != 0:
        return (done.stderr.strip() or f"recast ended with status {done.returncode}")[-400:]
    return Built(runner, path, json.loads(done.stdout))


def runner_of(path: Path, architecture: str, flow: str) -> Runner | str:
    before = emulator(architecture)
    if before is None:
        return f"no qemu-{architecture}: apt-get install qemu-user-static"
    name = architecture if flow == "static" else f"{architecture}/{flow}"
    return Runner(name, (*before, str(path)))


def artifact(
    program: Path, architecture: str, options: argparse.Namespace, flow: str = "static"
) -> Built | str:
    """As `build`, or what an earlier run of the same tool made of the same input."""
    directory = (options.keep or kept_artifacts()) / f"{digest(program)}-{tool_identity()}"
    path = directory / f"{program.name}.{architecture}.{flow}-{options.level}"
    report = path.with_name(path.name + ".json")
    if path.is_file() and report.is_file():
        runner = runner_of(path, architecture, flow)
        return runner if isinstance(runner, str) else Built(
            runner, path, json.loads(report.read_text()))
    built = build(program, architecture, directory, flow, f"-{options.level}", options.jobs)
    if isinstance(built, Built):
        report.write_text(json.dumps(built.report))
    return built


def environment(home: Path, extra: dict[str, str] | None = None) -> dict[str, str]:
    """Small and the same everywhere, so that outputs repeat."""
    return {"PATH": "/usr/bin:/bin", "HOME": str(home), "LC_ALL": "C", "TZ": "UTC",
            **(extra or {})}
