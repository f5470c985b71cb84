"""How much of what a program executes is interpreted, and where (`--interpreted` of the acceptance
scripts).

Artifacts add what they interpreted and stepped to a file (RECAST_STATS), every process of a run by
itself. How many instructions the program executes in all, QEMU counts: the plugin of
Sources/InstructionCount, built here when the release build has none.
"""

from __future__ import annotations

import argparse
import re
import shutil
import subprocess
from collections import Counter
from pathlib import Path
from typing import Callable

from .compare import Tally
from .tools import ROOT, Runner

FOLDER = ROOT / ".build" / "interpreted"
PLUGIN = ROOT / "Sources" / "InstructionCount" / "insncount.c"
MOST = 0.001


def add_option(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--interpreted", action="store_true",
        help="print the share of executed guest instructions that was interpreted, and where; "
             f"{100 * MOST:g} per cent or more is a failure")


class Interpreted:
    def __init__(self) -> None:
        shutil.rmtree(FOLDER, ignore_errors=True)
        FOLDER.mkdir(parents=True)
        self.executed = 0
        self.runners: list[str] = []

    def environment(self, runner: Runner) -> dict[str, str]:
        """For runs of `runner`."""
        if runner.name not in self.runners:
            self.runners.append(runner.name)
        return {"RECAST_STATS": str(self._file(runner.name))}

    def _counter(self, program: Path) -> Runner | str:
        """A runner of the program itself that counts; why there is none."""
        emulator = shutil.which("qemu-x86_64")
        if not emulator:
            return "no qemu-x86_64: apt-get install qemu-user"
        library = FOLDER / "count.so"
        if not library.exists():
            done = subprocess.run(
                ["cc", "-O2", "-shared", "-fPIC", str(PLUGIN), "-o", str(library)],
                capture_output=True, text=True)
            if done.returncode:
                return done.stderr.strip()[-200:]
        plugin = f"{library},out={FOLDER / 'counts'},processes=on"
        return Runner("counted", (emulator, "-plugin", plugin, str(program)))

    def close(self, native: Runner, tally: Tally, run: Callable[[Runner], object]) -> None:
        """Counts what `run` executes, prints the figures, and adds a verdict for each runner."""
        counter = self._counter(Path(native.command[0]))
        if isinstance(counter, str):
            tally.add("interpreted", "counted", counter)
            return
        run(counter)
        text = (FOLDER / "counts").read_text() if (FOLDER / "counts").exists() else ""
        self.executed = sum(int(n) for n in re.findall(r"insns=(\d+)", text))
        for name in self.runners:
            print(self._report(name), flush=True)
            share = self._read(name)[0] / self.executed if self.executed else 1
            tally.add("interpreted", name, f"{share:.3%} interpreted" if share >= MOST else "")

    def _file(self, name: str) -> Path:
        return FOLDER / f"{name.replace('/', '-')}.stats"

    def _read(self, name: str) -> tuple[int, int, Counter[str], Counter[str]]:
        places: Counter[str] = Counter()
        steps: Counter[str] = Counter()
        interpreted = stepped = 0
        file = self._file(name)
        for line in file.read_text().splitlines() if file.exists() else []:
            if match := re.fullmatch(r"recast: interpreted (\d+) instructions, stepped (\d+), .*", line):
                interpreted += int(match[1])
                stepped += int(match[2])
            elif match := re.fullmatch(r"recast:   (0x[0-9a-f]+) (\d+)( stepped)?", line):
                (steps if match[3] else places)[match[1]] += int(match[2])
        return interpreted, stepped, places, steps

    def _report(self, name: str) -> str:
        interpreted, stepped, places, steps = self._read(name)

        def share(n: int) -> str:
            return f"{n} ({100 * n / self.executed:.4f} %)" if self.executed else str(n)

        def list_of(counter: Counter[str]) -> str:
            return " ".join(f"{place} {n}" for place, n in counter.most_common(10)) or "none"

        return (f"{name}: of {self.executed} guest instructions {share(interpreted)} interpreted, "
                f"{share(stepped)} stepped\n"
                f"  most interpreted blocks: {list_of(places)}\n"
                f"  most stepped instructions: {list_of(steps)}")
