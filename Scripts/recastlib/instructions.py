"""Random instructions from the encoding table, and blocks of them as machine code.

An instruction is a row of the table with every free bit of its encoding drawn at random: operand size,
registers, addressing, immediates, redundant prefixes. What it must not do is arranged by code in front
of it: addresses point into a window, divisors are odd, string counts are small. Blocks also have
branches and loops. Nothing here knows what an instruction does.
"""

from __future__ import annotations

import importlib.machinery
import importlib.util
import random
import re
import struct
from dataclasses import dataclass, field

from .tools import ROOT

# Fixed places in the generated program; the linker is told the same.
TEXT, CONSTANTS, OUT, SCRATCH = 0x0040_0000, 0x1000_0000, 0x1001_0000, 0x1002_0000
WINDOW = 256
MIDDLE = SCRATCH + 0x800
COUNTER = OUT + 0x800
RAX, RCX, RDX, RBX, RSP, RBP, RSI, RDI = range(8)

# Not straight-line code, privileged, or different on every processor and at every time.
LEFT_OUT = set("""
  jcc jmp call ret loop loope loopne jrcxz syscall int int1 int3 hlt iret enter leave push pop pushf
  popf ins outs cpuid rdtsc rdtscp rdrand rdseed rdpid xgetbv fxsave fxrstor xsave xrstor xsaveopt
  xsavec ldmxcsr stmxcsr vldmxcsr vstmxcsr smsw sldt str sgdt sidt rdfsbase rdgsbase wrfsbase
  wrgsbase lar lsl verr verw rdsspq std cld cli sti vzeroall clflush clflushopt clwb
  f2xm1 fyl2x fyl2xp1 fsin fcos fsincos fptan fpatan fldcw fldenv fnstenv fnsave frstor fbld fninit
  rcpps rcpss rsqrtps rsqrtss vrcpps vrcpss vrsqrtps vrsqrtss emms""".split())
STRINGS = {"movs", "cmps", "stos", "lods", "scas"}
ALIGNED = ("vmova", "vmovdqa", "vmovnt")


def load_table():
    path = str(ROOT / "Scripts" / "generate-table")
    loader = importlib.machinery.SourceFileLoader("generate_table", path)
    spec = importlib.util.spec_from_loader("generate_table", loader)
    module = importlib.util.module_from_spec(spec)
    import sys
    sys.modules["generate_table"] = module
    loader.exec_module(module)
    return module


table = load_table()
ROWS = table.read_tables()
BY_OPCODE: dict[tuple[int, int], list] = {}
for _row in ROWS:
    for _n in range(_row.span):
        BY_OPCODE.setdefault((_row.map, _row.opcode + _n), []).append(_row)
for _members in BY_OPCODE.values():
    _members.sort(key=lambda row: -bin(row.mask).count("1"))


def usable(row) -> bool:
    if {"ud", "none"} & row.attributes.keys() or row.mnemonic.split(".")[0] in LEFT_OUT:
        return False
    if row.attributes.get("meaning") == "generalProtection" or "Segment" in row.mnemonic:
        return False
    if row.mnemonic in ("push.fs", "push.gs", "pop.fs", "pop.gs"):
        return False
    return row.mnemonic not in ("nop", "lfence", "mfence", "sfence")


USABLE = [row for row in ROWS if usable(row)]


def group(row) -> str:
    if row.where.startswith("x87"):
        return "x87"
    letters = {code.letter for code in row.operands}
    if letters & set("PQN"):
        return "mmx"
    return "vector" if letters & set("VWUHL") else "integer"


GROUPS = {name: [r for r in USABLE if group(r) == name] for name in ("integer", "vector", "mmx", "x87")}
# With one operand known to be zero LLVM uses an instruction that quiets a signalling NaN.
GROUPS["quieting"] = [r for r in GROUPS["vector"]
                      if not re.fullmatch(r"v?(min|max)(ps|pd|ss|sd)", r.mnemonic)]


class Unfit(Exception):
    """This draw cannot be encoded, or would do what must not be done: draw again."""


@dataclass
class Memory:
    """Bytes behind ModRM for one address, and what has to come before the instruction."""
    modrm: int
    tail: bytes
    x: bool = False
    b: bool = False
    before: bytes = b""


@dataclass
class Registers:
    """What one block uses: nothing else is loaded."""
    general: list[int]
    vector: list[int]
    mmx: list[int] = field(default_factory=list)


def move_immediate(register: int, value: int) -> bytes:
    head = b"\x41" if register >= 8 else b""
    return head + bytes([0xB8 | register & 7]) + struct.pack("<I", value)


class Encoder:
    def __init__(self, rng: random.Random, registers: Registers):
        self.rng = rng
        self.registers = registers

    def immediate(self, count: int) -> bytes:
        r = self.rng
        value = r.choice([r.getrandbits(64), r.randrange(70), -r.randrange(70), 1 << r.randrange(64),
                          (1 << r.randrange(64)) - 1])
        return (value & (1 << 8 * count) - 1).to_bytes(count, "little")

    def memory(self, place: int, avoid: set[int]) -> Memory:
        """ModRM (reg field zero) and what follows for an operand at `place`."""
        r = self.rng
        bases = [n for n in self.registers.general if n not in avoid]
        if r.random() < 0.25 or not bases:
            return Memory(0x04, b"\x25" + struct.pack("<I", place))
        base = r.choice(bases)
        wide = r.random() < 0.3
        displacement = r.randrange(-300, 300) if wide else r.choice([0, 8, -8, 127, -128, 5])
        start = place - displacement
        mode = 0x80 if wide else 0x40
        rest = struct.pack("<i" if wide else "<b", displacement)
        indices = [n for n in bases if n != base]
        if base & 7 == 4 or (indices and r.random() < 0.35):
            if not indices:
                raise Unfit
            index, scale = r.choice(indices), r.randrange(4)
            amount = r.randrange(64)
            before = move_immediate(base, start - (amount << scale)) + move_immediate(index, amount)
            sib = scale << 6 | (index & 7) << 3 | base & 7
            return Memory(mode | 4, bytes([sib]) + rest, index >= 8, base >= 8, before)
        return Memory(mode | base & 7, rest, False, base >= 8, move_immediate(base, start))

    def instruction(self, row) -> bytes:
        """One instruction of `row`, with what has to precede it."""
        for _ in range(40):
            try:
                return self.draw(row)
            except Unfit:
                continue
        raise Unfit

    def draw(self, row) -> bytes:
        r = self.rng
        t = table
        name = row.mnemonic.split(".")[0]
        letters = {c.letter for c in row.operands}
        sizes = {c.size for c in row.operands}
        is_vex = row.map >= 4
        fixed = lambda bit, width=1: row.mask >> bit & (1 << width) - 1
        wanted = lambda bit, width=1: row.value >> bit & (1 << width) - 1

        prefix_class = wanted(t.CLASS, 2)
        if fixed(t.CLASS, 2) == 2:
            prefix_class = r.randrange(2)
        w = bool(wanted(t.REX_W)) if fixed(t.REX_W) else (
            r.random() < 0.4 if sizes & {"v", "y"} or row.size in ("v", "y") else r.random() < 0.05)
        o16 = bool(wanted(t.O16)) if fixed(t.O16) else False
        if not fixed(t.O16) and not fixed(t.CLASS, 2) and not is_vex and row.map == 0 or (
                row.map == 1 and not fixed(t.CLASS, 2)):
            if ({"v", "z"} & sizes or row.size in ("v", "z")) and not w and not fixed(t.O16):
                o16 = r.random() < 0.3
        long = bool(wanted(t.VEX_L)) if fixed(t.VEX_L) else is_vex and r.random() < 0.5
        a32 = bool(wanted(t.A32)) if fixed(t.A32) else r.random() < 0.03
        opcode = row.opcode + r.randrange(row.span)

        general, vectors, mmx = (self.registers.general, self.registers.vector, self.registers.mmx)
        by_letter = {c.letter: c for c in row.operands}
        reg_code = by_letter.get("G") or by_letter.get("V") or by_letter.get("P")
        rm_code = next((by_letter[x] for x in "EMRFTWUQN" if x in by_letter), None)

        def pick(code) -> int:
            if code.letter in "VWUHL":
                return r.choice(vectors)
            if code.letter in "PQN":
                return r.choice(mmx)
            if code.size == "b" and code.letter in "EGZ" and r.random() < 0.3:
                return 4 + r.choice([n for n in general if n < 4])
            return r.choice(general)

        fields = {"r": 0, "rm": 0, "v": 0}
        if reg_code:
            fields["r"] = pick(reg_code)
        elif row.flags & 1:
            fields["r"] = wanted(3, 3) if fixed(3, 3) == 7 else r.randrange(8)
        v_code = by_letter.get("H") or by_letter.get("B")
        if v_code:
            fields["v"] = pick(v_code)
        used = {fields["r"]} if reg_code and reg_code.letter == "G" else set()
        if v_code and v_code.letter == "B":
            used.add(fields["v"])

        before = b""
        modrm_bytes = b""
        x = b = False
        memory = None
        is_memory = False
        rm_text = rm_code.letter if rm_code else ""
        can_lock = "lock" in row.attributes
        is_gather = "gather" in name
        if row.flags & 1:
            if fixed(0, 8) == 0xFF:
                modrm_bytes = bytes([row.value & 0xFF])
            else:
                is_memory = rm_text in ("E", "M", "F", "T", "W", "Q") and (
                    rm_text == "M" or r.random() < 0.35)
                if fixed(t.MOD3):
                    is_memory = not wanted(t.MOD3)
                if row.flags & table.FLAGS["rmreg"]:
                    is_memory = False
                if is_memory:
                    implied = {RAX, RCX, RDX, RBX} if "lock" in row.attributes or name in (
                        "mul", "imul", "div", "idiv", "xadd", "cmpxchg") else {RCX}
                    if "pcmpestr" in name or "pcmpistr" in name or name == "mulx":
                        implied = implied | {RAX, RDX}
                    avoid = used | implied
                    vector_like = row.size == "x" or rm_code.letter in "WQ" or "V" in letters
                    step = 16
                    if is_vex and not name.startswith(ALIGNED):
                        step = r.choice([1, 32])
                    if name.startswith(ALIGNED):
                        step = 32
                    if not vector_like:
                        step = 16 if can_lock or name.startswith("cmpxchg") else r.choice([1, 8])
                    place = MIDDLE + r.randrange(0, WINDOW - 128, step)
                    if name in ("bt", "bts", "btr", "btc") and reg_code:
                        if fields["r"] in avoid - used:
                            pass
                        head = b"\x41" if fields["r"] >= 8 else b""
                        before += head + bytes([0x81, 0xE0 | fields["r"] & 7]) + struct.pack("<I", 0x1FF)
                    if is_gather:
                        before_, memory = self.gather(name, fields, place, avoid)
                        before += before_
                    else:
                        memory = self.memory(place, avoid)
                        before += memory.before
                    x, b = memory.x, memory.b
                    modrm_bytes = bytes([memory.modrm | (fields["r"] & 7) << 3]) + memory.tail
                else:
                    if is_gather:
                        raise Unfit
                    if rm_code and rm_code.letter in "ERFTWUQN":
                        fields["rm"] = pick(rm_code)
                    elif fixed(6, 2) == 3:
                        fields["rm"] = wanted(0, 3) | r.randrange(8) & ~fixed(0, 3)
                    elif fixed(0, 3) == 7:
                        fields["rm"] = wanted(0, 3)
                    else:
                        raise Unfit
                    b = fields["rm"] >= 8
                    modrm_bytes = bytes([0xC0 | (fields["r"] & 7) << 3 | fields["rm"] & 7])
        if "Z" in by_letter:
            number = pick(by_letter["Z"])
            opcode = row.opcode | number & 7
            b = number >= 8
            fields["rm"] = number
        if row.mask >> t.REX_B & 1 and b != bool(row.value >> t.REX_B & 1):
            raise Unfit

        r_high = fields["r"] >= 8 and reg_code is not None
        rex = (8 if w else 0) | (4 if r_high else 0) | (2 if x else 0) | (1 if b else 0)
        byte_registers = [fields["r"]] if reg_code and reg_code.size == "b" else []
        if rm_code and rm_code.size == "b" and not is_memory and rm_code.letter == "E":
            byte_registers.append(fields["rm"])
        if "Z" in by_letter and by_letter["Z"].size == "b":
            byte_registers.append(fields["rm"])
        needs_rex = rex != 0
        for number in byte_registers:
            if 4 <= number < 8:
                if needs_rex:
                    if number == RSP or number not in general:
                        raise Unfit
                elif number - 4 not in general:
                    raise Unfit
        if needs_rex is False and any(4 <= n < 8 for n in byte_registers) is False and r.random() < .03:
            needs_rex = not is_vex  # 40H alone

        prefixes = b""
        if not is_vex:
            if prefix_class == 1 or o16:
                prefixes += b"\x66"
            if prefix_class == 2:
                prefixes += b"\xf3"
            if prefix_class == 3:
                prefixes += b"\xf2"
        if a32:
            prefixes += b"\x67"
        if can_lock and is_memory and r.random() < 0.4 and not is_vex:
            prefixes += b"\xf0"
        if r.random() < 0.02:
            prefixes = bytes([r.choice([0x26, 0x2E, 0x36, 0x3E])]) + prefixes
        code = opcode
        key_modrm = modrm_bytes[0] if modrm_bytes else 0
        if is_vex:
            pp = prefix_class
            vvvv = ~fields["v"] & 15 if v_code else 15
            first = (0 if r_high else 0x80) | (0 if x else 0x40) | (0 if b else 0x20) | row.map - 3
            head = bytes([0xC4, first, (0x80 if w else 0) | vvvv << 3 | (4 if long else 0) | pp])
            if row.map == 4 and not (x or b or w) and r.random() < 0.5:
                head = bytes([0xC5, (0 if r_high else 0x80) | vvvv << 3 | (4 if long else 0) | pp])
            encoded = prefixes.replace(b"\x66", b"") + head + bytes([code])
        else:
            escape = [b"", b"\x0f", b"\x0f\x38", b"\x0f\x3a"][row.map]
            encoded = prefixes + (bytes([0x40 | rex]) if needs_rex else b"") + escape + bytes([code])
        self.check(row, opcode, key_modrm, prefix_class if prefix_class or is_vex else int(o16), w,
                   o16 and not w, a32, long, b)
        encoded += modrm_bytes
        operand_size = 8 if w else 2 if o16 else 4
        for c in row.operands:
            if c.letter == "I":
                count = {"b": 1, "w": 2, "z": min(operand_size, 4), "v": operand_size, "d": 4}[c.size]
                encoded += self.immediate(count)
            elif c.letter == "L":
                encoded += bytes([r.choice(vectors) << 4 | r.randrange(16)])
            elif c.letter == "O":
                place = MIDDLE + r.randrange(0, 64)
                encoded += struct.pack("<I", place) if a32 else struct.pack("<Q", place)
        before += self.arrange(name, row, operand_size, fields, modrm_bytes, rex, is_memory, encoded)
        if name in STRINGS:
            return self.string(name, encoded)
        return before + encoded

    def check(self, row, opcode, modrm, prefix_class, w, o16, a32, long, b) -> None:
        """The draw has to be of this row, not of a more special one."""
        t = table
        key = modrm | (modrm >= 0xC0) << t.MOD3 | prefix_class << t.CLASS | w << t.REX_W
        key |= o16 << t.O16 | a32 << t.A32 | long << t.VEX_L | b << t.REX_B
        for other in BY_OPCODE[row.map, opcode]:
            if key & other.mask == other.value:
                if other is not row:
                    raise Unfit
                return
        raise Unfit

    def gather(self, name, fields, place, avoid) -> tuple[bytes, Memory]:
        r = self.rng
        others = [n for n in self.registers.vector if n != fields["r"]]
        if len(others) < 2:
            raise Unfit
        index, mask = r.sample(others, 2)
        fields["v"] = mask
        base = r.choice([n for n in self.registers.general if n not in avoid and n & 7 != 4])
        # vpand ymm(index), ymm(index), [CONSTANTS or CONSTANTS + 32]: small dwords or qwords.
        constant = CONSTANTS + (32 if "gatherq" in name else 0)
        before = bytes([0xC4, 0x61 if index >= 8 else 0xE1, (~index & 15) << 3 | 5, 0xDB,
                        (index & 7) << 3 | 4, 0x25]) + struct.pack("<I", constant)
        before += move_immediate(base, place)
        sib = r.randrange(2) << 6 | (index & 7) << 3 | base & 7
        return before, Memory(0x44, bytes([sib, 0]), index >= 8, base >= 8)

    def arrange(self, name, row, size, fields, modrm, rex, is_memory, encoded) -> bytes:
        """Code in front that keeps the instruction from faulting or leaving the window."""
        if name in ("div", "idiv"):
            byte = row.operands[0].size == "b"
            if not is_memory and fields["rm"] in (RAX, RDX, 4, 6) and (byte or fields["rm"] < 4):
                raise Unfit
            head = bytes([0x40 | rex & ~4]) if rex else b""
            if byte:
                return b"\x83\xe0\x7f" + head + b"\x80" + bytes(
                    [modrm[0] & 0xC7 | 0x08]) + modrm[1:] + b"\x01"
            head = (b"\x66" if size == 2 else b"") + head
            odd = head + b"\x83" + bytes([modrm[0] & 0xC7 | 0x08]) + modrm[1:] + b"\x01"
            positive = {2: b"\x25\xff\x7f\x00\x00", 4: b"\xd1\xe8", 8: b"\x48\xd1\xe8"}[size]
            if encoded[:1] == b"\x67" or b"\x67" in encoded[:2]:
                raise Unfit
            return b"\x31\xd2" + odd + positive
        if name in ("maskmovdqu", "vmaskmovdqu", "maskmovq"):
            if RDI not in self.registers.general:
                raise Unfit
            return move_immediate(RDI, MIDDLE + self.rng.randrange(32))
        if name == "xlat":
            if RBX not in self.registers.general:
                raise Unfit
            return move_immediate(RBX, MIDDLE - 0x100)
        if name.startswith("cmpxchg8b") or name.startswith("cmpxchg16b"):
            if RBX not in self.registers.general:
                raise Unfit
        return b""

    def string(self, name: str, encoded: bytes) -> bytes:
        if not {RSI, RDI} <= set(self.registers.general):
            raise Unfit
        r = self.rng
        repeat = r.choice([b"", b"\xf3", b"\xf2"])
        if name in ("movs", "stos", "lods") and repeat == b"\xf2":
            repeat = b"\xf3"
        if b"\x67" in encoded[:2]:
            raise Unfit
        code = move_immediate(RCX, r.randrange(9))
        code += move_immediate(RSI, MIDDLE + 64 + r.randrange(32))
        code += move_immediate(RDI, MIDDLE + 64 + r.randrange(64))
        if r.random() < 0.3:
            return code + b"\xfd" + repeat + encoded + b"\xfc"
        return code + repeat + encoded


@dataclass
class Block:
    """One function: the body's instructions, and how many 8-byte words it stores."""
    code: bytes
    words: int
    body: list[bytes]
    names: list[str]
    wrapped: "Wrapping"


@dataclass
class Wrapping:
    """Everything about a block but its body."""
    registers: Registers
    stored_general: list[int]
    stored_vector: list[int]
    flags: int
    turns: int
    branches: list[tuple[int, int, int]]  # from item, to item, condition (16: jrcxz)
    x87: tuple[int, int] | None = None  # control word, and how many registers are filled


def modrm_in(base: int, displacement: int) -> bytes:
    return struct.pack("<i", displacement)


def wrap(body: list[bytes], w: Wrapping, rng_names: list[str]) -> Block:
    """`void f(const uint64_t *general, const uint64_t *vector)`, results at OUT."""
    saved = [n for n in w.registers.general if n in (RBX, RBP, 12, 13, 14, 15)]
    code = b""
    for n in saved:
        code += (b"\x41" if n >= 8 else b"") + bytes([0x50 | n & 7])
    for n in w.registers.vector:  # vmovdqu ymm, [rsi + 32 n]
        code += bytes([0xC5, 0x7E if n >= 8 else 0xFE, 0x6F, 0x86 | (n & 7) << 3])
        code += struct.pack("<i", 32 * n)
    for n in w.registers.mmx:  # movq mm, [rsi + 8 n]
        code += bytes([0x0F, 0x6F, 0x86 | n << 3]) + struct.pack("<i", 8 * n)
    if w.x87:  # push control; fldcw [rsp]; lea rsp, [rsp + 8]; fld of doubles and of 80 bits
        code += b"\xdb\xe3\x68" + struct.pack("<I", w.x87[0]) + b"\xd9\x2c\x24\x48\x8d\x64\x24\x08"
        for n in range(w.x87[1]):
            code += (b"\xdb\xae" if n & 3 == 3 else b"\xdd\x86") + struct.pack("<i", 40 * n)
    if w.turns > 1:  # mov dword [COUNTER], turns
        code += b"\xc7\x04\x25" + struct.pack("<II", COUNTER, w.turns)
    code += b"\xff\xb7" + struct.pack("<i", 128) + b"\x9d"  # push [rdi + 128]; popfq
    for n in sorted(w.registers.general, key=lambda n: n == RDI):  # mov r, [rdi + 8 n]
        code += bytes([0x4C if n >= 8 else 0x48, 0x8B, 0x87 | (n & 7) << 3]) + struct.pack("<i", 8 * n)
    code += assemble(body, w.branches)
    if w.turns > 1:  # dec dword [COUNTER]; jnz
        start = len(code) - len(assemble(body, w.branches))
        code += b"\xff\x0c\x25" + struct.pack("<I", COUNTER)
        code += b"\x0f\x85" + struct.pack("<i", start - (len(code) + 6))
    place = OUT
    for n in w.stored_general:
        code += bytes([0x4C if n >= 8 else 0x48, 0x89, 0x04 | (n & 7) << 3, 0x25])
        code += struct.pack("<I", place)
        place += 8
    if w.flags == 1:  # pushfq; pop rax; and eax, status; mov [place], rax
        code += b"\x9c\x58\x25" + struct.pack("<I", 0x8D5) + b"\x48\x89\x04\x25"
        code += struct.pack("<I", place)
        place += 8
    elif w.flags == 2:  # lahf; seto al; mov [place], ax
        code += b"\x9f\x0f\x90\xc0\x0f\xb7\xc0\x48\x89\x04\x25" + struct.pack("<I", place)
        place += 8
    for n in w.stored_vector:
        code += bytes([0xC5, 0x7E if n >= 8 else 0xFE, 0x7F, 0x04 | (n & 7) << 3, 0x25])
        code += struct.pack("<I", place)
        place += 32
    for n in w.registers.mmx:
        code += bytes([0x0F, 0x7F, 0x04 | n << 3, 0x25]) + struct.pack("<I", place)
        place += 8
    if w.x87:  # fnstsw ax; movzx eax, ax; mov [place], rax; fstp tbyte of all registers
        code += b"\xdf\xe0\x0f\xb7\xc0\x48\x89\x04\x25"
        code += struct.pack("<I", place)
        place += 8
        for _ in range(8):
            code += b"\x48\xc7\x04\x25" + struct.pack("<II", place + 8, 0)
            code += b"\xdb\x3c\x25" + struct.pack("<I", place)
            place += 16
        code += b"\xdb\xe3"
    if w.registers.mmx:
        code += b"\x0f\x77"
    code += b"\xc5\xf8\x77"
    for n in reversed(saved):
        code += (b"\x41" if n >= 8 else b"") + bytes([0x58 | n & 7])
    return Block(code + b"\xc3", (place - OUT) // 8, body, rng_names, w)


def assemble(body: list[bytes], branches: list[tuple[int, int, int]]) -> bytes:
    """The body with its forward branches, all with 32-bit displacements but JRCXZ."""
    at = {start: (end, condition) for start, end, condition in branches}
    size = lambda n: len(body[n]) + ((2 if at[n][1] == 16 else 6) if n in at else 0)
    code = b""
    for n, item in enumerate(body):
        if n in at:
            end, condition = at[n]
            distance = len(item) + sum(size(k) for k in range(n + 1, end))
            if condition == 16:
                code += b"\xe3" + bytes([distance]) if distance < 128 else b"\x66\x90"
            else:
                code += bytes([0x0F, 0x80 | condition]) + struct.pack("<i", distance)
        code += item
    return code


def make_block(rng: random.Random, length: int, rows=None, vectors: str = "vector") -> Block:
    """A random block of `length` instructions; `rows` restricts what it is made of.

    `vectors` is the group of vector rows.
    """
    general = [RAX, RCX, RDX] + rng.sample([3, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15], 4)
    if rng.random() < 0.25:
        general = sorted(set(general) | {RSI, RDI, RBX})
    vector = [0] + rng.sample(range(1, 16), 3)
    kind = rng.choice(["integer", "integer", "integer", "vector", "vector", "both", "mmx", "x87"])
    if length == 1 and rows:
        kind = group(rows[0])
    mmx = rng.sample(range(8), 3) if kind == "mmx" else []
    registers = Registers(general, vector, mmx)
    encoder = Encoder(rng, registers)
    body, names = [], []
    while len(body) < length:
        if rows:
            row = rng.choice(rows)
        else:
            which = {"both": rng.choice(["integer", vectors]), "vector": vectors}.get(kind, kind)
            if rng.random() < 0.15:
                which = "integer"
            row = pick_row(rng, which)
        try:
            code = encoder.instruction(row)
        except Unfit:
            if rows and length == 1:
                extra = {RSI, RDI, RBX} - set(registers.general)
                if not extra:
                    raise
                registers.general.extend(extra)
            continue
        body.append(code)
        names.append(row.mnemonic)
    branches = []
    position = 0
    while length > 2 and position < length - 1:
        if rng.random() < 0.2:
            end = min(length, position + rng.randrange(1, 5))
            branches.append((position, end, rng.randrange(16) if rng.random() < 0.95 else 16))
        position += rng.randrange(1, 5)
    uses_vector = kind not in ("integer", "mmx", "x87")
    stored = general if length == 1 else rng.sample(general, rng.randrange(2, len(general) + 1))
    w = Wrapping(
        registers, sorted(stored),
        vector if length == 1 else rng.sample(vector, rng.randrange(1, 5)) if uses_vector else [],
        1 if length == 1 else rng.choice([0, 1, 1, 2]),
        rng.choice([2, 3, 7]) if length > 2 and rng.random() < 0.15 else 1, branches,
        (rng.choice([0, 0x200, 0x300, 0x300]) | rng.randrange(4) << 10 | 0x7F, rng.randrange(9))
        if kind == "x87" else None)
    if not uses_vector and length != 1 and rng.random() < 0.7:
        needed = any(group_of(n) != "integer" for n in names)
        if not needed:
            registers.vector = []
    return wrap(body, w, names)


_GROUP_OF = {row.mnemonic: group(row) for row in USABLE}


def group_of(mnemonic: str) -> str:
    return _GROUP_OF[mnemonic]


_COMMON = [row for row in GROUPS["integer"] if row.mnemonic in set(
    "add sub cmp and or xor test mov lea shl shr sar inc dec adc sbb neg setcc cmovcc movzx movsx imul"
    .split())]


def pick_row(rng: random.Random, which: str):
    """Common integer instructions more often: they are what flag analyses see."""
    if which == "integer" and rng.random() < 0.5:
        return rng.choice(_COMMON)
    return rng.choice(GROUPS[which])
