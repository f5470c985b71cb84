"""Static programs that Debian ships, and the C libraries whose archives it ships, at work.

`$P` is the program under test; `sh` and what else stands in a script are the machine's. Scripts
start in an empty directory with DATA, and print no times, process ids or addresses.
"""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from .sources import has
from .tools import ROOT

DATA = ROOT / "Tests" / "Data"


@dataclass(frozen=True)
class Shipped:
    """A program, the package that brings it, and one command line a case."""

    name: str
    path: str
    package: str
    cases: tuple[str, ...]

    def program(self) -> Path | None:
        return Path(self.path).resolve() if shutil.which(self.path) else None


@dataclass(frozen=True)
class Linked:
    """A program of Tests/Data/libraries; its first line names the packages and how to link."""

    name: str
    cases: tuple[str, ...] = ("$P",)

    @property
    def package(self) -> str:
        return self.words()[0]

    def words(self) -> tuple[str, str]:
        first = (DATA / "libraries" / f"{self.name}.c").read_text().splitlines()[0]
        packages, _, libraries = first.removeprefix("// ").partition(": ")
        return packages.replace(",", ""), libraries

    def program(self) -> Path | None:
        out = ROOT / ".build" / "programs" / "libraries" / self.name
        out.parent.mkdir(parents=True, exist_ok=True)
        source = DATA / "libraries" / f"{self.name}.c"
        done = subprocess.run(["gcc", "-O2", "-w", "-static", str(source), "-o", str(out),
                               *self.words()[1].split()], capture_output=True)
        return None if done.returncode else out


SHELL = ("$P $DATA/acceptance.sh 2>&1 | grep -v Terminated",
         "seq 1 500 | $P -c 'n=0; while read x; do n=$((n + x)); done; echo $n'")

IMAGE = ("export MKE2FS_DETERMINISTIC=1 E2FSPROGS_FAKE_TIME=1500000000 E2FSCK_TIME=1500000000; "
         "PATH=$PATH:/sbin:/usr/sbin; mkfs.ext4 -q -E hash_seed=6a4e1b9c-0b1c-4d3e-9f00-112233445566 "
         "-U 6a4e1b9c-0b1c-4d3e-9f00-112233445566 image 4M; ")

# What CPUID shows the guest; neither AES nor PCLMULQDQ; nothing. Then, whatever CPUID shows, all but AVX-512,
# without SHA, without ADX, without AVX2 and BMI, without AVX (`man OPENSSL_ia32cap`).
CAPABILITIES = ("~0x200000200000000", "0:0") + (
    ("0x7ffaf3bfffebffff:0x200c0128", "0x7ffaf3bfffebffff:0x80128", "0x7ffaf3bfffebffff:0x128",
     "0x7ffaf3bfffebffff:0", "0x6ffaf3bfffebffff:0") if has("aes pclmulqdq avx2 bmi2 adx sha_ni rdseed") else ())

PROGRAMS: tuple[Shipped | Linked, ...] = (
    Linked("gmp"), Linked("pictures"), Linked("packers"),
    Linked("openssl", ("$P", *(f"OPENSSL_ia32cap={bits} $P" for bits in CAPABILITIES))),
    Shipped("mksh-klibc", "/usr/lib/klibc/bin/mksh", "mksh", SHELL),
    Shipped("mksh-musl", "/usr/lib/x86_64-linux-musl/bin/mksh", "mksh", SHELL),
    Shipped("sash", "/bin/sash", "sash", (
        "echo one > a; echo two > b; printf -- '-cp a c\n-ls\n-cmp a b\n-cmp a c\n-mv c d\n-ls d\n' "
        "> k; $P < k",
        "seq 1 300 > n; printf -- '-sum n\n-grep 29 n\n-gzip n\n-gunzip n.gz\n-sum n\n' | $P; "
        "cksum n",
        "mkdir d; echo x > d/f; touch d/g; printf -- '-tar cf t.tar d\n-tar tf t.tar\n-rm d/f\n"
        "-tar xf t.tar\n-find d -type f\n-file d t.tar\n' | $P; rm t.tar",
        "printf '1,2d\n$a\nnew\n.\n1,$s/3/three/\n1,$p\nw\nq\n' > k; seq 1 9 > n; "
        "$P -c '-ed n' < k; cat n",
    )),
    Shipped("zsh", "/bin/zsh-static", "zsh-static", (
        "$P -f $DATA/acceptance.zsh", "$P --emulate sh -f $DATA/acceptance.sh 2>&1 | grep -v -i terminated",
        "$P -f -c 'x=$(($RANDOM >= 0)); echo $x; exec sh -c \"echo replaced\"'",
    )),
    Shipped("ldconfig", "/sbin/ldconfig", "libc-bin", (
        "mkdir -p r/lib r/etc; cp /lib/x86_64-linux-gnu/libz.so.1* r/lib; echo /lib > r/etc/ld.so.conf; "
        "$P -r r -v; ls r/lib r/etc; $P -r r -p | head -2",
        "$P --help | sed -n 2,9p; $P -C nosuch -p > /dev/null 2>&1; echo $?",
    )),
    Shipped("e2fsck", "/sbin/e2fsck.static", "e2fsck-static", (
        IMAGE + "$P -fn image; echo $?; cksum image",
        IMAGE + "dd if=/dev/zero of=image bs=1k seek=33 count=40 conv=notrunc 2>/dev/null; "
        "$P -fy image; echo $?; $P -fn image; echo $?; cksum image",
        "seq 1 5000 > text; $P -fy text; echo $?",
    )),
    Shipped("gpgv", "/usr/bin/gpgv-static", "gpgv-static", (
        "for f in /var/lib/apt/lists/*InRelease; do $P --homedir . --keyring "
        "/usr/share/keyrings/debian-archive-keyring.gpg -o out $f; echo $?; cksum < out; rm out; done",
        "seq 1 50 > text; $P --homedir . text; echo $?; $P --version | head -3",
    )),
    Shipped("dar", "/usr/bin/dar_static", "dar-static", (
        "mkdir d; for n in 9 99 9999 99999; do seq $n > d/$n; done; $P -c a -R d -Q -zgzip:6 > log; grep inode log; $P -l a -Q | wc -l; "
        "$P -t a -Q | grep -v -i time; mkdir o; $P -x a -R o -Q > /dev/null; diff -r d o && echo same; "
        "rm a.1.dar log",
        "mkdir d; seq 1 20000 > d/n; for z in bzip2 xz zstd lz4; do $P -c a -R d -Q -z$z:3 > /dev/null; "
        "$P -x a -R . -O -Q > /dev/null; cmp n d/n && echo $z; rm n a.1.dar; done",
        "$P -x nosuch -Q 2>&1; echo $?",
    )),
)
