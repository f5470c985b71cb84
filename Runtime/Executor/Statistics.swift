// `RECAST_LOG=stats` and `RECAST_STATS=FILE`: what was not run by translated code, and where.

import GuestLinux
import Interpreter
import RuntimeABI

/// `onExit`: says the counts, the ten most interpreted blocks and the ten most stepped instructions,
/// and starts again from zero.
func sayStatistics(_ vcpu: VCPUPointer) {
  if executorState(vcpu) == 0 { return }
  let state = threadState(vcpu)
  say("recast: interpreted ")
  say(number: vcpu.pointee.interpreted)
  say(" instructions, stepped ")
  say(number: vcpu.pointee.stepped)
  say(", entered ")
  say(number: state.pointee.entered)
  say("\n")
  sayPlaces(state, steps: false)
  sayPlaces(state, steps: true)
  forgetStatistics(vcpu)
}

/// `onFork`.
func forgetStatistics(_ vcpu: VCPUPointer) {
  if executorState(vcpu) == 0 { return }
  let state = threadState(vcpu)
  vcpu.pointee.interpreted = 0
  vcpu.pointee.stepped = 0
  state.pointee.entered = 0
  state.pointee.interpreter.cache.forgetCounts()
}

private func sayPlaces(_ state: UnsafeMutablePointer<ExecutorState>, steps: Bool) {
  // Selection by (count, address) below the last one said.
  var last: (count: UInt64, pc: UInt64) = (.max, .max)
  var n = 0
  while n < 10 {
    var best: (count: UInt64, pc: UInt64) = (0, 0)
    state.pointee.interpreter.cache.forEachBlock { pc, interpreted, stepped in
      let count = steps ? stepped : interpreted
      let isBelow = count < last.count || (count == last.count && pc < last.pc)
      if isBelow && (count > best.count || (count == best.count && pc > best.pc)) {
        best = (count, pc)
      }
    }
    if best.count == 0 { break }
    say("recast:   ")
    say(hex: best.pc)
    say(" ")
    say(number: best.count)
    if steps { say(" stepped") }
    say("\n")
    last = best
    n &+= 1
  }
}
