// The decoder: bytes to `Instruction` (SDM vol. 2, chapter 2 and appendix A).
//
// Prefixes, REX or VEX and the opcode select a handful of rows of the generated table; a sixteen-bit
// key made of the ModRM byte and the prefixes selects one of them by mask and value. It allocates
// nothing and never reads past `available`: the interpreter runs it too.
//
// Where processors differ, Intel's way is taken: 66 does not shorten near branches.

public enum DecodeError: UInt8, Error {
  case truncated  // more bytes are needed
  case invalid  // #UD
  case tooLong  // more than 15 bytes: #GP
  case unsupported  // XOP
}

public struct Decoder {
  @usableFromInline var bytes: UnsafePointer<UInt8>
  var available: Int
  var position = 0

  var prefixes: Prefixes = []
  var segment: UInt8 = 0
  var rex: UInt8 = 0
  var hasRex = false
  /// The mandatory-prefix class: none, 66, F3, F2.
  var prefixClass: UInt16 = 0
  /// VEX.vvvv, and the vector length in bytes.
  var vvvv: UInt8 = 0
  var vectorSize: UInt8 = 16
  var usesVVVV = false
  var map = 0
  var opcode: UInt8 = 0
  var modrm: UInt8 = 0
  var operandSize: UInt8 = 4

  /// Decodes the instruction at guest address `address`, of which `available` bytes can be read.
  public static func decode(_ bytes: UnsafePointer<UInt8>, available: Int, at address: UInt64)
    throws(DecodeError) -> Instruction
  {
    var decoder = Decoder(bytes: bytes, available: available < 15 ? available : 15)
    do throws(DecodeError) {
      return try decoder.instruction(at: address)
    } catch {
      throw error == .truncated && available >= 15 ? .tooLong : error
    }
  }

  init(bytes: UnsafePointer<UInt8>, available: Int) {
    self.bytes = bytes
    self.available = available
  }

  @inline(__always)
  mutating func byte() throws(DecodeError) -> UInt8 {
    if position >= available { throw .truncated }
    let value = bytes[position]
    position &+= 1
    return value
  }

  mutating func instruction(at address: UInt64) throws(DecodeError) -> Instruction {
    try readPrefixes()
    try readOpcode()
    if opcode == 0x62 && map == 0 { return try evex(at: address) }
    let hasNext = position < available
    modrm = hasNext ? bytes[position] : 0
    guard let row = match() else { throw hasNext || !hasRows ? .invalid : .truncated }

    var i = Instruction(operation: row.operation, address: address)
    if row.flags & RowFlags.forced64 != 0 {
      operandSize = 8
    } else if row.flags & RowFlags.default64 != 0 && operandSize == 4 {
      operandSize = 8
    }
    i.segment = segment
    if row.flags & RowFlags.modrm != 0 {
      if !hasNext { throw .truncated }
      position &+= 1
      if modrm < 0xc0 && row.flags & RowFlags.registerOnly == 0 { try readMemory(&i) }
    }
    if row.flags & RowFlags.condition != 0 {
      i.condition = Condition(rawValue: opcode & 15).unsafelyUnwrapped
    }
    i.size = bytesOf(row.size)
    try readOperands(row.operandCodes, &i)

    if prefixes.contains(.lock)
      && (row.flags & RowFlags.lock == 0 || i.operands.0.kind != .memory)
    {
      throw .invalid
    }
    if vvvv != 0 && !usesVVVV && row.flags & RowFlags.vvvv == 0 { throw .invalid }
    // A gather's index is in a SIB byte (VEX.0F38 90…93; SDM vol. 2, 2.3.12).
    if map == 5 && opcode & 0xfc == 0x90 && modrm & 7 != 4 { throw .invalid }
    i.prefixes = prefixes
    i.length = UInt8(truncatingIfNeeded: position)
    if i.base == Instruction.instructionPointer {
      i.displacement = i.displacement &+ Int64(bitPattern: i.next)
      if prefixes.contains(.addressSize) { i.displacement &= 0xffff_ffff }
    }
    if i.operands.0.kind == .relative { i.immediate = i.immediate &+ i.next }
    if map == 0 && (opcode & 0xf8 == 0xd8 || opcode == 0x9b) {
      i.immediate = UInt64(opcode) &<< 8 | UInt64(opcode == 0x9b ? 0 : modrm)
    }
    return i
  }

  /// Legacy prefixes in any order; REX counts only right before the opcode.
  @inline(__always)
  mutating func readPrefixes() throws(DecodeError) {
    while true {
      if position >= available { throw .truncated }
      let value = bytes[position]
      switch value {
      case 0x40...0x4f:
        rex = value
        hasRex = true
        position &+= 1
        continue
      case 0x66: prefixes.insert(.operandSize)
      case 0x67: prefixes.insert(.addressSize)
      case 0xf0: prefixes.insert(.lock)
      case 0xf2:
        prefixes.insert(.repne)
        prefixes.remove(.rep)
      case 0xf3:
        prefixes.insert(.rep)
        prefixes.remove(.repne)
      case 0x64: segment = 4
      case 0x65: segment = 5
      case 0x26, 0x2e, 0x36, 0x3e: break
      default: return
      }
      rex = 0
      hasRex = false
      position &+= 1
    }
  }

  @inline(__always)
  mutating func readOpcode() throws(DecodeError) {
    opcode = try byte()
    switch opcode {
    case 0x0f:
      opcode = try byte()
      map = 1
      if opcode == 0x38 || opcode == 0x3a {
        map = opcode == 0x38 ? 2 : 3
        opcode = try byte()
      }
    case 0xc4, 0xc5:
      try readVEX(threeBytes: opcode == 0xc4)
      return
    case 0x62: return
    case 0x8f:
      if position < available && bytes[position] & 0x1f >= 8 { throw .unsupported }
    default: break
    }
    if rex & 8 != 0 {
      prefixes.insert(.rexW)
      operandSize = 8
    } else if prefixes.contains(.operandSize) {
      operandSize = 2
    }
    if prefixes.contains(.repne) {
      prefixClass = 3
    } else if prefixes.contains(.rep) {
      prefixClass = 2
    } else if prefixes.contains(.operandSize) {
      prefixClass = 1
    }
  }

  /// VEX (SDM vol. 2, 2.3.5); its R, X, B, W become REX's.
  mutating func readVEX(threeBytes: Bool) throws(DecodeError) {
    let forbidden: Prefixes = [.operandSize, .lock, .rep, .repne]
    if hasRex || !prefixes.isDisjoint(with: forbidden) { throw .invalid }
    prefixes.insert(.vex)
    let first = try byte()
    var last = first
    rex = (~first &>> 5) & 4
    map = 4
    if threeBytes {
      last = try byte()
      rex = (~first &>> 5) & 7 | (last &>> 4) & 8
      map = Int(first & 0x1f) &+ 3
      if map < 4 || map > 6 { throw .invalid }
    }
    hasRex = true
    vvvv = (~last &>> 3) & 15
    vectorSize = last & 4 != 0 ? 32 : 16
    // 66, F3, F2 as VEX.pp numbers them are the classes.
    prefixClass = UInt16(last & 3)
    if rex & 8 != 0 {
      prefixes.insert(.rexW)
      operandSize = 8
    }
    opcode = try byte()
  }
}
