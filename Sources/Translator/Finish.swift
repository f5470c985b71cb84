// What Recast itself does to lifted code between LLVM's passes and instruction selection, in order.

import LLVM

/// What is left to do in lifted code when the passes that optimise are through.
public func finish(_ module: Module, for target: TargetTraits) throws(LLVMError) {
  if target.does(.deadLanes) { dropDeadLanes(in: module) }
  if target.does(.narrowProducts) {
    narrowProducts(in: module, lower: target.lowerProducts.map { [$0.signed, $0.unsigned] } ?? [])
  }
  if target.does(.shortExtensions) { shortenExtensions(in: module) }
  if target.keepsCheapLoops { useLastValues(in: module) }
  if target.isX86 && target.does(.pairedHalves) { pairHalves(in: module) }
  expandNaNMarkers(in: module, for: target)
  expandSignallingMarkers(in: module, for: target)
  if target.isX86 { hideInsertedLoads(in: module) }
  try takeReturnedRSP(in: module, Convention.forTarget(target))
  if target.signalsForLanes { quietVectorSelects(in: module) }
  if target.comparesReturnsInPlace && target.does(.returnChecks) { compareReturnsInPlace(in: module) }
  if target.does(.completeSwitches) { completeSwitches(in: module) }
  if target.hasShortNegativeOffsets && target.does(.frameBase) {
    addressFramesFromBelow(in: module, Convention.forTarget(target))
  }
}
