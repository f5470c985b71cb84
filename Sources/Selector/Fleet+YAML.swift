// The fleet file: YAML, read node by node, so that every complaint names its line and nothing that
// is misspelt is passed over. `Fleet.schema` says the same as a JSON schema, for editors.
import Yams

extension Fleet {
  /// `resolve` finds the triple that artifacts can be made for by any spelling, or says why there is none.
  public init(yaml text: String, resolve: (String) throws(MethodError) -> String) throws(FleetError) {
    self.init()
    let root: Node?
    // Editors of other systems put a byte order mark in front.
    let text = text.hasPrefix("\u{feff}") ? String(text.dropFirst()) : text
    do { root = try Yams.compose(yaml: text) } catch {
      throw Self.syntaxError(error)
    }
    guard let root else { throw FleetError(0, "the file is empty") }
    let file = try Fields(root, "the file", known: Self.fileKeys)
    guard try file.integer("version") == 1 else {
      throw FleetError(file.line, "version must be 1")
    }
    try readMethod(file)
    guard let list = file["systems"]?.sequence, !list.isEmpty else {
      throw FleetError(file.line, "systems must be a list of at least one system")
    }
    for node in list {
      let system = try Self.system(node, resolve)
      if systems.contains(where: { $0.name == system.name }) {
        throw FleetError(Fields.line(of: node), "two systems are called \(system.name)")
      }
      systems.append(system)
    }
  }

  package static let fileKeys = ["version", "lambda", "thresholds", "per-cost", "systems"]
  package static let lambdaKeys = ["cpu", "memory", "storage"]
  package static let thresholdKeys = ["lower", "upper", "a1", "a2"]
  package static let systemKeys = [
    "name", "target", "cpu", "features", "run", "cost", "limit", "folder", "occupancy", "speed",
  ]
  static let wayKeys = ["qemu", "ssh", "command"]

  private static func syntaxError(_ error: any Error) -> FleetError {
    guard let error = error as? YamlError else { return FleetError(0, "\(error)") }
    switch error {
    case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _),
      .composer(_, let problem, let mark, _):
      return FleetError(mark.line, "not YAML: \(problem)")
    default: return FleetError(0, "not YAML")
    }
  }

  private mutating func readMethod(_ file: Fields) throws(FleetError) {
    if let node = file["lambda"] {
      let part = try Fields(node, "lambda", known: Self.lambdaKeys)
      let standard = OccupancyWeights.standard
      let (cpu, memory, storage) = (
        try part.number("cpu") ?? standard.cpu, try part.number("memory") ?? standard.memory,
        try part.number("storage") ?? standard.storage
      )
      do throws(MethodError) {
        weights = try OccupancyWeights(cpu: cpu, memory: memory, storage: storage)
      } catch { throw FleetError(part.line, error.description) }
    }
    if let node = file["thresholds"] {
      let part = try Fields(node, "thresholds", known: Self.thresholdKeys)
      let s = Thresholds.standard
      let (lower, upper) = (try part.number("lower") ?? s.lower, try part.number("upper") ?? s.upper)
      let (poor, good) = (try part.number("a1") ?? s.poor, try part.number("a2") ?? s.good)
      do throws(MethodError) {
        thresholds = try Thresholds(lower: lower, upper: upper, poor: poor, good: good)
      } catch { throw FleetError(part.line, error.description) }
    }
    isPerCost = try file.flag("per-cost") ?? false
  }

  private static func system(
    _ node: Node, _ resolve: (String) throws(MethodError) -> String
  ) throws(FleetError) -> System {
    let part = try Fields(node, "a system", known: systemKeys)
    guard let name = try part.text("name"), !name.isEmpty,
      name.allSatisfy({ $0.isLetter || $0.isNumber || "-_.".contains($0) })
    else {
      throw FleetError(part.line, "a system needs a name of letters, digits, -, _ and .")
    }
    guard let text = try part.text("target") else {
      throw FleetError(part.line, "\(name): a system needs a target")
    }
    let target: String
    do throws(MethodError) { target = try resolve(text) } catch {
      throw FleetError(part.line, "\(name): \(text): \(error.description)")
    }
    guard let way = part["run"] else { throw FleetError(part.line, "\(name): run is missing") }
    var system = System(name: name, target: target, run: try Self.way(way, name))
    system.cpu = try part.text("cpu") ?? ""
    system.features = try part.text("features") ?? ""
    system.folder = try part.text("folder") ?? ""
    for (key, path) in [
      ("cost", \System.cost), ("limit", \System.limit), ("speed", \System.speed),
    ] {
      guard let value = try part.number(key) else { continue }
      guard value.isFinite, value > 0 else {
        throw FleetError(part.line, "\(name): \(key) must be above 0")
      }
      system[keyPath: path] = value
    }
    if let node = part["occupancy"] {
      let given = try Fields(node, "occupancy", known: lambdaKeys)
      let (cpu, memory, storage) = (
        try given.number("cpu") ?? 0, try given.number("memory") ?? 0,
        try given.number("storage") ?? 0
      )
      do throws(MethodError) {
        system.occupancy = try Occupancy(cpu: cpu, memory: memory, storage: storage)
      } catch { throw FleetError(given.line, "\(name): \(error.description)") }
    }
    return system
  }

  private static func way(_ node: Node, _ name: String) throws(FleetError) -> Way {
    if node.scalar?.string == "local" { return .local }
    let line = Fields.line(of: node)
    guard node.mapping != nil else {
      throw FleetError(line, "\(name): run must be local, or one of qemu, ssh, command")
    }
    let part = try Fields(node, "run", known: wayKeys)
    guard let (key, value) = part.values.first, part.values.count == 1 else {
      throw FleetError(line, "\(name): run must have one of qemu, ssh, command")
    }
    var words: [String] = []
    if let list = value.sequence {
      for entry in list {
        guard let text = entry.scalar?.string else {
          throw FleetError(line, "\(name): \(key) must be words")
        }
        words.append(text)
      }
    } else if let text = value.scalar?.string {
      words = text.split(separator: " ").map(String.init)
    }
    guard !words.isEmpty else { throw FleetError(line, "\(name): \(key) must be words") }
    switch key {
    case "qemu": return .qemu(words)
    case "ssh": return .ssh(words)
    default: return .command(words)
    }
  }
}

/// A mapping with known keys.
private struct Fields {
  let line: Int
  let values: [String: Node]

  static func line(of node: Node) -> Int { node.mark?.line ?? 0 }

  init(_ node: Node, _ what: String, known: [String]) throws(FleetError) {
    line = Fields.line(of: node)
    guard let mapping = node.mapping else { throw FleetError(line, "\(what) must be a mapping") }
    var values: [String: Node] = [:]
    for (key, value) in mapping {
      let name = key.scalar?.string ?? ""
      guard known.contains(name) else {
        throw FleetError(
          Fields.line(of: key), "\(what) has no \(name); known are \(known.joined(separator: ", "))")
      }
      values[name] = value
    }
    self.values = values
  }

  subscript(key: String) -> Node? { values[key] }

  func text(_ key: String) throws(FleetError) -> String? {
    guard let node = values[key] else { return nil }
    guard let text = node.scalar?.string else {
      throw FleetError(Fields.line(of: node), "\(key) must be a text")
    }
    return text
  }

  func number(_ key: String) throws(FleetError) -> Double? {
    guard let text = try text(key) else { return nil }
    guard let value = Double(text) else {
      throw FleetError(Fields.line(of: values[key]!), "\(key) must be a number, not \(text)")
    }
    return value
  }

  func integer(_ key: String) throws(FleetError) -> Int? {
    try number(key).flatMap { Int(exactly: $0) }
  }

  func flag(_ key: String) throws(FleetError) -> Bool? {
    guard let text = try text(key) else { return nil }
    guard text == "true" || text == "false" else {
      throw FleetError(Fields.line(of: values[key]!), "\(key) must be true or false")
    }
    return text == "true"
  }
}

extension Fleet {
  /// A JSON schema of the file (draft 2020-12).
  public static var schema: String {
    """
    {
      "$schema": "https://json-schema.org/draft/2020-12/schema",
      "title": "Recast fleet",
      "type": "object",
      "required": ["version", "systems"],
      "additionalProperties": false,
      "properties": {
        "version": {"const": 1},
        "lambda": {
          "type": "object", "additionalProperties": false,
          "description": "What a fully occupied processor, memory and storage take off a system's value.",
          "properties": {
            "cpu": {"type": "number", "minimum": 0},
            "memory": {"type": "number", "minimum": 0},
            "storage": {"type": "number", "minimum": 0}
          }
        },
        "thresholds": {
          "type": "object", "additionalProperties": false,
          "description": "lower < upper, of V; a1 < a2, of T/C.",
          "properties": {
            "lower": {"type": "number"},
            "upper": {"type": "number"},
            "a1": {"type": "number", "minimum": 0, "maximum": 1},
            "a2": {"type": "number", "minimum": 0, "maximum": 1}
          }
        },
        "per-cost": {"type": "boolean", "description": "Rank by V over cost."},
        "systems": {
          "type": "array", "minItems": 1,
          "items": {
            "type": "object", "additionalProperties": false,
            "required": ["name", "target", "run"],
            "properties": {
              "name": {"type": "string", "pattern": "^[A-Za-z0-9._-]+$"},
              "target": {"type": "string"},
              "cpu": {"type": "string"},
              "features": {"type": "string"},
              "run": {
                "oneOf": [
                  {"const": "local"},
                  {
                    "type": "object", "minProperties": 1, "maxProperties": 1,
                    "additionalProperties": false,
                    "properties": {
                      "qemu": {"$ref": "#/$defs/words"},
                      "ssh": {"$ref": "#/$defs/words"},
                      "command": {"$ref": "#/$defs/words"}
                    }
                  }
                ]
              },
              "cost": {"type": "number", "exclusiveMinimum": 0},
              "limit": {"type": "number", "exclusiveMinimum": 0},
              "folder": {"type": "string"},
              "speed": {"type": "number", "exclusiveMinimum": 0},
              "occupancy": {
                "type": "object", "additionalProperties": false,
                "properties": {
                  "cpu": {"type": "number", "minimum": 0, "maximum": 1},
                  "memory": {"type": "number", "minimum": 0, "maximum": 1},
                  "storage": {"type": "number", "minimum": 0, "maximum": 1}
                }
              }
            }
          }
        }
      },
      "$defs": {
        "words": {
          "oneOf": [
            {"type": "string", "minLength": 1},
            {"type": "array", "minItems": 1, "items": {"type": "string"}}
          ]
        }
      }
    }

    """
  }

  /// A file for `systems`, with the method's numbers at their defaults.
  public static func template(_ systems: [System], schema: String) -> String {
    let (w, t) = (OccupancyWeights.standard, Thresholds.standard)
    var text = """
      # yaml-language-server: $schema=\(schema)
      version: 1
      lambda: {cpu: \(w.cpu), memory: \(w.memory), storage: \(w.storage)}
      thresholds: {lower: \(t.lower), upper: \(t.upper), a1: \(t.poor), a2: \(t.good)}
      systems:

      """
    for system in systems {
      let way: String
      switch system.run {
      case .local: way = "local"
      case .qemu(let words): way = "{qemu: [\(words.joined(separator: ", "))]}"
      case .ssh(let words): way = "{ssh: [\(words.joined(separator: ", "))]}"
      case .command(let words): way = "{command: [\(words.joined(separator: ", "))]}"
      }
      text += """
          - name: \(system.name)
            target: \(system.target)
            run: \(way)

        """
    }
    return text
  }
}
