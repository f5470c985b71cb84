"""Where things are, and how artifacts are made and run."""

from __future__ import annotations

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


def build(
    program: Path, architecture: str, directory: Path, flow: str = "static", level: str = "-O2"
) -> Built | str:
    """Makes an artifact; a string says why it could not."""
    before = emulator(architecture)
    if before is None:
        return f"no qemu-{architecture}: apt-get install qemu-user-static"
    directory.mkdir(parents=True, exist_ok=True)
    path = directory / f"{program.name}.{architecture}.{flow}{level}"
    done = subprocess.run(
        [recast(), "build", str(program), "--target", f"{architecture}-linux-gnu", "-o", str(path),
         "--flow", flow, level, "--json"],
        stdin=subprocess.DEVNULL, capture_output=True, text=True)
    if done.returncode != 0:
        return (done.stderr.strip() or f"recast ended with status {done.returncode}")[-400:]
    name = architecture if flow == "static" else f"{architecture}/{flow}"
    return Built(Runner(name, (*before, str(path))), path, json.loads(done.stdout))


def environment(home: Path, extra: dict[str, str] | None = None) -> dict[str, str]:
    """Small and the same everywhere, so that outputs repeat."""
    return {"PATH": "/usr/bin:/bin", "HOME": str(home), "LC_ALL": "C", "TZ": "UTC",
            **(extra or {})}
