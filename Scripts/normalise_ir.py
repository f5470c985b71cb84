"""Textual IR of Swift 6.3 (LLVM 21) to textual IR of LLVM 19, without the target it came from.

One list of what is rewritten; whatever LLVM 19 does not know beyond it is refused by its own
parser, which Scripts/build-runtime runs on every module.
"""
import re


class NormaliseError(Exception):
    pass


# (pattern, replacement), each on a whole line that is not a string constant.
REWRITES = [
    (re.compile(r"\bcaptures\(none\)"), "nocapture"),
    (re.compile(r"\bcaptures\([^()]*\) ?"), ""),
    (re.compile(r"\binitializes\(\([^()]*\)(?:, ?\([^()]*\))*\) ?"), ""),
    (re.compile(r"\b(nocreateundeforpoison|nodivergencesource|noext|dead_on_return) ?"), ""),
    (re.compile(r"\bicmp samesign\b"), "icmp"),
    (re.compile(r"\berrnomem: \w+(, )?"), ""),
    (re.compile(r"\btarget_mem\d?: \w+(, )?"), ""),
    (re.compile(r"\bptrtoaddr\b"), "ptrtoint"),
    (re.compile(r'"(target-cpu|target-features|tune-cpu|target-abi)"="[^"]*" ?'), ""),
    (re.compile(r'"(frame-pointer|stack-protector-buffer-size|probe-stack)"="[^"]*" ?'), ""),
    (re.compile(r"\bsspstrong\b ?|\bssp\b ?"), ""),
    # Lifetime markers lost their size in LLVM 22; 21 still has it.
]
DROPPED_LINES = re.compile(
    r"^(@llvm\.(compiler\.)?used = |target (triple|datalayout) = |source_filename = |\s+#dbg_)")
# Debug information, linker options and the neutral triple's own flags.
DROPPED_FLAGS = ("llvm.module.flags", "llvm.linker.options", "llvm.autolink", "llvm.ident",
                 "swift.module.flags", "llvm.asan.globals", "llvm.dbg.cu")


def normalise(text):
    lines = []
    for line in text.splitlines():
        if DROPPED_LINES.match(line):
            continue
        if line.startswith("!") and line[1:].split(" ")[0] in DROPPED_FLAGS:
            continue
        if ' c"' not in line:
            for pattern, replacement in REWRITES:
                line = pattern.sub(replacement, line)
        if re.search(r"\bsection \"(?!llvm\.metadata)", line) and line.startswith("@"):
            line = re.sub(r', section "[^"]*"', "", line)
        lines.append(line)
    out = "\n".join(lines) + "\n"
    for word in ("addrspace(1)", "swiftasync"):
        if word in out:
            where = next(l for l in out.splitlines() if word in l)
            raise NormaliseError(f"{word} cannot be in the runtime: {where.strip()}")
    return out
