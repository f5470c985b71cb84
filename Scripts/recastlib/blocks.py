"""Blocks of `instructions` as a guest program, which Tests/Data/programs/instruction-driver.c runs."""

from __future__ import annotations

import subprocess
from pathlib import Path

from . import instructions as i
from .tools import ROOT

DRIVER = ROOT / "Tests" / "Data" / "programs" / "instruction-driver.c"


def compiled_driver(directory: Path) -> Path:
    path = directory / "driver.o"
    subprocess.run(["gcc", "-O2", "-c", "-ffreestanding", "-fno-pic", "-mcmodel=small", "-fcf-protection=none",
                    "-mgeneral-regs-only", "-fno-stack-protector", "-fno-tree-loop-distribute-patterns",
                    "-o", str(path), str(DRIVER)], check=True)
    return path


def link(blocks: list[i.Block], driver: Path, path: Path) -> None:
    lines = [".text"]
    for n, block in enumerate(blocks):
        lines += [f".type f{n}, @function", f"f{n}:",
                  ".byte " + ",".join(map(str, block.code)), f".size f{n}, . - f{n}"]
    lines += [".section .rodata", ".balign 8", ".globl blocks", "blocks:"]
    lines += [f".quad f{n}, {block.words}" for n, block in enumerate(blocks)]
    lines += [".globl block_count", f"block_count: .quad {len(blocks)}"]
    lines += ['.section .constants, "a", @progbits', ".long 63,63,63,63,63,63,63,63",
              ".quad 63,63,63,63", '.section .out, "aw", @nobits', ".globl out", "out: .skip 4096",
              '.section .scratch, "aw", @nobits', ".globl scratch", "scratch: .skip 4096",
              '.section .note.GNU-stack, "", @progbits']
    source = path.with_suffix(".s")
    source.write_text("\n".join(lines) + "\n")
    subprocess.run(
        ["gcc", "-static", "-nostdlib", "-no-pie", "-o", str(path), str(source), str(driver),
         f"-Wl,--section-start=.constants={i.CONSTANTS:#x},--section-start=.out={i.OUT:#x}"
         f",--section-start=.scratch={i.SCRATCH:#x},--build-id=none"], check=True)
