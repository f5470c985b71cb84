import Foundation

extension ProgramReport {
  /// The lines that people see from `recast inspect`.
  public var text: String {
    var lines = [
      "\(input): \(kind), \(bytes) bytes, entry \(hexadecimal(entry)), "
        + (symbols > 0 ? "\(symbols) symbols" : "no symbols"),
      "sha256 \(sha256)",
    ]
    for segment in segments {
      lines.append(
        "segment \(hexadecimal(segment.start))…\(hexadecimal(segment.end)) \(segment.access)")
    }
    let found = evidence.sorted { ($1.value, $0.key) < ($0.value, $1.key) }
      .map { "\($0.value) by \($0.key)" }.joined(separator: ", ")
    lines.append("\(functions) functions (\(found)), \(blocks) blocks, \(instructions) instructions")
    lines.append("\(jumpTables) jump tables")
    lines.append(
      "T/C \(percent(translationEfficiency)) of \(codeBytes) bytes of code, "
        + "\(percent(translationEfficiencyOfFDEs)) of \(fdeBytes) bytes that FDEs cover")
    lines.append("no code: \(paddingBytes) bytes of padding, \(fdePaddingBytes) of them in FDEs")
    if behindFaultsBytes > 0 {
      lines.append("translated to a fault: \(behindFaultsBytes) bytes behind what raises #UD here")
    }
    for item in refused {
      lines.append("refused \(item.mnemonic) ×\(item.count), first at \(hexadecimal(item.first))")
    }
    if !leftovers.isEmpty {
      lines.append("left to the interpreter: \(leftovers.count) places")
    }
    for item in leftovers.prefix(20) {
      lines.append("  \(hexadecimal(item.address)) \(item.function): \(item.reason)")
      lines += item.disassembly.prefix(4).map { "    \($0)" }
    }
    if leftovers.count > 20 { lines.append("  … and \(leftovers.count - 20) more (see --json)") }
    for line in disagreements.prefix(20) { lines.append("decoded otherwise by Capstone: \(line)") }
    return lines.joined(separator: "\n") + "\n"
  }
}

extension InspectReport {
  public var text: String {
    guard let function else { return program.text }
    var lines = [
      "\(function.name) at \(hexadecimal(function.address)), found by "
        + function.evidence.joined(separator: ", ")
    ]
    for block in function.blocks {
      lines.append("\(hexadecimal(block.address)):")
      lines += block.disassembly.map { "  \($0)" }
      if !block.successors.isEmpty {
        lines.append("  → " + block.successors.map(hexadecimal).joined(separator: ", "))
      }
    }
    if let t = function.translation {
      func section(_ title: String, _ text: [String]) {
        // Labels and the lines of a definition's frame stand at the margin.
        let count = text.filter { $0.hasPrefix(" ") || $0.hasPrefix("\t") }.count
        lines += ["", "\(title): \(count) instructions"] + text
      }
      section("LLVM IR as lifted", t.lifted)
      section("LLVM IR after \(t.level)", t.optimised)
      section("\(t.target), without its runtime", t.assembly)
    }
    return lines.joined(separator: "\n") + "\n"
  }
}

func hexadecimal(_ value: UInt64) -> String { "0x" + String(value, radix: 16) }

/// Never rounds up to 100: a leftover must be seen.
package func percent(_ share: Double?) -> String {
  guard let share else { return "–" }
  return String(format: "%.2f %%", (share * 10_000).rounded(.down) / 100)
}
