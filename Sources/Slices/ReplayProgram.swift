// The replay program: the original file, with jumps where regions end, followed by the driver, the
// memory that regions touch, and a table of all invocations. It keeps the original's symbols and
// unwind tables, so that it is translated as the original is.
import CElf
import Codegen
import Discovery
import ELF
import Foundation

public struct ReplayProgram {
  public private(set) var file: [UInt8]
  private let original: Program
  private var driver: Program
  /// Of the blocks where regions end.
  private var counters: [UInt64: UInt64] = [:]
  private var symbols: [String: UInt64]

  /// Invocations whose end has no room for a jump are left out: `taken` are the others.
  public private(set) var taken: [Int] = []

  init(_ original: Program, _ code: CodeIndex, _ invocations: [Invocation]) throws(SliceError) {
    self.original = original
    file = original.file
    guard original.low >= ReplayDriver.dataEnd + 0x1000 else {
      throw SliceError(
        .unsupported, "its first segment lies below 0x\(String(ReplayDriver.dataEnd, radix: 16))")
    }
    // The size of the table stands in the driver's code, not in its layout.
    let isWide = invocations.contains(where: \.isWide)
    driver = try ReplayProgram.assemble(tableSize: 0, isWide: isWide)
    symbols = Dictionary(driver.symbols.map { ($0.name, $0.address) }) { first, _ in first }
    let stubs = try patch(code, invocations)
    let table = makeTable(taken.map { invocations[$0] })
    driver = try ReplayProgram.assemble(tableSize: UInt64(table.count), isWide: isWide)
    assemble(stubs: stubs, table: table, invocations: taken.map { invocations[$0] })
  }

  private static func assemble(tableSize: UInt64, isWide: Bool) throws(SliceError) -> Program {
    do {
      let bytes = try Codegen.assemble(
        ReplayDriver.assembly(tableSize: tableSize, isWide: isWide), for: .named("x86_64-linux-gnu"),
        sections: [
          (".text.replay", ReplayDriver.textAddress, false),
          (".data.replay", ReplayDriver.dataAddress, true),
        ])
      return try Program(path: "replay driver", file: bytes)
    } catch { throw SliceError(.bug, "\(error)") }
  }

  private func offset(of address: UInt64) -> Int? {
    guard let segment = original.segment(containing: address), address < segment.fileEnd else {
      return nil
    }
    return segment.fileOffset + Int(address - segment.address)
  }

  private mutating func write(_ bytes: [UInt8], at address: UInt64) {
    guard let place = offset(of: address) else { return }
    file.replaceSubrange(place..<place + bytes.count, with: bytes)
  }

  /// Puts the jumps in, and answers the counters' code.
  private mutating func patch(_ code: CodeIndex, _ invocations: [Invocation]) throws(SliceError)
    -> [UInt8]
  {
    guard let exit = symbols["replay_exit"] else { throw SliceError(.bug, "no replay_exit") }
    var stubs: [UInt8] = []
    var patched: [Range<UInt64>] = []
    for (number, invocation) in invocations.enumerated() {
      switch invocation.end {
      case .return: break
      case .systemCall(let address):
        let range = address..<address + UInt64(Patch.jumpSize)
        if !patched.contains(range) {
          if code.isEntered(range) || patched.contains(where: { $0.overlaps(range) }) { continue }
          write(Patch.jump(from: address, to: exit), at: address)
          patched.append(range)
        }
      case .block(let address, _):
        if counters[address] == nil {
          guard
            let block = code.block(at: address), let displaced = Patch.displaced(block),
            !code.isEntered(displaced), !patched.contains(where: { $0.overlaps(displaced) }),
            let place = offset(of: address)
          else { continue }
          let stub = ReplayDriver.stubAddress + UInt64(stubs.count)
          let counter = ReplayDriver.countersAddress + 8 * UInt64(counters.count)
          let bytes = Array(file[place..<place + displaced.count])
          stubs += Patch(address: address, displaced: displaced).stub(
            at: stub, code: bytes, counter: counter, saved: ReplayDriver.savedAddress, exit: exit)
          write(Patch.jump(from: address, to: stub), at: address)
          patched.append(displaced)
          counters[address] = counter
        }
      }
      taken.append(number)
    }
    return stubs
  }

  private func makeTable(_ invocations: [Invocation]) -> [UInt8] {
    let records = invocations.count + 1
    let recordSize = 8 * ReplayDriver.Field.size
    let base = ReplayDriver.tableAddress
    var words: [UInt64] = [UInt64(records)]
    let recordsAt = base + 8 * UInt64(1 + records)
    words += (0..<records).map { recordsAt + UInt64(recordSize * $0) }
    let pagesAt = recordsAt + UInt64(records * recordSize)
    let pageWords = invocations.reduce(0) { $0 + 3 * $1.pages.count }
    let imagesAt = (pagesAt + 8 * UInt64(pageWords) + 0xfff) & ~0xfff

    var images: [UInt8] = []
    var known: [[UInt8]: UInt64] = [:]
    func image(_ bytes: [UInt8]) -> UInt64 {
      if let at = known[bytes] { return at }
      let at = imagesAt + UInt64(images.count)
      images += bytes
      known[bytes] = at
      return at
    }
    var pages: [UInt64] = []
    words += record(nil, pages: pagesAt)
    for invocation in invocations {
      words += record(invocation, pages: pagesAt + 8 * UInt64(pages.count))
      for page in invocation.pages {
        pages += [page.address, image(page.before), page.after.map(image) ?? 0]
      }
    }
    words += pages
    words += [UInt64](repeating: 0, count: (Int(imagesAt - base) - 8 * words.count) / 8)
    var bytes: [UInt8] = []
    bytes.reserveCapacity(8 * words.count + images.count)
    words.withUnsafeBytes { bytes += $0 }
    bytes += images
    return bytes.withUnsafeBytes { all in
      var hidden = [UInt8](repeating: 0, count: all.count)
      hidden.withUnsafeMutableBytes { out in
        for offset in stride(from: 0, to: all.count, by: 8) {
          out.storeBytes(
            of: all.loadUnaligned(fromByteOffset: offset, as: UInt64.self) ^ ReplayDriver.mask,
            toByteOffset: offset, as: UInt64.self)
        }
      }
      return hidden
    }
  }

  /// nil: the record of the function that does nothing.
  private func record(_ invocation: Invocation?, pages: UInt64) -> [UInt64] {
    typealias Field = ReplayDriver.Field
    var words = [UInt64](repeating: 0, count: Field.size)
    func set(_ field: Field, _ values: [UInt64]) {
      words.replaceSubrange(field.rawValue..<field.rawValue + values.count, with: values)
    }
    guard let invocation else {
      let stack = ReplayDriver.dataEnd - 64
      words[Field.entry.rawValue] = symbols["nothing"] ?? 0
      words[Field.registers.rawValue + 4] = stack
      words[Field.endRegisters.rawValue + 4] = stack + 8
      return words
    }
    set(.entry, [invocation.entry])
    set(.registers, invocation.registers.general)
    set(.threadBase, [invocation.registers.threadBase])
    set(.pageCount, [UInt64(invocation.pages.count), pages])
    if case .block(let address, let count) = invocation.end {
      set(.counter, [counters[address]!, count])
    }
    set(.deadLow, [invocation.deadStack.lowerBound, invocation.deadStack.upperBound])
    set(.endRegisters, invocation.endRegisters.general)
    set(.vectors, Invocation.words(ofVectors: invocation.vectors))
    set(.isInside, [invocation.isInside ? 1 : 0])
    set(.endVectors, Invocation.words(ofVectors: invocation.endVectors))
    return words
  }

  /// File and program headers for all of it.
  private mutating func assemble(stubs: [UInt8], table: [UInt8], invocations: [Invocation]) {
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
