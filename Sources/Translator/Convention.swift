import LLVM

/// How translated functions call each other on one target: one prototype for all of them.
///
///     {pc, results…, rsp} f(VCPU *, rsp, arguments…)
///
/// Every register has its fixed place, so that any function can tail-call any other and an
/// indirect call needs no adapter. A place that a callee does not read costs nothing: the caller
/// passes poison there. Registers without a place travel through their VCPU slots.
///
/// Callee-saved registers among the results (`kept`) are in their places at every call and every
/// return, whatever the function does with them: a caller need not put them away while it calls, and
/// a function that restores one from the guest's stack hands on what it has loaded. Where a register
/// has the same host register as argument and as result, a function that leaves it alone pays nothing.
///
/// So it is with the last result, which is no value of the guest's: the RSP that the function was entered with, even while
/// unwinding. A caller need not put its own away (`ReturnedRSP`).
///
/// The numbers are what LLVM 19.1 keeps in registers on each target; more would go to the stack,
/// break `musttail`, or end in a fatal error (measured, docs/PERFORMANCE.md).
struct Convention {
  /// LLVM's calling-convention number (llvm/IR/CallingConv.h).
  var callingConvention: UInt32
  /// Besides the VCPU pointer.
  var arguments: [Register]
  /// Besides the guest PC, which comes first.
  var results: [Register]
  var vcpu = VCPUPlace.argument
  /// The last result is there.
  var returnsRSP = false

  /// Functions keep host registers as LLVM's convention says (regcall of x86-64: RBX, RBP, XMM8 to XMM15). A caller has
  /// little in them, since what the guest has in callee-saved registers comes back in results: putting them away
  /// pays in small functions that call nothing, which have no need of them, and nowhere else.
  var savesRegisters = true

  /// How translated code comes to the VCPU.
  enum VCPUPlace {
    /// The pointer is the first argument.
    case argument
    /// The host's GS says where it is.
    case segment
    /// `TargetTraits.vcpuRegister` has the pointer, wherever translated code runs.
    case register
  }
  var takesVCPU: Bool { vcpu == .argument }
  /// Where the VCPU pointer would be, callers that look for host code give the guest address that they look for, so that
  /// `recast_find` knows it.
  var takesTarget = false

  static let ccC: UInt32 = 0
  static let ccFast: UInt32 = 8
  static let ccPreserveNone: UInt32 = 21
  static let ccRegCall: UInt32 = 92

  private static let integerOrder: [Register] = [
    .gpr(.rsp), .gpr(.rdi), .gpr(.rsi), .gpr(.rdx), .gpr(.rcx), .gpr(.rbx), .gpr(.rbp), .gpr(.r8),
    .gpr(.r12), .gpr(.r9), .gpr(.r13), .gpr(.r14), .gpr(.r15), .gpr(.rax), .gpr(.r10), .gpr(.r11),
  ]
  /// aarch64 has these arguments in X21–X28 and X0–X7, and results in X0–X7 behind the PC: RAX and the
  /// kept ones have the same place in both. RDX comes back in its slot.
  private static let integersOfAArch64: [Register] = [
    .gpr(.rsp), .gpr(.rdi), .gpr(.rsi), .gpr(.rdx), .gpr(.rcx), .gpr(.r8), .gpr(.r9), .gpr(.r10),
    .gpr(.r11), .gpr(.rax), .gpr(.rbx), .gpr(.rbp), .gpr(.r12), .gpr(.r13), .gpr(.r14), .gpr(.r15),
  ]
  private static let keptOfAArch64: [Register] = [
    .gpr(.rbx), .gpr(.rbp), .gpr(.r12), .gpr(.r13), .gpr(.r14), .gpr(.r15),
  ]
  /// regcall of x86-64 has arguments and results in the same eleven registers, one after the other, RDI and the PC
  /// in RAX: RDX, the kept ones and RSP have the same place in both.
  private static let integersOfX86: [Register] = [
    .gpr(.rdi), .gpr(.rcx), .gpr(.rdx), .gpr(.rbx), .gpr(.rbp), .gpr(.r12), .gpr(.r13), .gpr(.r14),
    .gpr(.r15), .gpr(.rsp), .gpr(.rsi),
  ]
  private static let resultsOfX86: [Register] = [
    .gpr(.rax), .gpr(.rdx), .gpr(.rbx), .gpr(.rbp), .gpr(.r12), .gpr(.r13), .gpr(.r14), .gpr(.r15),
  ]
  private static func vectors(_ n: Int) -> [Register] { (0..<n).map { .vector($0, half: 0) } }

  static func forTarget(_ target: TargetTraits) -> Convention {
    let hasRegister = target.vcpuRegister != nil && target.does(.vcpuRegister)
    var convention = integers(of: target, behindVCPU: !hasRegister)
    if hasRegister { convention.vcpu = .register }
    return convention
  }

  /// - Parameter behindVCPU: the VCPU pointer takes the first place.
  private static func integers(of target: TargetTraits, behindVCPU: Bool) -> Convention {
    let first = behindVCPU ? 1 : 0
    return switch target.architecture {
    case "x86_64" where target.does(.keptRegisters):
      Convention(
        callingConvention: ccRegCall, arguments: integersOfX86 + vectors(8),
        results: resultsOfX86 + vectors(2), vcpu: .segment,
        returnsRSP: target.does(.returnedRSP), savesRegisters: !target.does(.unsavedRegisters))
    case "x86_64":
      Convention(
        callingConvention: ccPreserveNone,
        arguments: Array(integerOrder.prefix(10)) + vectors(8),
        results: [.gpr(.rax), .gpr(.rdx)] + vectors(2))
    case "aarch64":
      Convention(
        callingConvention: ccPreserveNone,
        arguments: integersOfAArch64 + vectors(8),
        results: [.gpr(.rax)] + (target.does(.keptRegisters) ? keptOfAArch64 : [.gpr(.rdx)])
          + vectors(2), takesTarget: !behindVCPU)
    case "riscv64":
      Convention(
        callingConvention: ccFast, arguments: Array(integerOrder.prefix(12 - first)),
        results: [.gpr(.rax)])
    default:
      Convention(
        callingConvention: ccC, arguments: Array(integerOrder.prefix(8 - first)), results: [.gpr(.rax)])
    }
  }

  /// The same for programs whose functions answer in `registers` that the psABI has them keep: where results have no place
  /// for these, they are in their slots all the time.
  func leavingInSlots(_ registers: RegisterSet) -> Convention {
    if kept.isSuperset(of: registers) { return self }
    var new = self
    new.arguments.removeAll { registers.contains($0) }
    return new
  }

  /// The parameter that holds the `place`th of the arguments.
  func parameter(_ place: Int) -> Int { takesVCPU || takesTarget ? place + 1 : place }
  var parameters: Range<Int> { 0..<parameter(arguments.count) }
  /// Of the last result.
  var rspResult: Int? { returnsRSP ? results.count + 1 : nil }
  var rspParameter: Int { parameter(arguments.firstIndex(of: .gpr(.rsp))!) }

  /// LLVM takes a tail call only where it is told that there must be one.
  var tailCall: LLVMTailCallKind {
    callingConvention == Self.ccRegCall ? LLVMTailCallKindMustTail : LLVMTailCallKindTail
  }
  /// Functions in C's convention change vector registers that this one keeps: the runtime is called by adapters,
  /// whose names end so.
  var adapterSuffix: String? { callingConvention == Self.ccRegCall ? "_by_registers" : nil }

  var argumentSet: RegisterSet { arguments.reduce(into: []) { $0.insert($1) } }
  /// Callee-saved registers that every call takes and gives back.
  var kept: RegisterSet { argumentSet.intersection(resultSet).intersection(.calleeSaved) }

  var resultSet: RegisterSet { results.reduce(into: []) { $0.insert($1) } }
}
