// Objects and guest pages become the artifact, by ld.lld and a generated script. The guest's pages
// are PT_LOADs at their own addresses, never executable; the host's part follows at 0x30_0000_0000.
// The result appears under its name in one step, or not at all.
import Foundation
import LLVM

public struct LinkOptions: Sendable {
  /// Keep the symbol table.
  public var symbols = false
  public init() {}
}

/// Where ld.lld of LLVM 19 is.
public func findLinker() throws(CodegenError) -> String {
  let path = ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin"
  let candidates =
    ["/usr/lib/llvm-19/bin/ld.lld"]
    + path.split(separator: ":").flatMap { ["\($0)/ld.lld-19", "\($0)/ld.lld"] }
  guard let found = candidates.first(where: { access($0, X_OK) == 0 }) else {
    throw .missing("ld.lld is not installed (Debian: lld-19)")
  }
  return found
}

public func link(
  objects: [[UInt8]], guest: [GuestLoad], for target: TargetDescription, to output: String,
  options: LinkOptions = LinkOptions()
) throws(CodegenError) {
  let linker = try findLinker()
  let runs = pageRuns(guest, pageSize: target.pageSize)
  if let high = runs.last, high.start + high.size > TargetDescription.hostBase {
    throw .input(
      "the guest reaches 0x\(String(high.start + high.size, radix: 16)), into the host's part")
  }
  let folder = (output as NSString).deletingLastPathComponent
  let template = (folder.isEmpty ? "." : folder) + "/.recast-link-XXXXXX"
  guard let scratch = makeDirectory(template) else {
    throw .file("\(output): cannot write there: \(String(cString: strerror(errno)))")
  }
  defer { try? FileManager.default.removeItem(atPath: scratch) }
  var inputs: [String] = []
  for (n, bytes) in (objects + [try guestObject(runs, target)]).enumerated() {
    inputs.append("\(scratch)/\(n).o")
    try write(bytes, to: inputs[n])
  }
  try write(Array(linkerScript(runs, target).utf8), to: "\(scratch)/script")
  let made = "\(scratch)/artifact"
  var arguments = [
    "-m", target.emulation, "-static", "--no-dynamic-linker", "-z", "max-page-size=\(target.pageSize)",
    "-z", "noexecstack", "-z", "norelro", "--build-id=none", "--gc-sections", "--threads=1",
    "--no-undefined", "--no-warn-mismatch", "-e", "_start", "-T", "\(scratch)/script", "-o", made,
  ]
  if !options.symbols { arguments.append("--strip-all") }
  let (status, said) = run(linker, arguments + inputs)
  if status != 0 {
    throw .bug("the artifact does not link:\n" + said.replacingOccurrences(of: scratch, with: ""))
  }
  guard chmod(made, 0o755) == 0, rename(made, output) == 0 else {
    throw .file("\(output): \(String(cString: strerror(errno)))")
  }
}

func linkerScript(_ runs: [PageRun], _ target: TargetDescription) -> String {
  var headers = ""
  var sections = ""
  for (n, r) in runs.enumerated() {
    headers += "  guest\(n) PT_LOAD FLAGS(\(r.isWritable ? 6 : 4));\n"
    let address = "0x" + String(r.start, radix: 16)
    if !r.bytes.isEmpty {
      sections += "  .guest.\(n) \(address) : { KEEP(*(.guest.\(n))) } :guest\(n)\n"
    }
    let rest = r.size - UInt64(r.bytes.count)
    if rest > 0 {
      let at = "0x" + String(r.start + UInt64(r.bytes.count), radix: 16)
      sections += "  .guest.\(n).zero \(at) (NOLOAD) : { . += 0x\(String(rest, radix: 16)); }"
      sections += " :guest\(n)\n"
    }
  }
  let base = "0x" + String(TargetDescription.hostBase, radix: 16)
  return """
    PHDRS {
    \(headers)  text PT_LOAD FLAGS(5);
      rodata PT_LOAD FLAGS(4);
      data PT_LOAD FLAGS(6);
      stack PT_GNU_STACK FLAGS(6);
    }
    SECTIONS {
    \(sections)  . = \(base);
      .text : { KEEP(*(.text.recast_host)) *(.text .text.*) } :text
      . = ALIGN(\(target.pageSize));
      .rodata : { *(.rodata .rodata.*) *(.srodata .srodata.*) *(.data.rel.ro .data.rel.ro.*) } :rodata
      .eh_frame : { *(.eh_frame) } :rodata
      . = ALIGN(\(target.pageSize));
      .data : { *(.data .data.*) *(.sdata .sdata.*) *(.got .got.*) *(.got.plt) } :data
      .bss : { *(.bss .bss.*) *(.sbss .sbss.*) *(COMMON) } :data
      /DISCARD/ : { *(.comment) *(.note.*) *(.swift*) *(.riscv.attributes) }
    }

    """
}

private func guestObject(_ runs: [PageRun], _ target: TargetDescription) throws(CodegenError)
  -> [UInt8]
{
  let context = LLVMContext()
  let module = Module("guest", in: context)
  for (n, r) in runs.enumerated() where !r.bytes.isEmpty {
    let bytes = context.constBytes(r.bytes)
    let global = module.addGlobal("recast_guest_\(n)", bytes.type)
    global.initializer = bytes
    global.isConstant = !r.isWritable
    global.section = ".guest.\(n)"
    global.alignment = 1
  }
  return try emit(module, for: target, level: .O0)
}

private func makeDirectory(_ template: String) -> String? {
  var path = Array(template.utf8CString)
  return mkdtemp(&path) == nil ? nil : path.withUnsafeBufferPointer {
    String(cString: $0.baseAddress!)
  }
}

func write(_ bytes: [UInt8], to path: String) throws(CodegenError) {
  do { try Data(bytes).write(to: URL(fileURLWithPath: path)) } catch {
    throw .file("\(path): \(error.localizedDescription)")
  }
}

/// Runs a tool; answers its status and everything it said.
func run(_ tool: String, _ arguments: [String]) -> (status: Int32, output: String) {
  let process = Process()
  process.executableURL = URL(fileURLWithPath: tool)
  process.arguments = arguments
  let pipe = Pipe()
  process.standardOutput = pipe
  process.standardError = pipe
  do { try process.run() } catch { return (-1, "\(tool): \(error.localizedDescription)") }
  let said = pipe.fileHandleForReading.readDataToEndOfFile()
  process.waitUntilExit()
  let status = process.terminationReason == .exit ? process.terminationStatus : -1
  return (status, String(decoding: said, as: UTF8.self))
}
