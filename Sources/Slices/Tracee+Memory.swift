import Foundation

struct MemoryArea: Equatable {
  var range: Range<UInt64>
  var protection: UInt64
  var name: String
  var isWritable: Bool { protection & 2 != 0 }
}

extension Tracee {
  func read(_ address: UInt64, _ count: Int) -> [UInt8]? {
    var bytes = [UInt8](repeating: 0, count: count)
    return pread(memory, &bytes, count, off_t(address)) == count ? bytes : nil
  }

  /// What is readable of `count` bytes.
  func readSome(_ address: UInt64, _ count: Int) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: count)
    let found = pread(memory, &bytes, count, off_t(address))
    return Array(bytes.prefix(max(0, found)))
  }

  func word(_ address: UInt64) -> UInt64? {
    var value: UInt64 = 0
    return pread(memory, &value, 8, off_t(address)) == 8 ? value : nil
  }

  func write(_ address: UInt64, _ bytes: [UInt8]) throws(SliceError) {
    guard pwrite(memory, bytes, bytes.count, off_t(address)) == bytes.count else {
      throw SliceError.system("memory of the traced program")
    }
  }

  func areas() -> [MemoryArea] {
    let text = (try? String(contentsOfFile: "/proc/\(pid)/maps", encoding: .utf8)) ?? ""
    return text.split(separator: "\n").compactMap { line in
      let parts = line.split(separator: " ", omittingEmptySubsequences: true)
      let ends = parts[0].split(separator: "-").compactMap { UInt64($0, radix: 16) }
      guard ends.count == 2, parts.count > 1 else { return nil }
      var protection: UInt64 = 0
      for (bit, letter) in [(UInt64(1), "r"), (2, "w"), (4, "x")] where parts[1].contains(letter) {
        protection |= bit
      }
      return MemoryArea(
        range: ends[0]..<ends[1], protection: protection,
        name: parts.count > 5 ? String(parts[5]) : "")
    }
  }
}
