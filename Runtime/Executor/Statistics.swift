// `RECAST_LOG=stats`: what was not run by translated code, and where.

import GuestLinux
import Interpreter
import RuntimeABI

/// `onExit`: says the counts and the ten most interpreted blocks, and starts again from zero.
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
  // Selection by (count, address) below the last one said.
  var last: (count: UInt64, pc: UInt64) = (.max, .max)
  var n = 0
  while n < 10 {
    var best: (count: UInt64, pc: UInt64) = (0, 0)
    state.pointee.interpreter.cache.forEachBlock { pc, count in
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
    say("\n")
    last = best
    n &+= 1
  }
  vcpu.pointee.interpreted = 0
  vcpu.pointee.stepped = 0
  state.pointee.entered = 0
  state.pointee.interpreter.cache.flush()
}
