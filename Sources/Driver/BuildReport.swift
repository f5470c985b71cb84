import Foundation

/// What is known about a guest program after discovery; `recast inspect` and `recast build` tell it.
public struct ProgramReport: Codable, Sendable {
  public struct Segment: Codable, Sendable {
    public var start: UInt64
    public var end: UInt64
    /// "r-x" and so on.
    public var access: String
    public init(start: UInt64, end: UInt64, access: String) {
      (self.start, self.end, self.access) = (start, end, access)
    }
  }
  /// Code that is left to the interpreter, and why.
  public struct Leftover: Codable, Sendable {
    public var address: UInt64
    public var bytes: Int
    public var function: String
    public var reason: String
    /// Capstone's lines, the first few.
    public var disassembly: [String]
    public init(
      address: UInt64, bytes: Int, function: String, reason: String, disassembly: [String]
    ) {
      (self.address, self.bytes, self.function) = (address, bytes, function)
      (self.reason, self.disassembly) = (reason, disassembly)
    }
  }
  /// An instruction without a meaning: SIGILL in both engines.
  public struct Refused: Codable, Sendable {
    public var mnemonic: String
    public var count: Int
    public var first: UInt64
    public init(mnemonic: String, count: Int, first: UInt64) {
      (self.mnemonic, self.count, self.first) = (mnemonic, count, first)
    }
  }

  public var input = ""
  public var sha256 = ""
  public var bytes = 0
  /// "static executable" or "static position-independent executable".
  public var kind = ""
  public var entry: UInt64 = 0
  public var symbols = 0
  public var segments: [Segment] = []

  public var functions = 0
  public var blocks = 0
  public var instructions = 0
  /// Functions by the evidence that found them first: "entry", "symbol", "fde", "call", …
  public var evidence: [String: Int] = [:]
  public var jumpTables = 0

  /// T/C by bytes of executable segments, and by those of them that FDEs cover, both without padding:
  /// fillers that no instruction leads to.
  public var codeBytes = 0
  public var translatedBytes = 0
  public var fdeBytes = 0
  public var translatedFDEBytes = 0
  public var paddingBytes = 0
  public var fdePaddingBytes = 0
  /// Of the translated bytes: reached only behind an instruction that always raises #UD, where
  /// translated code ends, as AVX-512 code does on a processor without it.
  public var behindFaultsBytes = 0

  public var leftovers: [Leftover] = []
  public var refused: [Refused] = []
  /// Instructions that the decoder and Capstone read differently, both readings in each line.
  public var disagreements: [String] = []

  public init() {}

  public static func share(_ part: Int, of whole: Int) -> Double? {
    whole > 0 ? Double(part) / Double(whole) : nil
  }
  public var translationEfficiency: Double? { Self.share(translatedBytes, of: codeBytes) }
  public var translationEfficiencyOfFDEs: Double? { Self.share(translatedFDEBytes, of: fdeBytes) }
}

public struct StageTime: Codable, Sendable {
  public var name: String
  public var seconds: Double
  public init(name: String, seconds: Double) { (self.name, self.seconds) = (name, seconds) }
}

/// One executable that was made.
public struct ArtifactReport: Codable, Sendable {
  public var target: String
  public var path: String
  public var bytes: Int
  /// Of the artifact, to compare builds by.
  public var sha256: String
  /// Functions that LLVM could not emit and the interpreter runs instead.
  public var abandoned: [String]
  public var stages: [StageTime]
  /// What functions were translated in, and how many of these objects the cache had.
  public var shards: Int
  public var reusedShards: Int
  public init(
    target: String, path: String, bytes: Int, sha256: String, abandoned: [String] = [],
    stages: [StageTime] = [], shards: Int = 0, reusedShards: Int = 0
  ) {
    (self.target, self.path, self.bytes) = (target, path, bytes)
    (self.sha256, self.abandoned, self.stages) = (sha256, abandoned, stages)
    (self.shards, self.reusedShards) = (shards, reusedShards)
  }
}

/// The whole story of a build, for `--report` and `--json`.
public struct BuildReport: Codable, Sendable {
  public var recast = Version.text
  public var buildIdentity: String
  public var options: BuildOptions
  public var program: ProgramReport
  public var artifacts: [ArtifactReport] = []
  public var stages: [StageTime] = []
  public var seconds = 0.0
  /// User and system time of this process and its children.
  public var processorSeconds = 0.0
  /// The largest resident size of this process or of one child.
  public var peakMemoryKiB = 0

  public init(options: BuildOptions, program: ProgramReport) {
    (self.options, self.program) = (options, program)
    buildIdentity = Version.identity
  }

  /// Fills in the times and the memory that the system counted.
  public mutating func measure(since start: Double, stages: [StageTime]) {
    self.stages = stages
    seconds = Progress.now - start
    processorSeconds = 0
    for who in [RUSAGE_SELF, RUSAGE_CHILDREN] {
      var usage = rusage()
      getrusage(who.rawValue, &usage)
      for time in [usage.ru_utime, usage.ru_stime] {
        processorSeconds += Double(time.tv_sec) + Double(time.tv_usec) / 1e6
      }
      peakMemoryKiB = max(peakMemoryKiB, Int(usage.ru_maxrss))
    }
  }

  public func json() -> Data { encoded(self) }
}

/// What `recast inspect` tells: the program, and one function's blocks when asked for.
public struct InspectReport: Codable, Sendable {
  public struct Block: Codable, Sendable {
    public var address: UInt64
    public var bytes: Int
    public var successors: [UInt64]
    public var disassembly: [String]
    public init(address: UInt64, bytes: Int, successors: [UInt64], disassembly: [String]) {
      (self.address, self.bytes) = (address, bytes)
      (self.successors, self.disassembly) = (successors, disassembly)
    }
  }
  /// What becomes of a function, line by line: LLVM's IR as lifted and as optimised, and the target's
  /// assembly.
  public struct Translation: Codable, Sendable {
    public var target: String
    /// "-O2" and so on.
    public var level: String
    public var lifted: [String]
    public var optimised: [String]
    public var assembly: [String]
    public init(
      target: String, level: String, lifted: [String], optimised: [String], assembly: [String]
    ) {
      (self.target, self.level) = (target, level)
      (self.lifted, self.optimised, self.assembly) = (lifted, optimised, assembly)
    }
  }
  public struct Function: Codable, Sendable {
    public var name: String
    public var address: UInt64
    public var evidence: [String]
    public var blocks: [Block]
    public var translation: Translation?
    public init(name: String, address: UInt64, evidence: [String], blocks: [Block]) {
      (self.name, self.address) = (name, address)
      (self.evidence, self.blocks) = (evidence, blocks)
    }
  }
  public var program: ProgramReport
  public var function: Function?
  public init(program: ProgramReport, function: Function? = nil) {
    (self.program, self.function) = (program, function)
  }
  public func json() -> Data { encoded(self) }
}

/// JSON with sorted keys, so that equal values are equal bytes.
public func encoded(_ value: some Encodable) -> Data {
  let encoder = JSONEncoder()
  encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
  do {
    return try encoder.encode(value) + Data("\n".utf8)
  } catch {
    preconditionFailure("a report that cannot be encoded: \(error)")
  }
}
