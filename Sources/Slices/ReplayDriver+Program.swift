// The replay program's frame: arguments, the loop over invocations, memory as it was.

extension ReplayDriver {
  static func program(tableSize: UInt64) -> String {
    """
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
    """
  }

  static let restore = """
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
  """
}
