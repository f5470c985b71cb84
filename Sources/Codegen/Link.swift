// Objects and guest pages become the artifact, by ld.lld and a generated script. The guest's pages
// are PT_LOADs at their own addresses, never executable; the host's part follows at 0x30_0000_0000.
// The result appears under its name in one step, or not at all.
import CProcess
import Commands
import Foundation
import LLVM

public struct LinkOptions: Sendable {
  /// Keep the symbol table.
  public var symbols = false
  public init() {}
}

/// Where ld.lld of LLVM 19 is: what RECAST_LLD names, Debian's folder, or PATH.
public func findLinker() throws(CodegenError) -> String {
  let environment = ProcessInfo.processInfo.environment
  let candidates: [String]
  if let named = environment["RECAST_LLD"], !named.isEmpty {
    candidates = [named]
  } else {
    let path = environment["PATH"] ?? "/usr/bin:/bin"
    candidates =
      ["/usr/lib/llvm-19/bin/ld.lld"]
      + path.split(separator: ":").flatMap { ["\($0)/ld.lld-19", "\($0)/ld.lld"] }
  }
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
  let folder = try scratchFolder(in: output.folder.isEmpty ? "." : output.folder, for: output)
  let scratch = folder.path
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
    for code in [ENOSPC, EDQUOT, EFBIG] where said.contains(String(cString: strerror(code))) {
      throw .system(output, code)
    }
    // ld.lld writes through a mapping, and dies of SIGBUS on file systems that overcommit.
    var space = statvfs()
    let size = objects.reduce(0) { $0 + UInt64($1.count) }
    if statvfs(scratch, &space) == 0, UInt64(space.f_bavail) * UInt64(space.f_frsize) < size {
      throw .system(output, ENOSPC)
    }
    throw .bug("the artifact does not link:\n" + said.replacingOccurrences(of: scratch, with: ""))
  }
  guard chmod(made, 0o755) == 0, rename(made, output) == 0 else {
    throw .system(output, errno)
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

func write(_ bytes: [UInt8], to path: String) throws(CodegenError) {
  do throws(SystemCode) { try writeWhole(bytes, to: path) } catch { throw .system(path, error.code) }
}

/// For one step's files.
func scratchFolder(in place: String, for output: String) throws(CodegenError) -> Temporary {
  do throws(SystemCode) {
    return try Temporary(.folder, "\(place)/.recast-link-")
  } catch { throw .system(output, error.code) }
}

/// Runs a tool; answers its status and everything it said.
func run(_ tool: String, _ arguments: [String]) -> (status: Int32, output: String) {
  var ends: [Int32] = [0, 0]
  guard pipe(&ends) == 0 else { return (-1, "pipe: \(String(cString: strerror(errno)))") }
  var words = ([tool] + arguments).map { strdup($0) }
  words.append(nil)
  defer { words.forEach { free($0) } }
  let pid = recast_start_tool(tool, words, ends[1])
  close(ends[1])
  defer { close(ends[0]) }
  if pid < 0 { return (-1, "fork: \(String(cString: strerror(errno)))") }
  var said = Data()
  var chunk = [UInt8](repeating: 0, count: 4096)
  while true {
    let n = read(ends[0], &chunk, chunk.count)
    if n < 0 && errno == EINTR { continue }
    if n <= 0 { break }
    said.append(contentsOf: chunk[0..<n])
  }
  var status: Int32 = 0
  recast_wait_for_tool(pid, &status)
  return (recast_exit_code(status), String(decoding: said, as: UTF8.self))
}
