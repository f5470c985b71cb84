// What is live in functions that begin in the middle of a frame. They end by leaving everything to the
// interpreter, which ends the frame: so its results and the callee-saved registers count there, which
// such a function may well have taken from the stack. Nobody calls them, and of what they call they want
// nothing that the function does not want whose frame it is.

import Discovery
import X86

extension SignatureAnalysis {
  /// By the address of each RET, what callers get of the frame that it ends.
  static func frameResults(
    _ functions: [FunctionFacts], _ signatures: [Signature], exit: UInt64?
  ) -> [UInt64: RegisterSet] {
    // Nobody looks at registers behind a replay's exit.
    var results: [UInt64: RegisterSet] = exit.map { [$0: []] } ?? [:]
    guard functions.contains(where: \.isResume) else { return results }
    for (facts, signature) in zip(functions, signatures) where !facts.isResume {
      for block in facts.blocks {
        guard case .ret = block.terminator, let ret = block.instructions.last else { continue }
        results[ret.address, default: []].formUnion(signature.returned)
      }
    }
    return results
  }

  /// Live where a resume function leaves to the interpreter at `address`, the last instruction of its
  /// frame or one that faults.
  func liveAtFrameEnd(_ address: UInt64) -> RegisterSet {
    RegisterSet.calleeSaved.union(.rsp).union(frameResults[address] ?? Self.anyResults)
  }

  /// Live where a resume function goes on at an address outside of itself.
  func liveBehindResume(_ edge: FunctionFacts.Edge) -> RegisterSet {
    guard case .function(let target) = edge, let g = function(at: target) else { return .all }
    if functions[g].isResume {
      return (liveIn[g].first?.registers ?? []).union(.calleeSaved).union(.rsp)
    }
    return signatures[g].reads.union(Self.anyResults).union(.arguments).union(.wideArguments)
  }

  private static let anyResults = RegisterSet.gprs.union(.results).union(.wideResults)
}
