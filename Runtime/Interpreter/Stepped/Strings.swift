// PCMPESTRI, PCMPESTRM, PCMPISTRM: the arithmetic is `StringComparison`. PCMPISTRI, which the string
// functions of C libraries are made of, is translated; hosts without it call in here for it.

import RuntimeABI
import Semantics
import X86

extension InterpreterMachine {
  mutating func steppedStrings(_ i: Instruction, _ address: UInt64) throws(GuestFault) -> Bool {
    switch i.operation {
    case .pcmpestri, .pcmpestrm, .pcmpistrm: break
    case .vpcmpestri, .vpcmpestrm, .vpcmpistrm: break
    default: return false
    }
    let first = vector(i.operands.0.number, half: 0)
    let second = i.operands.1.kind == .memory
      ? try loadVector(at: address) : vector(i.operands.1.number, half: 0)
    let control = UInt8(truncatingIfNeeded: i.immediate)
    let result: StringComparison
    let hasLengths = switch i.operation {
    case .pcmpestri, .pcmpestrm, .vpcmpestri, .vpcmpestrm: true
    default: false
    }
    if hasLengths {
      let wide = i.prefixes.contains(.rexW)
      result = StringComparison(
        first: first, length: length(.rax, wide), second: second, length: length(.rdx, wide),
        control: control)
    } else {
      result = StringComparison(first: first, second: second, control: control)
    }
    switch i.operation {
    case .pcmpestri, .vpcmpestri: self[.rcx] = result.index
    default: setVector(0, half: 0, result.mask)
    }
    vcpu.pointee.cf = result.cf ? 1 : 0
    vcpu.pointee.zf = result.zf ? 1 : 0
    vcpu.pointee.sf = result.sf ? 1 : 0
    vcpu.pointee.of = result.of ? 1 : 0
    (vcpu.pointee.af, vcpu.pointee.pf) = (0, 0)
    return true
  }

  private func length(_ gpr: GPR, _ wide: Bool) -> Int64 {
    wide
      ? Int64(bitPattern: self[gpr])
      : Int64(Int32(truncatingIfNeeded: Int64(bitPattern: self[gpr])))
  }
}

#if hasFeature(Embedded)
  @_cdecl("recast_compare_strings")
  public func compareStrings(
    _ firstLow: UInt64, _ firstHigh: UInt64, _ secondLow: UInt64, _ secondHigh: UInt64,
    _ control: UInt64
  ) -> UInt64 {
    let result = StringComparison(
      endingAtZero: EvaluatedVector(low: firstLow, high: firstHigh),
      EvaluatedVector(low: secondLow, high: secondHigh),
      control: UInt8(truncatingIfNeeded: control))
    let flags: UInt64 =
      (result.cf ? 1 : 0) | (result.zf ? 2 : 0) | (result.sf ? 4 : 0) | (result.of ? 8 : 0)
    return result.index | flags &<< 32
  }
#endif
