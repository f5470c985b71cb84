// What Recast knows about a target: everything that differs between triples on the making side.
// Limits of integer arguments were measured on LLVM 19.1.7 by reading the assembly of functions at the
// limit and one above it; Tests/CodegenTests checks the limit itself. Those of vectors were not measured.
import Foundation
import LLVM

/// Registers that the translated convention has: what does not fit goes through VCPU slots.
public struct ConventionLimits: Sendable, Equatable {
  public var convention: UInt32
  /// Integer and pointer arguments, the VCPU pointer included.
  public var intArguments: Int
  public var vectorArguments: Int
  public var intReturns: Int
  public var vectorReturns: Int
}

public struct TargetDescription: Sendable {
  public var triple: String
  public var architecture: String
  public var cpu: String
  public var features: String
  public var abi: String
  public var codeModel: LLVMCodeModel
  public var limits: ConventionLimits
  /// `-m` of ld.lld.
  public var emulation: String
  /// What runs the artifact on a foreign host.
  public var emulator: String
  /// The pages that its kernels have, which segments of the artifact keep to. LoongArch's have
  /// 16 KiB; where guest segments share such a page, it has the union of their rights.
  public var pageSize: UInt64 = 4096
  /// What loops count with is simplified, and what they end with computed behind them: fewer instructions a turn. On
  /// x86_64 the loops take longer as often as they take less time.
  public var simplifiesCounters = true

  /// Where the host's part of an artifact is linked: below 256 GiB, above static guests.
  public static let hostBase: UInt64 = 0x30_0000_0000

  public static let all: [TargetDescription] = [
    TargetDescription(
      triple: "x86_64-linux-gnu", architecture: "x86_64", cpu: "x86-64-v2", features: "", abi: "",
      codeModel: LLVMCodeModelSmall,
      limits: ConventionLimits(
        convention: CallConvention.preserveNone, intArguments: 11, vectorArguments: 8,
        intReturns: 3, vectorReturns: 4),
      emulation: "elf_x86_64", emulator: "qemu-x86_64-static", simplifiesCounters: false),
    TargetDescription(
      triple: "aarch64-linux-gnu", architecture: "aarch64", cpu: "generic", features: "+reserve-x18", abi: "",
      codeModel: LLVMCodeModelSmall,
      limits: ConventionLimits(
        convention: CallConvention.preserveNone, intArguments: 24, vectorArguments: 8,
        intReturns: 8, vectorReturns: 8),
      emulation: "aarch64linux", emulator: "qemu-aarch64-static"),
    TargetDescription(
      triple: "riscv64-linux-gnu", architecture: "riscv64", cpu: "generic-rv64",
      features: "+m,+a,+f,+d,+c,+unaligned-scalar-mem", abi: "lp64d", codeModel: LLVMCodeModelMedium,
      limits: ConventionLimits(
        convention: CallConvention.fast, intArguments: 12, vectorArguments: 0, intReturns: 2,
        vectorReturns: 0),
      emulation: "elf64lriscv", emulator: "qemu-riscv64-static"),
    TargetDescription(
      triple: "loongarch64-linux-gnu", architecture: "loongarch64", cpu: "generic-la64",
      features: "+f,+d", abi: "lp64d", codeModel: LLVMCodeModelMedium,
      limits: ConventionLimits(
        convention: CallConvention.c, intArguments: 8, vectorArguments: 0, intReturns: 2,
        vectorReturns: 0),
      emulation: "elf64loongarch", emulator: "qemu-loongarch64-static",
      pageSize: 16384),
  ]

  /// The target with this triple or architecture name.
  public static func named(_ name: String) throws(CodegenError) -> TargetDescription {
    let parts = name.split(separator: "-")
    guard let first = parts.first, parts.count == 1 || parts.contains("linux"),
      let target = all.first(where: { $0.architecture == first })
    else {
      throw .input("no target \(name); there are: \(all.map(\.triple).joined(separator: ", "))")
    }
    return target
  }

  /// The same target with another CPU, and features added to its own.
  public func with(cpu: String? = nil, features more: String? = nil) -> TargetDescription {
    var target = self
    if let cpu, !cpu.isEmpty { target.cpu = cpu }
    if let more, !more.isEmpty {
      target.features = features.isEmpty ? more : features + "," + more
    }
    return target
  }

  public func machine(_ level: OptimizationLevel = .O2) throws(CodegenError) -> TargetMachine {
    do {
      return try TargetMachine(
        triple: triple, cpu: cpu, features: features, abi: abi, level: level.rawValue,
        reloc: LLVMRelocPIC, codeModel: codeModel)
    } catch { throw .input("\(triple): \(error)") }
  }
}

public enum OptimizationLevel: Int, Sendable, CaseIterable {
  case O0 = 0, O1, O2, O3
}

public enum CodegenError: Error, CustomStringConvertible {
  /// What was asked for cannot be.
  case input(String)
  /// Something that Recast needs is not installed.
  case missing(String)
  /// The file system said no.
  case file(String)
  /// A system call said no while the file named was made: its `errno`.
  case system(String, Int32)
  /// Recast made something that LLVM or the linker refuses.
  case bug(String)

  public var description: String {
    switch self {
    case .input(let m), .missing(let m), .file(let m): m
    case .system(let path, let code): "\(path): \(String(cString: strerror(code)))"
    case .bug(let m): "internal error: \(m)"
    }
  }
}
