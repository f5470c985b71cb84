// Guest segments as the pages a kernel would map (binfmt_elf): several segments may meet in one
// page. Such a page has the bytes of all of them, later ones on top, and the union of their rights;
// a kernel maps the later segment's file page over the earlier one, which holds the same bytes in
// every file that a linker lays out.

public struct GuestLoad: Sendable {
  public var address: UInt64
  public var bytes: [UInt8]
  /// At least `bytes.count`; the rest is zero.
  public var memorySize: UInt64
  public var isWritable: Bool
  public init(address: UInt64, bytes: [UInt8], memorySize: UInt64, isWritable: Bool) {
    self.address = address
    self.bytes = bytes
    self.memorySize = max(memorySize, UInt64(bytes.count))
    self.isWritable = isWritable
  }
}

/// Whole pages with one set of rights: `bytes`, then zeros up to `size`.
struct PageRun: Equatable {
  var start: UInt64
  var bytes: [UInt8]
  var size: UInt64
  var isWritable: Bool
}

func pageRuns(_ loads: [GuestLoad], pageSize: UInt64) -> [PageRun] {
  func down(_ a: UInt64) -> UInt64 { a & ~(pageSize - 1) }
  func up(_ a: UInt64) -> UInt64 { down(a + pageSize - 1) }
  let loads = loads.filter { $0.memorySize > 0 }
  var cuts: Set<UInt64> = []
  for l in loads {
    cuts.formUnion([
      down(l.address), up(l.address + UInt64(l.bytes.count)), up(l.address + l.memorySize),
    ])
    // A page shared with a neighbour is on its own.
    cuts.insert(min(down(l.address) + pageSize, up(l.address + l.memorySize)))
    cuts.insert(down(l.address + l.memorySize - 1))
  }
  let sorted = cuts.sorted()
  var runs: [PageRun] = []
  for (start, end) in zip(sorted, sorted.dropFirst()) {
    let here = loads.filter { down($0.address) < end && start < up($0.address + $0.memorySize) }
    if here.isEmpty { continue }
    var bytes: [UInt8] = []
    for l in here {
      let from = max(start, l.address)
      let to = min(end, l.address + UInt64(l.bytes.count))
      if from >= to { continue }
      if bytes.isEmpty { bytes = [UInt8](repeating: 0, count: Int(end - start)) }
      bytes.replaceSubrange(
        Int(from - start)..<Int(to - start),
        with: l.bytes[Int(from - l.address)..<Int(to - l.address)])
    }
    let writable = here.contains { $0.isWritable }
    if var last = runs.last, last.start + last.size == start, last.isWritable == writable,
      bytes.isEmpty || UInt64(last.bytes.count) == last.size
    {
      runs.removeLast()
      last.bytes += bytes
      last.size += end - start
      runs.append(last)
    } else {
      runs.append(PageRun(start: start, bytes: bytes, size: end - start, isWritable: writable))
    }
  }
  return runs
}
