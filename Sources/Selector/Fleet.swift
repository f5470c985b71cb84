/// The systems that a program could move to, and how the choice among them is made.
public struct Fleet: Sendable, Equatable {
  public var weights = OccupancyWeights.standard
  public var thresholds = Thresholds.standard
  /// Rank by value for money: V over cost.
  public var isPerCost = false
  public var systems: [System] = []
  public init() {}

  public struct System: Sendable, Equatable {
    public var name: String
    public var target: String
    /// LLVM's names; empty for the triple's baseline.
    public var cpu = ""
    public var features = ""
    public var run: Way
    /// What using it costs, in any unit that all systems share.
    public var cost = 1.0
    /// Seconds for everything that is done there.
    public var limit = 300.0
    /// Where files go there; empty for the system's temporary folder.
    public var folder = ""
    /// Given instead of asked for.
    public var occupancy: Occupancy?
    /// For an emulated system: how many of its instructions the real one executes in the time in which
    /// the source machine executes one of the program's.
    public var speed = 1.0

    public init(name: String, target: String, run: Way) {
      (self.name, self.target, self.run) = (name, target, run)
    }
    public var isEmulated: Bool {
      if case .qemu = run { return true }
      return false
    }
  }

  /// How programs run there.
  public enum Way: Sendable, Equatable {
    case local
    /// The emulator's command; times are replaced by executed instructions.
    case qemu([String])
    /// Arguments of ssh: options, then the host. The user's own configuration holds.
    case ssh([String])
    /// Words that go in front of a command line: a batch scheduler, a container.
    case command([String])

    public var word: String {
      switch self {
      case .local: "local"
      case .qemu: "qemu"
      case .ssh: "ssh"
      case .command: "command"
      }
    }
  }
}

/// What is wrong with a fleet file, and where.
public struct FleetError: Error, Equatable, CustomStringConvertible {
  public var line: Int
  public var what: String
  public var description: String { line > 0 ? "line \(line): \(what)" : what }
  init(_ line: Int, _ what: String) { (self.line, self.what) = (line, what) }
}
