# The host's few lines of assembly, x86_64 (System V ABI). Every host file defines the same symbols;
# Runtime/Host/Host.swift is their Swift face and documents them.
  .section .text.recast_host,"ax",@progbits

  .globl _start
_start:
  xorl %ebp, %ebp
  movq %rsp, %rdi
  andq $-16, %rsp
  call recast_start
  ud2

  .globl recast_host_syscall
recast_host_syscall:
  movq %rdi, %rax
  movq %rsi, %rdi
  movq %rdx, %rsi
  movq %rcx, %rdx
  movq %r8, %r10
  movq %r9, %r8
  movq 8(%rsp), %r9
  syscall
  ret

  .globl recast_host_syscall_checked
recast_host_syscall_checked:
  movq %rdi, %r11
  movq %rsi, %rax
  movq %rdx, %rdi
  movq %rcx, %rsi
  movq %r8, %rdx
  movq %r9, %r10
  movq 8(%rsp), %r8
  movq 16(%rsp), %r9
.Lrecast_check:
  cmpl $0, (%r11)
  jne .Lrecast_interrupted
  syscall
.Lrecast_checked:
  ret
.Lrecast_interrupted:
  movq $-512, %rax
  ret

  .globl recast_host_copy
recast_host_copy:
  movq %rdx, %rax
.Lrecast_copy:
  testq %rax, %rax
  je .Lrecast_copied
  movb (%rsi), %cl
  movb %cl, (%rdi)
  incq %rsi
  incq %rdi
  decq %rax
  jmp .Lrecast_copy
.Lrecast_copied:
  ret

# (flags, stack, function, argument, ptid, tls, ctid)
  .globl recast_host_clone
recast_host_clone:
  andq $-16, %rsi
  subq $16, %rsi
  movq %rdx, (%rsi)
  movq %rcx, 8(%rsi)
  movq %r8, %rdx
  movq %r9, %r8
  movq 8(%rsp), %r10
  movl $56, %eax
  syscall
  testq %rax, %rax
  je .Lrecast_child
  ret
.Lrecast_child:
  xorl %ebp, %ebp
  popq %rax
  popq %rdi
  call *%rax
  movl %eax, %edi
  movl $60, %eax
  syscall
  ud2

  .globl recast_host_exit_thread
recast_host_exit_thread:
  movl $11, %eax
  syscall
  xorl %edi, %edi
  movl $60, %eax
  syscall
  ud2

  .globl recast_switch_stack
recast_switch_stack:
  pushq %rbp
  movq %rsp, %rbp
  movq %rdi, %rsp
  andq $-16, %rsp
  movq %rdx, %rdi
  call *%rsi
  movq %rbp, %rsp
  popq %rbp
  ret

  .globl recast_host_catch
recast_host_catch:
  pushq %rbp
  pushq %rbx
  pushq %r12
  pushq %r13
  pushq %r14
  pushq %r15
  subq $8, %rsp
  movq %rsp, (%rdx)
  movq %rdi, %rax
  movq %rsi, %rdi
  call *%rax
.Lrecast_caught:
  addq $8, %rsp
  popq %r15
  popq %r14
  popq %r13
  popq %r12
  popq %rbx
  popq %rbp
  ret

  .globl recast_host_throw
recast_host_throw:
  movq (%rdi), %rsp
  jmp .Lrecast_caught

# (VCPU): GS becomes its distance from `recast_segment`, so that translated code reaches the slots there
# (ARCH_SET_GS; the VCPU lies above the artifact, whose base the kernel takes).
  .globl recast_host_segment
recast_host_segment:
  movq %rdi, 848(%rdi)
  leaq recast_segment(%rip), %rax
  movq %rdi, %rsi
  subq %rax, %rsi
  movl $0x1001, %edi
  movl $158, %eax
  syscall
  testq %rax, %rax
  jne .Lrecast_no_segment
  ret
.Lrecast_no_segment:
  movl $2, %edi
  leaq .Lrecast_segment_message(%rip), %rsi
  movl $(.Lrecast_segment_end - .Lrecast_segment_message), %edx
  movl $1, %eax
  syscall
  movl $71, %edi
  movl $231, %eax
  syscall
  ud2

  .globl recast_host_code_changed
recast_host_code_changed:
  ret

  .globl recast_host_sigreturn
recast_host_sigreturn:
  movl $15, %eax
  syscall
  ud2

  .globl recast_host_counter
recast_host_counter:
  rdtsc
  shlq $32, %rdx
  orq %rdx, %rax
  ret

# MXCSR with all exceptions masked.
  .globl recast_host_float_load
recast_host_float_load:
  andl $0xffff, %edi
  movl %edi, -8(%rsp)
  ldmxcsr -8(%rsp)
  ret

  .globl recast_host_float_flags
recast_host_float_flags:
  stmxcsr -8(%rsp)
  movl -8(%rsp), %eax
  andl $0x3f, %eax
  ret

# (area): CPUID's 1:ECX, 7:EBX and 7:ECX, and the lower half of XCR0, 0 without OSXSAVE.
  .globl recast_host_processor
recast_host_processor:
  pushq %rbx
  movl $1, %eax
  cpuid
  movl %ecx, (%rdi)
  movl %ecx, %esi
  movl $7, %eax
  xorl %ecx, %ecx
  cpuid
  movl %ebx, 4(%rdi)
  movl %ecx, 8(%rdi)
  xorl %eax, %eax
  btl $27, %esi
  jnc .Lrecast_processor
  xorl %ecx, %ecx
  xgetbv
.Lrecast_processor:
  movl %eax, 12(%rdi)
  popq %rbx
  ret

# MXCSR's RC.
  .globl recast_host_float_rounding
recast_host_float_rounding:
  stmxcsr -8(%rsp)
  movl -8(%rsp), %eax
  shrl $13, %eax
  andl $3, %eax
  ret

# Whether operands that are subnormal are taken for zeroes. DAZ.
  .globl recast_host_float_flushes
recast_host_float_flushes:
  stmxcsr -8(%rsp)
  movl -8(%rsp), %eax
  shrl $6, %eax
  andl $1, %eax
  ret

# a × b + c, as bit patterns.
  .globl recast_host_fused_double
recast_host_fused_double:
  movq %rdi, %xmm0
  movq %rsi, %xmm1
  movq %rdx, %xmm2
  vfmadd213sd %xmm2, %xmm1, %xmm0
  movq %xmm0, %rax
  ret

  .globl recast_host_fused_single
recast_host_fused_single:
  movd %edi, %xmm0
  movd %esi, %xmm1
  movd %edx, %xmm2
  vfmadd213ss %xmm2, %xmm1, %xmm0
  movd %xmm0, %eax
  ret

  .globl recast_host_float_raise_invalid
recast_host_float_raise_invalid:
  xorps %xmm0, %xmm0
  divss %xmm0, %xmm0
  ret

  .globl recast_host_float_raise_inexact
recast_host_float_raise_inexact:
  movl $0x3f800000, %eax
  movd %eax, %xmm0
  movl $0x40400000, %eax
  movd %eax, %xmm1
  divss %xmm1, %xmm0
  ret

# (area) of 160 bytes: the head of FXSAVE's and ST(0) to ST(7).
  .globl recast_host_x87_save
recast_host_x87_save:
  pushq %rbp
  movq %rsp, %rbp
  subq $512, %rsp
  andq $-16, %rsp
  fxsave64 (%rsp)
  movq (%rsp), %rax
  movl $0xffffffff, %ecx                # not FOP
  shlq $16, %rcx
  orq $0xffff, %rcx
  andq %rcx, %rax
  movq %rax, (%rdi)
  xorl %eax, %eax
  movq %rax, 8(%rdi)
  movq %rax, 16(%rdi)
  movl $16, %ecx
.Lrecast_x87_saved:
  movq 24(%rsp,%rcx,8), %rax
  movq %rax, 24(%rdi,%rcx,8)
  decl %ecx
  jne .Lrecast_x87_saved
  leave
  ret

# SSE's part stays as it is.
  .globl recast_host_x87_load
recast_host_x87_load:
  pushq %rbp
  movq %rsp, %rbp
  subq $512, %rsp
  andq $-16, %rsp
  fxsave64 (%rsp)
  movq (%rdi), %rax
  movq %rax, (%rsp)
  xorl %eax, %eax
  movq %rax, 8(%rsp)
  movq %rax, 16(%rsp)
  movl $16, %ecx
.Lrecast_x87_loaded:
  movq 24(%rdi,%rcx,8), %rax
  movq %rax, 24(%rsp,%rcx,8)
  decl %ecx
  jne .Lrecast_x87_loaded
  fxrstor64 (%rsp)
  leave
  ret

# (opcode and ModRM byte, address, RFLAGS): runs it, answers AX and RFLAGS above it.
  .globl recast_host_x87
recast_host_x87:
  movzbl %dil, %r9d
  movl %edi, %r8d
  shrl $8, %r8d
  leaq .Lrecast_x87_wait(%rip), %r10
  cmpl $0x9b, %r8d
  je .Lrecast_x87_run
  andl $7, %r8d
  cmpl $0xc0, %r9d
  jae .Lrecast_x87_register
  shrl $3, %r9d
  andl $7, %r9d
  leal (%r9,%r8,8), %r9d
  leaq .Lrecast_x87_memory(%rip), %r10
  leaq (%r10,%r9,4), %r10
  jmp .Lrecast_x87_run
.Lrecast_x87_register:
  shll $6, %r8d
  andl $63, %r9d
  addl %r8d, %r9d
  leaq .Lrecast_x87_registers(%rip), %r10
  leaq (%r10,%r9,4), %r10
.Lrecast_x87_run:
  xorl %eax, %eax
  pushq %rdx
  popfq
  call *%r10
  pushfq
  popq %rdx
  movzwl %ax, %eax
  shlq $16, %rdx
  orq %rdx, %rax
  ret
.Lrecast_x87_wait:
  fwait
  ret
# Every x87 opcode with an operand at (%rsi), and with a register.
.Lrecast_x87_memory:
  .set .Lrecast_opcode, 0xd8
  .rept 8
  .set .Lrecast_modrm, 6
  .rept 8
  .byte .Lrecast_opcode, .Lrecast_modrm, 0xc3, 0xcc
  .set .Lrecast_modrm, .Lrecast_modrm + 8
  .endr
  .set .Lrecast_opcode, .Lrecast_opcode + 1
  .endr
.Lrecast_x87_registers:
  .set .Lrecast_opcode, 0xd8
  .rept 8
  .set .Lrecast_modrm, 0xc0
  .rept 64
  .byte .Lrecast_opcode, .Lrecast_modrm, 0xc3, 0xcc
  .set .Lrecast_modrm, .Lrecast_modrm + 1
  .endr
  .set .Lrecast_opcode, .Lrecast_opcode + 1
  .endr

  .globl recast_host_facts
recast_host_facts:
  leaq recast_host_kind(%rip), %rax
  ret

  .section .rodata.recast_host,"a",@progbits
  .p2align 6
  .globl recast_segment
recast_segment:
.Lrecast_segment_message:
  .ascii "recast: the kernel does not set GS\n"
.Lrecast_segment_end:
  .zero 1024

  .section .data.recast_host,"aw",@progbits
  .p2align 3
  .globl recast_host_kind
recast_host_kind:
  .quad 0
  .quad .Lrecast_check, .Lrecast_checked, .Lrecast_interrupted
  .quad .Lrecast_copy, .Lrecast_copied
  .quad recast_host_signal, recast_host_sigreturn
  .quad 168, 160, 296                   # ucontext: pc, sp, signal mask
  .quad 104                             # and the first argument
  .quad recast_run_child
  .quad recast_host_throw
  .quad 0x0b0f, 2                       # a trapping instruction, its bytes
  .quad recast_miss
  .text

# Called by translated loops with the VCPU in RBX, keeping every register but the flags
# (Sources/Translator/Safepoint.swift).
  .section .text.recast_host,"ax",@progbits
  .globl recast_poll
recast_poll:
  pushq %rbp
  movq %rsp, %rbp
  pushq %rax
  pushq %rcx
  pushq %rdx
  pushq %rsi
  pushq %rdi
  pushq %r8
  pushq %r9
  pushq %r10
  pushq %r11
  subq $264, %rsp
  andq $-16, %rsp
  movaps %xmm0, 0(%rsp)
  movaps %xmm1, 16(%rsp)
  movaps %xmm2, 32(%rsp)
  movaps %xmm3, 48(%rsp)
  movaps %xmm4, 64(%rsp)
  movaps %xmm5, 80(%rsp)
  movaps %xmm6, 96(%rsp)
  movaps %xmm7, 112(%rsp)
  movaps %xmm8, 128(%rsp)
  movaps %xmm9, 144(%rsp)
  movaps %xmm10, 160(%rsp)
  movaps %xmm11, 176(%rsp)
  movaps %xmm12, 192(%rsp)
  movaps %xmm13, 208(%rsp)
  movaps %xmm14, 224(%rsp)
  movaps %xmm15, 240(%rsp)
  movq %rbx, %rdi
  call recast_safepoint
  movaps 0(%rsp), %xmm0
  movaps 16(%rsp), %xmm1
  movaps 32(%rsp), %xmm2
  movaps 48(%rsp), %xmm3
  movaps 64(%rsp), %xmm4
  movaps 80(%rsp), %xmm5
  movaps 96(%rsp), %xmm6
  movaps 112(%rsp), %xmm7
  movaps 128(%rsp), %xmm8
  movaps 144(%rsp), %xmm9
  movaps 160(%rsp), %xmm10
  movaps 176(%rsp), %xmm11
  movaps 192(%rsp), %xmm12
  movaps 208(%rsp), %xmm13
  movaps 224(%rsp), %xmm14
  movaps 240(%rsp), %xmm15
  leaq -72(%rbp), %rsp
  popq %r11
  popq %r10
  popq %r9
  popq %r8
  popq %rdi
  popq %rsi
  popq %rdx
  popq %rcx
  popq %rax
  popq %rbp
  ret

# 128-bit division for translated DIV: where the quotient fits into 64 bits, the processor's own.
# (dividend in RSI:RDI, divisor in RCX:RDX)
  .globl __udivti3
__udivti3:
  testq %rcx, %rcx
  jne recast_udivti3
  cmpq %rdx, %rsi
  jae recast_udivti3
  movq %rdx, %rcx
  movq %rdi, %rax
  movq %rsi, %rdx
  divq %rcx
  xorl %edx, %edx
  ret

  .globl __umodti3
__umodti3:
  testq %rcx, %rcx
  jne recast_umodti3
  cmpq %rdx, %rsi
  jae recast_umodti3
  movq %rdx, %rcx
  movq %rdi, %rax
  movq %rsi, %rdx
  divq %rcx
  movq %rdx, %rax
  xorl %edx, %edx
  ret

# The same, where YMM registers may be in use.
  .globl recast_poll_wide
recast_poll_wide:
  pushq %rbp
  movq %rsp, %rbp
  subq $512, %rsp
  andq $-32, %rsp
  vmovups %ymm0, 0(%rsp)
  vmovups %ymm1, 32(%rsp)
  vmovups %ymm2, 64(%rsp)
  vmovups %ymm3, 96(%rsp)
  vmovups %ymm4, 128(%rsp)
  vmovups %ymm5, 160(%rsp)
  vmovups %ymm6, 192(%rsp)
  vmovups %ymm7, 224(%rsp)
  vmovups %ymm8, 256(%rsp)
  vmovups %ymm9, 288(%rsp)
  vmovups %ymm10, 320(%rsp)
  vmovups %ymm11, 352(%rsp)
  vmovups %ymm12, 384(%rsp)
  vmovups %ymm13, 416(%rsp)
  vmovups %ymm14, 448(%rsp)
  vmovups %ymm15, 480(%rsp)
  call recast_poll
  vmovups 0(%rsp), %ymm0
  vmovups 32(%rsp), %ymm1
  vmovups 64(%rsp), %ymm2
  vmovups 96(%rsp), %ymm3
  vmovups 128(%rsp), %ymm4
  vmovups 160(%rsp), %ymm5
  vmovups 192(%rsp), %ymm6
  vmovups 224(%rsp), %ymm7
  vmovups 256(%rsp), %ymm8
  vmovups 288(%rsp), %ymm9
  vmovups 320(%rsp), %ymm10
  vmovups 352(%rsp), %ymm11
  vmovups 384(%rsp), %ymm12
  vmovups 416(%rsp), %ymm13
  vmovups 448(%rsp), %ymm14
  vmovups 480(%rsp), %ymm15
  leave
  ret
