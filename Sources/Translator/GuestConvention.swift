import ELF
import X86

/// What translated code believes of calls to and from code that it does not know (docs/QUIRKS.md, "Unknown code"): the
/// convention of the compiler that built the program.
struct GuestConvention {
  /// What functions may look for at their entry.
  var arguments: RegisterSet
  /// Where callers look for results.
  var results: RegisterSet
  /// What may differ after a call.
  var changed: RegisterSet
  /// What a function keeps, whatever it does inside.
  var kept: RegisterSet
  /// What reaches callees through slots.
  var inSlots: RegisterSet
  /// Arguments that unknown callers leave in slots, too.
  var soft: RegisterSet
  /// No call's results are the next one's arguments by chance (ArgumentValidity.swift).
  var setsArgumentsUp = true
  /// Signals go on with the registers of their frames, on another thread maybe.
  var preempts = false
  /// What functions hand back whatever they do.
  var constant: RegisterSet = []

  private static let callerSaved = RegisterSet.all.subtracting(.calleeSaved).subtracting(.rsp)

  /// System V x86-64 psABI 1.0, 3.2.
  static let systemV = GuestConvention(
    arguments: .arguments, results: .results.union(.wideResults), changed: callerSaved, kept: .calleeSaved,
    inSlots: SlotPassing.passable.union(SlotPassing.softArguments).union(.wideArguments),
    soft: SlotPassing.softArguments)

  /// Go's internal convention, whose preemption also reads and uses all registers in the frame of a signal.
  static let go = GuestConvention(
    arguments: .goArguments, results: .goResults, changed: callerSaved.subtracting(.goZero), kept: .goKept,
    inSlots: SlotPassing.passable.union(SlotPassing.onlyInSlots), soft: [], setsArgumentsUp: false, preempts: true,
    constant: .goZero)

  /// Swift's (LLVM's CC_X86_64_C and RetCC_X86_64_Swift): up to four results of a kind, errors in R12, the address of
  /// what does not fit in RAX.
  static let swift = GuestConvention(
    arguments: .arguments, results: .results.union(.wideResults).union(.swiftResults),
    changed: callerSaved.union(.swiftError), kept: RegisterSet.calleeSaved.subtracting(.swiftError),
    inSlots: SlotPassing.passable.union(SlotPassing.onlyInSlots).union(.wideArguments), soft: [],
    setsArgumentsUp: false)

  init(
    arguments: RegisterSet, results: RegisterSet, changed: RegisterSet, kept: RegisterSet, inSlots: RegisterSet,
    soft: RegisterSet, setsArgumentsUp: Bool = true, preempts: Bool = false, constant: RegisterSet = []
  ) {
    (self.arguments, self.results, self.changed, self.kept) = (arguments, results, changed, kept)
    (self.inSlots, self.soft, self.setsArgumentsUp) = (inSlots, soft, setsArgumentsUp)
    (self.preempts, self.constant) = (preempts, constant)
  }

  init(_ language: Program.Language) {
    self =
      switch language {
      case .systemV: .systemV
      case .go: .go
      case .swift: .swift
      }
  }

  /// Registers that the psABI has functions keep, and that these answer in.
  var resultsInKept: RegisterSet { changed.intersection(.calleeSaved) }

  /// The signature of functions that nobody knows.
  var unknown: Signature {
    Signature(
      reads: arguments.union(.calleeSaved).union(.rsp)
        .subtracting(SlotPassing.passable).subtracting(SlotPassing.onlyInSlots),
      changed: changed, wanted: results, touched: .all, passes: inSlots, isAddressTaken: true,
      writes: changed.subtracting(.calleeSaved).union(constant), isUnknown: true)
  }
}
