import Semantics
import X86

// The third machine: it runs a meaning to see what it touches. Its words are empty, so that nothing
// but the calls of registers, flags and memory remains of a meaning.

public struct EffectsFailure: Error {}

public struct EffectsCarrier {
  @inlinable public init() {}
}

public struct EffectsFlag: FlagValue {
  @inlinable public init() {}
  @inlinable public init(_ constant: Bool) {}
  @inlinable public static func & (a: Self, b: Self) -> Self { a }
  @inlinable public static func | (a: Self, b: Self) -> Self { a }
  @inlinable public static func ^ (a: Self, b: Self) -> Self { a }
  @inlinable public static prefix func ! (a: Self) -> Self { a }
}

public protocol EffectsWord: Word where Flag == EffectsFlag, Carrier == EffectsCarrier {
  init()
}

extension EffectsWord {
  @inlinable public init(_ constant: UInt64) { self.init() }
  @inlinable public init<W: Word>(zeroExtending value: W) { self.init() }
  @inlinable public init<W: Word>(signExtending value: W) { self.init() }
  @inlinable public init<W: Word>(truncating value: W) { self.init() }
  @inlinable public init(_ flag: EffectsFlag) { self.init() }
  @inlinable public var carrier: EffectsCarrier { EffectsCarrier() }
  @inlinable public static func &+ (a: Self, b: Self) -> Self { a }
  @inlinable public static func &- (a: Self, b: Self) -> Self { a }
  @inlinable public static func &* (a: Self, b: Self) -> Self { a }
  @inlinable public static func & (a: Self, b: Self) -> Self { a }
  @inlinable public static func | (a: Self, b: Self) -> Self { a }
  @inlinable public static func ^ (a: Self, b: Self) -> Self { a }
  @inlinable public static prefix func ~ (a: Self) -> Self { a }
  @inlinable public func shiftedLeft(by count: Self) -> Self { self }
  @inlinable public func shiftedRight(by count: Self) -> Self { self }
  @inlinable public func shiftedRightArithmetically(by count: Self) -> Self { self }
  @inlinable public func rotatedLeft(by count: Self) -> Self { self }
  @inlinable public func rotatedRight(by count: Self) -> Self { self }
  @inlinable public func dividedUnsigned(by divisor: Self) -> Self { self }
  @inlinable public func remainderUnsigned(by divisor: Self) -> Self { self }
  @inlinable public func dividedSigned(by divisor: Self) -> Self { self }
  @inlinable public func remainderSigned(by divisor: Self) -> Self { self }
  @inlinable public func isEqual(to other: Self) -> EffectsFlag { EffectsFlag() }
  @inlinable public func isBelow(_ other: Self) -> EffectsFlag { EffectsFlag() }
  @inlinable public func isLess(_ other: Self) -> EffectsFlag { EffectsFlag() }
  @inlinable public var isZero: EffectsFlag { EffectsFlag() }
  @inlinable public var isNegative: EffectsFlag { EffectsFlag() }
  @inlinable public func bit(_ position: Int) -> EffectsFlag { EffectsFlag() }
  @inlinable public var populationCount: Self { self }
  @inlinable public var leadingZeros: Self { self }
  @inlinable public var trailingZeros: Self { self }
  @inlinable public var bytesReversed: Self { self }
}

public struct EffectsWord8: EffectsWord {
  @inlinable public static var bits: Int { 8 }
  @inlinable public init() {}
}
public struct EffectsWord16: EffectsWord {
  @inlinable public static var bits: Int { 16 }
  @inlinable public init() {}
}
public struct EffectsWord32: EffectsWord {
  @inlinable public static var bits: Int { 32 }
  @inlinable public init() {}
}
public struct EffectsWord64: EffectsWord {
  @inlinable public static var bits: Int { 64 }
  @inlinable public init() {}
}
public struct EffectsWord128: EffectsWord {
  @inlinable public static var bits: Int { 128 }
  @inlinable public init() {}
}

public struct EffectsMachine: X86Machine {
  public typealias Failure = EffectsFailure
  public typealias Flag = EffectsFlag
  public typealias Carrier = EffectsCarrier
  public typealias W8 = EffectsWord8
  public typealias W16 = EffectsWord16
  public typealias W32 = EffectsWord32
  public typealias W64 = EffectsWord64
  public typealias W128 = EffectsWord128
  public typealias V = EffectsVector

  /// Reading is not mutating in the protocol, and what is read must be noted: one allocation serves
  /// all instructions.
  @usableFromInline let state: UnsafeMutablePointer<Effects>

  @inlinable init(_ state: UnsafeMutablePointer<Effects>) { self.state = state }

  // MARK: registers and flags

  public subscript(gpr: GPR) -> EffectsWord64 {
    @inlinable get {
      state.pointee.readsGPR |= (1 &<< UInt16(gpr.number)) & ~state.pointee.writesGPR
      return EffectsWord64()
    }
    @inlinable set { state.pointee.writesGPR |= 1 &<< UInt16(gpr.number) }
  }

  @inlinable public func flag(_ flag: StatusFlag) -> EffectsFlag {
    state.pointee.readsFlags |= (1 &<< UInt16(flag.rawValue)) & ~state.pointee.writesFlags
    return EffectsFlag()
  }

  @inlinable public mutating func set(_ flag: StatusFlag, _ value: @autoclosure () -> EffectsFlag) {
    // Evaluated for what it reads: a flag computed from another flag.
    _ = value()
    state.pointee.writesFlags |= 1 &<< UInt16(flag.rawValue)
  }

  @inlinable public func vector(_ number: UInt8, half: Int) -> EffectsVector {
    let bit: UInt32 = 1 &<< (UInt32(number) &+ UInt32(16 &* half))
    state.pointee.readsVectors |= bit & ~state.pointee.writesVectors
    return EffectsVector()
  }

  @inlinable public mutating func setVector(_ number: UInt8, half: Int, _ value: EffectsVector) {
    state.pointee.writesVectors |= 1 &<< (UInt32(number) &+ UInt32(16 &* half))
  }

  @inlinable public func segmentBase(_ segment: UInt8) -> EffectsWord64 {
    state.pointee.readsSegments |= (1 &<< segment) & ~state.pointee.writesSegments
    return EffectsWord64()
  }

  @inlinable public mutating func setSegmentBase(_ segment: UInt8, _ value: EffectsWord64) {
    state.pointee.writesSegments |= 1 &<< segment
  }

  // MARK: memory

  @inlinable public mutating func load<W: Word>(_ type: W.Type, at address: EffectsWord64)
    throws(EffectsFailure) -> W where W.Carrier == EffectsCarrier, W.Flag == EffectsFlag
  {
    state.pointee.loads = true
    return W(0)
  }

  @inlinable public mutating func store<W: Word>(_ value: W, at address: EffectsWord64)
    throws(EffectsFailure) where W.Carrier == EffectsCarrier, W.Flag == EffectsFlag
  {
    state.pointee.stores = true
  }

  @inlinable public mutating func loadVector(at address: EffectsWord64, alignment: Int)
    throws(EffectsFailure) -> EffectsVector
  {
    state.pointee.loads = true
    return EffectsVector()
  }

  @inlinable public mutating func storeVector(
    _ value: EffectsVector, at address: EffectsWord64, alignment: Int
  ) throws(EffectsFailure)
  {
    state.pointee.stores = true
  }

  @inlinable public mutating func atomic<W: Word>(
    _ operation: AtomicOperation, _ operand: W, at address: EffectsWord64
  ) throws(EffectsFailure) -> W where W.Carrier == EffectsCarrier, W.Flag == EffectsFlag {
    state.pointee.loads = true
    state.pointee.stores = true
    state.pointee.orders = true
    return operand
  }

  @inlinable public mutating func compareExchange<W: Word>(
    expected: W, desired: W, at address: EffectsWord64
  ) throws(EffectsFailure) -> W where W.Carrier == EffectsCarrier, W.Flag == EffectsFlag {
    state.pointee.loads = true
    state.pointee.stores = true
    state.pointee.orders = true
    return expected
  }

  @inlinable public mutating func fence() throws(EffectsFailure) { state.pointee.orders = true }

  // MARK: decisions

  @inlinable public func select<W: Word>(_ condition: EffectsFlag, _ yes: W, _ no: W) -> W
  where W.Carrier == EffectsCarrier, W.Flag == EffectsFlag { yes }
  @inlinable public func select(_ condition: EffectsFlag, _ yes: EffectsFlag, _ no: EffectsFlag)
    -> EffectsFlag
  { yes }
  @inlinable public func select(
    _ condition: EffectsFlag, _ yes: EffectsVector, _ no: EffectsVector
  ) -> EffectsVector { yes }

  /// What the body writes counts as written within the body, and as perhaps written after it.
  @inlinable public mutating func when(
    _ condition: EffectsFlag, _ body: (inout Self) throws(EffectsFailure) -> Void
  ) throws(EffectsFailure) {
    let gpr = state.pointee.writesGPR
    let flags = state.pointee.writesFlags
    let vectors = state.pointee.writesVectors
    try body(&self)
    state.pointee.maybeGPR |= state.pointee.writesGPR & ~gpr
    state.pointee.maybeFlags |= state.pointee.writesFlags & ~flags
    state.pointee.maybeVectors |= state.pointee.writesVectors & ~vectors
    state.pointee.writesGPR = gpr
    state.pointee.writesFlags = flags
    state.pointee.writesVectors = vectors
  }

  /// A loop's body runs at least once, so one turn shows all.
  @inlinable public mutating func loop(
    _ body: (inout Self) throws(EffectsFailure) -> EffectsFlag
  ) throws(EffectsFailure) {
    _ = try body(&self)
  }

  @inlinable public mutating func fault(_ fault: Fault, if condition: EffectsFlag)
    throws(EffectsFailure)
  {
    state.pointee.faults |= 1 &<< UInt32(fault.rawValue)
  }

  // MARK: control

  @inlinable public mutating func jump(to target: EffectsWord64) throws(EffectsFailure) {
    state.pointee.transfer = .jumpIndirect
  }
  @inlinable public mutating func jumpDirect(to target: UInt64) throws(EffectsFailure) {
    state.pointee.transfer = .jumpDirect
  }
  @inlinable public mutating func branch(if condition: EffectsFlag, to target: UInt64)
    throws(EffectsFailure)
  {
    state.pointee.transfer = .branch
  }
  @inlinable public mutating func call(to target: EffectsWord64, returningTo next: UInt64)
    throws(EffectsFailure)
  {
    state.pointee.transfer = .callIndirect
  }
  @inlinable public mutating func callDirect(to target: UInt64, returningTo next: UInt64)
    throws(EffectsFailure)
  {
    state.pointee.transfer = .callDirect
  }
  @inlinable public mutating func ret(to target: EffectsWord64) throws(EffectsFailure) {
    state.pointee.transfer = .ret
  }
  @inlinable public mutating func systemCall() throws(EffectsFailure) {
    state.pointee.transfer = .systemCall
  }

  /// A stepped instruction may leave out any of its writes (a fault, a masked lane).
  @inlinable public mutating func step(
    _ i: Instruction, address: EffectsWord64?, effects: StepEffects
  ) throws(EffectsFailure) {
    state.pointee.stepped = true
    state.pointee.readsGPR |= effects.readsGPR & ~state.pointee.writesGPR
    state.pointee.maybeGPR |= effects.writesGPR
    state.pointee.readsFlags |= effects.readsFlags & ~state.pointee.writesFlags
    state.pointee.maybeFlags |= effects.writesFlags
    state.pointee.readsVectors |= effects.readsVector & ~state.pointee.writesVectors
    state.pointee.maybeVectors |= effects.writesVector
    if address != nil {
      state.pointee.loads = true
      state.pointee.stores = true
    }
  }
}
