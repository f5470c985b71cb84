// The replay program: the original file, with jumps where regions end, followed by the driver, the
// memory that regions touch, and a table of all invocations. It keeps the original's symbols and
// unwind tables, so that it is translated as the original is.
import CElf
import Codegen
import Discovery
import ELF
import Foundation

public struct ReplayProgram {
  public internal(set) var file: [UInt8]
  let original: Program
  private(set) var driver: Program
  /// Of the blocks where regions end.
  private var counters: [UInt64: UInt64] = [:]
  private(set) var symbols: [String: UInt64]

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
}
