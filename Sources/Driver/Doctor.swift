import Codegen
import Foundation

/// What a machine needs for Recast, what of it is there, and how to get the rest.
public struct Doctor: Codable, Sendable {
  public struct Finding: Codable, Sendable {
    public var name: String
    public var purpose: String
    /// Builds fail without it; otherwise only `purpose` is lost.
    public var required: Bool
    /// Where it was found.
    public var found: String?
    /// What installs or makes it.
    public var remedy: String
  }
  public var findings: [Finding]

  public init() {
    findings = [
      Finding(
        name: "libLLVM 19", purpose: "optimise and emit code", required: true,
        found: Self.library("libLLVM.so.19.1") ?? Self.library("libLLVM-19.so.1"),
        remedy: "apt-get install libllvm19"),
      Finding(
        name: "libelf", purpose: "read programs", required: true,
        found: Self.library("libelf.so.1"), remedy: "apt-get install libelf1"),
      Finding(
        name: "libcapstone", purpose: "check the decoder and disassemble", required: true,
        found: Self.library("libcapstone.so.4"), remedy: "apt-get install libcapstone4"),
      Finding(
        name: "libjemalloc", purpose: "allocate memory for LLVM", required: true,
        found: Self.library("libjemalloc.so.2"), remedy: "apt-get install libjemalloc2"),
      Finding(
        name: "ld.lld", purpose: "link artifacts", required: true, found: try? findLinker(),
        remedy: "apt-get install lld-19"),
      Finding(
        name: "runtime.bc", purpose: "put the runtime into artifacts", required: true,
        found: try? Locate.runtime(), remedy: "Scripts/build-runtime"),
    ]
    for target in Target.all where target.architecture != Target.hostArchitecture {
      var found: String?
      if case .emulator(let path) = target.execution { found = path }
      findings.append(
        Finding(
          name: "qemu-\(target.architecture)", purpose: "run \(target.triple) artifacts here",
          required: false, found: found, remedy: "apt-get install qemu-user-static"))
    }
    for (name, package) in [("busybox", "busybox-static"), ("bash-static", "bash-static")] {
      findings.append(
        Finding(
          name: package, purpose: "run the acceptance tests and the demo", required: false,
          found: Locate.executable(name), remedy: "apt-get install \(package)"))
    }
  }

  public var isHealthy: Bool { findings.allSatisfy { $0.found != nil || !$0.required } }

  private static func library(_ name: String) -> String? {
    let folders = ["/usr/lib/\(Target.hostArchitecture)-linux-gnu", "/usr/lib", "/usr/local/lib"]
    return (folders + ["/usr/lib64"]).map { "\($0)/\(name)" }.first { access($0, R_OK) == 0 }
  }

  /// A table for people.
  public var text: String {
    findings.map { finding in
      let state = finding.found ?? (finding.required ? "MISSING" : "missing (optional)")
      let line = "\(finding.name.padding(toLength: 18, withPad: " ", startingAt: 0)) \(state)"
      return finding.found != nil
        ? line : "\(line): needed to \(finding.purpose): \(finding.remedy)"
    }.joined(separator: "\n") + "\n"
  }
}
