// The calls that are active, found on the stack without unwind tables. Where it is not known how deep in its frame a
// function stands, a word is taken for its return address when a call stands in front of that whose target is the
// function. A stale word of that kind can add a caller that is not active; it misleads the choice of regions, not the
// measurement of them.

/// An active call: its function, and where on the stack it found its way into the frame's caller.
struct ActiveFrame {
  var function: Int
  /// The address it returns to and where that lies; 0 for the outermost that was found.
  var back: UInt64 = 0
  var place: UInt64 = 0
}

/// The chain of active calls, innermost first; nil outside of known code. `pc` is where the program is, for the case
/// that it stands in a copy of that code.
func frames(_ tracee: Tracee, _ code: CodeIndex, _ stackEnd: UInt64, pc: UInt64? = nil) -> [ActiveFrame]? {
  let registers = tracee.registers
  var here = pc ?? registers.pc
  guard let leaf = code.function(containing: here), registers.stack < stackEnd else { return nil }
  let stack = tracee.readSome(registers.stack, Int(min(stackEnd - registers.stack, 1 << 16)))
  var found = [ActiveFrame(function: leaf)]
  var top = 0
  while found.count <= 200,
    let place = returnPlace(stack, top, code, found[found.count - 1].function, here),
    let caller = code.function(containing: stack.word(at: place) - 1)
  {
    here = stack.word(at: place)
    found[found.count - 1].back = here
    found[found.count - 1].place = registers.stack + UInt64(place)
    found.append(ActiveFrame(function: caller))
    top = place + 8
  }
  return found
}

/// Where on the stack, whose top is at `top`, `function` finds its return address.
private func returnPlace(_ stack: [UInt8], _ top: Int, _ code: CodeIndex, _ function: Int, _ here: UInt64) -> Int? {
  if let depth = code.depths.depth(function, at: here), depth >= 0, top + depth + 8 <= stack.count,
    code.calls[stack.word(at: top + depth)] != nil
  {
    return top + depth
  }
  return stride(from: top, to: stack.count - 7, by: 8).first { place in
    let word = stack.word(at: place)
    guard let target = code.calls[word] else { return false }
    return code.reaches(target, function) && code.function(containing: word - 1) != nil
  }
}
