// Memory operands (SDM vol. 2, 2.1.5 and 2.2.1) and the operand codes of the table.

extension Decoder {
  mutating func readMemory(_ i: inout Instruction) throws(DecodeError) {
    let mod = modrm &>> 6
    var base = modrm & 7
    if base == 4 {
      let sib = try byte()
      let index = (sib &>> 3) & 7 | (rex & 2) &<< 2
      // A gather has register 4 as its index, so the scale is kept.
      i.scale = sib &>> 6
      if index != 4 { i.index = index }
      base = sib & 7
      if base == 5 && mod == 0 {
        i.displacement = Int64(try signed(4))
        return
      }
    } else if base == 5 && mod == 0 {
      i.base = Instruction.instructionPointer
      i.displacement = Int64(try signed(4))
      return
    }
    i.base = base | (rex & 1) &<< 3
    if mod == 1 {
      i.displacement = Int64(try signed(1))
    } else if mod == 2 {
      i.displacement = Int64(try signed(4))
    }
  }

  /// `count` little-endian bytes, sign-extended.
  @inline(__always)
  mutating func signed(_ count: Int) throws(DecodeError) -> Int64 {
    if count > available &- position {
      throw .truncated
    }
    var value: UInt64 = 0
    var n = 0
    while n < count {
      value |= UInt64(bytes[position &+ n]) &<< UInt64(8 &* n)
      n &+= 1
    }
    position &+= count
    let unused = UInt64(64 &- 8 &* count)
    return Int64(bitPattern: value &<< unused) &>> Int64(bitPattern: unused)
  }

  /// A size code of the table in bytes.
  @inline(__always)
  func bytesOf(_ code: UInt8) -> UInt8 {
    if code < 0x80 { return code }
    switch code {
    case 0x80: return operandSize
    case 0x81: return operandSize == 2 ? 2 : 4
    case 0x82: return operandSize == 8 ? 8 : 4
    case 0x83: return vectorSize
    case 0x84: return vectorSize &>> 1
    case 0x85: return vectorSize &>> 2
    default: return vectorSize &>> 3
    }
  }

  mutating func readOperands(_ codes: UInt64, _ i: inout Instruction) throws(DecodeError) {
    if codes == 0 { return }
    i.operands.0 = try operand(UInt16(truncatingIfNeeded: codes), &i)
    i.operandCount = 1
    if codes &>> 16 == 0 { return }
    i.operands.1 = try operand(UInt16(truncatingIfNeeded: codes &>> 16), &i)
    i.operandCount = 2
    if codes &>> 32 == 0 { return }
    i.operands.2 = try operand(UInt16(truncatingIfNeeded: codes &>> 32), &i)
    i.operandCount = 3
    if codes &>> 48 == 0 { return }
    i.operands.3 = try operand(UInt16(truncatingIfNeeded: codes &>> 48), &i)
    i.operandCount = 4
  }

  @inline(__always)
  func general(_ number: UInt8, _ size: UInt8) -> Operand {
    if size == 1 && number >= 4 && number < 8 && !hasRex {
      return Operand(.highByte, number &- 4, size: 1)
    }
    return Operand(.gpr, number, size: size)
  }

  mutating func operand(_ code: UInt16, _ i: inout Instruction) throws(DecodeError) -> Operand {
    typealias M = OperandMethod
    let method = UInt8(truncatingIfNeeded: code)
    let size = bytesOf(UInt8(truncatingIfNeeded: code &>> 8))
    let rm = modrm & 7 | (rex & 1) &<< 3
    let reg = (modrm &>> 3) & 7 | (rex & 4) &<< 1
    let isMemory = modrm < 0xc0
    switch method {
    case M.E: return isMemory ? Operand(.memory, size: size) : general(rm, size)
    case M.G: return general(reg, size)
    case M.M: return Operand(.memory, size: size)
    case M.R: return general(rm, size)
    case M.F: return isMemory ? Operand(.memory, size: size) : general(rm, 4)
    case M.T: return isMemory ? Operand(.memory, size: size) : general(rm, operandSize)
    case M.Z: return general(opcode & 7 | (rex & 1) &<< 3, size)
    case M.B:
      usesVVVV = true
      return Operand(.gpr, vvvv, size: size)
    case M.I: return try immediate(size, isUnsigned: code &>> 8 == 2, &i)
    case M.J:
      i.immediate = UInt64(bitPattern: Int64(try signed(size == 1 ? 1 : 4)))
      return Operand(.relative, size: operandSize)
    case M.O:
      i.displacement = try signed(prefixes.contains(.addressSize) ? 4 : 8)
      if prefixes.contains(.addressSize) { i.displacement &= 0xffff_ffff }
      return Operand(.memory, size: size)
    case M.S:
      let number = (modrm &>> 3) & 7
      if number > 5 { throw .invalid }
      return Operand(.segment, number, size: 2)
    case M.V: return Operand(.vector, reg, size: vectorSize)
    case M.W:
      return isMemory
        ? Operand(.memory, size: size) : Operand(.vector, rm, size: vectorSize)
    case M.U: return Operand(.vector, rm, size: vectorSize)
    case M.H:
      usesVVVV = true
      return Operand(.vector, vvvv, size: vectorSize)
    case M.L: return Operand(.vector, try byte() &>> 4, size: vectorSize)
    case M.P: return Operand(.mmx, reg & 7, size: 8)
    case M.Q: return isMemory ? Operand(.memory, size: size) : Operand(.mmx, rm & 7, size: 8)
    case M.N: return Operand(.mmx, rm & 7, size: 8)
    case M.one:
      i.immediate = 1
      return Operand(.immediate, size: 1)
    case M.st0: return Operand(.x87, 0, size: 10)
    case M.sti: return Operand(.x87, modrm & 7, size: 10)
    case M.xmm0: return Operand(.vector, 0, size: 16)
    default: return Operand(.gpr, method & 15, size: size)
    }
  }

  /// An immediate. A second one (ENTER's nesting level) goes above the first's sixteen bits.
  @inline(__always)
  mutating func immediate(_ size: UInt8, isUnsigned: Bool, _ i: inout Instruction)
    throws(DecodeError) -> Operand
  {
    if i.operands.0.kind == .immediate {
      i.immediate |= UInt64(try byte()) &<< 16
    } else if isUnsigned {
      // imm16 of RET and ENTER.
      i.immediate = UInt64(bitPattern: try signed(2)) & 0xffff
    } else {
      i.immediate = UInt64(bitPattern: try signed(Int(size)))
    }
    return Operand(.immediate, size: size)
  }
}
