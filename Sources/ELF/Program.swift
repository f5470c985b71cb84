/// A guest program: an x86-64 Linux executable without an interpreter segment, checked and taken
/// apart. All addresses are guest addresses after loading (`loadBias` is already in them).
///
/// `Program(path:)` accepts what a kernel could start and this build can translate; everything else
/// is an `ELFError`. Whatever only helps (symbols, unwind tables, relocations) is dropped with a
/// line in `notes` when it is damaged, since the kernel does not look at it either.
public struct Program: Sendable {
  public struct Segment: Sendable, Equatable {
    /// First guest address, not rounded to a page.
    public var address: UInt64
    public var memorySize: UInt64
    public var fileOffset: Int
    public var fileSize: Int
    /// ELF p_flags: 4 read, 2 write, 1 execute.
    public var flags: UInt32
    public var end: UInt64 { address + memorySize }
    /// One past the last address that file bytes stand behind.
    public var fileEnd: UInt64 { address + UInt64(fileSize) }
    public var isExecutable: Bool { flags & 1 != 0 }
    public var isWritable: Bool { flags & 2 != 0 }
  }

  /// A function symbol. `size` is 0 when unknown.
  public struct Symbol: Sendable, Equatable {
    public var name: String
    public var address: UInt64
    public var size: UInt64
  }

  /// What an FDE of `.eh_frame` says: code from `start` up to `end`, and where exceptions land.
  public struct Frame: Sendable, Equatable {
    public var start: UInt64
    public var end: UInt64
    /// Address of the language-specific data area, 0 for none.
    public var exceptionTable: UInt64
    /// The FDE belongs to a signal trampoline (augmentation `S`).
    public var isSignalFrame: Bool
  }

  /// A place in memory and the guest address that the guest's start-up code puts there
  /// (`R_X86_64_RELATIVE`), or the function whose result it puts there (`R_X86_64_IRELATIVE`).
  public struct Relocation: Sendable, Equatable {
    public var place: UInt64
    public var value: UInt64
  }

  /// A replay program goes into the middle of frames, and leaves them there.
  public struct Replay: Sendable, Equatable {
    /// Where stretches end: whatever jumps there is through with its frame.
    public var exit: UInt64
    /// Where stretches begin in the middle of a frame.
    public var beginnings: [UInt64]
    public init(exit: UInt64, beginnings: [UInt64]) { (self.exit, self.beginnings) = (exit, beginnings) }
  }

  public var path: String
  /// The whole file.
  public var file: [UInt8]
  /// Loaded segments by address, without overlaps, no two in one page.
  public var segments: [Segment] = []
  public var entry: UInt64 = 0
  /// Guest address of the program headers, 0 when no segment holds them.
  public var programHeaders: UInt64 = 0
  public var programHeaderCount = 0
  /// Added to every address of the file; 0 unless position-independent.
  public var loadBias: UInt64 = 0
  public var isPositionIndependent = false
  /// PT_GNU_STACK asks for an executable stack, or is missing.
  public var hasExecutableStack = true
  public var hasSectionHeaders = false
  /// PT_GNU_RELRO: read-only once the guest's start-up has relocated itself; empty without it.
  public var relocationReadOnly: Range<UInt64> = 0..<0
  public var buildID: [UInt8] = []
  /// Function symbols by address, then name.
  public var symbols: [Symbol] = []
  /// By start; starts are unique and in executable bytes.
  public var frames: [Frame] = []
  /// Where exceptions resume, sorted, unique.
  public var landingPads: [UInt64] = []
  /// What a replay program says about itself; nil for others.
  public var replay: Replay?
  /// `R_X86_64_RELATIVE` and RELR, by place.
  public var relativeRelocations: [Relocation] = []
  /// `R_X86_64_IRELATIVE`, by place; `value` is the resolver.
  public var indirectRelocations: [Relocation] = []
  /// What was damaged and therefore ignored.
  public var notes: [String] = []

  /// Where position-independent programs are loaded.
  public static var defaultLoadBase: UInt64 { 0x1000_0000 }
  public static var maximumFileSize: Int { 1 << 30 }
  public static var maximumMemorySize: UInt64 { 16 << 30 }
  /// Guest addresses end here.
  public static var addressLimit: UInt64 { 1 << 46 }
  /// The artifact's own code and data (docs/ARCHITECTURE.md): no guest segment may lie here.
  public static var hostImage: Range<UInt64> { 0x30_0000_0000..<0x40_0000_0000 }
  public static var pageSize: UInt64 { 4096 }

  /// First and one-past-last address of the image, page aligned.
  public var low: UInt64 { (segments.first?.address ?? 0) & ~(Program.pageSize - 1) }
  public var high: UInt64 {
    ((segments.last?.end ?? 0) + Program.pageSize - 1) & ~(Program.pageSize - 1)
  }
}

// Memory as the kernel would map it, before the guest has run.
extension Program {
  /// The segment that `address` lies in. O(log n).
  public func segment(containing address: UInt64) -> Segment? {
    var low = 0
    var high = segments.count
    while low < high {
      let middle = (low + high) / 2
      if segments[middle].end <= address { low = middle + 1 } else { high = middle }
    }
    guard low < segments.count, segments[low].address <= address else { return nil }
    return segments[low]
  }

  /// The bytes at `address`, `count` of them at most, fewer at the end of what the file holds; empty
  /// when nothing is there.
  public func bytes(at address: UInt64, count: Int) -> ArraySlice<UInt8> {
    guard let segment = segment(containing: address), address < segment.fileEnd, count > 0 else {
      return []
    }
    let start = segment.fileOffset + Int(address - segment.address)
    let end = segment.fileOffset + segment.fileSize
    return file[start..<min(end, start + min(count, end - start))]
  }

  /// A little-endian integer from file bytes, nil when they do not hold all of it.
  public func integer<T: FixedWidthInteger>(_ type: T.Type, at address: UInt64) -> T? {
    let size = MemoryLayout<T>.size
    guard let segment = segment(containing: address), address < segment.fileEnd,
      segment.fileEnd - address >= UInt64(size)
    else { return nil }
    let start = segment.fileOffset + Int(address - segment.address)
    return file.withUnsafeBytes {
      T(littleEndian: $0.loadUnaligned(fromByteOffset: start, as: T.self))
    }
  }

  /// The 64-bit word that the guest will see at `address` once it has relocated itself.
  public func relocatedWord(at address: UInt64) -> UInt64? {
    if !relativeRelocations.isEmpty {
      var low = 0
      var high = relativeRelocations.count
      while low < high {
        let middle = (low + high) / 2
        if relativeRelocations[middle].place < address { low = middle + 1 } else { high = middle }
      }
      if low < relativeRelocations.count, relativeRelocations[low].place == address {
        return relativeRelocations[low].value
      }
    }
    return integer(UInt64.self, at: address)
  }

  /// Executable and backed by file bytes.
  public func isCode(_ address: UInt64) -> Bool {
    guard let segment = segment(containing: address) else { return false }
    return segment.isExecutable && address < segment.fileEnd
  }

  /// Nobody may write there once start-up is done.
  public func isConstant(_ address: UInt64) -> Bool {
    guard let segment = segment(containing: address) else { return false }
    return !segment.isWritable || relocationReadOnly.contains(address)
  }

  /// Executable addresses that file bytes stand behind.
  public var executableRanges: [Range<UInt64>] {
    segments.filter { $0.isExecutable && $0.fileSize > 0 }.map { $0.address..<$0.fileEnd }
  }
}
