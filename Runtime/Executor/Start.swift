// How threads of execution begin, and what they own.

import GuestLinux
import Host
import Interpreter
import RuntimeABI

@_extern(c, "recast_guest_image")
func guestImage() -> UInt64

/// Whose instructions the host processor is at.
enum Engine: UInt8 {
  /// The runtime's own: a fault there is a bug of ours.
  case runtime
  /// The interpreter's: the VCPU is exact, `rip` is the instruction.
  case interpreter
  /// Translated: the guest's registers are in host registers.
  case translated
}

/// One thread's interpreter, its view of the code map, and what a fault has to know (Faults.swift).
struct ExecutorState {
  var interpreter: Interpreter
  var map: CodeMapView
  var engine = Engine.runtime
  /// `recast_step` is at work for translated code: `vcpu.rip` is the instruction.
  var isStepping = false
  /// The innermost `RunFrame`.
  var innermost: UInt64 = 0
  /// Below this the host stack is used up.
  var hostStackLow: UInt64 = 0
  var fault: HostFault? = nil
  /// What lies above this on the host's signal stack is in use; 0: nothing.
  var signalStackLimit: UInt64 = 0
  /// While host frames return because a signal handler has left: the registers it brought.
  var left: CalleeSaved? = nil
  /// The address that belongs to what `recast_step` answered.
  var stepAddress: UInt64 = 0
  /// How often translated code was entered from here.
  var entered: UInt64 = 0
}

func threadState(_ vcpu: VCPUPointer) -> UnsafeMutablePointer<ExecutorState> {
  UnsafeMutablePointer<ExecutorState>(bitPattern: UInt(executorState(vcpu)))!
}

/// Room for decoded blocks, mapped lazily.
private var blockMemory: UInt64 { 16 &<< 20 }
/// A guest that fills its own 8 MiB stack needs more on the host's side.
private var hostStackSize: UInt64 { 1 &<< 30 }
private var hostStackGuard: UInt64 { 0x1_0000 }

private func makeExecutor(_ vcpu: VCPUPointer, _ image: UnsafePointer<GuestImage>) {
  let memory = allocate(blockMemory &+ 4096, noReserve: true)
  let state = UnsafeMutablePointer<ExecutorState>(bitPattern: UInt(memory))!
  state.initialize(
    to: ExecutorState(
      interpreter: Interpreter(
        vcpu, memory: UnsafeMutableRawPointer(bitPattern: UInt(memory &+ 4096))!,
        size: Int(blockMemory)),
      map: CodeMapView(image)))
  state.pointee.interpreter.machine.usesHostX87 = hostIsX86
  setExecutorState(vcpu, memory)
  takeCode(state, image)
  executorFaultHook = { signal, information, context, vcpu in
    takeHostFault(signal, information, context, vcpu)
  }
}

nonisolated(unsafe) private var firstVCPU: UInt64 = 0
nonisolated(unsafe) private var currentImage: UInt64 = 0

@_cdecl("recast_start")
public func start(_ stack: UInt64) {
  let imagePointer = UnsafePointer<GuestImage>(bitPattern: UInt(guestImage()))!
  firstVCPU = allocate(UInt64(VCPUOffset.size))
  let vcpu = VCPUPointer(bitPattern: UInt(firstVCPU))!
  let image = prepareProcess(
    stack: UnsafeMutablePointer<UInt64>(bitPattern: UInt(stack))!, image: imagePointer, vcpu: vcpu)
  currentImage = UInt64(UInt(bitPattern: image))
  onCodeChange = { low, high in codeChanged(VCPUPointer(bitPattern: UInt(firstVCPU))!, low, high) }
  onExit = { sayStatistics(VCPUPointer(bitPattern: UInt(firstVCPU))!) }
  onFork = { forgetStatistics(VCPUPointer(bitPattern: UInt(firstVCPU))!) }
  makeExecutor(vcpu, image)
  let hostStack = allocate(hostStackSize, noReserve: true)
  _ = host(10, hostStack, hostStackGuard, 0)
  threadState(vcpu).pointee.hostStackLow = hostStack &+ hostStackGuard
  let body: @convention(c) (UInt64) -> UInt64 = runForever
  _ = hostSwitchStack(
    hostStack &+ hostStackSize, UInt64(unsafeBitCast(body, to: UInt.self)), address(vcpu))
}

/// From the first host stack of a thread: everything the guest does happens in here.
@_cdecl("recast_run")
public func runForever(_ at: UInt64) -> UInt64 {
  let vcpu = VCPUPointer(bitPattern: UInt(at))!
  while true { _ = run(vcpu, entryRSP: .max, resume: nil) }
}

/// The child of a `clone` that shares memory: on a host stack of its own.
@_cdecl("recast_run_child")
public func runChild(_ at: UInt64) -> UInt64 {
  let vcpu = VCPUPointer(bitPattern: UInt(at))!
  startChild(vcpu)
  makeExecutor(vcpu, UnsafePointer<GuestImage>(bitPattern: UInt(currentImage))!)
  threadState(vcpu).pointee.hostStackLow = childStackLow(vcpu)
  return runForever(at)
}

/// RDRAND and RDSEED.
@_cdecl("recast_host_random")
public func hostRandom() -> UInt64 {
  var value: UInt64 = 0
  withUnsafeMutablePointer(to: &value) {
    _ = host(318, UInt64(UInt(bitPattern: $0)), 8, 0)
  }
  return value
}
