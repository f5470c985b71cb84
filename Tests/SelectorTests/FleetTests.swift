import Foundation
import Testing

import Selector

@Suite struct `A fleet file` {
  func fleet(_ text: String) throws(FleetError) -> Fleet {
    try Fleet(yaml: text) { name throws(MethodError) in
      if !["x86_64", "aarch64"].contains(name) { throw MethodError("unknown target") }
      return "\(name)-linux-gnu"
    }
  }

  @Test func `is read with all that a system can have`() throws {
    let fleet = try fleet(
      """
      version: 1
      lambda: {cpu: 0.25}
      thresholds: {lower: -1, a2: 0.8}
      per-cost: true
      systems:
        - {name: here, target: x86_64, run: local}
        - name: far
          target: aarch64
          cpu: cortex-a72
          run: {ssh: [-p, 2222, me@far]}
          cost: 2.5
          limit: 60
          folder: /var/tmp
          occupancy: {cpu: 0.5}
        - {name: emulated, target: aarch64, speed: 2, run: {qemu: qemu-aarch64 -cpu max}}
      """)
    #expect(fleet.weights.cpu == 0.25 && fleet.weights.memory == 0.3)
    #expect(fleet.thresholds.lower == -1 && fleet.thresholds.good == 0.8)
    #expect(fleet.isPerCost)
    #expect(fleet.systems.map(\.name) == ["here", "far", "emulated"])
    #expect(fleet.systems[1].run == .ssh(["-p", "2222", "me@far"]))
    #expect(fleet.systems[1].occupancy?.cpu == 0.5)
    #expect(fleet.systems[2].run == .qemu(["qemu-aarch64", "-cpu", "max"]))
    #expect(fleet.systems[2].isEmulated && fleet.systems[2].speed == 2)
  }

  @Test func `is read with a byte order mark and other line ends`() throws {
    let text = "\u{feff}version: 1\r\nsystems:\r\n- {name: a, target: x86_64, run: local}\r\n"
    #expect(try fleet(text).systems.map(\.name) == ["a"])
  }

  @Test(arguments: [
    ("", 0, "empty"), ("version: [", 2, "not YAML"), ("version: 2\nsystems: []", 1, "version"),
    ("version: 1\nsystems: []", 1, "at least one"),
    ("version: 1\nsystem: []", 2, "has no system"),
    ("version: 1\nlambda: {cpu: -1}\nsystems: []", 2, "negative"),
    ("version: 1\nthresholds: {a1: 1}\nsystems: []", 2, "below a2"),
    ("version: 1\nsystems:\n  - {name: a, target: z80, run: local}", 3, "unknown target"),
    ("version: 1\nsystems:\n  - {name: a b, target: x86_64, run: local}", 3, "name"),
    ("version: 1\nsystems:\n  - {name: a, target: x86_64, run: remote}", 3, "must be local"),
    ("version: 1\nsystems:\n  - {name: a, target: x86_64, run: {ssh: []}}", 3, "words"),
    ("version: 1\nsystems:\n  - {name: a, target: x86_64, run: local, cost: 0}", 3, "above 0"),
    ("version: 1\nsystems:\n  - {name: a, target: x86_64, run: local, limit: x}", 3, "a number"),
    (
      "version: 1\nsystems:\n  - {name: a, target: x86_64, run: local}\n"
        + "  - {name: a, target: aarch64, run: local}", 4, "two systems"
    ),
    (
      "version: 1\nsystems:\n  - {name: a, target: x86_64, run: local, occupancy: {cpu: 2}}", 3,
      "from 0 to 1"
    ),
  ])
  func `is refused with the line and the reason`(text: String, line: Int, reason: String) {
    #expect {
      _ = try fleet(text)
    } throws: { error in
      guard let error = error as? FleetError else { return false }
      return error.line == line && error.what.contains(reason)
    }
  }

  @Test func `made from a template can be read`() throws {
    var far = Fleet.System(name: "far", target: "aarch64", run: .qemu(["qemu-aarch64"]))
    far.cost = 1
    let here = Fleet.System(name: "here", target: "x86_64", run: .local)
    let read = try fleet(Fleet.template([here, far], schema: "fleet.schema.json"))
    #expect(read.systems.map(\.run) == [.local, .qemu(["qemu-aarch64"])])
    #expect(read.thresholds == .standard && read.weights == .standard)
  }

  @Test func `has a schema with the same keys`() throws {
    let schema = try #require(
      JSONSerialization.jsonObject(with: Data(Fleet.schema.utf8)) as? [String: Any])
    func keys(_ node: Any?) -> Set<String> {
      Set(((node as? [String: Any])?["properties"] as? [String: Any] ?? [:]).keys)
    }
    func property(_ node: Any?, _ name: String) -> Any? {
      ((node as? [String: Any])?["properties"] as? [String: Any])?[name]
    }
    #expect(keys(schema) == Set(Fleet.fileKeys))
    #expect(keys(property(schema, "lambda")) == Set(Fleet.lambdaKeys))
    #expect(keys(property(schema, "thresholds")) == Set(Fleet.thresholdKeys))
    let system = (property(schema, "systems") as? [String: Any])?["items"]
    #expect(keys(system) == Set(Fleet.systemKeys))
  }
}
