/// How translated functions call each other on one target: one prototype for all of them.
///
///     {pc, results…} f(VCPU *, rsp, arguments…)
///
/// Every register has its fixed place, so that any function can tail-call any other and an
/// indirect call needs no adapter. A place that a callee does not read costs nothing: the caller
/// passes poison there. Registers without a place travel through their VCPU slots.
///
/// The numbers are what LLVM 19.1 keeps in registers on each target; more would go to the stack,
/// break `musttail`, or end in a fatal error (measured, docs/PERFORMANCE.md).
struct Convention {
  /// LLVM's calling-convention number (llvm/IR/CallingConv.h).
  var callingConvention: UInt32
  /// After the VCPU pointer.
  var arguments: [Register]
  /// After the guest PC.
  var results: [Register]

  static let ccC: UInt32 = 0
  static let ccFast: UInt32 = 8
  static let ccPreserveNone: UInt32 = 21

  private static let integerOrder: [Register] = [
    .gpr(.rsp), .gpr(.rdi), .gpr(.rsi), .gpr(.rdx), .gpr(.rcx), .gpr(.rbx), .gpr(.rbp), .gpr(.r8),
    .gpr(.r12), .gpr(.r9), .gpr(.r13), .gpr(.r14), .gpr(.r15), .gpr(.rax), .gpr(.r10), .gpr(.r11),
  ]
  private static func vectors(_ n: Int) -> [Register] { (0..<n).map { .vector($0, half: 0) } }

  /// - Parameter architecture: the triple's first component.
  static func forArchitecture(_ architecture: String) -> Convention {
    switch architecture {
    case "x86_64":
      Convention(
        callingConvention: ccPreserveNone,
        arguments: Array(integerOrder.prefix(10)) + vectors(8),
        results: [.gpr(.rax), .gpr(.rdx)] + vectors(2))
    case "aarch64":
      Convention(
        callingConvention: ccPreserveNone,
        arguments: integerOrder + vectors(8),
        results: [.gpr(.rax), .gpr(.rdx)] + vectors(2))
    case "riscv64":
      Convention(
        callingConvention: ccFast, arguments: Array(integerOrder.prefix(11)),
        results: [.gpr(.rax)])
    default:
      Convention(
        callingConvention: ccC, arguments: Array(integerOrder.prefix(7)), results: [.gpr(.rax)])
    }
  }

  var argumentSet: RegisterSet { arguments.reduce(into: []) { $0.insert($1) } }
  var resultSet: RegisterSet { results.reduce(into: []) { $0.insert($1) } }
}
