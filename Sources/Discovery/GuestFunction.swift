import X86

/// Why an address is believed to begin a function.
public struct Evidence: OptionSet, Sendable, Hashable {
  public let rawValue: UInt16
  public init(rawValue: UInt16) { self.rawValue = rawValue }
  /// The program's entry point.
  public static let entry = Evidence(rawValue: 1)
  public static let symbol = Evidence(rawValue: 2)
  /// An FDE begins there.
  public static let frame = Evidence(rawValue: 4)
  public static let callTarget = Evidence(rawValue: 8)
  /// The target of a relocation, or an ifunc resolver.
  public static let relocation = Evidence(rawValue: 16)
  /// A word of data points there.
  public static let data = Evidence(rawValue: 32)
  /// An instruction makes the address (`lea r, [rip+X]`, `mov r, imm32`).
  public static let instruction = Evidence(rawValue: 64)
  /// Exceptions land there.
  public static let landingPad = Evidence(rawValue: 128)
  /// Code reachable only by jumps, split from a function that grew past the limit.
  public static let split = Evidence(rawValue: 256)
  /// A part that a compiler moved out of its function (`.cold`, `.part`-less FDE).
  public static let coldPart = Evidence(rawValue: 512)
  /// An earlier run was there, and had to interpret it.
  public static let learnt = Evidence(rawValue: 1024)
  /// Control comes back there irregularly, or goes on from such a place into a loop.
  public static let resume = Evidence(rawValue: 2048)

  /// Its address escapes into registers or data, so that anybody may call it.
  public static let addressTaken: Evidence = [.relocation, .data, .instruction, .entry, .learnt]
  /// A jump there leaves the jumping function.
  static let strong: Evidence = [.entry, .symbol, .callTarget, .split]
}

/// A jump table that was understood. `targets` are what its entries say, in order of the index;
/// they are exact only if the index stays in bounds, so code made from them checks the computed
/// target and leaves to dispatch when it is none of these.
public struct JumpTable: Equatable, Sendable {
  public enum Form: Sendable {
    /// 64-bit addresses.
    case absolute
    /// 32-bit distances from the table.
    case relative
    /// No table: the code itself at equal distances, from the address on.
    case strided
    /// No table: places of the function whose addresses its instructions make.
    case labels
  }
  public var address: UInt64
  public var form: Form
  /// The index register (a GPR number), where one was recognised.
  public var index: UInt8?
  /// The bound came from a comparison, not from looking at the entries.
  public var isBounded: Bool
  public var targets: [UInt64]
}

/// How a basic block ends. Addresses are guest addresses.
public enum Terminator: Equatable, Sendable {
  /// The next block begins, in this function or (then it is in `tailCalls`) in another.
  case `fallthrough`(to: UInt64)
  case jump(to: UInt64)
  case branch(taken: UInt64, next: UInt64)
  case jumpTable(JumpTable)
  case indirectJump
  /// `next` is nil when the callee never returns; should it return all the same, leave to dispatch.
  case call(to: UInt64, next: UInt64?)
  case indirectCall(next: UInt64)
  case ret
  /// HLT, UD2, INT n, far transfers, …: the last instruction faults or has no meaning.
  case fault
  /// No instruction could be decoded at `at`: leave to dispatch there.
  case undecodable(at: UInt64)
}

public struct BasicBlock: Sendable {
  public var start: UInt64
  public var end: UInt64
  public var instructions: [Instruction]
  public var terminator: Terminator
  /// Successors in the same function, each once.
  public var successors: [UInt64]
}

public struct GuestFunction: Sendable {
  public var entry: UInt64
  /// By start; the one that starts at `entry` need not be first.
  public var blocks: [BasicBlock]
  public var evidence: Evidence
  /// Direct call targets, sorted, unique.
  public var callees: [UInt64] = []
  /// Where direct jumps, branches and fall-through leave to, sorted, unique.
  public var tailCalls: [UInt64] = []
  /// Begins in the middle of a frame (ResumeFunctions.swift).
  public var isResume = false
  /// For a landing pad: the function whose unwind table it is in.
  public var catcher: UInt64?
  /// Returns, but only from where exceptions land.
  public var returnsByPads = false
  /// No path returns, as far as direct control flow says.
  public var neverReturns = false
  public var isAddressTaken: Bool { !evidence.isDisjoint(with: .addressTaken) }
  public var instructionCount: Int { blocks.reduce(0) { $0 + $1.instructions.count } }
}

/// An indirect jump without known targets.
public struct UnresolvedJump: Sendable, Equatable {
  public var address: UInt64
  public var function: UInt64
  public var reason: String
}

/// Executable bytes that no function covers.
public struct Leftover: Sendable, Equatable {
  public enum Reason: String, Sendable {
    case undecodable = "not decodable"
    case unreached = "not reached"
    case padding = "padding"
  }
  public var range: Range<UInt64>
  public var reason: Reason
  /// An FDE covers it.
  public var isFramed: Bool
}

extension Instruction: @unchecked Sendable {}
