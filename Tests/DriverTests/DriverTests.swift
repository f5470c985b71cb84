import Foundation
import Testing

import Commands
import Driver

@Suite struct `Hashing` {
  @Test func `agrees with the examples of FIPS 180-4`() {
    #expect(
      SHA256.hex("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
    #expect(SHA256.hex("") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
    #expect(
      SHA256.hex("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq")
        == "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1")
  }
}

@Suite struct `Targets` {
  @Test(arguments: ["aarch64", "aarch64-linux-gnu", "aarch64-unknown-linux-gnu"])
  func `are found by triple and by architecture`(text: String) throws {
    #expect(try Target(parsing: text).triple == "aarch64-linux-gnu")
  }
  @Test(arguments: ["", "z80", "aarch64-windows", "x86_64-linux-musl", "-linux-gnu"])
  func `that are unknown are a usage error`(text: String) {
    #expect { try Target(parsing: text) } throws: { ($0 as? BuildError)?.kind == .usage }
  }
}

@Suite struct `Targets that cannot be` {
  @Test func `for want of a backend name the way to another LLVM`() {
    #expect { try Target(parsing: "sw_64-linux-gnu") } throws: {
      let line = ($0 as? BuildError)?.line ?? ""
      return line.contains("no backend") && line.contains("RECAST_LLVM")
    }
  }
  @Test func `for want of a runtime do not`() {
    #expect { try Target(parsing: "mips64") } throws: {
      let line = ($0 as? BuildError)?.line ?? ""
      return line.contains("no runtime") && !line.contains("RECAST_LLVM")
    }
  }
}

@Suite struct `Options` {
  @Test func `that leave functions out make another artifact`() {
    var options = BuildOptions(input: "a")
    let target = Target(known: "riscv64-linux-gnu")
    let all = options.key(for: target)
    options.entries = [0x2000, 0x1000]
    let some = options.key(for: target)
    options.entries = [0x1000, 0x2000]
    #expect(some != all && options.key(for: target) == some)
  }
}

@Suite struct `Errors` {
  @Test func `are one line`() {
    let error = BuildError.malformed("a.out", "two\nlines", remedy: "fix it")
    #expect(error.line == "recast: a.out: two lines: fix it")
  }
  @Test func `say by their status whose fault it is`() {
    #expect(BuildError.reading("f", errno: ENOENT).kind.rawValue == 66)
    #expect(BuildError.reading("f", errno: EACCES).kind.rawValue == 77)
    #expect(BuildError.writing("f", errno: ENOSPC).kind.rawValue == 74)
    #expect(BuildError.writing("f", errno: ENOTDIR).kind.rawValue == 73)
  }
  @Test func `are given for a directory, a device and nothing`() {
    for path in ["/", "/dev/null", "/nonexistent"] {
      #expect { try readInput(path) } throws: { ($0 as? BuildError)?.kind == .noInput }
    }
  }
}

@Suite struct `Output files` {
  private func folder() throws -> String {
    let path = NSTemporaryDirectory() + "recast-test-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    return path
  }

  @Test func `appear whole, with their mode`() throws {
    let folder = try folder()
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let file = try OutputFile(folder + "/made")
    try file.write(Data("hello".utf8))
    #expect(access(folder + "/made", F_OK) != 0)
    try file.commit(executable: true)
    #expect(access(folder + "/made", X_OK) == 0)
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["made"])
  }

  @Test func `leave nothing behind when given up`() throws {
    let folder = try folder()
    defer { try? FileManager.default.removeItem(atPath: folder) }
    do {
      let file = try OutputFile(folder + "/made")
      try file.write(Data("half".utf8))
    }
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == [])
  }
}

@Suite struct `Cache keys` {
  @Test func `change with whatever changes an artifact, and with nothing else`() throws {
    let target = try Target(parsing: "riscv64")
    let base = BuildOptions(input: "a")
    var variants: [BuildOptions] = []
    for change in [
      { $0.optimisation = 3 }, { $0.cpu = "x" }, { $0.features = "+v" }, { $0.flow = .interpret },
      { $0.symbols = true }, { $0.disabledPasses = ["p"] },
    ] as [(inout BuildOptions) -> Void] {
      var options = base
      change(&options)
      variants.append(options)
    }
    #expect(Set((variants + [base]).map { $0.key(for: target) }).count == variants.count + 1)
    var same = base
    (same.jobs, same.input, same.keepIR) = (7, "b", "ir")
    (same.cacheFolder, same.cacheLimit) = ("c", 1)
    #expect(same.key(for: target) == base.key(for: target))
  }
}

@Suite struct `Reports` {
  @Test func `escape what comes from the program`() {
    var program = ProgramReport()
    program.input = "<script>&"
    let page = BuildReport(options: BuildOptions(input: "x"), program: program).html()
    let text = String(decoding: page, as: UTF8.self)
    #expect(!text.contains("<script>") && text.contains("&lt;script&gt;&amp;"))
  }
  @Test func `never round a leftover away`() {
    #expect(percent(0.99999) == "99.99 %" && percent(1) == "100.00 %" && percent(nil) == "–")
  }
  @Test func `survive JSON`() throws {
    let report = BuildReport(options: BuildOptions(input: "x"), program: ProgramReport())
    let copy = try JSONDecoder().decode(BuildReport.self, from: report.json())
    #expect(copy.json() == report.json())
  }
}

@Suite struct `Paths` {
  @Test(arguments: [
    ("x", "", "x"), ("/x", "/", "x"), ("a/b/c", "a/b", "c"), ("a/", "a", ""), ("", "", ""),
  ])
  func `have a folder and a file name`(_ path: String, _ folder: String, _ name: String) {
    #expect(path.folder == folder && path.fileName == name)
  }
  @Test func `lose the last extension`() {
    #expect(["f.tar.gz", "f", ".f", "f."].map(\.withoutExtension) == ["f.tar", "f", ".f", "f"])
  }
}
