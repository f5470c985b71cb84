// swift-tools-version: 6.0
import Foundation
import PackageDescription

let runtime: [SwiftSetting] = [.enableExperimentalFeature("Extern")]

// Debian's llvm-19-dev, by links in the target's include folder; or the LLVM that RECAST_LLVM names, for which
// Scripts/build has made such a folder.
let llvm: Target
if let named = Context.environment["RECAST_LLVM"], !named.isEmpty {
  let place = Context.packageDirectory + "/.build/recast-llvm"
  func note(_ name: String) -> String? { try? String(contentsOfFile: "\(place)/\(name)", encoding: .utf8) }
  guard note("named") == named, let folder = note("library-folder") else {
    fatalError("RECAST_LLVM is set to \(named), which Scripts/build has not prepared: run it")
  }
  llvm = .target(
    name: "CLLVM", path: ".build/recast-llvm",
    linkerSettings: [.unsafeFlags(["-L\(folder)", "-Xlinker", "-rpath=\(folder)"])])
} else {
  llvm = .target(name: "CLLVM", path: "Sources/CLLVM")
}

let package = Package(
  name: "recast",
  products: [
    .executable(name: "recast", targets: ["recast"]),
    // A QEMU plugin: counts the instructions of emulated systems for recast select.
    .library(name: "recast-insncount", type: .dynamic, targets: ["InstructionCount"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
  ],
  targets: [
    // Meanings: compiled into the tool and, in Embedded Swift, into every artifact.
    .target(name: "Semantics", path: "Sources/Semantics"),
    .target(name: "RuntimeABI", path: "Sources/RuntimeABI"),
    .target(name: "X86", dependencies: ["Semantics"], path: "Lifters/X86", exclude: ["Table"]),

    // The runtime (also built by Scripts/build-runtime).
    .target(
      name: "Host", path: "Runtime/Host", exclude: ["Assembly"], swiftSettings: runtime),
    .target(
      name: "Interpreter", dependencies: ["Semantics", "X86", "RuntimeABI"],
      path: "Runtime/Interpreter"),
    .target(
      name: "GuestLinux", dependencies: ["RuntimeABI", "Host"], path: "Runtime/GuestLinux",
      exclude: ["Table"], swiftSettings: runtime),
    .target(
      name: "Executor",
      dependencies: ["Interpreter", "GuestLinux", "RuntimeABI", "Host", "X86", "Semantics"],
      path: "Runtime/Executor", swiftSettings: runtime),

    // The tool.
    .systemLibrary(name: "CElf", path: "Sources/CElf", providers: [.apt(["libelf-dev"])]),
    .systemLibrary(
      name: "CCapstone", path: "Sources/CCapstone", providers: [.apt(["libcapstone-dev"])]),
    llvm,
    .target(name: "CProcess", path: "Sources/CProcess"),
    .target(name: "ELF", dependencies: ["CElf"], path: "Sources/ELF"),
    .target(
      name: "Discovery", dependencies: ["ELF", "X86", "Semantics", "CCapstone"],
      path: "Sources/Discovery"),
    .target(name: "LLVM", dependencies: ["CLLVM"], path: "Sources/LLVM"),
    .target(
      name: "Translator",
      dependencies: ["Semantics", "X86", "Discovery", "LLVM", "RuntimeABI", "ELF"],
      path: "Sources/Translator"),
    .target(
      name: "Codegen", dependencies: ["LLVM", "RuntimeABI", "CProcess", "Commands"], path: "Sources/Codegen"),
    .target(
      name: "Driver",
      dependencies: [
        "CProcess", "ELF", "Discovery", "Translator", "Codegen", "LLVM", "RuntimeABI", "X86",
        "Slices", "Selector", "Commands",
      ],
      path: "Sources/Driver"),
    // Paths, temporary files, and other programs that are run.
    .target(name: "Commands", dependencies: ["CProcess"], path: "Sources/Commands"),
    // Hot regions of a running program, cut out and replayed.
    .target(name: "CTrace", path: "Sources/CTrace"),
    .target(name: "InstructionCount", path: "Sources/InstructionCount"),
    .target(
      name: "Slices",
      dependencies: [
        "CTrace", "CElf", "ELF", "Discovery", "X86", "Interpreter", "LLVM", "Codegen", "Commands",
      ],
      path: "Sources/Slices"),
    // Where a program moves to: the method's numbers, the fleet, the report.
    .target(
      name: "Selector", dependencies: ["Yams", "Slices", "Commands"], path: "Sources/Selector"),
    .executableTarget(
      name: "recast-fuzz-elf", dependencies: ["ELF", "Discovery"], path: "Sources/recast-fuzz-elf"),
    .executableTarget(
      name: "recast",
      dependencies: [
        "Driver", "Codegen", "Slices", "Selector", "Commands",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ],
      path: "Sources/recast",
      // LLVM allocates much and often: an eighth of the translation time (docs/PERFORMANCE.md).
      // The build id is part of cache keys (Version.identity).
      linkerSettings: [
        .linkedLibrary("jemalloc"), .unsafeFlags(["-Xlinker", "--build-id=sha1"]),
      ]),

    // Tests of meanings against the processor they run on.
    .target(name: "OracleSupport", path: "Tests/OracleSupport"),
    .testTarget(
      name: "MeaningTests",
      dependencies: ["Semantics", "X86", "Interpreter", "RuntimeABI", "OracleSupport"],
      path: "Tests/MeaningTests"),
    .testTarget(
      name: "SteppedTests",
      dependencies: ["Semantics", "X86", "Interpreter", "RuntimeABI", "OracleSupport"],
      path: "Tests/SteppedTests"),
    .testTarget(
      name: "RuntimeABITests", dependencies: ["RuntimeABI"], path: "Tests/RuntimeABITests"),
    .testTarget(
      name: "EffectsTests", dependencies: ["Discovery", "X86", "Semantics", "Interpreter"],
      path: "Tests/EffectsTests"),
    .testTarget(
      name: "CodegenTests", dependencies: ["Codegen", "LLVM", "Translator"], path: "Tests/CodegenTests"),
    .testTarget(
      name: "SelectorTests", dependencies: ["Selector", "Commands"], path: "Tests/SelectorTests"),
    .testTarget(name: "SliceTests", dependencies: ["Slices", "Interpreter"], path: "Tests/SliceTests"),
    .testTarget(
      name: "DriverTests", dependencies: ["Driver", "Commands", "Codegen", "LLVM"], path: "Tests/DriverTests"),
    .testTarget(
      name: "X86Tests", dependencies: ["X86", "CCapstone"], path: "Tests/X86Tests"),
    .testTarget(
      name: "DiscoveryTests", dependencies: ["ELF", "Discovery", "X86"],
      path: "Tests/DiscoveryTests"),
  ]
)
