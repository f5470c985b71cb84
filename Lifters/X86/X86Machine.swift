import Semantics

/// A `Machine` with x86-64's registers, and the few things only x86 asks of a machine.
public protocol X86Machine: Machine {
  subscript(gpr: GPR) -> W64 { get set }
  /// Setting a flag nobody reads costs nothing: the value is an autoclosure, which the translator
  /// and the interpreter skip when flag liveness says so.
  func flag(_ flag: StatusFlag) -> Flag
  mutating func set(_ flag: StatusFlag, _ value: @autoclosure () -> Flag)
  /// The low (0) and high (1) 128-bit half of YMM register `number`.
  func vector(_ number: UInt8, half: Int) -> V
  mutating func setVector(_ number: UInt8, half: Int, _ value: V)
  /// FS (4) or GS (5) base.
  func segmentBase(_ segment: UInt8) -> W64
  mutating func setSegmentBase(_ segment: UInt8, _ value: W64)

  /// Control transfers; each ends the instruction's meaning.
  mutating func jump(to target: W64) throws(Failure)
  mutating func branch(if condition: Flag, to target: UInt64) throws(Failure)
  /// The return address has been stored and `rsp` moved by the meaning.
  mutating func call(to target: W64, returningTo next: UInt64) throws(Failure)
  mutating func callDirect(to target: UInt64, returningTo next: UInt64) throws(Failure)
  mutating func jumpDirect(to target: UInt64) throws(Failure)
  /// `rsp` has been moved by the meaning.
  mutating func ret(to target: W64) throws(Failure)
  mutating func systemCall() throws(Failure)

  /// Hands the instruction to `Stepped`, a meaning written against the VCPU alone (x87, FXSAVE,
  /// CPUID, …): the same code in every engine, called by translated code. `effects` names what it
  /// reads and writes besides x87, MXCSR and memory; `address` is the memory operand's, if any.
  mutating func step(_ i: Instruction, address: W64?, effects: StepEffects) throws(Failure)
}

/// Register effects of a stepped instruction as bit sets: GPR n is bit n, XMM n is bit n and the
/// upper half of its YMM bit 16 + n, flags by
/// their RFLAGS bit.
public struct StepEffects {
  public var readsGPR: UInt16
  public var writesGPR: UInt16
  public var readsVector: UInt32
  public var writesVector: UInt32
  public var readsFlags: UInt16
  public var writesFlags: UInt16
  @inlinable public init(
    readsGPR: UInt16 = 0, writesGPR: UInt16 = 0, readsVector: UInt32 = 0, writesVector: UInt32 = 0,
    readsFlags: UInt16 = 0, writesFlags: UInt16 = 0
  ) {
    self.readsGPR = readsGPR
    self.writesGPR = writesGPR
    self.readsVector = readsVector
    self.writesVector = writesVector
    self.readsFlags = readsFlags
    self.writesFlags = writesFlags
  }
}

// Operand access: what nearly every meaning is written in.
extension X86Machine {
  /// The address of the memory operand (SDM vol. 1, 3.7.5), segment base included.
  @inlinable public func effectiveAddress(_ i: Instruction) -> W64 {
    let address = offset(i)
    return i.segment == 0 ? address : address &+ segmentBase(i.segment)
  }

  /// As LEA computes it: without the segment base.
  @inlinable public func offset(_ i: Instruction) -> W64 {
    var sum = W64(UInt64(bitPattern: i.displacement))
    if i.base < 16 { sum = self[GPR(i.base)] &+ sum }
    if i.index < 16 {
      let index = self[GPR(i.index)]
      sum = sum &+ (i.scale == 0 ? index : index.shiftedLeft(by: W64(UInt64(i.scale))))
    }
    if i.prefixes.contains(.addressSize) { return W64(zeroExtending: W32(truncating: sum)) }
    return sum
  }

  @inlinable public func register<W: Word>(_ operand: Operand, _ type: W.Type) -> W
  where W.Carrier == Carrier, W.Flag == Flag {
    if operand.kind == .highByte {
      return W(truncating: self[GPR(operand.number)].shiftedRight(by: W64(8)))
    }
    return W(truncating: self[GPR(operand.number)])
  }

  /// Writes a register operand: 32-bit writes clear the upper half, 8- and 16-bit writes keep the
  /// rest (SDM vol. 1, 3.4.1.1).
  @inlinable public mutating func setRegister<W: Word>(_ operand: Operand, _ value: W)
  where W.Carrier == Carrier, W.Flag == Flag {
    let gpr = GPR(operand.number)
    let wide = W64(zeroExtending: value)
    if W.bits >= 32 {
      self[gpr] = wide
    } else if operand.kind == .highByte {
      self[gpr] = (self[gpr] & W64(~0xff00)) | wide.shiftedLeft(by: W64(8))
    } else {
      self[gpr] = (self[gpr] & W64(W.bits == 8 ? ~0xff : ~0xffff)) | wide
    }
  }

  /// Reads a register, memory or immediate operand.
  @inlinable public mutating func read<W: Word>(
    _ operand: Operand, _ i: Instruction, _ type: W.Type
  ) throws(Failure) -> W where W.Carrier == Carrier, W.Flag == Flag {
    switch operand.kind {
    case .memory: return try load(W.self, at: effectiveAddress(i))
    case .immediate: return W(i.immediate)
    default: return register(operand, W.self)
    }
  }

  @inlinable public mutating func write<W: Word>(
    _ operand: Operand, _ i: Instruction, _ value: W
  ) throws(Failure) where W.Carrier == Carrier, W.Flag == Flag {
    if operand.kind == .memory {
      try store(value, at: effectiveAddress(i))
    } else {
      setRegister(operand, value)
    }
  }

  /// The low 128 bits of a vector operand: XMM, or 16 bytes of memory.
  @inlinable public mutating func readVector(_ operand: Operand, _ i: Instruction, half: Int = 0)
    throws(Failure) -> V
  {
    if operand.kind == .memory {
      return try loadVector(
        at: effectiveAddress(i) &+ W64(UInt64(half) &* 16),
        alignment: half == 0 ? i.vectorAlignment : 1)
    }
    return vector(operand.number, half: half)
  }

  @inlinable public func condition(_ condition: Condition) -> Flag {
    switch condition {
    case .o: return flag(.of)
    case .no: return !flag(.of)
    case .b: return flag(.cf)
    case .ae: return !flag(.cf)
    case .e: return flag(.zf)
    case .ne: return !flag(.zf)
    case .be: return flag(.cf) | flag(.zf)
    case .a: return !(flag(.cf) | flag(.zf))
    case .s: return flag(.sf)
    case .ns: return !flag(.sf)
    case .p: return flag(.pf)
    case .np: return !flag(.pf)
    case .l: return flag(.sf) ^ flag(.of)
    case .ge: return !(flag(.sf) ^ flag(.of))
    case .le: return flag(.zf) | (flag(.sf) ^ flag(.of))
    case .g: return !(flag(.zf) | (flag(.sf) ^ flag(.of)))
    }
  }
}
