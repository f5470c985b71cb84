// What a replay says: what differs from the program's own run, and times.

extension ReplayDriver {
  static let compare = """
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
  """

  static let output = """
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
  """

  static let data = """
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
  """
}
