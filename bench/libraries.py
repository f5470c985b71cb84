"""The libraries of bench/src from Debian's sources, for compilers that Debian has no libraries for."""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

# Beside them the sources that they were made of.
KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"
ENTRY = f"""Types: deb-src
URIs: http://deb.debian.org/debian
Suites: bookworm
Components: main
Signed-By: {KEYRING}
"""


@dataclass(frozen=True)
class Library:
    """Of a source package."""

    package: str
    files: list[str]
    without: tuple[str, ...] = ()
    headers: tuple[str, ...] = ()
    flags: tuple[str, ...] = ()


# By their names to the linker.
LIBRARIES = {
    "lua5.4": Library("lua5.4", ["src/*.c"], without=("lua.c", "luac.c"), headers=("src/*.h*",),
                      flags=("-DLUA_USE_POSIX",)),
    "z": Library("zlib", ["*.c"], headers=("*.h",), flags=("-DHAVE_UNISTD_H",)),
    "zstd": Library("libzstd", ["lib/common/*.c", "lib/compress/*.c", "lib/decompress/*.c"],
                    headers=("lib/*.h",), flags=("-DZSTD_DISABLE_ASM",)),
    # One file, which its own scripts make (tclsh).
    "sqlite3": Library("sqlite3", ["sqlite3.c"], headers=("sqlite3.h",),
                       flags=("-DSQLITE_OMIT_LOAD_EXTENSION", "-DSQLITE_ENABLE_COLUMN_METADATA")),
}


def run(command: list[str], directory: Path) -> None:
    """Raises an error with what the command has said."""
    done = subprocess.run(command, cwd=directory, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"{' '.join(command[:4])} …: {(done.stderr or done.stdout)[-400:].strip()}")


def fetch(package: str, into: Path) -> Path:
    """The package's source, unpacked and patched."""
    source = into / package
    if source.is_dir():
        return source
    for name in ("apt/lists/partial", "apt/sources"):
        (into / name).mkdir(parents=True, exist_ok=True)
    entry = into / "apt/sources/debian.sources"
    apt = ["apt-get", "-q", "-o", "Dir::Etc::sourcelist=/dev/null", "-o", f"Dir::Etc::sourceparts={entry.parent}",
           "-o", f"Dir::State::lists={into / 'apt/lists'}", "-o", "APT::Sandbox::User=root"]
    if not entry.exists():
        entry.write_text(ENTRY)
        run([*apt, "update"], into)
    for old in into.glob(f"{package}_*"):
        old.unlink()
    run([*apt, "source", "--download-only", package], into)
    partial = into / f"{package}.partial"
    shutil.rmtree(partial, ignore_errors=True)
    run(["dpkg-source", "--no-check", "-x", next(into.glob(f"{package}_*.dsc")).name, partial.name], into)
    if package == "sqlite3":
        run(["sh", "configure", "--disable-tcl", "--disable-readline"], partial)
        run(["make", "sqlite3.c"], partial)
    if package == "lua5.4":
        # Debian makes it where it builds; paths of modules, which nothing here loads.
        (partial / "src/lua5.4-deb-multiarch.h").write_text('#define DEB_HOST_MULTIARCH "linux"\n')
    partial.rename(source)
    return source


def make(out: Path, command: list[str]) -> list[str]:
    """Compiles all libraries by `command` into `out`; answers the flags for what is linked with them."""
    out.mkdir(parents=True, exist_ok=True)
    sources = out.parent.parent / "sources"
    sources.mkdir(exist_ok=True)
    for name, library in LIBRARIES.items():
        archive = out / f"lib{name}.a"
        if archive.exists():
            continue
        source = fetch(library.package, sources)
        for pattern in library.headers:
            for header in source.glob(pattern):
                shutil.copy(header, out)
        objects: list[str] = []
        for file in sorted(file for pattern in library.files for file in source.glob(pattern)):
            if file.name not in library.without:
                objects.append(str(out / f"{name}-{file.stem}.o"))
                run([*command, "-w", *library.flags, f"-I{source}", "-c", str(file), "-o", objects[-1]], source)
        run(["ar", "rcs", archive.name, *objects], out)
        for file in objects:
            os.unlink(file)
    return [f"-I{out}", f"-L{out}"]
