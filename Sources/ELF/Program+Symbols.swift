import CElf

extension Program {
  static var maximumSymbols: Int { 4 << 20 }

  /// Function symbols of `.symtab`, or of `.dynsym` where there is no other.
  mutating func readSymbols(_ headers: Headers) {
    let tables =
      headers.sections.filter { $0.header.sh_type == UInt32(SHT_SYMTAB) }
      + headers.sections.filter { $0.header.sh_type == UInt32(SHT_DYNSYM) }
    guard let table = tables.first?.header else { return }
    guard table.sh_entsize == 24, let range = table.fileRange(in: file.count) else {
      notes.append("the symbol table is damaged")
      return
    }
    var names: Range<Int> = 0..<0
    // Section 0 is not in the list.
    if table.sh_link >= 1, Int(table.sh_link) <= headers.sections.count {
      names = headers.sections[Int(table.sh_link) - 1].header.fileRange(in: file.count) ?? 0..<0
    }
    let count = range.count / 24
    guard count <= Program.maximumSymbols else {
      notes.append("\(count) symbols: more than \(Program.maximumSymbols), all ignored")
      return
    }
    // Names of one table can overlap; a hostile one must not multiply into gigabytes.
    var nameBudget = 4 * file.count + (1 << 20)
    var found: [Symbol] = []
    file.withUnsafeBytes { all in
      for number in 0..<count {
        let place = range.lowerBound + 24 * number
        let info = all[place + 4]
        let type = info & 15
        guard type == UInt8(STT_FUNC) || type == UInt8(STT_GNU_IFUNC) || type == 0,
          all.loadUnaligned(fromByteOffset: place + 6, as: UInt16.self) != 0
        else { continue }
        let value = all.loadUnaligned(fromByteOffset: place + 8, as: UInt64.self) &+ loadBias
        guard isCode(value) else { continue }
        var size = all.loadUnaligned(fromByteOffset: place + 16, as: UInt64.self)
        // Untyped symbols are labels of assembly files: only global ones name functions.
        if type == 0, info >> 4 != 1 || (value & 15 != 0 && size == 0) { continue }
        if let segment = segment(containing: value), size > segment.fileEnd - value { size = 0 }
        let start = UInt64(all.loadUnaligned(fromByteOffset: place, as: UInt32.self))
        var name = ""
        if start < UInt64(names.count) {
          let from = names.lowerBound + Int(start)
          var end = from
          while end < names.upperBound, end - from < 4096, all[end] != 0 { end += 1 }
          nameBudget -= end - from
          if nameBudget >= 0 {
            name = String(decoding: UnsafeRawBufferPointer(rebasing: all[from..<end]), as: UTF8.self)
          }
        }
        found.append(Symbol(name: name, address: value, size: size))
      }
    }
    found.sort { ($0.address, $0.name, $0.size) < ($1.address, $1.name, $1.size) }
    symbols = found
  }

  /// The name that covers `address`, for messages: the symbol and the distance from its start.
  public func symbol(covering address: UInt64) -> (symbol: Symbol, offset: UInt64)? {
    var low = 0
    var high = symbols.count
    while low < high {
      let middle = (low + high) / 2
      if symbols[middle].address <= address { low = middle + 1 } else { high = middle }
    }
    guard low > 0 else { return nil }
    let found = symbols[low - 1]
    let offset = address - found.address
    guard offset == 0 || offset < found.size else { return nil }
    return (found, offset)
  }
}
