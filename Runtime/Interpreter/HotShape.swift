// The few instruction shapes that most code consists of, recognised when a block is decoded, so that
// evaluating them looks at no operand kinds, copies no instruction, and computes no flags that nobody
// wants. What an operation does to the flags is the meanings' own code; everything else goes the
// general way, and a test holds both ways against each other.

import RuntimeABI
import Semantics
import X86

enum HotOperation: UInt8 { case move, add, subtract, compare, and, or, xor, test }

enum HotForm: UInt8 {
  case general
  /// Destination register; the source a register, an immediate, or memory.
  case register64, immediate64, load64
  case register32, immediate32, load32
  /// MOV to memory.
  case store64, store32
  case address64
  case conditionalJump
}

struct HotShape {
  var form: HotForm
  var operation: HotOperation

  static var general: HotShape { HotShape(form: .general, operation: .move) }

  static func of(_ i: Instruction) -> HotShape {
    if i.segment != 0 || i.prefixes.contains(.lock) || i.prefixes.contains(.addressSize) {
      return general
    }
    let operation: HotOperation
    switch i.operation {
    case .jcc: return HotShape(form: .conditionalJump, operation: .move)
    case .lea where i.size == 8 && i.operands.0.size == 8:
      return HotShape(form: .address64, operation: .move)
    case .mov: operation = .move
    case .add: operation = .add
    case .sub: operation = .subtract
    case .cmp: operation = .compare
    case .and: operation = .and
    case .or: operation = .or
    case .xor: operation = .xor
    case .test: operation = .test
    default: return general
    }
    let (to, from) = (i.operands.0, i.operands.1)
    guard i.size == 4 || i.size == 8, to.size == i.size else { return general }
    let wide = i.size == 8
    switch (to.kind, from.kind) {
    case (.gpr, .gpr) where from.size == i.size:
      return HotShape(form: wide ? .register64 : .register32, operation: operation)
    case (.gpr, .immediate):
      return HotShape(form: wide ? .immediate64 : .immediate32, operation: operation)
    case (.gpr, .memory) where from.size == i.size:
      return HotShape(form: wide ? .load64 : .load32, operation: operation)
    case (.memory, .gpr) where from.size == i.size && operation == .move:
      return HotShape(form: wide ? .store64 : .store32, operation: operation)
    default: return general
    }
  }
}

extension InterpreterMachine {
  typealias Entry = UnsafeMutablePointer<DecodedInstruction>

  /// Evaluates a hot shape; false, with nothing done, when `entry` has to go the general way.
  @inline(__always) mutating func evaluateHot(_ entry: Entry) throws(GuestFault) -> Bool {
    switch entry.pointee.shape.form {
    case .general: return false
    case .register64: combine(entry, hotRegister(entry.pointee.instruction.operands.1.number))
    case .immediate64: combine(entry, entry.pointee.instruction.immediate)
    case .load64: combine(entry, try load(UInt64.self, at: hotAccess(entry)))
    case .register32:
      combine(
        entry,
        UInt32(truncatingIfNeeded: hotRegister(entry.pointee.instruction.operands.1.number)))
    case .immediate32:
      combine(entry, UInt32(truncatingIfNeeded: entry.pointee.instruction.immediate))
    case .load32: combine(entry, try load(UInt32.self, at: hotAccess(entry)))
    case .store64:
      let value = hotRegister(entry.pointee.instruction.operands.1.number)
      try store(value, at: hotAccess(entry))
    case .store32:
      let value = hotRegister(entry.pointee.instruction.operands.1.number)
      try store(UInt32(truncatingIfNeeded: value), at: hotAccess(entry))
    case .address64:
      self[GPR(entry.pointee.instruction.operands.0.number)] = hotAddress(entry)
    case .conditionalJump:
      if condition(entry.pointee.instruction.condition) {
        next = entry.pointee.instruction.target
        transfer = .jump
      }
    }
    return true
  }

  @inline(__always) private func hotRegister(_ number: UInt8) -> UInt64 { self[GPR(number)] }

  /// As `offset` of the meanings, without prefixes.
  @inline(__always) private func hotAddress(_ entry: Entry) -> UInt64 {
    var sum = UInt64(bitPattern: entry.pointee.instruction.displacement)
    let (base, index) = (entry.pointee.instruction.base, entry.pointee.instruction.index)
    if base < 16 { sum &+= hotRegister(base) }
    if index < 16 {
      sum &+= hotRegister(index) &<< UInt64(entry.pointee.instruction.scale)
    }
    return sum
  }

  /// The address of an access, which may fault at this instruction.
  @inline(__always) private func hotAccess(_ entry: Entry) -> UInt64 {
    vcpu.pointee.rip = entry.pointee.instruction.address
    return hotAddress(entry)
  }

  @inline(__always) private mutating func combine<W: EvaluatedWord>(_ entry: Entry, _ b: W) {
    let target = GPR(entry.pointee.instruction.operands.0.number)
    let operation = entry.pointee.shape.operation
    if operation == .move {
      self[target] = UInt64(truncatingIfNeeded: b)
      return
    }
    let a = W(truncatingIfNeeded: self[target])
    wanted = entry.pointee.wanted
    let flags = wanted & FlagEffects.all != 0
    switch operation {
    case .move: break
    case .add:
      self[target] = UInt64(truncatingIfNeeded: a &+ b)
      if flags { setAddFlags(a, b, a &+ b) }
    case .subtract:
      self[target] = UInt64(truncatingIfNeeded: a &- b)
      if flags { setSubtractFlags(a, b, a &- b) }
    case .compare: if flags { setSubtractFlags(a, b, a &- b) }
    case .and:
      self[target] = UInt64(truncatingIfNeeded: a & b)
      if flags { setLogicFlags(a & b) }
    case .or:
      self[target] = UInt64(truncatingIfNeeded: a | b)
      if flags { setLogicFlags(a | b) }
    case .xor:
      self[target] = UInt64(truncatingIfNeeded: a ^ b)
      if flags { setLogicFlags(a ^ b) }
    case .test: if flags { setLogicFlags(a & b) }
    }
  }
}
