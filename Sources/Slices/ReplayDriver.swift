// The replay program's own part: x86-64 assembly for LLVM, which puts memory and registers as they
// were, runs a stretch of the program, looks at what came out, and prints times. It is guest code
// like the rest, so that one program gives t1 as it is, and t2 once it is translated.
//
// Usage: replay FIRST LAST REPETITIONS MODE. MODE 1 leaves the stretch itself out, which
// gives the cost of the rest. For each invocation it prints
//     I number
//     T nanoseconds                         for each repetition
//     R registers vectors memory            what differs: two masks of bits, a count of words
// all in hexadecimal. Times are the thread's processor time: the kernel counts that of a process in
// ticks as soon as it is limited (`ulimit -t`). The first record is a function that returns at once.

enum ReplayDriver {
  static let textAddress: UInt64 = 0x10_0000
  static let stubAddress: UInt64 = 0x10_8000
  static let dataAddress: UInt64 = 0x11_0000
  /// In the data: the `rcx` that counters keep, and the counters.
  static let savedAddress: UInt64 = 0x11_4000
  static let countersAddress: UInt64 = 0x11_4008
  static let dataEnd: UInt64 = 0x11_5000
  /// Count of records, addresses of records, records, pages: all of it XORed with `mask`, so that
  /// nobody takes addresses in it for pointers to code.
  static let tableAddress: UInt64 = 0x3_0000_0000
  static let mask: UInt64 = 0xa5c3_96e1_5a3c_691e

  /// Words of a record.
  enum Field: Int {
    case entry = 0
    case registers = 1  // 16
    case threadBase = 17
    case pageCount = 18
    case pages = 19
    case counter = 20
    case count = 21
    case deadLow = 22
    case deadHigh = 23
    case endRegisters = 24  // 16
    case vectors = 40  // YMM0 to YMM15, 64
    case endVectors = 104  // 64
    static let size = 168
  }

  /// - Parameter isWide: upper halves of YMM registers are loaded and kept, too. Without it they are zero at
  ///   all ends, and the driver does without AVX, which not every machine has.
  static func assembly(tableSize: UInt64, isWide: Bool) -> String {
    func offset(_ field: Field, _ word: Int = 0) -> Int { 8 * (field.rawValue + word) }
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
      .intel_syntax noprefix
      .section .text.replay,"ax",@progbits
      .globl _start
      .type _start,@function
      _start:
        xor ebp, ebp
        mov rbx, [rsp]
        lea r12, [rsp + 8]
        and rsp, -16
        cmp rbx, 5
        jne 9f
        mov rdi, [r12 + 8]
        call parse
        mov [rip + first], rax
        mov rdi, [r12 + 16]
        call parse
        mov [rip + last], rax
        mov rdi, [r12 + 24]
        call parse
        mov [rip + repetitions], rax
        mov rdi, [r12 + 32]
        call parse
        mov [rip + mode], rax
        call reveal
        call all
        xor edi, edi
        mov eax, 231
        syscall
      9:
        mov edi, 64
        mov eax, 231
        syscall
        hlt

      .type parse,@function
      parse:
        xor eax, eax
      1:
        movzx ecx, byte ptr [rdi]
        sub ecx, 48
        cmp ecx, 9
        ja 2f
        lea rax, [rax + 4*rax]
        lea rax, [rcx + 2*rax]
        inc rdi
        jmp 1b
      2:
        ret

      .type reveal,@function
      reveal:
        movabs rdi, \(tableAddress)
        movabs rcx, \(tableSize / 8)
        movabs rdx, \(mask)
      1:
        xor [rdi], rdx
        add rdi, 8
        dec rcx
        jne 1b
        ret

      .type all,@function
      all:
        push rbx
        push r12
        push r13
        mov rbx, [rip + first]
      1:
        cmp rbx, [rip + last]
        ja 9f
        movabs rax, \(tableAddress)
        cmp rbx, [rax]
        jae 9f
        mov r12, [rax + 8*rbx + 8]
        mov [rip + record], r12
        lea rdi, [rip + text_i]
        call letter
        mov rdi, rbx
        call number
        call line
        mov rdi, [r12 + \(offset(.threadBase))]
        test rdi, rdi
        je 2f
        mov rsi, rdi
        mov edi, 0x1002
        mov eax, 158
        syscall
      2:
        mov qword ptr [rip + is_first], 1
        mov r13, [rip + repetitions]
      3:
        test r13, r13
        je 4f
        mov rdi, r12
        call restore
        mov qword ptr [rip + is_first], 0
        cmp qword ptr [rip + mode], 0
        jne 5f
        call once
        call elapsed
        lea rdi, [rip + text_t]
        call letter
        mov rdi, [rip + nanoseconds]
        call number
        call line
      5:
        dec r13
        jmp 3b
      4:
        cmp qword ptr [rip + mode], 0
        jne 6f
        mov rdi, r12
        call compare
        lea rdi, [rip + text_r]
        call letter
        mov rdi, [rip + differ_registers]
        call number
        mov rdi, [rip + differ_vectors]
        call number
        mov rdi, [rip + differ_memory]
        call number
        call line
      6:
        inc rbx
        jmp 1b
      9:
        pop r13
        pop r12
        pop rbx
        ret

      # Pages as they were; after the first time only those that were changed.
      .type restore,@function
      restore:
        mov rax, [rdi + \(offset(.counter))]
        test rax, rax
        je 1f
        mov rcx, [rdi + \(offset(.count))]
        mov [rax], rcx
      1:
        mov r8, [rdi + \(offset(.pageCount))]
        mov r9, [rdi + \(offset(.pages))]
      2:
        test r8, r8
        je 5f
        cmp qword ptr [rip + is_first], 0
        jne 3f
        cmp qword ptr [r9 + 16], 0
        je 4f
      3:
        mov rdi, [r9]
        mov rsi, [r9 + 8]
        mov ecx, 4096
      6:
        movups xmm0, [rsi]
        movups xmm1, [rsi + 16]
        movups [rdi], xmm0
        movups [rdi + 16], xmm1
        add rsi, 32
        add rdi, 32
        sub rcx, 32
        jne 6b
      4:
        add r9, 24
        dec r8
        jmp 2b
      5:
        ret

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
        \(loadVectors)
        mov rsp, [rdi + \(offset(.registers, 4))]
        add rsp, 8
        \(loads)
        mov rdi, [rdi + \(offset(.registers, 7))]
        call qword ptr [rip + entry]
        jmp replay_exit

      .globl replay_exit
      .type replay_exit,@function
      replay_exit:
        \(saves)
        \(saveVectors)
        jmp qword ptr [rip + landing]

      # Where replay_exit leads is not to be known: what jumps there would else be a function that
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

      .type elapsed,@function
      elapsed:
        mov rax, [rip + ended]
        sub rax, [rip + started]
        imul rax, rax, 1000000000
        add rax, [rip + ended + 8]
        sub rax, [rip + started + 8]
        mov [rip + nanoseconds], rax
        ret

      .type compare,@function
      compare:
        push rbx
        xor eax, eax
        xor ecx, ecx
        lea rdx, [rip + out_registers]
      1:
        mov rsi, [rdx + 8*rcx]
        cmp rsi, [rdi + 8*rcx + \(offset(.endRegisters))]
        je 2f
        bts rax, rcx
      2:
        inc rcx
        cmp rcx, 16
        jne 1b
        mov [rip + differ_registers], rax
        xor eax, eax
        xor ecx, ecx
        lea rdx, [rip + out_vectors]
      3:
        mov rsi, [rdx + 8*rcx]
        cmp rsi, [rdi + 8*rcx + \(offset(.endVectors))]
        je 4f
        bts rax, rcx
      4:
        inc rcx
        cmp rcx, 64
        jne 3b
        mov [rip + differ_vectors], rax
        xor eax, eax
        mov r8, [rdi + \(offset(.pageCount))]
        mov r9, [rdi + \(offset(.pages))]
        mov r10, [rdi + \(offset(.deadLow))]
        mov r11, [rdi + \(offset(.deadHigh))]
      5:
        test r8, r8
        je 9f
        mov rsi, [r9]
        mov rdx, [r9 + 16]
        test rdx, rdx
        jne 6f
        mov rdx, [r9 + 8]
      6:
        mov ecx, 512
      7:
        mov rbx, [rsi]
        cmp rbx, [rdx]
        je 8f
        cmp rsi, r10
        jb 10f
        cmp rsi, r11
        jb 8f
      10:
        inc rax
      8:
        add rsi, 8
        add rdx, 8
        dec rcx
        jne 7b
        add r9, 24
        dec r8
        jmp 5b
      9:
        mov [rip + differ_memory], rax
        pop rbx
        ret

      # Output: letters, numbers and line ends are collected, and written at each line's end.
      .type letter,@function
      letter:
        mov al, [rdi]
        jmp put
      .type put,@function
      put:
        mov rcx, [rip + filled]
        lea rdx, [rip + buffer]
        mov [rdx + rcx], al
        inc rcx
        mov [rip + filled], rcx
        ret
      .type number,@function
      number:
        push rbx
        push r12
        mov rbx, rdi
        mov al, 32
        call put
        mov r12d, 16
      1:
        rol rbx, 4
        mov eax, ebx
        and eax, 15
        lea ecx, [rax + 48]
        lea edx, [rax + 87]
        cmp eax, 10
        cmovae ecx, edx
        mov eax, ecx
        call put
        dec r12d
        jne 1b
        pop r12
        pop rbx
        ret
      .type line,@function
      line:
        mov al, 10
        call put
        mov edi, 1
        lea rsi, [rip + buffer]
        mov rdx, [rip + filled]
        mov eax, 1
        syscall
        mov qword ptr [rip + filled], 0
        ret

      .section .data.replay,"aw",@progbits
      .balign 16
      text_i: .byte 73
      text_t: .byte 84
      text_r: .byte 82
      .balign 16
      out_vectors: .zero 512
      out_registers: .zero 128
      buffer: .zero 256
      filled: .quad 0
      landing: .quad landed
      first: .quad 0
      last: .quad 0
      repetitions: .quad 0
      mode: .quad 0
      is_first: .quad 0
      record: .quad 0
      entry: .quad 0
      own_stack: .quad 0
      started: .zero 16
      ended: .zero 16
      nanoseconds: .quad 0
      differ_registers: .quad 0
      differ_vectors: .quad 0
      differ_memory: .quad 0
      .att_syntax

      """
  }
}
