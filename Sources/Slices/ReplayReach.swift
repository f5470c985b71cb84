// What a replay runs: translating that is enough, and the rest of a large program would take most of the time of
// a selection. The replay program runs natively, once, with a breakpoint at every function; each is lifted at
// its first use. Functions that are left out are the interpreter's, so a translated replay that took another way
// than this run would be slow, but right.
import CTrace
import Discovery
import ELF
import Foundation

extension SliceSet {
  /// Entries of the functions of `discovery`, the replay program's, that a replay calls or jumps to.
  public func reached(_ program: Program, _ discovery: Discovery, limit: Int) throws(SliceError) -> [UInt64] {
    let launch = Launch(
      program: program, arguments: ["0", "\(invocations.count)", "2", "0"], environment: RegionSearch.environment,
      input: "/dev/null", limit: limit)
    let tracee = try launch.start(low: false)
    var found: Set<UInt64> = []
    for function in discovery.functions { try tracee.plant(function.entry) }
    var stop = tracee.resume()
    while true {
      switch stop {
      case .ended:
        guard tracee.hasSucceeded else { throw SliceError(.bug, "the replay fails under breakpoints") }
        return found.sorted()
      case .signal(SIGTRAP):
        guard let address = tracee.hit() else {
          throw SliceError(.program, "a trap of its own in the replay")
        }
        found.insert(address)
        try tracee.lift(address)
        stop = tracee.resume()
      case .signal(let number): stop = tracee.resume(signal: number)
      default: stop = tracee.resume()
      }
    }
  }
}
