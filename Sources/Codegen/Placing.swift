// What is only a place in the guest is taken out of a module before it is emitted, and put into its
// object afterwards: names of functions, and on x86-64 guest addresses of the module's own code. So
// the object in between is the same wherever the linker of the guest has put these functions, and a
// cache has it after a change of what is in front of them.
//
// It is sound whatever the constants mean: the module is taken apart into one without places and into
// the places, and both together are the module again. A number that only looks like an address makes
// a different module when the addresses move.
//
// An address becomes a symbol, which x86-64 has 32-bit relocations for wherever it has an immediate
// operand: the code is the same. Other targets build constants from pieces, which LLVM would make
// longer for symbols.

import LLVM

/// The places that were taken out of a module.
public struct Placement {
  /// A function's or the runtime's symbol, by its name in the object.
  var names: [String: String] = [:]
  /// An address, by its name in the object.
  var addresses: [String: UInt64] = [:]
}

/// An object that uses an address in a way that only the linker could fill in.
public struct NoPlace: Error {}

private func placeName(_ kind: String, _ number: UInt64) -> String {
  let digits = String(number, radix: 16)
  return kind + String(repeating: "0", count: 16 - digits.count) + digits
}

extension Placement {
  /// Takes names of the form PREFIX‹address in hexadecimal› out of `module`, and of the integers in it
  /// those that `isAddress` finds to be addresses of code: below 2 GiB, in memory that is not written,
  /// since LLVM may take symbols for separate objects.
  ///
  /// - Parameter own: addresses of the code that the module translates, which move together.
  public init(
    takenFrom module: Module, prefix: String, own: Range<UInt64>, isAddress: (UInt64) -> Bool
  ) {
    let base = own.lowerBound
    var count: UInt64 = 0
    for f in module.functions {
      let name = f.name
      guard name.hasPrefix(prefix), let entry = UInt64(name.dropFirst(prefix.count), radix: 16) else {
        continue
      }
      let new = f.isDeclaration ? placeName("x_", count) : placeName("o_", entry &- base)
      count += 1
      f.value.name = new
      names[new] = name
    }
    let c = module.context
    let kind = c.metadataKind("absolute_symbol")
    let bounds = c.mdNode([0, 1 << 31].map { c.mdConstant(c.i64.constInt($0)) })
    var known: [UInt64: Value] = [:]
    module.replaceIntegers { address in
      if let symbol = known[address] { return symbol }
      guard isAddress(address) else { return nil }
      let name = own.contains(address)
        ? placeName("k_", address &- base) : placeName("e_", UInt64(addresses.count))
      let global = module.addGlobal(name, c.i8)
      global.value.setGlobalMetadata(kind, bounds)
      global.visibility = LLVMHiddenVisibility
      addresses[name] = address
      known[address] = global.value.constPtrToInt(c.i64)
      return known[address]!
    }
  }

  /// The object with its places: symbols renamed, addresses written where relocations want them.
  public func place(_ object: [UInt8]) throws(NoPlace) -> [UInt8] {
    var elf = RelocatableObject(bytes: object)
    var values: [Int: UInt64] = [:]
    for symbol in 1..<max(1, elf.symbolCount) {
      let name = elf.name(of: symbol)
      if let address = addresses[name] { values[symbol] = address }
      if let new = names[name] { elf.rename(symbol, new) }
    }
    for relocation in elf.relocations() {
      guard let value = values[relocation.symbol] else { continue }
      try elf.apply(relocation, value)
    }
    return elf.bytes
  }
}

/// An ELF64 little-endian relocatable file, as LLVM makes it (System V gABI 4.1, chapter 4).
private struct RelocatableObject {
  var bytes: [UInt8]
  private var sections: [(type: UInt64, offset: Int, size: Int, link: Int, info: Int)] = []
  private var symbols = 0
  private var strings = 0
  private(set) var symbolCount = 0

  /// One entry of a section of type RELA: where it is in the file, what it says, and where the bytes
  /// are that it changes.
  struct Relocation {
    var entry: Int
    var symbol: Int
    var type: UInt64
    var addend: UInt64
    var place: Int
  }

  init(bytes: [UInt8]) {
    self.bytes = bytes
    let (table, count) = (Int(word(40, 8)), Int(word(60, 2)))
    for n in 0..<count {
      let at = table + 64 * n
      sections.append(
        (
          word(at + 4, 4), Int(word(at + 24, 8)), Int(word(at + 32, 8)), Int(word(at + 40, 4)),
          Int(word(at + 44, 4))
        ))
    }
    if let table = sections.first(where: { $0.type == 2 }) {
      (symbols, symbolCount) = (table.offset, table.size / 24)
      strings = sections[table.link].offset
    }
  }

  private func word(_ at: Int, _ size: Int) -> UInt64 {
    (0..<size).reduce(0) { $0 | UInt64(bytes[at + $1]) << UInt64(8 * $1) }
  }

  private mutating func put(_ value: UInt64, _ at: Int, _ size: Int) {
    for n in 0..<size { bytes[at + n] = UInt8(truncatingIfNeeded: value >> UInt64(8 * n)) }
  }

  private func nameStart(_ symbol: Int) -> Int { strings + Int(word(symbols + 24 * symbol, 4)) }

  func name(of symbol: Int) -> String {
    String(decoding: bytes[nameStart(symbol)...].prefix { $0 != 0 }, as: UTF8.self)
  }

  /// - Parameter name: not longer than the old one. Names of one length share no bytes.
  mutating func rename(_ symbol: Int, _ name: String) {
    let start = nameStart(symbol)
    for (n, byte) in (Array(name.utf8) + [0]).enumerated() { bytes[start + n] = byte }
  }

  func relocations() -> [Relocation] {
    sections.filter { $0.type == 4 }.flatMap { table in
      stride(from: table.offset, to: table.offset + table.size, by: 24).map { at in
        Relocation(
          entry: at, symbol: Int(word(at + 12, 4)), type: word(at + 8, 4), addend: word(at + 16, 8),
          place: sections[table.info].offset + Int(word(at, 8)))
      }
    }
  }

  /// Does what the linker would do for R_X86_64_64, R_X86_64_32 and R_X86_64_32S (x86-64 psABI 1.0,
  /// 4.4.1), and makes the entry R_X86_64_NONE.
  mutating func apply(_ relocation: Relocation, _ address: UInt64) throws(NoPlace) {
    let value = address &+ relocation.addend
    switch relocation.type {
    case 1: put(value, relocation.place, 8)
    case 10 where value < 1 << 31, 11 where value < 1 << 31: put(value, relocation.place, 4)
    default: throw NoPlace()
    }
    put(0, relocation.entry + 8, 8)
    put(0, relocation.entry + 16, 8)
  }
}
