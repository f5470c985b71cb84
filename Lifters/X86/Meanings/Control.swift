import Semantics

// Control transfers (SDM vol. 2: JMP, Jcc, CALL, RET, LOOP, JRCXZ) and what raises a fault.
extension X86Machine {
  @inlinable public mutating func jmp(_ i: Instruction) throws(Failure) {
    if i.operands.0.kind == .relative {
      try jumpDirect(to: i.target)
    } else {
      try jump(to: read(i.operands.0, i, W64.self))
    }
  }

  @inlinable public mutating func jcc(_ i: Instruction) throws(Failure) {
    try branch(if: condition(i.condition), to: i.target)
  }

  @inlinable public mutating func call(_ i: Instruction) throws(Failure) {
    if i.operands.0.kind == .relative {
      try pushValue(W64(i.next))
      try callDirect(to: i.target, returningTo: i.next)
    } else {
      let target = try read(i.operands.0, i, W64.self)
      try pushValue(W64(i.next))
      try call(to: target, returningTo: i.next)
    }
  }

  @inlinable public mutating func ret(_ i: Instruction) throws(Failure) {
    let target = try load(W64.self, at: self[.rsp])
    let released = i.operandCount > 0 ? i.immediate & 0xffff : 0
    self[.rsp] = self[.rsp] &+ W64(8 &+ released)
    try ret(to: target)
  }

  @inlinable public mutating func loop(_ i: Instruction) throws(Failure) {
    try branch(if: !countDown(i).isZero, to: i.target)
  }

  @inlinable public mutating func loope(_ i: Instruction) throws(Failure) {
    let zero = flag(.zf)
    try branch(if: !countDown(i).isZero & zero, to: i.target)
  }

  @inlinable public mutating func loopne(_ i: Instruction) throws(Failure) {
    let zero = flag(.zf)
    try branch(if: !countDown(i).isZero & !zero, to: i.target)
  }

  @inlinable public mutating func jrcxz(_ i: Instruction) throws(Failure) {
    try branch(if: truncatedAddress(i, self[.rcx]).isZero, to: i.target)
  }

  /// Decrements rCX, ECX with the address-size prefix, and answers it.
  @inlinable public mutating func countDown(_ i: Instruction) -> W64 {
    let count = truncatedAddress(i, self[.rcx] &- W64(1))
    self[.rcx] = count
    return count
  }

  @inlinable public mutating func int3(_ i: Instruction) throws(Failure) {
    try fault(.breakpoint, if: Flag(true))
  }

  @inlinable public mutating func int1(_ i: Instruction) throws(Failure) {
    try fault(.debug, if: Flag(true))
  }

  /// HLT, IN, OUT, CLI, MOV to control registers … are not for programs (SDM vol. 3, 5.9); INT n
  /// finds no gate, and INT 80H's system calls are 32-bit.
  @inlinable public mutating func generalProtection(_ i: Instruction) throws(Failure) {
    try fault(.generalProtection, if: Flag(true))
  }
}
