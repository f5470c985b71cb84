import Semantics
import X86

/// The smallest evaluating machine: registers in an array, memory only within a window of this
/// process. It knows nothing of VCPU or runtime, so that a difference from the processor is a
/// meaning's.
struct PlainMachine: X86Machine {
  enum Stop: Error, Equatable {
    case fault(Fault, address: UInt64)
    case stepped
  }
  enum Transfer: Equatable {
    case none
    case to(UInt64)
    case call(UInt64)
    case ret(UInt64)
    case systemCall
  }
  typealias Failure = Stop
  typealias Flag = Bool
  typealias Carrier = UInt128
  typealias W8 = UInt8
  typealias W16 = UInt16
  typealias W32 = UInt32
  typealias W64 = UInt64
  typealias W128 = UInt128
  typealias V = EvaluatedVector

  var gpr = [UInt64](repeating: 0, count: 16)
  var flags: UInt64 = 0
  var vectors = [EvaluatedVector](repeating: EvaluatedVector(low: 0, high: 0), count: 32)
  var bases: [UInt64] = [0, 0]
  var window: Range<UInt64>
  var transfer = Transfer.none

  init(window: Range<UInt64>) { self.window = window }

  subscript(register: GPR) -> UInt64 {
    get { gpr[Int(register.number)] }
    set { gpr[Int(register.number)] = newValue }
  }
  func flag(_ flag: StatusFlag) -> Bool { flags >> UInt64(flag.rawValue) & 1 == 1 }
  mutating func set(_ flag: StatusFlag, _ value: @autoclosure () -> Bool) {
    let bit: UInt64 = 1 << UInt64(flag.rawValue)
    flags = value() ? flags | bit : flags & ~bit
  }
  func vector(_ number: UInt8, half: Int) -> EvaluatedVector { vectors[2 * Int(number) + half] }
  mutating func setVector(_ number: UInt8, half: Int, _ value: EvaluatedVector) {
    vectors[2 * Int(number) + half] = value
  }
  func segmentBase(_ segment: UInt8) -> UInt64 { bases[Int(segment) - 4] }
  mutating func setSegmentBase(_ segment: UInt8, _ value: UInt64) {
    bases[Int(segment) - 4] = value
  }

  func pointer(_ address: UInt64, _ bytes: Int) throws(Stop) -> UnsafeMutableRawPointer {
    let inside =
      address >= window.lowerBound && address < window.upperBound
      && window.upperBound - address >= UInt64(bytes)
    guard inside, let pointer = UnsafeMutableRawPointer(bitPattern: UInt(address)) else {
      throw .fault(.pageFault, address: address)
    }
    return pointer
  }

  mutating func load<W: Word>(_ type: W.Type, at address: UInt64) throws(Stop) -> W
  where W.Carrier == UInt128, W.Flag == Bool {
    let pointer = try pointer(address, W.bits / 8)
    var value: UInt128 = 0
    for n in (0..<W.bits / 8).reversed() {
      value = value << 8 | UInt128(pointer.load(fromByteOffset: n, as: UInt8.self))
    }
    return W(truncating: value)
  }
  mutating func store<W: Word>(_ value: W, at address: UInt64) throws(Stop)
  where W.Carrier == UInt128, W.Flag == Bool {
    let pointer = try pointer(address, W.bits / 8)
    for n in 0..<W.bits / 8 {
      let byte = UInt8(truncatingIfNeeded: value.carrier >> UInt128(8 * n))
      pointer.storeBytes(of: byte, toByteOffset: n, as: UInt8.self)
    }
  }
  mutating func loadVector(at address: UInt64, alignment: Int) throws(Stop) -> EvaluatedVector {
    try fault(.generalProtection, if: address % UInt64(alignment) != 0)
    let bits = try load(UInt128.self, at: address)
    return EvaluatedVector(bits: bits)
  }
  mutating func storeVector(_ value: EvaluatedVector, at address: UInt64, alignment: Int)
    throws(Stop)
  {
    try fault(.generalProtection, if: address % UInt64(alignment) != 0)
    try store(value.bits, at: address)
  }

  func select<W: Word>(_ condition: Bool, _ yes: W, _ no: W) -> W { condition ? yes : no }
  func select(_ condition: Bool, _ yes: Bool, _ no: Bool) -> Bool { condition ? yes : no }
  func select(_ condition: Bool, _ yes: EvaluatedVector, _ no: EvaluatedVector) -> EvaluatedVector {
    condition ? yes : no
  }
  mutating func when(_ condition: Bool, _ body: (inout Self) throws(Stop) -> Void) throws(Stop) {
    if condition { try body(&self) }
  }
  mutating func loop(_ body: (inout Self) throws(Stop) -> Bool) throws(Stop) {
    while try body(&self) {}
  }
  mutating func fault(_ fault: Fault, if condition: Bool) throws(Stop) {
    if condition { throw .fault(fault, address: 0) }
  }

  mutating func atomic<W: Word>(_ operation: AtomicOperation, _ operand: W, at address: UInt64)
    throws(Stop) -> W where W.Carrier == UInt128, W.Flag == Bool
  {
    let old = try load(W.self, at: address)
    switch operation {
    case .exchange: try store(operand, at: address)
    case .add: try store(old &+ operand, at: address)
    case .subtract: try store(old &- operand, at: address)
    case .and: try store(old & operand, at: address)
    case .or: try store(old | operand, at: address)
    case .xor: try store(old ^ operand, at: address)
    }
    return old
  }
  mutating func compareExchange<W: Word>(expected: W, desired: W, at address: UInt64)
    throws(Stop) -> W where W.Carrier == UInt128, W.Flag == Bool
  {
    let old = try load(W.self, at: address)
    try store(old.isEqual(to: expected) ? desired : old, at: address)
    return old
  }
  mutating func fence() throws(Stop) {}

  mutating func jump(to target: UInt64) throws(Stop) { transfer = .to(target) }
  mutating func jumpDirect(to target: UInt64) throws(Stop) { transfer = .to(target) }
  mutating func branch(if condition: Bool, to target: UInt64) throws(Stop) {
    if condition { transfer = .to(target) }
  }
  mutating func call(to target: UInt64, returningTo next: UInt64) throws(Stop) {
    transfer = .call(target)
  }
  mutating func callDirect(to target: UInt64, returningTo next: UInt64) throws(Stop) {
    transfer = .call(target)
  }
  mutating func ret(to target: UInt64) throws(Stop) { transfer = .ret(target) }
  mutating func systemCall() throws(Stop) { transfer = .systemCall }
  mutating func step(_ i: Instruction, address: UInt64?, effects: StepEffects) throws(Stop) {
    throw .stepped
  }
}
