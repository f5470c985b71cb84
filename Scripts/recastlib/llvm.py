"""Which LLVM a build uses: Debian's llvm-19, or what RECAST_LLVM names, an llvm-config or a prefix.

The package takes headers from folders of its own (Sources/CLLVM/include). For another LLVM the same folder is
made in .build/recast-llvm, which Package.swift takes when RECAST_LLVM is set.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from .tools import ROOT

PLACE = ROOT / ".build" / "recast-llvm"
DEBIAN = Path("/usr/lib/llvm-19")


def complain(text: str) -> None:
    sys.exit(f"RECAST_LLVM={os.environ.get('RECAST_LLVM', '')}: {text}")


def named_config() -> Path | None:
    """The llvm-config that RECAST_LLVM names; None without it."""
    named = os.environ.get("RECAST_LLVM")
    if not named:
        return None
    path = Path(named)
    config = path / "bin" / "llvm-config" if path.is_dir() else path
    if not (config.is_file() and os.access(config, os.X_OK)):
        complain("neither an llvm-config nor the prefix of an LLVM installation (PREFIX/bin/llvm-config)")
    return config


def ask(config: Path, word: str) -> str:
    done = subprocess.run([config, *word.split()], capture_output=True, text=True)
    if done.returncode:
        complain(f"{config.name} {word} fails: {(done.stderr or done.stdout).strip()[-200:]}")
    return done.stdout.strip()


def tool(name: str) -> str:
    """A tool of the LLVM in use."""
    config = named_config()
    candidates = [f"{ask(config, '--bindir')}/{name}"] if config else [
        str(DEBIAN / "bin" / name), shutil.which(f"{name}-19")]
    for candidate in candidates:
        if candidate and os.access(candidate, os.X_OK):
            return candidate
    if config:
        complain(f"its {name} is missing")
    sys.exit(f"{name} of LLVM 19 is not installed (Debian: llvm-19)")


def prepare() -> None:
    """Makes the folder that Package.swift takes, with the named LLVM's headers and library."""
    config = named_config()
    if not config:
        return
    version, headers = ask(config, "--version"), Path(ask(config, "--includedir"))
    if int(version.split(".")[0]) < 19:
        complain(f"it is LLVM {version}; Recast uses the C API and calling conventions of 19")
    if not (headers / "llvm-c" / "Core.h").is_file():
        complain(f"its headers are not installed ({headers}/llvm-c)")
    library = Path(ask(config, "--libs --link-shared").split()[0].removeprefix("-l"))
    include = PLACE / "include"
    shutil.rmtree(PLACE, ignore_errors=True)
    include.mkdir(parents=True)
    own = ROOT / "Sources" / "CLLVM"
    shutil.copy(own / "empty.c", PLACE)
    shutil.copy(own / "include" / "shim.h", include)
    for name in ("llvm", "llvm-c"):
        (include / name).symlink_to(headers / name)
    (include / "module.modulemap").write_text(
        f'module CLLVM [system] {{\n  header "shim.h"\n  link "{library}"\n  export *\n}}\n')
    (PLACE / "library-folder").write_text(ask(config, "--libdir"))
    (PLACE / "named").write_text(os.environ["RECAST_LLVM"])
    print(f"LLVM {version} of {config}")


if __name__ == "__main__":
    prepare()
