"""Builds Tests/Data/programs as static executables in .build/programs/VARIANT/."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from .tools import ROOT

PROGRAMS = ROOT / "Tests" / "Data" / "programs"
# accept-faults, accept-float and fuzz-instructions run these, case by case.
ELSEWHERE = {"faults", "changed-code", "float-environment", "float-traps", "instruction-driver"}
EXTENSIONS = "-msse4.2 -maes -msha -mgfni -mpclmul -madx -mbmi -mbmi2 -mlzcnt -mpopcnt -mmovbe -mrdrnd -mrdseed"
# Compilers' words for one program alone, behind the variant's: what it is called, and the features that it
# takes for granted, as /proc/cpuinfo names them, because it runs natively first.
OWN = {
    "vectors": {"vectors": ("-masm=intel", "avx2")},
    "numerics": {"numerics": ("-O3 -march=x86-64-v3 -ffast-math -ffp-contract=fast", "avx2 fma bmi2")},
    "extended": {"extended": ("-mfpmath=387 -mlong-double-80", "fpu")},
    "wide-calls": {"wide-calls": ("-mavx2", "avx2")},
    "scanning": {"scanning": ("-mavx2 -mpclmul -mbmi -mbmi2 -mpopcnt", "avx2 pclmulqdq bmi2")},
    "extensions": {
        "extensions": (f"{EXTENSIONS} -mavx2 -mf16c -mfma -mvaes -mvpclmulqdq",
                       "avx2 aes sha_ni gfni vaes vpclmulqdq adx rdseed"),
        "extensions-sse": (EXTENSIONS, "aes sha_ni gfni pclmulqdq adx bmi2 rdseed")},
}
# musl has no makecontext; clang's assembler does not take the words of vectors.
NOT_FOR = {"contexts": ["musl"], "vectors": ["clang"]}
SHAPES = {"": ["-static"], "pie": ["-static-pie"], "stripped": ["-static", "-s"],
          "v3": ["-static", "-march=x86-64-v3"]}
C = {"gcc": ["gcc"], "clang": ["clang-19", "clang"], "musl": ["musl-gcc"]}
CXX = {"gcc": ["g++"], "clang": ["clang++-19", "clang++"]}


def first(names: list[str]) -> str | None:
    return next((n for n in names if shutil.which(n)), None)


def command(source: Path, variant: str, program: Path, own: str) -> list[str] | None:
    """None when the variant is not for this language or its compiler is missing."""
    compiler, _, rest = variant.partition("-")
    level, _, shape = rest.partition("-")
    if source.suffix == ".go":
        go = first(["go"])
        return [go, "build", *(["-ldflags=-s -w"] if level == "stripped" else []), "-o",
                str(program), str(source)] if go and compiler == "go" else None
    if source.suffix == ".rs":
        rust = first(["rustc"])
        return [rust, "-C", f"opt-level={level[1:]}", "-C", "target-feature=+crt-static",
                str(source), "-o", str(program)] if rust and compiler == "rust" else None
    if source.suffix == ".swift":
        swift = first(["swiftc"])
        return [swift, f"-{level}", "-static-executable", "-suppress-warnings", str(source), "-o",
                str(program)] if swift and compiler == "swift" else None
    table, standard = (C, "-std=gnu11") if source.suffix == ".c" else (CXX, "-std=gnu++20")
    found = first(table.get(compiler, []))
    shaped = SHAPES.get(shape)
    if shaped is None:
        sys.exit(f"{variant}: no shape {shape} (there are {', '.join(filter(None, SHAPES))})")
    return [found, "-w", f"-{level}", *shaped, standard,
            "-ffp-contract=off", *own.split(), str(source), "-o", str(program), "-lm", "-lpthread"] \
        if found else None


def has(features: str) -> bool:
    """Whether this machine's processor has all of them."""
    return set(features.split()) <= set(Path("/proc/cpuinfo").read_text().split())


def build(variant: str) -> list[Path]:
    out = ROOT / ".build" / "programs" / variant
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True)
    made: list[Path] = []
    programs = [(source, name, *words) for source in sorted(PROGRAMS.iterdir())
                for name, words in OWN.get(source.stem, {source.stem: ("", "")}).items()]
    for source, name, own, features in programs:
        program = out / name
        unfit = source.stem in ELSEWHERE or not has(features) or \
            variant.split("-")[0] in NOT_FOR.get(source.stem, [])
        words = None if unfit else command(source, variant, program, own)
        if words is None:
            continue
        done = subprocess.run(words, capture_output=True, text=True,
                              env={**os.environ, "CGO_ENABLED": "0"})
        if done.returncode:
            reason = next((x for x in done.stderr.splitlines() if "error" in x or "undefined" in x),
                          done.stderr[-200:])
            print(f"{variant}: {name} left out: {reason.strip()}", flush=True)
        else:
            made.append(program)
    return made
