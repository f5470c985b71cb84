import X86

/// A hot function whose invocations stand for a part of the run.
public struct Region: Codable, Sendable, Equatable {
  /// The function's entry.
  public var entry: UInt64
  public var name: String
  /// Share of the run's samples that it stands for; each sample counts for one region at most.
  public var weight: Double
  /// How many invocations the run has, as far as it was counted.
  public var invocations: Int
  /// Mean processor time of one, in seconds: an estimate that only chose what to cut.
  public var duration: Double
}

/// How a captured stretch of a region ends.
public enum RegionEnd: Sendable, Equatable {
  /// The function returns.
  case `return`
  /// A block of code is about to be executed for the `count`th time since the entry.
  case block(address: UInt64, count: UInt64)
  /// A system call is about to be made by the instruction at `address`.
  case systemCall(address: UInt64)

  var word: String {
    switch self {
    case .return: "return"
    case .block: "after a time"
    case .systemCall: "system call"
    }
  }
}

/// One stretch of a run, from a region's entry to its end, as the processor and memory were.
public struct Invocation: Sendable {
  public struct Page: Sendable {
    public var address: UInt64
    public var before: [UInt8]
    /// nil: unchanged.
    public var after: [UInt8]?
  }
  public var region: Int
  public var entry: UInt64
  public var registers: GuestRegisters
  /// FXSAVE's area (512 bytes), and the upper halves of YMM0 to YMM15 (256 bytes).
  public var vectors: [UInt8]
  /// Those touched, by address.
  public var pages: [Page]
  public var end: RegionEnd
  public var endRegisters: GuestRegisters
  public var endVectors: [UInt8]
  /// The stack's lowest address.
  public var stackLow: UInt64
  /// What a translation is held to where the region returns, besides what the psABI keeps: masks like those of
  /// a replay's output. A translation may drop results that no caller looks at.
  public var results: (registers: UInt64, vectors: UInt64) = (0b101, 0xff)
  /// It begins inside of a function, at a block.
  public var isInside = false
  /// Share of the region's time that it stands for; nil: in proportion to its own time.
  public var share: Double?

  package init(
    region: Int, entry: UInt64, registers: GuestRegisters, vectors: [UInt8], pages: [Page],
    end: RegionEnd, endRegisters: GuestRegisters, endVectors: [UInt8], stackLow: UInt64
  ) {
    (self.region, self.entry, self.registers, self.vectors) = (region, entry, registers, vectors)
    (self.pages, self.end, self.endRegisters) = (pages, end, endRegisters)
    (self.endVectors, self.stackLow) = (endVectors, stackLow)
  }

  /// YMM0 to YMM15, four words each, of an area like `vectors`.
  package static func words(ofVectors area: [UInt8]) -> [UInt64] {
    (0..<64).map { n in
      let (register, word) = (n / 4, n % 4)
      return area.word(at: (word < 2 ? 160 : 512) + 16 * register + 8 * (word % 2))
    }
  }

  /// Upper halves of YMM registers hold something at its entry or at its end.
  package var isWide: Bool { (vectors[512...] + endVectors[512...]).contains { $0 != 0 } }

  /// Dead when the region has ended, and holds another return address: not compared.
  var deadStack: Range<UInt64> { stackLow..<registers.stack + (isInside ? 0 : 8) }
}

extension Array where Element == UInt8 {
  func word(at offset: Int) -> UInt64 {
    withUnsafeBytes { $0.loadUnaligned(fromByteOffset: offset, as: UInt64.self) }
  }
}
