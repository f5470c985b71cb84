import Codegen
import Foundation
import LLVM
import Testing

/// An artifact without a runtime: a module with `recast_start`, the host's two lines of assembly,
/// and two guest segments with zeros behind.
private let assembly: [String: String] = [
  "x86_64": """
    .globl _start
    _start: movq %rsp, %rdi
    andq $-16, %rsp
    call recast_start
    .globl recast_call
    recast_call: movq %rdi, %rax
    movq %rsi, %rdi
    movq %rdx, %rsi
    movq %rcx, %rdx
    syscall
    ret
    """,
  "aarch64": """
    .globl _start
    _start: mov x0, sp
    bl recast_start
    .globl recast_call
    recast_call: mov x8, x0
    mov x0, x1
    mov x1, x2
    mov x2, x3
    svc #0
    ret
    """,
  "riscv64": """
    .globl _start
    _start: mv a0, sp
    call recast_start
    .globl recast_call
    recast_call: mv a7, a0
    mv a0, a1
    mv a1, a2
    mv a2, a3
    ecall
    ret
    """,
  "loongarch64": """
    .globl _start
    _start: move $a0, $sp
    bl recast_start
    .globl recast_call
    recast_call: move $a7, $a0
    move $a0, $a1
    move $a1, $a2
    move $a2, $a3
    syscall 0
    ret
    """,
]

private func startModule(_ target: TargetDescription, in c: LLVMContext) -> Module {
  let m = Module("test", in: c)
  m.appendInlineAssembly(".text\n" + assembly[target.architecture]!)
  let call = m.addFunction("recast_call", .function(c.i64, [c.i64, c.i64, c.i64, c.i64]))
  let start = m.addFunction("recast_start", .function(c.void, [c.ptr]))
  let b = Builder(c)
  b.positionAtEnd(start.appendBasicBlock(in: c))
  func at(_ address: UInt64) -> Value { c.i64.constInt(address).constIntToPtr(c.ptr) }
  let x86 = target.architecture == "x86_64"
  // Copies from the read-only segment over the writable one's zeros, and writes that.
  let byte = b.load(c.i8, at(0x600_123 + 0x1000), align: 1)
  b.store(b.add(byte, c.i8.constInt(10)), at(0x401_005), align: 1)
  b.call(
    call,
    [c.i64.constInt(x86 ? 1 : 64), c.i64.constInt(1), c.i64.constInt(0x401_000), c.i64.constInt(6)])
  b.call(call, [c.i64.constInt(x86 ? 60 : 93), c.i64.constInt(7)] + [c.i64.null, c.i64.null])
  b.unreachable()
  return m
}

@Suite struct Artifact {
  @Test(arguments: TargetDescription.all.map(\.architecture))
  func `runs with guest segments at their addresses`(_ architecture: String) throws {
    let target = try TargetDescription.named(architecture)
    let context = LLVMContext()
    let object = try emit(startModule(target, in: context), for: target)
    let path = NSTemporaryDirectory() + "recast-artifact-\(architecture)"
    defer { try? FileManager.default.removeItem(atPath: path) }
    let guest = [
      GuestLoad(address: 0x400_000, bytes: Array("code".utf8), memorySize: 4, isWritable: false),
      GuestLoad(
        address: 0x401_000, bytes: Array("guest".utf8), memorySize: 0x3000, isWritable: true),
      GuestLoad(address: 0x600_123, bytes: [1], memorySize: 0x2000, isWritable: true),
    ]
    try link(objects: [object], guest: guest, for: target, to: path)
    let first = FileManager.default.contents(atPath: path)
    try link(objects: [object], guest: guest, for: target, to: path)
    #expect(first == FileManager.default.contents(atPath: path))
    let process = Process()
    let emulator = "/usr/bin/" + target.emulator
    #if arch(x86_64)
      let native = architecture == "x86_64"
    #else
      let native = false
    #endif
    if !native && access(emulator, X_OK) != 0 { return }
    process.executableURL = URL(fileURLWithPath: native ? path : emulator)
    process.arguments = native ? [] : [path]
    let pipe = Pipe()
    process.standardOutput = pipe
    try process.run()
    let said = pipe.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    #expect(String(decoding: said, as: UTF8.self) == "guest\n")
    #expect(process.terminationStatus == 7)
  }

  @Test func `is not there when a symbol is missing`() throws {
    let target = try TargetDescription.named("aarch64")
    let context = LLVMContext()
    let m = startModule(target, in: context)
    m.appendInlineAssembly("bl recast_nowhere")
    let object = try emit(m, for: target)
    let path = NSTemporaryDirectory() + "recast-artifact-missing"
    let error = #expect(throws: CodegenError.self) {
      try link(objects: [object], guest: [], for: target, to: path)
    }
    #expect("\(error!)".contains("recast_nowhere"))
    #expect(!FileManager.default.fileExists(atPath: path))
  }
}

@Suite struct Convention {
  /// At the limit nothing comes from the stack; one more does (or is refused).
  @Test(arguments: TargetDescription.all.map(\.architecture))
  func `has the registers that the table says`(_ architecture: String) throws {
    let target = try TargetDescription.named(architecture)
    let c = LLVMContext()
    let m = Module("limits", in: c)
    let n = target.limits.intArguments
    let returned = c.structType([IRType](repeating: c.i64, count: target.limits.intReturns))
    let type = IRType.function(returned, [c.ptr] + [IRType](repeating: c.i64, count: n - 1))
    let f = m.addFunction("f", type)
    f.callConvention = target.limits.convention
    let b = Builder(c)
    b.positionAtEnd(f.appendBasicBlock(in: c))
    // Calls itself through a pointer from the VCPU with every argument moved by one, in tail position.
    let callee = b.load(c.ptr, f.parameter(0), align: 8)
    let rotated =
      [f.parameter(0)] + (2..<n).map { f.parameter($0) } + [f.parameter(1)]
    b.ret(
      b.call(
        callee, type, rotated, convention: target.limits.convention,
        tail: LLVMTailCallKindMustTail))
    let text = String(
      decoding: try emit(m, for: target, fileType: LLVMAssemblyFile), as: UTF8.self)
    #expect(!text.contains("(%rsp)") && !text.contains("[sp") && !text.contains("(sp)"))
    #expect(!text.contains("$sp, "))
  }
}

@Suite struct Shards {
  @Test func `come back in order, and one that dies is bisected`() throws {
    let results = try ShardRunner(jobs: 2, timeLimit: 20).run([[1, 2], [3, 13, 4], [5]]) {
      if $0.contains(13) { kill(getpid(), SIGSEGV) }
      return $0.map { UInt8($0) }
    } onFailure: { shard, failure in
      #expect(failure == .signal(SIGSEGV))
      return shard.count == 1 ? [] : shard.map { [$0] }
    }
    #expect(results == [[1, 2], nil, [5], [3], nil, [4]])
  }
}
