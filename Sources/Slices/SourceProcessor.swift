import Foundation
import Interpreter

/// What CPUID shows a program while its slices are cut: x86-64-v3 without what only some targets have (AES, SHA,
/// GFNI, …) and without AVX-512, so that the original and every translation run the same code. On processors
/// that lack a part of that, level 2.
package enum SourceProcessor {
  static let shown: GuestProcessor = {
    let text = (try? String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8)) ?? ""
    return has(level3: text) ? .everywhere : .baseline
  }()

  /// Whether /proc/cpuinfo's text names all of x86-64-v3.
  package static func has(level3 text: String) -> Bool {
    let line = text.split(separator: "\n").first { $0.hasPrefix("flags") } ?? ""
    let flags = Set(line.split(separator: " "))
    return ["avx", "avx2", "bmi1", "bmi2", "f16c", "fma", "abm", "movbe", "xsave"]
      .allSatisfy { flags.contains($0) }
  }
}
