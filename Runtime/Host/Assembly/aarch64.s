# The host's few lines of assembly, aarch64 (AAPCS64). Every host file defines the same symbols;
# Runtime/Host/Host.swift is their Swift face and documents them.
  .section .text.recast_host,"ax",@progbits
  .p2align 2

  .globl _start
_start:
  mov x29, xzr
  mov x30, xzr
  mov x0, sp
  and x9, x0, #-16
  mov sp, x9
  bl recast_start
  brk #1

  .globl recast_host_syscall
recast_host_syscall:
  mov x8, x0
  mov x0, x1
  mov x1, x2
  mov x2, x3
  mov x3, x4
  mov x4, x5
  mov x5, x6
  svc #0
  ret

  .globl recast_host_syscall_checked
recast_host_syscall_checked:
  mov x9, x0
  mov x8, x1
  mov x0, x2
  mov x1, x3
  mov x2, x4
  mov x3, x5
  mov x4, x6
  mov x5, x7
.Lrecast_check:
  ldr w9, [x9]
  cbnz w9, .Lrecast_interrupted
  svc #0
.Lrecast_checked:
  ret
.Lrecast_interrupted:
  mov x0, #-512
  ret

  .globl recast_host_copy
recast_host_copy:
  mov x3, x0
  mov x0, x2
.Lrecast_copy:
  cbz x0, .Lrecast_copied
  ldrb w4, [x1], #1
  strb w4, [x3], #1
  sub x0, x0, #1
  b .Lrecast_copy
.Lrecast_copied:
  ret

// (flags, stack, function, argument, ptid, tls, ctid)
  .globl recast_host_clone
recast_host_clone:
  and x1, x1, #-16
  stp x2, x3, [x1, #-16]!
  mov x2, x4
  mov x3, x5
  mov x4, x6
  mov x8, #220
  svc #0
  cbz x0, .Lrecast_child
  ret
.Lrecast_child:
  mov x29, xzr
  mov x30, xzr
  ldp x9, x0, [sp], #16
  blr x9
  mov x8, #93
  svc #0
  brk #1

  .globl recast_host_exit_thread
recast_host_exit_thread:
  mov x8, #215
  svc #0
  mov x0, xzr
  mov x8, #93
  svc #0
  brk #1

  .globl recast_switch_stack
recast_switch_stack:
  stp x29, x30, [sp, #-16]!
  mov x29, sp
  and x9, x0, #-16
  mov sp, x9
  mov x0, x2
  blr x1
  mov sp, x29
  ldp x29, x30, [sp], #16
  ret

  .globl recast_host_catch
recast_host_catch:
  stp x29, x30, [sp, #-160]!
  stp x19, x20, [sp, #16]
  stp x21, x22, [sp, #32]
  stp x23, x24, [sp, #48]
  stp x25, x26, [sp, #64]
  stp x27, x28, [sp, #80]
  stp d8, d9, [sp, #96]
  stp d10, d11, [sp, #112]
  stp d12, d13, [sp, #128]
  stp d14, d15, [sp, #144]
  mov x9, sp
  str x9, [x2]
  mov x9, x0
  mov x0, x1
  blr x9
.Lrecast_caught:
  ldp x19, x20, [sp, #16]
  ldp x21, x22, [sp, #32]
  ldp x23, x24, [sp, #48]
  ldp x25, x26, [sp, #64]
  ldp x27, x28, [sp, #80]
  ldp d8, d9, [sp, #96]
  ldp d10, d11, [sp, #112]
  ldp d12, d13, [sp, #128]
  ldp d14, d15, [sp, #144]
  ldp x29, x30, [sp], #160
  ret

  .globl recast_host_throw
recast_host_throw:
  ldr x9, [x0]
  mov sp, x9
  b .Lrecast_caught

  .globl recast_host_code_changed
recast_host_code_changed:
  dc cvau, x0
  dsb ish
  ic ivau, x0
  dsb ish
  isb
  ret

  .globl recast_host_sigreturn
recast_host_sigreturn:
  mov x8, #139
  svc #0
  brk #1

  .globl recast_host_counter
recast_host_counter:
  mrs x0, cntvct_el0
  ret

// FPCR.RMode has the two bits of MXCSR.RC exchanged; FZ stands for FTZ and DAZ.
  .globl recast_host_float_load
recast_host_float_load:
  ubfx x1, x0, #13, #1
  ubfx x2, x0, #14, #1
  lsl x1, x1, #23
  orr x1, x1, x2, lsl #22
  mov x2, #0x8040
  tst x0, x2
  orr x2, x1, #0x1000000
  csel x1, x2, x1, ne
  msr fpcr, x1
  msr fpsr, xzr
  ret

// FPSR: IOC DZC OFC UFC IXC from bit 0; MXCSR: IE, then ZE OE UE PE from bit 2.
  .globl recast_host_float_flags
recast_host_float_flags:
  mrs x1, fpsr
  and x0, x1, #1
  ubfx x1, x1, #1, #4
  orr x0, x0, x1, lsl #2
  ret

// FPCR's RMode is MXCSR's RC with its bits swapped.
  .globl recast_host_float_rounding
recast_host_float_rounding:
  mrs x1, fpcr
  ubfx x0, x1, #23, #1
  ubfx x1, x1, #22, #1
  orr x0, x0, x1, lsl #1
  ret

// Whether operands that are subnormal are taken for zeroes. FPCR's FZ.
  .globl recast_host_float_flushes
recast_host_float_flushes:
  mrs x0, fpcr
  ubfx x0, x0, #24, #1
  ret

// a × b + c, as bit patterns.
  .globl recast_host_fused_double
recast_host_fused_double:
  fmov d0, x0
  fmov d1, x1
  fmov d2, x2
  fmadd d0, d0, d1, d2
  fmov x0, d0
  ret

  .globl recast_host_fused_single
recast_host_fused_single:
  fmov s0, w0
  fmov s1, w1
  fmov s2, w2
  fmadd s0, s0, s1, s2
  fmov w0, s0
  ret

  .globl recast_host_float_raise_invalid
recast_host_float_raise_invalid:
  mrs x0, fpsr
  orr x0, x0, #1
  msr fpsr, x0
  ret

  .globl recast_host_float_raise_inexact
recast_host_float_raise_inexact:
  mrs x0, fpsr
  orr x0, x0, #16
  msr fpsr, x0
  ret

# No x87 here: the VCPU has its registers. Nor is there a processor to show (`GuestProcessor`).
  .globl recast_host_x87
  .globl recast_host_x87_save
  .globl recast_host_x87_load
  .globl recast_host_processor
recast_host_x87:
recast_host_x87_save:
recast_host_x87_load:
recast_host_processor:
  ret

  .globl recast_host_facts
recast_host_facts:
  adrp x0, recast_host_kind
  add x0, x0, :lo12:recast_host_kind
  ret

  .section .data.recast_host,"aw",@progbits
  .p2align 3
  .globl recast_host_kind
recast_host_kind:
  .quad 1
  .quad .Lrecast_check, .Lrecast_checked, .Lrecast_interrupted
  .quad .Lrecast_copy, .Lrecast_copied
  .quad recast_host_signal, recast_host_sigreturn
  .quad 440, 432, 40                    // ucontext: pc, sp, signal mask
  .quad 184                             // and the first argument
  .quad recast_run_child
  .quad recast_host_throw
  .quad 0, 4                            // a trapping instruction, its bytes
  .quad recast_miss
  .text

# Called by translated loops with the VCPU in X18, keeping every register but X30 and the flags
# (Sources/Translator/Safepoint.swift).
  .section .text.recast_host,"ax",@progbits
  .globl recast_poll
recast_poll:
  stp x29, x30, [sp, #-16]!
  mov x29, sp
  stp x0, x1, [sp, #-16]!
  stp x2, x3, [sp, #-16]!
  stp x4, x5, [sp, #-16]!
  stp x6, x7, [sp, #-16]!
  stp x8, x9, [sp, #-16]!
  stp x10, x11, [sp, #-16]!
  stp x12, x13, [sp, #-16]!
  stp x14, x15, [sp, #-16]!
  stp x16, x17, [sp, #-16]!
  stp q0, q1, [sp, #-32]!
  stp q2, q3, [sp, #-32]!
  stp q4, q5, [sp, #-32]!
  stp q6, q7, [sp, #-32]!
  stp q8, q9, [sp, #-32]!
  stp q10, q11, [sp, #-32]!
  stp q12, q13, [sp, #-32]!
  stp q14, q15, [sp, #-32]!
  stp q16, q17, [sp, #-32]!
  stp q18, q19, [sp, #-32]!
  stp q20, q21, [sp, #-32]!
  stp q22, q23, [sp, #-32]!
  stp q24, q25, [sp, #-32]!
  stp q26, q27, [sp, #-32]!
  stp q28, q29, [sp, #-32]!
  stp q30, q31, [sp, #-32]!
  mov x0, x18
  bl recast_safepoint
  ldp q30, q31, [sp], #32
  ldp q28, q29, [sp], #32
  ldp q26, q27, [sp], #32
  ldp q24, q25, [sp], #32
  ldp q22, q23, [sp], #32
  ldp q20, q21, [sp], #32
  ldp q18, q19, [sp], #32
  ldp q16, q17, [sp], #32
  ldp q14, q15, [sp], #32
  ldp q12, q13, [sp], #32
  ldp q10, q11, [sp], #32
  ldp q8, q9, [sp], #32
  ldp q6, q7, [sp], #32
  ldp q4, q5, [sp], #32
  ldp q2, q3, [sp], #32
  ldp q0, q1, [sp], #32
  ldp x16, x17, [sp], #16
  ldp x14, x15, [sp], #16
  ldp x12, x13, [sp], #16
  ldp x10, x11, [sp], #16
  ldp x8, x9, [sp], #16
  ldp x6, x7, [sp], #16
  ldp x4, x5, [sp], #16
  ldp x2, x3, [sp], #16
  ldp x0, x1, [sp], #16
  ldp x29, x30, [sp], #16
  ret
