// The replay program's file: the original's bytes, and what follows them.
import CElf
import ELF

extension ReplayProgram {
  /// File and program headers for all of it.
  mutating func assemble(stubs: [UInt8], table: [UInt8], invocations: [Invocation]) {
    var headers: [Elf64_Phdr] = []
    let old = Int(file.word(at: 32))
    let oldCount = Int(file[56]) | Int(file[57]) << 8
    file.withUnsafeBytes { all in
      for n in 0..<oldCount {
        headers.append(all.loadUnaligned(fromByteOffset: old + 56 * n, as: Elf64_Phdr.self))
      }
    }
    var text = driver.segments[0]
    let textBytes = Array(driver.file[text.fileOffset..<text.fileOffset + text.fileSize])
    let gap = Int(ReplayDriver.stubAddress - text.address) - textBytes.count
    precondition(gap >= 0, "the replay driver is larger than its room")
    headers.append(
      append(textBytes + [UInt8](repeating: 0xcc, count: gap) + stubs, at: text.address, flags: 5))
    text = driver.segments[1]
    headers.append(
      append(
        Array(driver.file[text.fileOffset..<text.fileOffset + text.fileSize]), at: text.address,
        flags: 6, size: ReplayDriver.dataEnd - ReplayDriver.dataAddress))
    headers.append(append(table, at: ReplayDriver.tableAddress, flags: 6))
    headers += memory(invocations)
    let beginnings = Set(invocations.filter(\.isInside).map(\.entry)).sorted()
    headers.append(appendNote(Program.Replay(exit: symbols["replay_exit"] ?? 0, beginnings: beginnings).note))
    let loads = headers.filter { $0.p_type == UInt32(PT_LOAD) }.sorted { $0.p_vaddr < $1.p_vaddr }
    let others = headers.filter {
      $0.p_type != UInt32(PT_LOAD) && $0.p_type != UInt32(PT_PHDR)
    }
    let all = loads + others
    while file.count % 8 != 0 { file.append(0) }
    let place = UInt64(file.count)
    all.withUnsafeBytes { file += $0 }
    file.withUnsafeMutableBytes { bytes in
      bytes.storeBytes(of: driver.entry, toByteOffset: 24, as: UInt64.self)
      bytes.storeBytes(of: place, toByteOffset: 32, as: UInt64.self)
      bytes.storeBytes(of: UInt16(all.count), toByteOffset: 56, as: UInt16.self)
    }
  }

  private mutating func append(
    _ bytes: [UInt8], at address: UInt64, flags: UInt32, size: UInt64? = nil
  ) -> Elf64_Phdr {
    while file.count % 4096 != Int(address % 4096) { file.append(0) }
    var header = Elf64_Phdr()
    header.p_type = UInt32(PT_LOAD)
    header.p_flags = flags
    header.p_offset = UInt64(file.count)
    header.p_vaddr = address
    header.p_paddr = address
    header.p_filesz = UInt64(bytes.count)
    header.p_memsz = size ?? UInt64(bytes.count)
    header.p_align = 4096
    file += bytes
    return header
  }

  private mutating func appendNote(_ bytes: [UInt8]) -> Elf64_Phdr {
    while file.count % 4 != 0 { file.append(0) }
    var header = Elf64_Phdr()
    header.p_type = UInt32(PT_NOTE)
    header.p_flags = 4
    header.p_offset = UInt64(file.count)
    header.p_filesz = UInt64(bytes.count)
    header.p_align = 4
    file += bytes
    return header
  }

  /// Pages that invocations touch outside of the original's segments, as memory without contents.
  private func memory(_ invocations: [Invocation]) -> [Elf64_Phdr] {
    var own: Set<UInt64> = []
    for segment in original.segments {
      var page = segment.address & ~0xfff
      while page < segment.end {
        own.insert(page)
        page += 4096
      }
    }
    let touched = Set(invocations.flatMap { $0.pages.map(\.address) }).subtracting(own).sorted()
    var headers: [Elf64_Phdr] = []
    for page in touched {
      // Small gaps are cheaper than many segments.
      if let last = headers.last, page - (last.p_vaddr + last.p_memsz) <= 0x4_0000,
        !own.contains(where: { $0 >= last.p_vaddr + last.p_memsz && $0 < page })
      {
        headers[headers.count - 1].p_memsz = page + 4096 - last.p_vaddr
        continue
      }
      var header = Elf64_Phdr()
      header.p_type = UInt32(PT_LOAD)
      header.p_flags = 6
      header.p_vaddr = page
      header.p_paddr = page
      header.p_memsz = 4096
      header.p_align = 4096
      headers.append(header)
    }
    return headers
  }
}
