import Semantics

/// A general-purpose register by its number in the encoding (SDM vol. 2, table 2-2).
public struct GPR: Equatable, Hashable {
  public var number: UInt8
  @inlinable public init(_ number: UInt8) { self.number = number }
  @inlinable public static var rax: GPR { GPR(0) }
  @inlinable public static var rcx: GPR { GPR(1) }
  @inlinable public static var rdx: GPR { GPR(2) }
  @inlinable public static var rbx: GPR { GPR(3) }
  @inlinable public static var rsp: GPR { GPR(4) }
  @inlinable public static var rbp: GPR { GPR(5) }
  @inlinable public static var rsi: GPR { GPR(6) }
  @inlinable public static var rdi: GPR { GPR(7) }
  @inlinable public static var r8: GPR { GPR(8) }
  @inlinable public static var r9: GPR { GPR(9) }
  @inlinable public static var r10: GPR { GPR(10) }
  @inlinable public static var r11: GPR { GPR(11) }
  @inlinable public static var r12: GPR { GPR(12) }
  @inlinable public static var r13: GPR { GPR(13) }
  @inlinable public static var r14: GPR { GPR(14) }
  @inlinable public static var r15: GPR { GPR(15) }
}

/// The status flags, and the direction flag, by their bit in RFLAGS (SDM vol. 1, 3.4.3).
public enum StatusFlag: UInt8, CaseIterable {
  case cf = 0, pf = 2, af = 4, zf = 6, sf = 7, df = 10, of = 11
}

/// The sixteen conditions of Jcc, SETcc and CMOVcc by their encoding (SDM vol. 1, appendix B).
public enum Condition: UInt8 {
  case o, no, b, ae, e, ne, be, a, s, ns, p, np, l, ge, le, g
}

/// An operand. Sizes are in bytes.
public struct Operand: Equatable {
  public enum Kind: UInt8 {
    case none
    case gpr  // number 0…15, size 1, 2, 4, 8
    case highByte  // AH, CH, DH, BH: number 0…3 of the full register, size 1
    case vector  // XMM or YMM: number 0…15, size 16 or 32
    case mmx  // number 0…7
    case x87  // ST(number)
    case segment  // ES CS SS DS FS GS as 0…5
    case memory  // `Instruction.base` …; size is the access's, 0 for LEA and the like
    case immediate  // `Instruction.immediate`, already sign-extended to 64 bits
    case relative  // a direct branch target: `Instruction.target`
  }
  public var kind: Kind
  public var number: UInt8
  public var size: UInt8
  @inlinable public init(_ kind: Kind, _ number: UInt8 = 0, size: UInt8 = 0) {
    self.kind = kind
    self.number = number
    self.size = size
  }
  @inlinable public static var none: Operand { Operand(.none) }
}

public struct Prefixes: OptionSet {
  public let rawValue: UInt8
  @inlinable public init(rawValue: UInt8) { self.rawValue = rawValue }
  @inlinable public static var lock: Prefixes { Prefixes(rawValue: 1) }
  @inlinable public static var rep: Prefixes { Prefixes(rawValue: 2) }  // F3
  @inlinable public static var repne: Prefixes { Prefixes(rawValue: 4) }  // F2
  @inlinable public static var operandSize: Prefixes { Prefixes(rawValue: 8) }  // 66
  @inlinable public static var addressSize: Prefixes { Prefixes(rawValue: 16) }  // 67
  @inlinable public static var vex: Prefixes { Prefixes(rawValue: 32) }
  @inlinable public static var rexW: Prefixes { Prefixes(rawValue: 64) }
}

/// A decoded instruction: 64 bytes of plain data, no reference to the bytes it came from.
public struct Instruction {
  public var operation: Operation
  public var length: UInt8
  /// Effective operand size in bytes: 1, 2, 4, 8 for integers, 16 or 32 for vectors.
  public var size: UInt8
  public var prefixes: Prefixes
  /// Jcc, SETcc, CMOVcc.
  public var condition: Condition
  /// 0 for none (also for CS, DS, ES, SS overrides, which do nothing), 4 for FS, 5 for GS.
  public var segment: UInt8
  public var operandCount: UInt8
  public var operands: (Operand, Operand, Operand, Operand)

  /// The memory operand: base and index as GPR numbers, `noRegister` for none,
  /// `instructionPointer` as base for RIP-relative (displacement is then the absolute address).
  public var base: UInt8
  public var index: UInt8
  /// 0…3: the index is shifted left by it.
  public var scale: UInt8
  public var displacement: Int64
  /// x87 instructions: opcode and ModRM byte (SDM vol. 2, tables ).
  public var immediate: UInt64
  /// Where the instruction is.
  public var address: UInt64

  @inlinable public static var noRegister: UInt8 { 0xff }
  @inlinable public static var instructionPointer: UInt8 { 0xfe }

  @inlinable public init(operation: Operation, address: UInt64) {
    self.operation = operation
    self.address = address
    length = 0
    size = 0
    prefixes = []
    condition = .o
    segment = 0
    operandCount = 0
    operands = (.none, .none, .none, .none)
    base = Instruction.noRegister
    index = Instruction.noRegister
    scale = 0
    displacement = 0
    immediate = 0
  }

  @inlinable public var next: UInt64 { address &+ UInt64(length) }
  /// The direct target of a relative branch or call.
  @inlinable public var target: UInt64 { immediate }
}
