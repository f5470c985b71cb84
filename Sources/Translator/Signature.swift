import X86

/// What a guest function takes, gives back and touches (SignatureAnalysis.swift).
struct Signature: Equatable {
  var reads: RegisterSet = []
  /// The part of `reads` that an instruction looks at. The rest is only handed on to calls whose targets nobody
  /// knows, as an argument that it may be.
  var firmReads: RegisterSet = []
  var changed: RegisterSet = []
  var wanted: RegisterSet = []
  var touched: RegisterSet = []
  /// The part of `wanted` that some caller surely looks at. The rest are results that callers nobody
  /// knows would look at if the psABI had the function return something there.
  var surelyWanted: RegisterSet = []
  /// Delivers even what it does not change, because a tail call of a function that returns it relies
  /// on that.
  var mustReturn: RegisterSet = []
  /// Registers that it wants in their slots (SlotPassing.swift).
  var passes: RegisterSet = []
  /// The part of them that it hands back, if it does not change them.
  var passesBack: RegisterSet = []
  /// Reachable by other ways than direct calls.
  var isAddressTaken = false
  /// The part of `touched` that compiled code reckons with: calls that do not return, and what leaves for the
  /// interpreter, do not come back.
  var writes: RegisterSet = []
  /// What is assumed of targets that are not known.
  var isUnknown = false

  var returned: RegisterSet { changed.union(mustReturn).intersection(wanted) }
  /// Vector results that go back in host registers where the convention has a place: somebody wants
  /// them, and this function has made them.
  var direct: RegisterSet = []
  /// What callers find in the slots (SlotPassing.swift).
  var returnedInSlots: RegisterSet { returned.intersection(SlotPassing.carried).subtracting(direct) }
  var delivered: RegisterSet { returned.subtracting(returnedInSlots) }

  /// What a call reads where `valid` may be arguments.
  func reads(where valid: RegisterSet) -> RegisterSet { firmReads.union(reads.intersection(valid)) }
  /// What a call passes on where `valid` may be arguments.
  func passes(where valid: RegisterSet) -> RegisterSet { passes.intersection(valid).union(passesBack) }

  /// The signature where `registers` go in and come back in host registers, whatever becomes of them
  /// (`Convention.kept`).
  func keeping(_ registers: RegisterSet) -> Signature {
    var new = self
    new.reads.formUnion(registers)
    new.wanted.formUnion(registers)
    new.mustReturn.formUnion(registers)
    return new
  }
}
