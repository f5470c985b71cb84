// The parts' own errors, as the tool tells them.

import Codegen
import ELF

extension BuildError {
  init(elf error: ELFError, _ path: String) {
    self.init(
      Kind(rawValue: error.exitStatus) ?? .software, path,
      error.kind == .unsupported ? "not supported yet: \(error.message)" : error.message)
  }

  init(codegen error: CodegenError, _ output: String) {
    switch error {
    case .input(let what): self.init(.usage, output, what)
    case .missing(let what): self.init(.unavailable, output, what, remedy: "see recast doctor")
    case .system(_, let code): self = .writing(output, errno: code)
    case .file(let what): self.init(.cannotCreate, output, what)
    case .bug(let what): self = .bug(output, what)
    }
  }
}
