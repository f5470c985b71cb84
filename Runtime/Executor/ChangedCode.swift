// Guest code that does not stay as it was translated.
//
// The interpreter compares bytes (BlockCache); what has to be noticed is a change of the program's
// own code, which is translated: its pages are read-only, so a change is announced by a system call
// that makes them writable or maps something else there. From then on nothing translated is right
// (a function's blocks may come from any page), so all of it is dropped: each function's first
// instruction becomes one that traps, the trap goes on as `recast_miss`, and the interpreter runs
// the guest's bytes as they are. Host frames that are already inside go on to their ends. A program
// whose code is writable from the start is interpreted from the start.

import GuestLinux
import Interpreter
import Host
import RuntimeABI

/// The code map in force before everything was dropped.
nonisolated(unsafe) private var dropped: CodeMapView? = nil

private func segment(_ image: UnsafePointer<GuestImage>, _ n: UInt64) -> GuestSegment {
  UnsafePointer<GuestSegment>(bitPattern: UInt(image.pointee.segments &+ 32 &* n))!.pointee
}

/// At the start of a thread: which of the image's code can be relied upon.
func takeCode(_ state: UnsafeMutablePointer<ExecutorState>, _ image: UnsafePointer<GuestImage>) {
  var stable: Range<UInt64> = 0..<0
  var isWritable = dropped != nil
  var n: UInt64 = 0
  while n < image.pointee.segmentCount {
    let s = segment(image, n)
    n &+= 1
    if s.flags & 1 == 0 || s.end <= s.start { continue }
    if s.flags & 2 != 0 { isWritable = true }
    if s.end &- s.start > stable.upperBound &- stable.lowerBound { stable = s.start..<s.end }
  }
  if isWritable {
    state.pointee.map.entries = 0
    return
  }
  state.pointee.interpreter.cache.setStable(stable)
}

/// `onCodeChange`.
func codeChanged(_ vcpu: VCPUPointer, _ low: UInt64, _ high: UInt64) {
  if executorState(vcpu) == 0 { return }
  let state = threadState(vcpu)
  let stable = state.pointee.interpreter.cache.stable
  if low >= stable.upperBound || high <= stable.lowerBound { return }
  state.pointee.interpreter.cache.setStable(0..<0)
  if state.pointee.map.entries != 0 { drop(state) }
}

private func drop(_ state: UnsafeMutablePointer<ExecutorState>) {
  if logsStatistics { say("recast: the program's code is changed; it is interpreted from now on\n") }
  let map = state.pointee.map
  let facts = hostFacts
  var low = UInt64.max
  var high: UInt64 = 0
  map.forEach { entry in
    if entry.body < low { low = entry.body }
    if entry.body > high { high = entry.body }
  }
  if high == 0 { return }
  low &= ~0xfff
  let length = ((high &+ 16) | 0xfff) &+ 1 &- low
  // The runtime's own code may lie in between, so it stays executable.
  if host(10, low, length, 7) < 0 {
    say("recast: the program changes its own code, which this host does not allow\n")
    die(11)
  }
  map.forEach { entry in
    var n: UInt64 = 0
    while n < facts.trapLength {
      let p = UnsafeMutablePointer<UInt8>(bitPattern: UInt(entry.body &+ n))!
      p.pointee = UInt8(truncatingIfNeeded: facts.trap &>> (8 &* n))
      n &+= 1
    }
    hostCodeChanged(entry.body)
  }
  _ = host(10, low, length, 5)
  dropped = map
  state.pointee.map.entries = 0
}

/// A trap in translated code: at a dropped function's entry, with all arguments in place.
func takeDropped(_ vcpu: VCPUPointer, _ context: UInt64) -> Bool {
  guard let map = dropped, threadState(vcpu).pointee.engine == .translated else { return false }
  let pc = interruptedPC(context)
  var guest: UInt64 = 0
  map.forEach {
    if $0.body == pc {
      guest = $0.guest | $0.inRegisters &<< CodeMap.inRegistersShift | $0.inSlots &<< CodeMap.inSlotsShift
    }
  }
  if guest == 0 { return false }
  vcpu.pointee.rip = guest | CodeMap.isDropped
  setInterruptedPC(context, hostFacts.miss)
  return true
}
