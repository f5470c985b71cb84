import Semantics

extension X86Machine {
  /// Hands `i` to `step` with the effects of its table row: the implied ones, and its register
  /// operands, of which `access` says two bits each (1 read, 2 written), the first operand's lowest.
  @inlinable
  public mutating func stepOperands(_ i: Instruction, _ access: UInt8, _ implied: StepEffects)
    throws(Failure)
  {
    var effects = implied
    var address: W64? = nil
    let isVEX = i.prefixes.contains(.vex)
    effects.add(i.operands.0, access, isVEX: isVEX)
    effects.add(i.operands.1, access &>> 2, isVEX: isVEX)
    effects.add(i.operands.2, access &>> 4, isVEX: isVEX)
    effects.add(i.operands.3, access &>> 6, isVEX: isVEX)
    if i.hasMemoryOperand { address = effectiveAddress(i) }
    try step(i, address: address, effects: effects)
  }
}

extension StepEffects {
  @inlinable public mutating func add(_ operand: Operand, _ access: UInt8, isVEX: Bool) {
    let bit = UInt16(1) &<< UInt16(operand.number & 15)
    switch operand.kind {
    case .gpr, .highByte:
      // A write of one or two bytes keeps the rest of the register.
      if access & 1 != 0 || operand.size < 4 { readsGPR |= bit }
      if access & 2 != 0 { writesGPR |= bit }
    case .vector:
      // A stepped meaning may keep a part of what it writes.
      let low = UInt32(bit)
      let high = low &<< 16
      if access & 3 != 0 { readsVector |= operand.size == 32 ? low | high : low }
      if access & 2 != 0 { writesVector |= isVEX ? low | high : low }
    default: break
    }
  }
}

extension Instruction {
  @inlinable public var hasMemoryOperand: Bool {
    operands.0.kind == .memory || operands.1.kind == .memory || operands.2.kind == .memory
      || operands.3.kind == .memory
  }
}
