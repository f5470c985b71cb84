import CElf

// Relocations of static programs: the guest's own start-up code applies them (to itself in a static
// PIE, IRELATIVE everywhere). Recast reads them because their values are code pointers.
// System V psABI, AMD64, table 4.9; RELR as in the generic ABI.
extension Program {
  mutating func readRelocations(_ headers: Headers) {
    var relative: [Relocation] = []
    var indirect: [Relocation] = []
    var tables: [(address: UInt64, size: UInt64)] = []
    var packed: (address: UInt64, size: UInt64) = (0, 0)

    if let dynamic = headers.segments.first(where: { $0.p_type == UInt32(PT_DYNAMIC) }) {
      var values: [UInt64: UInt64] = [:]
      let start = dynamic.p_vaddr &+ loadBias
      for number in 0..<min(dynamic.p_memsz / 16, 1024) {
        let place = start &+ number &* 16
        guard let tag = integer(UInt64.self, at: place),
          let value = integer(UInt64.self, at: place &+ 8), tag != 0
        else { break }
        if values[tag] == nil { values[tag] = value }
      }
      func table(_ tag: Int32, _ size: Int32) -> (UInt64, UInt64)? {
        guard let address = values[UInt64(tag)], let size = values[UInt64(size)] else { return nil }
        return (address &+ loadBias, size)
      }
      if let rela = table(DT_RELA, DT_RELASZ) { tables.append(rela) }
      if let plt = table(DT_JMPREL, DT_PLTRELSZ) { tables.append(plt) }
      if let relr = table(36, 35) { packed = relr }  // DT_RELR, DT_RELRSZ
    }
    for section in headers.sections
    where section.header.sh_type == UInt32(SHT_RELA) && section.header.sh_flags & 2 != 0 {
      tables.append((section.header.sh_addr &+ loadBias, section.header.sh_size))
    }

    // A table may be named twice (DT_RELA spans DT_JMPREL, sections repeat both).
    var budget = file.count / 24 * 2 + 16
    for (address, size) in tables {
      for number in 0..<size / 24 {
        budget -= 1
        let entry = address &+ number &* 24
        guard budget > 0, let place = integer(UInt64.self, at: entry),
          let info = integer(UInt64.self, at: entry &+ 8),
          let addend = integer(UInt64.self, at: entry &+ 16)
        else {
          notes.append("relocations at \(entry.hex) are damaged")
          break
        }
        let relocation = Relocation(place: place &+ loadBias, value: addend &+ loadBias)
        switch info {
        case 8: relative.append(relocation)  // R_X86_64_RELATIVE
        case 37: indirect.append(relocation)  // R_X86_64_IRELATIVE
        default: break
        }
      }
    }
    readPacked(packed.address, packed.size, into: &relative)
    relativeRelocations = Program.unique(relative)
    indirectRelocations = Program.unique(indirect)
  }

  /// DT_RELR: an even word is a place, an odd one a bitmap of the 63 words after the last place.
  private func readPacked(_ address: UInt64, _ size: UInt64, into list: inout [Relocation]) {
    var next: UInt64 = 0
    func relocation(_ place: UInt64) -> Relocation? {
      guard let addend = integer(UInt64.self, at: place) else { return nil }
      return Relocation(place: place, value: addend &+ loadBias)
    }
    for number in 0..<size / 8 where list.count < 16 << 20 {
      guard let word = integer(UInt64.self, at: address &+ number &* 8) else { return }
      if word & 1 == 0 {
        if let found = relocation(word &+ loadBias) { list.append(found) }
        next = word &+ loadBias &+ 8
      } else {
        for bit in 0..<UInt64(63) where word >> (bit + 1) & 1 != 0 {
          if let found = relocation(next &+ bit &* 8) { list.append(found) }
        }
        next = next &+ 63 * 8
      }
    }
  }

  private static func unique(_ list: [Relocation]) -> [Relocation] {
    let sorted = list.sorted { ($0.place, $0.value) < ($1.place, $1.value) }
    var result: [Relocation] = []
    for relocation in sorted where result.last?.place != relocation.place {
      result.append(relocation)
    }
    return result
  }
}
