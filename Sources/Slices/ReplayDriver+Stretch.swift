// One stretch of the program between two readings of the clock.

extension ReplayDriver {
  static func stretch(isWide: Bool) -> String {
    let names = [
      "rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi", "r8", "r9", "r10", "r11", "r12",
      "r13", "r14", "r15",
    ]
    // rdi holds the record until it is loaded last.
    let loads = names.enumerated().filter { $0.element != "rdi" && $0.element != "rsp" }
      .map { "mov \($0.element), [rdi + \(offset(.registers, $0.offset))]" }
      .joined(separator: "\n")
    let (move, vector) = isWide ? ("vmovups", "ymm") : ("movups", "xmm")
    let loadVectors = (0..<16).map { "\(move) \(vector)\($0), [rdi + \(offset(.vectors, 4 * $0))]" }
      .joined(separator: "\n")
    let saves = names.enumerated().map { "mov [rip + out_registers + \(8 * $0.offset)], \($0.element)" }
      .joined(separator: "\n")
    let saveVectors = (0..<16).map { "\(move) [rip + out_vectors + \(32 * $0)], \(vector)\($0)" }
      .joined(separator: "\n") + (isWide ? "\nvzeroupper" : "")
    return """
      # A frame between the loop above and the stretch: what ends elsewhere lands in it.
      .type once,@function
      once:
        push rbx
        push rbp
        push r12
        push r13
        push r14
        push r15
        sub rsp, 8
        call stretch
        add rsp, 8
        pop r15
        pop r14
        pop r13
        pop r12
        pop rbp
        pop rbx
        ret

      .type stretch,@function
      stretch:
        mov [rip + own_stack], rsp
        mov eax, 228
        mov edi, 3
        lea rsi, [rip + started]
        syscall
        mov rdi, [rip + record]
        mov rax, [rdi + \(offset(.entry))]
        mov [rip + entry], rax
        # Kept by all loads.
        cmp qword ptr [rdi + \(offset(.isInside))], 0
        \(loadVectors)
        mov rsp, [rdi + \(offset(.registers, 4))]
        \(loads)
        mov rdi, [rdi + \(offset(.registers, 7))]
        jne 1f
        lea rsp, [rsp + 8]
        call qword ptr [rip + entry]
        jmp save
      1:
        jmp qword ptr [rip + entry]

      # For stretches that end elsewhere than in a return; `Program.Replay` names it.
      .globl replay_exit
      .type replay_exit,@function
      replay_exit:
        jmp save

      .type save,@function
      save:
        \(saves)
        \(saveVectors)
        jmp qword ptr [rip + landing]

      # Where save leads is not to be known: what jumps there would else be a function that
      # keeps no register.
      .type landed,@function
      landed:
        mov rsp, [rip + own_stack]
        mov eax, 228
        mov edi, 3
        lea rsi, [rip + ended]
        syscall
        ret

      .globl nothing
      .type nothing,@function
      nothing:
        ret
      """
  }
}
