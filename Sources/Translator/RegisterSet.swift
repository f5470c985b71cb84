import Discovery
import RuntimeABI
import X86

/// A guest register as the translator numbers them: everything that can be an SSA value.
///
/// 0…15 general-purpose, 16…22 flags, 24…39 low halves of YMM (the XMM registers), 40…55 high
/// halves.
struct Register: Hashable, Comparable {
  var index: Int

  static func gpr(_ n: Int) -> Register { Register(index: n) }
  static func gpr(_ r: GPR) -> Register { Register(index: Int(r.number)) }
  static func flag(_ f: StatusFlag) -> Register {
    switch f {
    case .cf: Register(index: 16)
    case .pf: Register(index: 17)
    case .af: Register(index: 18)
    case .zf: Register(index: 19)
    case .sf: Register(index: 20)
    case .of: Register(index: 21)
    case .df: Register(index: 22)
    }
  }
  static func vector(_ n: Int, half: Int) -> Register { Register(index: 24 + 16 * half + n) }

  static func < (a: Register, b: Register) -> Bool { a.index < b.index }

  var isGPR: Bool { index < 16 }
  var isFlag: Bool { index >= 16 && index < 23 }
  var isVector: Bool { index >= 24 }

  /// Where the register lives in the VCPU.
  var offset: Int {
    switch index {
    case 0..<16: VCPUOffset.gpr(index)
    case 16..<23: VCPUOffset.cf + (index - 16)
    default: VCPUOffset.ymm((index - 24) & 15, half: (index - 24) >> 4)
    }
  }

  static let count = 56
}

/// A set of guest registers.
struct RegisterSet: Hashable, Sequence, ExpressibleByArrayLiteral {
  var rawValue: UInt64

  init(rawValue: UInt64) { self.rawValue = rawValue }
  init() { rawValue = 0 }
  init(_ registers: Register...) {
    rawValue = 0
    for r in registers { insert(r) }
  }

  init(arrayLiteral elements: RegisterSet...) {
    rawValue = elements.reduce(0) { $0 | $1.rawValue }
  }

  func union(_ o: RegisterSet) -> RegisterSet { RegisterSet(rawValue: rawValue | o.rawValue) }
  func intersection(_ o: RegisterSet) -> RegisterSet { RegisterSet(rawValue: rawValue & o.rawValue) }
  func subtracting(_ o: RegisterSet) -> RegisterSet { RegisterSet(rawValue: rawValue & ~o.rawValue) }
  mutating func formUnion(_ o: RegisterSet) { rawValue |= o.rawValue }
  func isSuperset(of o: RegisterSet) -> Bool { o.rawValue & ~rawValue == 0 }

  mutating func insert(_ r: Register) { rawValue |= 1 << UInt64(r.index) }
  mutating func remove(_ r: Register) { rawValue &= ~(1 << UInt64(r.index)) }
  func contains(_ r: Register) -> Bool { rawValue >> UInt64(r.index) & 1 == 1 }
  var isEmpty: Bool { rawValue == 0 }

  func makeIterator() -> AnyIterator<Register> {
    var rest = rawValue
    return AnyIterator {
      guard rest != 0 else { return nil }
      defer { rest &= rest - 1 }
      return Register(index: rest.trailingZeroBitCount)
    }
  }

  init(gpr: UInt16, flags: UInt16, vectors: UInt32) {
    rawValue = UInt64(gpr) | UInt64(vectors) << 24
    for f in StatusFlag.allCases where flags >> f.rawValue & 1 == 1 { insert(.flag(f)) }
  }

  /// With the bits above the low byte of RAX, RCX, RDX, RSI, RDI, R8 and R9, and the upper lanes of XMM0 and XMM1, as
  /// members of their own, which are no registers: liveness alone knows them (PartAccess.swift).
  var withUpperParts: RegisterSet {
    let general = (rawValue & 0x7) << 56 | (rawValue & 0x3c0) << 53
    let vectors = (rawValue >> 24 & 1) << 23 | (rawValue >> 25 & 1) << 63
    return RegisterSet(rawValue: rawValue | general | vectors)
  }
  /// Registers of which a part is in the set.
  var registers: RegisterSet {
    let general = rawValue >> 56 & 0x7 | rawValue >> 53 & 0x3c0
    let vectors = (rawValue >> 23 & 1) << 24 | (rawValue >> 63) << 25
    return RegisterSet(rawValue: (rawValue | general | vectors) & ~(0xff << 56 | 1 << 23))
  }

  static let flags = RegisterSet(rawValue: 0x7f << 16)
  static let gprs = RegisterSet(rawValue: 0xffff)
  static let vectors = RegisterSet(rawValue: 0xffff_ffff << 24)
  static let all: RegisterSet = [gprs, flags, vectors]
  static let rsp = RegisterSet(.gpr(.rsp))

  /// What the psABI has a function preserve (System V x86-64 psABI 1.0, 3.2.1), without RSP.
  static let calleeSaved = RegisterSet(
    .gpr(.rbx), .gpr(.rbp), .gpr(.r12), .gpr(.r13), .gpr(.r14), .gpr(.r15))
  /// What it passes arguments in, with AL (number of vector registers) and R10 (static chain).
  static let arguments: RegisterSet = {
    var set = RegisterSet(
      .gpr(.rdi), .gpr(.rsi), .gpr(.rdx), .gpr(.rcx), .gpr(.r8), .gpr(.r9), .gpr(.rax), .gpr(.r10))
    for n in 0..<8 { set.insert(.vector(n, half: 0)) }
    return set
  }()
  /// What it returns values in.
  static let results = RegisterSet(
    .gpr(.rax), .gpr(.rdx), .vector(0, half: 0), .vector(1, half: 0))
  /// The upper halves of vectors of 32 bytes, as results and as arguments. They have no place in any
  /// convention and travel in slots.
  static let wideResults = RegisterSet(.vector(0, half: 1), .vector(1, half: 1))
  static let wideArguments: RegisterSet = (0..<8).reduce(into: []) { $0.insert(.vector($1, half: 1)) }

  /// Go's internal convention (cmd/compile/abi-internal.md, "amd64 architecture"): results of a
  /// call, less RBX, which is looked at like any register that the psABI has kept.
  static let goResults = RegisterSet(
    .gpr(.rax), .gpr(.rcx), .gpr(.rdx), .gpr(.rdi), .gpr(.rsi), .gpr(.r8), .gpr(.r9), .gpr(.r10),
    .gpr(.r11)
  ).union(goVectors)
  /// Its arguments, with the closure's context in RDX.
  static let goArguments = goResults.union(arguments).union(goZero)
  /// XMM15 is zero at every call and return.
  static let goZero = RegisterSet(.vector(15, half: 0))
  /// What functions keep of the psABI's callee-saved registers.
  static let goKept = RegisterSet(.gpr(.rbp), .gpr(.r14))
  /// What Swift's functions answer in besides the psABI's registers; an error, or none, is in R12 at every return of one
  /// that throws.
  static let swiftResults = RegisterSet(.gpr(.rcx), .gpr(.r8), .vector(2, half: 0), .vector(3, half: 0))
    .union(swiftError)
  static let swiftError = RegisterSet(.gpr(.r12))
  private static let goVectors: RegisterSet = (0..<15).reduce(into: []) {
    $0.insert(.vector($1, half: 0))
  }
}
