// Comparisons that raise "invalid" for quiet NaNs, too (SDM vol. 2: COMISD; MINSD, MAXSD).
//
// The constrained form of a comparison is nothing that LLVM folds, and COMISD is three comparisons whose results are
// combined again. So the lifter compares as usual and leaves a marker beside it; when the passes are through, what
// became of the comparisons takes the signalling form.

import LLVM

private var e: Emission { Emission.current }
private var b: Builder { Emission.current.builder }

/// The marker: a function of the operands that answers nothing.
enum SignallingMarker {
  static var prefix: String { "recast.signals." }

  /// Says that `x` and `y`, scalars, are compared here.
  static func leave(_ x: Value, _ y: Value) {
    let name = prefix + (x.type == e.float ? "f32" : "f64")
    let type = IRType.function(e.context.void, [x.type, x.type])
    let function = e.module.function(named: name) ?? declare(name, type)
    b.call(function, [x, y])
  }

  private static func declare(_ name: String, _ type: IRType) -> Function {
    let function = e.module.addFunction(name, type)
    for attribute in ["nounwind", "willreturn", "nosync", "nofree"] {
      function.addAttribute(e.context.attribute(attribute))
    }
    function.addAttribute(e.inaccessibleMemory)
    return function
  }
}

extension TargetTraits {
  /// A comparison for its exceptions only, as assembly, where LLVM has no signalling form or needs none: what it
  /// makes of "less" signals on RISC-V.
  fileprivate var comparisonWithoutResult: (text: (_ isSingle: Bool) -> String, clobbers: String)? {
    switch architecture {
    case "riscv64": ({ "flt.\($0 ? "s" : "d") zero, $0, $1" }, "")
    case "loongarch64": ({ "fcmp.saf.\($0 ? "s" : "d") $$fcc0, $0, $1" }, ",~{fcc0}")
    default: nil
    }
  }
}

/// Puts the comparisons in the place of their markers.
func expandSignallingMarkers(in module: Module, for target: TargetTraits) {
  let context = module.context
  let builder = Builder(context)
  let strict = context.value(of: context.mdString("fpexcept.strict"))
  for marker in module.functions where marker.isDeclaration && marker.name.hasPrefix(SignallingMarker.prefix) {
    for call in marker.value.users {
      let (x, y) = (call.operand(0), call.operand(1))
      builder.positionBefore(call)
      if let (text, clobbers) = target.comparisonWithoutResult {
        let type = IRType.function(context.void, [x.type, x.type])
        let constraints = "f,f\(clobbers)"
        builder.call(builder.inlineAsm(type, text(x.type == context.float), constraints: constraints), type, [x, y])
      } else {
        let comparison = call.block.comparison(of: x, y, behind: call)
        let predicate = comparison?.realPredicateName ?? "olt"
        let operands = comparison?.operands ?? [x, y]
        let signalling = builder.call(
          module.intrinsic("llvm.experimental.constrained.fcmps", [x.type]),
          operands + [context.value(of: context.mdString(predicate)), strict])
        signalling.addCallAttribute(context.attribute("strictfp"))
        comparison?.replaceAllUses(with: signalling)
        comparison?.eraseFromParent()
      }
      call.eraseFromParent()
    }
    marker.delete()
  }
}

extension BasicBlock {
  /// The first plain comparison of these two behind `place`.
  fileprivate func comparison(of x: Value, _ y: Value, behind place: Value) -> Value? {
    instructions.drop { $0 != place }.first {
      $0.opcode == LLVMFCmp && $0.realPredicateName != nil
        && ($0.operands == [x, y] || $0.operands == [y, x])
    }
  }
}
