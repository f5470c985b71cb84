// x87 loads, stores, exchanges, control (SDM vol. 1, 8.3.3, 8.3.9).

import RuntimeABI
import Semantics
import X86

extension InterpreterMachine {
  /// The source of an arithmetic instruction or FLD: memory of 4 or 8 bytes as a float (`integer`: of
  /// 2, 4, 8 as an integer), or a register; nil when that is empty.
  mutating func x87Source(
    _ operand: Operand, _ address: UInt64, integer: Bool, _ context: inout SoftFloatContext
  ) throws(GuestFault) -> SoftFloat80? {
    if operand.kind != .memory { return st(operand.number) }
    if integer {
      switch operand.size {
      case 2: return SoftFloat80(Int64(Int16(bitPattern: try load(UInt16.self, at: address))))
      case 4: return SoftFloat80(Int64(Int32(bitPattern: try load(UInt32.self, at: address))))
      default: return SoftFloat80(Int64(bitPattern: try load(UInt64.self, at: address)))
      }
    }
    switch operand.size {
    case 4: return context.widen(UInt64(try load(UInt32.self, at: address)), fraction: 23)
    case 8: return context.widen(try load(UInt64.self, at: address), fraction: 52)
    default: return try loadExtended(address)
    }
  }

  mutating func fld(_ i: Instruction, _ address: UInt64, integer: Bool) throws(GuestFault) {
    var context = softContext
    let full = vcpu.pointee.x87Empty & (1 &<< ((vcpu.pointee.x87Top &- 1) & 7)) == 0
    let value = try x87Source(i.operands.0, address, integer: integer, &context)
    guard let value else {
      // Underflow, which C1 tells, comes before overflow.
      vcpu.pointee.x87Top = (vcpu.pointee.x87Top &- 1) & 7
      return setST(0, .indefinite)
    }
    if !full { note(context) }
    let widened = i.operands.0.kind == .memory && i.operands.0.size < 10
    push(widened && value.isNaN ? value.quieted : value)
  }

  mutating func fst(_ i: Instruction, _ address: UInt64, pops: Bool) throws(GuestFault) {
    let operand = i.operands.0
    let value = st(0)
    if operand.kind == .memory {
      var context = softContext
      let number = value ?? .indefinite
      let bits = operand.size == 4
        ? context.narrow(number, fraction: 23)
        : operand.size == 8 ? context.narrow(number, fraction: 52) : 0
      if withholds(context, value) { return }
      switch operand.size {
      case 4: try store(UInt32(truncatingIfNeeded: bits), at: address)
      case 8: try store(bits, at: address)
      default: try storeExtended(number, address)
      }
      if value != nil { note(context) }
    } else {
      if value != nil { note(0) }
      setST(operand.number, value ?? .indefinite)
    }
    if pops { pop() }
  }

  mutating func fist(_ i: Instruction, _ address: UInt64, pops: Bool, truncating: Bool)
    throws(GuestFault)
  {
    var context = softContext
    let size = i.operands.0.size
    let value = st(0)
    let bits = context.toInteger(
      value ?? .indefinite, bits: UInt64(size) &* 8, truncating: truncating)
    if withholds(context, value) { return }
    switch size {
    case 2: try store(UInt16(truncatingIfNeeded: bits), at: address)
    case 4: try store(UInt32(truncatingIfNeeded: bits), at: address)
    default: try store(bits, at: address)
    }
    if value != nil { note(context) }
    if pops { pop() }
  }

  /// An unmasked exception keeps a store, and its pop, from being done; `value` nil is an empty register.
  func withholds(_ context: SoftFloatContext, _ value: SoftFloat80?) -> Bool {
    let unmasked = ~vcpu.pointee.x87Control
    if value == nil { return unmasked & SoftFloatContext.invalid != 0 }
    let stops = Self.beforeResult | SoftFloatContext.overflow | SoftFloatContext.underflow
    if context.flags & unmasked & stops == 0 { return false }
    note(context)
    return true
  }

  mutating func fbld(_ address: UInt64) throws(GuestFault) {
    let low = try load(UInt64.self, at: address)
    let high = try load(UInt16.self, at: address &+ 8)
    var value = UInt64((high &>> 4) & 15) &* 10 &+ UInt64(high & 15)
    var n: UInt64 = 64
    while n > 0 {
      n &-= 4
      value = value &* 10 &+ ((low &>> n) & 15)
    }
    var number = SoftFloat80(Int64(bitPattern: value))
    if high & 0x8000 != 0 { number = number.negated }
    note(0)
    push(number)
  }

  mutating func fbstp(_ address: UInt64) throws(GuestFault) {
    var context = softContext
    let value = st(0)
    let number = value ?? .indefinite
    var (low, high): (UInt64, UInt16) = (0xc000_0000_0000_0000, 0xffff)
    let finite = !number.isUnsupported && number.exponent != 0x7fff
    if finite, var rest = context.integer(number), rest <= 999_999_999_999_999_999 {
      (low, high) = (0, number.sign ? 0x8000 : 0)
      var n: UInt64 = 0
      while n < 64 {
        low |= (rest % 10) &<< n
        rest = rest / 10
        n &+= 4
      }
      high |= UInt16(truncatingIfNeeded: (rest / 10) &<< 4 | rest % 10)
    } else {
      context.flags = SoftFloatContext.invalid
      context.roundedUp = false
    }
    if withholds(context, value) { return }
    try store(high, at: address &+ 8)
    try store(low, at: address)
    if value != nil { note(context) }
    pop()
  }

  func fxch(_ n: UInt8) {
    let (a, b) = (st(0), st(n))
    if a != nil && b != nil { note(0) }
    setST(0, b ?? .indefinite)
    setST(n, a ?? .indefinite)
  }

  func fcmov(_ n: UInt8, _ condition: Bool) {
    let source = st(n)
    let target = st(0)
    if condition || source == nil || target == nil {
      setST(0, source == nil || target == nil ? .indefinite : source ?? .indefinite)
    }
  }

  /// A constant of 128 significant bits, rounded by the rounding control alone.
  func pushConstant(_ exponent: Int, _ high: UInt64, _ low: UInt64) {
    var context = softContext
    let m = UInt128(high) &<< 64 | UInt128(low)
    let value = context.pack(false, exponent, m, precision: 64)
    note(0)
    push(value)
  }

  func fxam() {
    let value = physicalValue(physical(0))
    var code: UInt16
    if isEmpty(0) {
      code = Self.c3 | Self.c0
    } else if value.isUnsupported {
      code = 0
    } else if value.isNaN {
      code = Self.c0
    } else if value.isInfinity {
      code = Self.c2 | Self.c0
    } else if value.isZero {
      code = Self.c3
    } else {
      code = value.exponent == 0 ? Self.c3 | Self.c2 : Self.c2
    }
    if value.sign { code |= Self.c1 }
    setConditionCodes(code)
  }

  func setConditionCodes(_ codes: UInt16) {
    vcpu.pointee.x87Status = (vcpu.pointee.x87Status & ~0x4700) | codes
  }
}
