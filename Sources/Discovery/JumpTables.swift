import ELF
import X86

// Jump tables of gcc, clang and Go, found by walking back along the path by which the jump was
// first reached: absolute (`jmp [T + i*8]`, or loaded first) and relative to the table
// (`movsxd r, [b + i*4]; add r, b; jmp r`). The bound comes from the comparison or mask on that
// path; without one, the entries themselves say how many they are. Jumps to one of several pieces of
// code of one size, as hand-written copies have them, are in JumpTables+Strided.swift.
extension Explorer {
  enum TableResult {
    case table(JumpTable)
    case failure(String)
  }

  /// A place whose value is followed backwards.
  private enum Place: Equatable {
    case register(UInt8)
    case memory(base: UInt8, index: UInt8, displacement: Int64)
  }

  func resolve(_ last: Int) -> TableResult {
    let jump = trace[last].instruction
    let operand = jump.operands.0
    if jump.segment != 0 { return .failure("target in thread-local memory") }
    if operand.kind == .memory { return absolute(jump, last) }
    guard operand.kind == .gpr else { return .failure("far jump") }
    var target = operand.number
    var place = last
    var found = definition(of: target, before: place)
    // Through copies.
    for _ in 0..<4 {
      guard let here = found, case let copy = trace[here].instruction, copy.operation == .mov,
        copy.operands.1.kind == .gpr, copy.size == 8
      else { break }
      target = copy.operands.1.number
      place = here
      found = definition(of: target, before: place)
    }
    guard let definition = found else {
      return .failure("target register comes from a caller or a callee")
    }
    let i = trace[definition].instruction
    switch i.operation {
    case .lea where i.base < 16 && i.index < 16 && i.scale == 0 && i.displacement == 0:
      return relative(i.index, i.base, definition)
    case .mov where i.operands.1.kind == .immediate: return .failure("target is a constant")
    case .mov where i.operands.1.kind == .memory && i.size == 8:
      return absolute(i, definition)
    case .add where i.operands.1.kind == .gpr && i.size == 8:
      return relative(i.operands.0.number, i.operands.1.number, definition)
    default:
      return .failure("target computed by \(i.operation)")
    }
  }

  private func absolute(_ load: Instruction, _ place: Int) -> TableResult {
    if load.segment != 0 { return .failure("target in thread-local memory") }
    guard load.index != Instruction.noRegister, load.scale == 3 else {
      return .failure(
        load.base == Instruction.instructionPointer || load.base == Instruction.noRegister
          ? "target in a variable" : "target in memory")
    }
    var table = UInt64(bitPattern: load.displacement)
    if load.base != Instruction.noRegister {
      guard let base = constant(load.base, before: place) else {
        return .failure("table address unknown")
      }
      table = table &+ base
    }
    return read(table, .absolute, index: load.index, before: place)
  }

  private func relative(_ first: UInt8, _ second: UInt8, _ place: Int) -> TableResult {
    for (offset, base) in [(first, second), (second, first)] {
      guard let table = constant(base, before: place) ?? nearestTable(base, before: place),
        let loadPlace = loadOfEntry(offset, before: place)
      else { continue }
      let load = trace[loadPlace].instruction
      // Usually [base + index*4]; unoptimised code adds a scaled index by LEA.
      var index = load.index
      if load.scale == 0, load.index < 16 {
        index = constant(load.index, before: loadPlace) == nil ? load.index : load.base
      }
      return read(table, .relative, index: index < 16 ? index : nil, before: loadPlace)
    }
    return strided(first, second, place) ?? .failure("sum of two unknown registers")
  }

  /// The path need not show where a compiler hoisted the table's address to: take the last place
  /// before the jump that puts one into this register. Targets are checked when they are used.
  private func nearestTable(_ register: UInt8, before place: Int) -> UInt64? {
    let jump = trace[place].instruction.address
    var best: Instruction?
    for step in trace where step.instruction.operation == .lea {
      let i = step.instruction
      guard i.base == Instruction.instructionPointer, i.operands.0.isGPR(register),
        i.address < jump, i.address > best?.address ?? 0,
        program.isConstant(UInt64(bitPattern: i.displacement)),
        !program.isCode(UInt64(bitPattern: i.displacement))
      else { continue }
      best = i
    }
    return best.map { UInt64(bitPattern: $0.displacement) }
  }

  private func loadOfEntry(_ register: UInt8, before place: Int) -> Int? {
    var place = place
    for _ in 0..<4 {
      guard let found = definition(of: register, before: place) else { return nil }
      let i = trace[found].instruction
      if i.operation == .movsxd || i.operation == .mov, i.operands.1.kind == .memory { return found }
      guard i.operation == .cdqe || i.operation == .movsxd else { return nil }
      if i.operation == .movsxd, i.operands.1.number != register {
        return loadOfEntry(i.operands.1.number, before: found)
      }
      place = found
    }
    return nil
  }

  /// The instruction before `place` on the path that last wrote `register`.
  func definition(of register: UInt8, before place: Int) -> Int? {
    var here = trace[place].previous
    for _ in 0..<400 {
      guard here >= 0 else { return nil }
      let i = trace[here].instruction
      if i.writes(register) { return here }
      if i.operation == .call, !Explorer.calleeSaved.contains(register) { return nil }
      here = trace[here].previous
    }
    return nil
  }

  private static let calleeSaved: [UInt8] = [3, 4, 5, 12, 13, 14, 15]

  /// A register's value when it is a constant address.
  func constant(_ register: UInt8, before place: Int) -> UInt64? {
    guard register < 16 else { return nil }
    var register = register
    var place = place
    for _ in 0..<4 {
      guard let found = definition(of: register, before: place) else { return nil }
      let i = trace[found].instruction
      switch i.operation {
      case .lea where i.base == Instruction.instructionPointer:
        return UInt64(bitPattern: i.displacement)
      case .mov where i.operands.1.kind == .immediate && i.size >= 4: return i.immediate
      case .mov where i.operands.1.kind == .gpr && i.size == 8:
        register = i.operands.1.number
        place = found
      default: return nil
      }
    }
    return nil
  }

  /// The number of values that `index` can have before `place`, from comparison and mask.
  private func bound(_ index: UInt8, before place: Int) -> Int? {
    var wanted = Place.register(index)
    var here = place
    var limit: (condition: Condition, taken: Bool)?
    for _ in 0..<60 {
      let from = trace[here].previous
      guard from >= 0 else { return nil }
      let i = trace[from].instruction
      switch i.operation {
      case .jcc:
        limit = (i.condition, trace[here].isTaken)
      case .cmp where i.operands.1.kind == .immediate && Explorer.place(i.operands.0, i) == wanted:
        if let limit, i.immediate < 1 << 16 {
          switch (limit.condition, limit.taken) {
          case (.a, false), (.be, true): return Int(i.immediate) + 1
          case (.ae, false), (.b, true): return Int(i.immediate)
          default: break
          }
        }
      case .and where i.operands.1.kind == .immediate && Explorer.place(i.operands.0, i) == wanted:
        return i.immediate < 1 << 16 ? Int(i.immediate) + 1 : nil
      case .call: return nil
      default:
        guard case .register(let register) = wanted, i.writes(register) else { break }
        switch i.operation {
        case .movzx where i.operands.1.kind == .memory && i.operands.1.size == 1:
          // A byte out of memory: no bound by itself better than 256, but a comparison of the
          // same byte may come before.
          wanted = Explorer.place(i.operands.1, i) ?? wanted
        case .mov, .movzx, .movsxd, .movsx:
          guard let source = Explorer.place(i.operands.1, i) else { return nil }
          wanted = source
        case .lea where i.base == Instruction.noRegister && i.index < 16 && i.displacement == 0:
          wanted = .register(i.index)
        case .cdqe: break
        default: return nil
        }
      }
      here = from
    }
    return nil
  }

  private static func place(_ operand: Operand, _ i: Instruction) -> Place? {
    switch operand.kind {
    case .gpr: return .register(operand.number)
    case .memory: return .memory(base: i.base, index: i.index, displacement: i.displacement)
    default: return nil
    }
  }

  private func read(_ table: UInt64, _ form: JumpTable.Form, index: UInt8?, before place: Int)
    -> TableResult
  {
    guard program.isConstant(table) else {
      return .failure("table at 0x\(String(table, radix: 16)) can be written")
    }
    let limit = index.flatMap { bound($0, before: place) }
    let jump = trace[place].instruction.address
    let frame = frame(containing: jump)
    var targets: [UInt64] = []
    let size: UInt64 = form == .absolute ? 8 : 4
    let most = min(limit ?? 4096, 1 << 16)
    while targets.count < most {
      let entry = table &+ UInt64(targets.count) &* size
      if limit == nil, !targets.isEmpty, tables.contains(entry) { break }
      guard program.isConstant(entry) else { break }
      var target: UInt64
      if form == .absolute {
        guard let word = program.relocatedWord(at: entry) else { break }
        target = word
      } else {
        guard let word = program.integer(Int32.self, at: entry) else { break }
        target = table &+ UInt64(bitPattern: Int64(word))
      }
      guard code.index(target) != nil, code.decode(target) != nil else { break }
      if limit == nil {
        if let frame {
          guard target >= frame.start, target < frame.end else { break }
        } else {
          guard target &- entryAddress < 1 << 20 || entryAddress &- target < 1 << 16 else { break }
        }
      }
      targets.append(target)
    }
    guard !targets.isEmpty else {
      return .failure("no usable entries at 0x\(String(table, radix: 16))")
    }
    return .table(
      JumpTable(
        address: table, form: form, index: index, isBounded: limit == targets.count,
        targets: targets))
  }
}

extension Instruction {
  /// Writes the register, whole or in part; written for the few shapes around jump tables.
  func writes(_ register: UInt8) -> Bool {
    switch operation {
    case .cmp, .test, .push, .jcc, .jmp, .bt, .nop: return false
    case .cdqe: return register == 0
    case .cdq, .cqo: return register == 2
    case .div, .idiv, .mul: return register == 0 || register == 2
    case .xchg, .xadd:
      return operands.0.isGPR(register) || operands.1.isGPR(register)
    case .call: return false
    default: return operands.0.isGPR(register)
    }
  }
}

extension Operand {
  func isGPR(_ register: UInt8) -> Bool { kind == .gpr && number == register }
}
