// Names of processors and features, which LLVM only complains about: a trial in a child process
// turns its complaints, and its fatal errors, into a refusal.
import Foundation
import LLVM

extension TargetDescription {
  /// Fails unless LLVM knows the processor and every feature and can make code for them.
  public func check() throws(CodegenError) {
    let list = features.split(separator: ",", omittingEmptySubsequences: false)
    for feature in list where !features.isEmpty {
      let name = feature.dropFirst()
      guard feature.hasPrefix("+") || feature.hasPrefix("-"), !name.isEmpty,
        name.allSatisfy({ $0.isASCII && ($0.isLetter || $0.isNumber || ".-_".contains($0)) })
      else { throw .input("feature '\(feature)': features are written +a,-b") }
      if feature == "-reserve-x18" {
        throw .input("feature '-reserve-x18': translated code keeps its state's address there")
      }
    }
    if cpu == "help" || features.contains("help") {
      throw .input("'help' is no name: llc-19 -mcpu=help lists them")
    }
    // What LLVM does not know it says when the machine is made, and may die of later.
    for emits in [false, true] {
      var failure: ShardFailure?
      let said = try ShardRunner(jobs: 1, timeLimit: 60).run([self]) { target in
        try complaints { if emits { try target.tryOut() } else { _ = try target.machine() } }
      } onFailure: { _, why in
        failure = why
        return []
      }
      if let failure {
        throw .input("\(chosen): LLVM makes no code for this choice (\(failure))")
      }
      let text = said.compactMap { $0 }.map { String(decoding: $0, as: UTF8.self) }.joined()
      if let line = text.split(separator: "\n").first {
        throw .input("\(chosen): \(line.prefix { $0 != "(" }.trimmingCharacters(in: .whitespaces))")
      }
    }
  }

  private var chosen: String {
    "--cpu \(cpu)" + (features.isEmpty ? "" : ", features \(features)")
  }

  /// Emits a function with a float, a vector and 64-bit arithmetic in it.
  private func tryOut() throws {
    let c = LLVMContext()
    let module = Module("trial", in: c)
    let vector = c.i64.vector(2)
    let f = module.addFunction("f", .function(c.i64, [c.i64, c.ptr]))
    let b = Builder(c)
    b.positionAtEnd(f.appendBasicBlock(in: c))
    b.store(b.load(vector, f.parameter(1), align: 1), f.parameter(1), align: 1)
    b.ret(b.add(f.parameter(0), b.load(c.i64, f.parameter(1), align: 8)))
    _ = try emit(module, for: self)
  }

  /// The processor of the machine the tool runs on, for `--cpu native`.
  public func native() throws(CodegenError) -> TargetDescription {
    var name = utsname()
    uname(&name)
    let machine = withUnsafeBytes(of: &name.machine) {
      String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
    }
    guard machine == architecture else {
      throw .input("--cpu native: this machine is \(machine), the target \(triple)")
    }
    let host = TargetMachine.hostCPU
    // Features come first, so that what the user adds has the last word.
    var target = self
    target.cpu = host.name
    target.features = [host.features, features].filter { !$0.isEmpty }.joined(separator: ",")
    return target
  }
}

/// What is written to standard error while `body` runs.
private func complaints(_ body: () throws -> Void) throws -> [UInt8] {
  let file = tmpfile()
  guard let file else { throw CodegenError.system("temporary file", errno) }
  dup2(fileno(file), STDERR_FILENO)
  try body()
  fflush(nil)
  rewind(file)
  var bytes = [UInt8](repeating: 0, count: 4096)
  let count = fread(&bytes, 1, bytes.count, file)
  return Array(bytes.prefix(count))
}
