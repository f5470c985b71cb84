// The evaluating machine: guest registers are the VCPU's, guest memory is host memory at the same
// addresses. A bad address raises SIGSEGV in the host; its handler finds the guest's instruction in
// `vcpu.rip`, which whoever executes an instruction sets first.

import RuntimeABI
import Semantics
import Synchronization
import X86

/// A guest fault found by a meaning (not by the memory unit): raised at `vcpu.rip`.
public struct GuestFault: Error, Equatable {
  public var fault: Fault
  public var address: UInt64
  @inlinable public init(_ fault: Fault, address: UInt64 = 0) {
    self.fault = fault
    self.address = address
  }
}

/// How the last instruction left the block. `next` of the machine is where it goes; for a system
/// call, and where nothing was transferred, `next` is not set by the meaning.
public enum Transfer: UInt8 { case none, jump, call, ret, systemCall }

public struct InterpreterMachine: X86Machine {
  public typealias Failure = GuestFault
  public typealias Flag = Bool
  public typealias Carrier = UInt128
  public typealias W8 = UInt8
  public typealias W16 = UInt16
  public typealias W32 = UInt32
  public typealias W64 = UInt64
  public typealias W128 = UInt128
  public typealias V = EvaluatedVector

  public let vcpu: UnsafeMutablePointer<VCPU>
  public var next: UInt64 = 0
  public var transfer: Transfer = .none
  /// Flags worth computing, by their RFLAGS bit.
  public var wanted: UInt16 = ~0
  /// The host's x87 has the guest's registers, not the VCPU (Stepped/HostX87.swift).
  public var usesHostX87 = false

  @inlinable public init(_ vcpu: UnsafeMutablePointer<VCPU>) { self.vcpu = vcpu }

  @inlinable @inline(__always) var raw: UnsafeMutableRawPointer { UnsafeMutableRawPointer(vcpu) }

  @inlinable @inline(__always) static func host(_ address: UInt64) -> UnsafeMutableRawPointer {
    UnsafeMutableRawPointer(bitPattern: UInt(truncatingIfNeeded: address)).unsafelyUnwrapped
  }

  // Registers.

  @inlinable public subscript(gpr: GPR) -> UInt64 {
    @inline(__always) get {
      raw.load(fromByteOffset: Int(truncatingIfNeeded: gpr.number) &* 8, as: UInt64.self)
    }
    @inline(__always) set {
      raw.storeBytes(
        of: newValue, toByteOffset: Int(truncatingIfNeeded: gpr.number) &* 8, as: UInt64.self)
    }
  }

  @inlinable @inline(__always) static func offset(_ flag: StatusFlag) -> Int {
    switch flag {
    case .cf: return 136
    case .pf: return 137
    case .af: return 138
    case .zf: return 139
    case .sf: return 140
    case .of: return 141
    case .df: return 142
    }
  }

  @inlinable @inline(__always) public func flag(_ flag: StatusFlag) -> Bool {
    raw.load(fromByteOffset: Self.offset(flag), as: UInt8.self) != 0
  }

  @inlinable @inline(__always)
  public mutating func set(_ flag: StatusFlag, _ value: @autoclosure () -> Bool) {
    if wanted & (1 &<< UInt16(flag.rawValue)) != 0 {
      raw.storeBytes(of: value() ? 1 : 0, toByteOffset: Self.offset(flag), as: UInt8.self)
    }
  }

  @inlinable public func vector(_ number: UInt8, half: Int) -> EvaluatedVector {
    let offset = 168 &+ 32 &* Int(truncatingIfNeeded: number) &+ 16 &* half
    return EvaluatedVector(
      low: raw.load(fromByteOffset: offset, as: UInt64.self),
      high: raw.load(fromByteOffset: offset &+ 8, as: UInt64.self))
  }

  @inlinable public mutating func setVector(_ number: UInt8, half: Int, _ value: EvaluatedVector) {
    let offset = 168 &+ 32 &* Int(truncatingIfNeeded: number) &+ 16 &* half
    raw.storeBytes(of: value.low, toByteOffset: offset, as: UInt64.self)
    raw.storeBytes(of: value.high, toByteOffset: offset &+ 8, as: UInt64.self)
  }

  @inlinable public func segmentBase(_ segment: UInt8) -> UInt64 {
    segment == 4 ? vcpu.pointee.fsBase : vcpu.pointee.gsBase
  }

  @inlinable public mutating func setSegmentBase(_ segment: UInt8, _ value: UInt64) {
    if segment == 4 { vcpu.pointee.fsBase = value } else { vcpu.pointee.gsBase = value }
  }

  // Memory.

  @inlinable @inline(__always)
  public mutating func load<W: Word>(_ type: W.Type, at address: UInt64) throws(GuestFault) -> W
  where W.Carrier == UInt128, W.Flag == Bool {
    let p = UnsafeRawPointer(Self.host(address))
    switch W.bits {
    case 8: return W(zeroExtending: p.load(as: UInt8.self))
    case 16: return W(zeroExtending: UInt16(littleEndian: p.loadUnaligned(as: UInt16.self)))
    case 32: return W(zeroExtending: UInt32(littleEndian: p.loadUnaligned(as: UInt32.self)))
    case 64: return W(zeroExtending: UInt64(littleEndian: p.loadUnaligned(as: UInt64.self)))
    default: return W(zeroExtending: UInt128(littleEndian: p.loadUnaligned(as: UInt128.self)))
    }
  }

  @inlinable @inline(__always)
  public mutating func store<W: Word>(_ value: W, at address: UInt64) throws(GuestFault)
  where W.Carrier == UInt128, W.Flag == Bool {
    let p = Self.host(address)
    switch W.bits {
    case 8: p.storeBytes(of: UInt8(truncating: value), as: UInt8.self)
    case 16: p.storeBytes(of: UInt16(truncating: value).littleEndian, as: UInt16.self)
    case 32: p.storeBytes(of: UInt32(truncating: value).littleEndian, as: UInt32.self)
    case 64: p.storeBytes(of: UInt64(truncating: value).littleEndian, as: UInt64.self)
    default: p.storeBytes(of: UInt128(truncating: value).littleEndian, as: UInt128.self)
    }
  }

  @inlinable public mutating func loadVector(at address: UInt64, alignment: Int)
    throws(GuestFault) -> EvaluatedVector
  {
    try fault(.generalProtection, if: Self.isMisaligned(address, alignment))
    let p = UnsafeRawPointer(Self.host(address))
    return EvaluatedVector(
      low: UInt64(littleEndian: p.loadUnaligned(as: UInt64.self)),
      high: UInt64(littleEndian: p.loadUnaligned(fromByteOffset: 8, as: UInt64.self)))
  }

  @inlinable @inline(__always)
  static func isMisaligned(_ address: UInt64, _ alignment: Int) -> Bool {
    address & UInt64(truncatingIfNeeded: alignment &- 1) != 0
  }

  @inlinable public mutating func storeVector(
    _ value: EvaluatedVector, at address: UInt64, alignment: Int
  ) throws(GuestFault) {
    try fault(.generalProtection, if: Self.isMisaligned(address, alignment))
    // One store, so that a fault on the second page leaves nothing half written.
    let both = UInt128(truncatingIfNeeded: value.low)
      | UInt128(truncatingIfNeeded: value.high) &<< 64
    Self.host(address).storeBytes(of: both.littleEndian, as: UInt128.self)
  }

  // Decisions.

  @inlinable @inline(__always)
  public func select<W: Word>(_ condition: Bool, _ yes: W, _ no: W) -> W { condition ? yes : no }
  @inlinable @inline(__always)
  public func select(_ condition: Bool, _ yes: Bool, _ no: Bool) -> Bool { condition ? yes : no }
  @inlinable @inline(__always)
  public func select(_ condition: Bool, _ yes: EvaluatedVector, _ no: EvaluatedVector)
    -> EvaluatedVector
  { condition ? yes : no }

  @inlinable @inline(__always)
  public mutating func when(
    _ condition: Bool, _ body: (inout InterpreterMachine) throws(GuestFault) -> Void
  ) throws(GuestFault) {
    if condition { try body(&self) }
  }

  @inlinable @inline(__always)
  public mutating func loop(
    _ body: (inout InterpreterMachine) throws(GuestFault) -> Bool
  ) throws(GuestFault) {
    while try body(&self) {}
  }

  @inlinable @inline(__always)
  public mutating func fault(_ fault: Fault, if condition: Bool) throws(GuestFault) {
    if condition { throw GuestFault(fault, address: vcpu.pointee.rip) }
  }

  // Control.

  @inlinable @inline(__always) public mutating func jump(to target: UInt64) throws(GuestFault) {
    next = target
    transfer = .jump
  }
  @inlinable @inline(__always)
  public mutating func branch(if condition: Bool, to target: UInt64) throws(GuestFault) {
    if condition {
      next = target
      transfer = .jump
    }
  }
  @inlinable @inline(__always)
  public mutating func call(to target: UInt64, returningTo: UInt64) throws(GuestFault) {
    next = target
    transfer = .call
  }
  @inlinable @inline(__always)
  public mutating func callDirect(to target: UInt64, returningTo: UInt64) throws(GuestFault) {
    next = target
    transfer = .call
  }
  @inlinable @inline(__always)
  public mutating func jumpDirect(to target: UInt64) throws(GuestFault) {
    next = target
    transfer = .jump
  }
  @inlinable @inline(__always) public mutating func ret(to target: UInt64) throws(GuestFault) {
    next = target
    transfer = .ret
  }
  @inlinable @inline(__always) public mutating func systemCall() throws(GuestFault) {
    transfer = .systemCall
  }

  public mutating func step(_ i: Instruction, address: UInt64?, effects: StepEffects)
    throws(GuestFault)
  {
    wanted = ~0
    try stepped(i, address ?? 0)
  }
}
