// Assembly text as a static executable at chosen addresses: LLVM assembles, ld.lld links.
import Foundation
import LLVM

/// - Parameter sections: names of input sections, in ascending order of their addresses.
public func assemble(
  _ text: String, for target: TargetDescription,
  sections: [(name: String, address: UInt64, isWritable: Bool)]
) throws(CodegenError) -> [UInt8] {
  let module = Module("assembly", in: LLVMContext())
  module.appendInlineAssembly(text)
  let object = try emit(module, for: target, level: .O0)
  let linker = try findLinker()
  let folder = try scratchFolder(in: NSTemporaryDirectory(), for: "assembly")
  let scratch = folder.path
  try write(object, to: "\(scratch)/0.o")
  var headers = ""
  var places = ""
  for (n, section) in sections.enumerated() {
    headers += "  part\(n) PT_LOAD FLAGS(\(section.isWritable ? 6 : 5));\n"
    places += "  .part\(n) 0x\(String(section.address, radix: 16)) : "
    places += "{ KEEP(*(\(section.name))) } :part\(n)\n"
  }
  let discarded = "*(.text) *(.comment) *(.note.*) *(.eh_frame)"
  let script = "PHDRS {\n\(headers)}\nSECTIONS {\n\(places)  /DISCARD/ : { \(discarded) }\n}\n"
  try write(Array(script.utf8), to: "\(scratch)/script")
  let made = "\(scratch)/made"
  let (status, said) = run(
    linker,
    [
      "-m", target.emulation, "-static", "-z", "max-page-size=4096", "-z", "norelro",
      "--build-id=none", "-e", "_start", "-T", "\(scratch)/script", "-o", made, "\(scratch)/0.o",
    ])
  guard status == 0, let bytes = FileManager.default.contents(atPath: made) else {
    throw .bug("assembly does not link:\n" + said.replacingOccurrences(of: scratch, with: ""))
  }
  return [UInt8](bytes)
}
