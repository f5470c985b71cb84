/// What a guest instruction can raise. Numbers are x86 vectors; `GuestLinux` maps them to signals.
public enum Fault: UInt8, Sendable {
  case divideError = 0  // #DE, SIGFPE
  case debug = 1  // INT1, SIGTRAP
  case breakpoint = 3  // INT3, SIGTRAP
  case overflow = 4  // INTO
  case invalidOpcode = 6  // #UD, SIGILL
  case generalProtection = 13  // #GP, SIGSEGV with si_addr 0
  case pageFault = 14  // #PF, SIGSEGV or SIGBUS
  case floatingPoint = 16  // #MF, SIGFPE
}

/// One side of "one meaning, two machines": an instruction's meaning is written once against this
/// protocol. The interpreter evaluates it, the translator turns it into LLVM IR, and the analysis
/// records what it reads and writes.
///
/// Rules a meaning keeps:
/// - it reads, computes, writes, then sets flags, so that a fault leaves nothing half done;
/// - a value made inside a `when` or `loop` body leaves it only through registers or memory;
/// - a Swift `if` looks only at the instruction, never at a guest value.
public protocol Machine {
  associatedtype Failure: Error
  associatedtype Flag: FlagValue
  associatedtype Carrier
  associatedtype W8: Word where W8.Flag == Flag, W8.Carrier == Carrier
  associatedtype W16: Word where W16.Flag == Flag, W16.Carrier == Carrier
  associatedtype W32: Word where W32.Flag == Flag, W32.Carrier == Carrier
  associatedtype W64: Word where W64.Flag == Flag, W64.Carrier == Carrier
  associatedtype W128: Word where W128.Flag == Flag, W128.Carrier == Carrier
  associatedtype V: Vector
  where
    V.W8 == W8, V.W16 == W16, V.W32 == W32, V.W64 == W64, V.W128 == W128, V.Flag == Flag,
    V.Carrier == Carrier

  /// Loads `W.bits / 8` little-endian bytes at a guest address, of any alignment.
  mutating func load<W: Word>(_ type: W.Type, at address: W64) throws(Failure) -> W
  where W.Carrier == Carrier, W.Flag == Flag
  mutating func store<W: Word>(_ value: W, at address: W64) throws(Failure)
  where W.Carrier == Carrier, W.Flag == Flag
  /// An address that is not a multiple of `alignment` (1, 16 or 32) raises #GP; translated code
  /// leaves that to a host that does the same, and does without elsewhere.
  mutating func loadVector(at address: W64, alignment: Int) throws(Failure) -> V
  mutating func storeVector(_ value: V, at address: W64, alignment: Int) throws(Failure)

  func select<W: Word>(_ condition: Flag, _ yes: W, _ no: W) -> W
  where W.Carrier == Carrier, W.Flag == Flag
  func select(_ condition: Flag, _ yes: Flag, _ no: Flag) -> Flag
  func select(_ condition: Flag, _ yes: V, _ no: V) -> V

  /// Runs `body` where `condition` holds.
  mutating func when(_ condition: Flag, _ body: (inout Self) throws(Failure) -> Void)
    throws(Failure)
  /// Runs `body` until it answers false. Values travel from turn to turn in registers and memory.
  mutating func loop(_ body: (inout Self) throws(Failure) -> Flag) throws(Failure)

  /// Raises `fault` where `condition` holds; nothing of the instruction has happened yet.
  mutating func fault(_ fault: Fault, if condition: Flag) throws(Failure)

  /// Atomic read-modify-write, sequentially consistent; answers what was there before.
  mutating func atomic<W: Word>(_ operation: AtomicOperation, _ operand: W, at address: W64)
    throws(Failure) -> W where W.Carrier == Carrier, W.Flag == Flag
  /// Atomic compare and exchange, sequentially consistent; answers what was there before.
  mutating func compareExchange<W: Word>(expected: W, desired: W, at address: W64)
    throws(Failure) -> W where W.Carrier == Carrier, W.Flag == Flag
  mutating func fence() throws(Failure)
  /// A hint: nothing happens, and nothing faults. `locality` is 0 (used once) to 3 (into all caches).
  mutating func prefetch(_ address: W64, isWrite: Bool, locality: Int)
}

public enum AtomicOperation: UInt8 { case exchange, add, subtract, and, or, xor }

extension Machine {
  @inlinable public mutating func prefetch(_ address: W64, isWrite: Bool, locality: Int) {}
  @inlinable public mutating func loadVector(at address: W64) throws(Failure) -> V {
    try loadVector(at: address, alignment: 1)
  }
  @inlinable public mutating func storeVector(_ value: V, at address: W64) throws(Failure) {
    try storeVector(value, at: address, alignment: 1)
  }
}
