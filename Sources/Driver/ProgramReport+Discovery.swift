// What discovery found, as people are told it.

import Discovery
import ELF
import Foundation
import X86

func programReport(_ program: Program, _ discovery: Discovery, input: Data) -> ProgramReport {
  var report = ProgramReport()
  report.input = program.path
  report.sha256 = SHA256.hex(input)
  report.bytes = input.count
  report.kind =
    program.isPositionIndependent
    ? "static position-independent executable" : "static executable"
  report.entry = program.entry
  report.symbols = program.symbols.count
  report.segments = program.segments.map { s in
    let access = "\(s.flags & 4 != 0 ? "r" : "-")\(s.isWritable ? "w" : "-")\(s.isExecutable ? "x" : "-")"
    return .init(start: s.address, end: s.end, access: access)
  }
  report.functions = discovery.functions.count
  report.blocks = discovery.functions.reduce(0) { $0 + $1.blocks.count }
  report.instructions = discovery.instructionCount
  for f in discovery.functions { report.evidence[evidenceName(f.evidence), default: 0] += 1 }
  report.paddingBytes = discovery.paddingBytes
  report.fdePaddingBytes = discovery.framedPaddingBytes
  report.codeBytes = discovery.executableBytes - discovery.paddingBytes
  report.translatedBytes = discovery.coveredBytes
  report.fdeBytes = discovery.framedBytes - discovery.framedPaddingBytes
  report.translatedFDEBytes = discovery.coveredFramedBytes
  report.behindFaultsBytes = discovery.behindFaultsBytes
  collectInstructions(discovery, into: &report)
  collectLeftovers(program, discovery, into: &report)
  return report
}

/// The evidence that counts most for a function.
func evidenceName(_ evidence: Evidence) -> String {
  let order: [(Evidence, String)] = [
    (.entry, "entry"), (.symbol, "symbol"), (.frame, "fde"), (.callTarget, "call"),
    (.relocation, "relocation"), (.data, "data"), (.instruction, "instruction"),
    (.landingPad, "landing pad"), (.split, "split"), (.coldPart, "cold part"),
    (.learnt, "learnt"), (.resume, "resume point"),
  ]
  return order.first { evidence.contains($0.0) }?.1 ?? "other"
}

private func collectInstructions(_ discovery: Discovery, into report: inout ProgramReport) {
  var refused: [String: ProgramReport.Refused] = [:]
  for f in discovery.functions {
    for block in f.blocks {
      if case .jumpTable = block.terminator { report.jumpTables += 1 }
      for i in block.instructions where effects(of: i).faults == 1 << UInt32(6) {
        let name = "\(i.operation)"
        if refused[name] == nil {
          refused[name] = .init(mnemonic: name, count: 0, first: i.address)
        }
        refused[name]!.count += 1
      }
    }
  }
  report.refused = refused.values.sorted { $0.mnemonic < $1.mnemonic }
}

private func collectLeftovers(
  _ program: Program, _ discovery: Discovery, into report: inout ProgramReport
) {
  let disassembler = Disassembler()
  func lines(_ address: UInt64, _ count: Int) -> [String] {
    disassembler?.lines(of: program.bytes(at: address, count: count), at: address, limit: 4) ?? []
  }
  func function(_ address: UInt64) -> String {
    program.symbols.last { $0.address <= address }?.name ?? "0x" + String(address, radix: 16)
  }
  /// Code that only an AVX-512 processor runs (EVEX, prefix 62H) and that programs choose by CPUID.
  func isEVEX(_ address: UInt64) -> Bool {
    let bytes = program.bytes(at: address, count: 15)
    return bytes.first == 0x62 && disassembler?.instruction(bytes, at: address) != nil
  }
  report.leftovers = discovery.leftovers.filter { $0.reason != .padding }.map { l in
    let size = Int(l.range.upperBound - l.range.lowerBound)
    if isEVEX(l.range.lowerBound) {
      return .init(
        address: l.range.lowerBound, bytes: size, function: function(l.range.lowerBound),
        reason: "AVX-512, not offered by CPUID",
        disassembly: lines(l.range.lowerBound, min(size, 32)))
    }
    return .init(
      address: l.range.lowerBound, bytes: size, function: function(l.range.lowerBound),
      reason: l.reason.rawValue, disassembly: lines(l.range.lowerBound, min(size, 32)))
  }
  report.leftovers += discovery.unresolvedJumps.map { j in
    .init(
      address: j.address, bytes: 0, function: "0x" + String(j.function, radix: 16),
      reason: "indirect jump: " + j.reason, disassembly: lines(j.address, 8))
  }
}
