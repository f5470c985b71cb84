# The host's few lines of assembly, riscv64 (lp64d). Every host file defines the same symbols;
# Runtime/Host/Host.swift is their Swift face and documents them.
  .section .text.recast_host,"ax",@progbits
  .p2align 2

  .globl _start
_start:
  li s0, 0
  li ra, 0
  mv a0, sp
  andi sp, sp, -16
  call recast_start
  ebreak

  .globl recast_host_syscall
recast_host_syscall:
  mv t0, a0
  mv a0, a1
  mv a1, a2
  mv a2, a3
  mv a3, a4
  mv a4, a5
  mv a5, a6
  mv a7, t0
  ecall
  ret

  .globl recast_host_syscall_checked
recast_host_syscall_checked:
  mv t0, a0
  mv t1, a1
  mv a0, a2
  mv a1, a3
  mv a2, a4
  mv a3, a5
  mv a4, a6
  mv a5, a7
  mv a7, t1
.Lrecast_check:
  lw t0, 0(t0)
  bnez t0, .Lrecast_interrupted
  ecall
.Lrecast_checked:
  ret
.Lrecast_interrupted:
  li a0, -512
  ret

  .globl recast_host_copy
recast_host_copy:
  mv a3, a0
  mv a0, a2
.Lrecast_copy:
  beqz a0, .Lrecast_copied
  lbu a4, 0(a1)
  sb a4, 0(a3)
  addi a1, a1, 1
  addi a3, a3, 1
  addi a0, a0, -1
  j .Lrecast_copy
.Lrecast_copied:
  ret

# (flags, stack, function, argument, ptid, tls, ctid)
  .globl recast_host_clone
recast_host_clone:
  andi a1, a1, -16
  addi a1, a1, -16
  sd a2, 0(a1)
  sd a3, 8(a1)
  mv a2, a4
  mv a3, a5
  mv a4, a6
  li a7, 220
  ecall
  beqz a0, .Lrecast_child
  ret
.Lrecast_child:
  li s0, 0
  li ra, 0
  ld t0, 0(sp)
  ld a0, 8(sp)
  addi sp, sp, 16
  jalr t0
  li a7, 93
  ecall
  ebreak

  .globl recast_host_exit_thread
recast_host_exit_thread:
  li a7, 215
  ecall
  li a0, 0
  li a7, 93
  ecall
  ebreak

  .globl recast_switch_stack
recast_switch_stack:
  addi sp, sp, -16
  sd s0, 0(sp)
  sd ra, 8(sp)
  mv s0, sp
  andi sp, a0, -16
  mv a0, a2
  jalr a1
  mv sp, s0
  ld s0, 0(sp)
  ld ra, 8(sp)
  addi sp, sp, 16
  ret

  .globl recast_host_catch
recast_host_catch:
  addi sp, sp, -208
  sd ra, 0(sp)
  sd s0, 8(sp)
  sd s1, 16(sp)
  sd s2, 24(sp)
  sd s3, 32(sp)
  sd s4, 40(sp)
  sd s5, 48(sp)
  sd s6, 56(sp)
  sd s7, 64(sp)
  sd s8, 72(sp)
  sd s9, 80(sp)
  sd s10, 88(sp)
  sd s11, 96(sp)
  fsd fs0, 104(sp)
  fsd fs1, 112(sp)
  fsd fs2, 120(sp)
  fsd fs3, 128(sp)
  fsd fs4, 136(sp)
  fsd fs5, 144(sp)
  fsd fs6, 152(sp)
  fsd fs7, 160(sp)
  fsd fs8, 168(sp)
  fsd fs9, 176(sp)
  fsd fs10, 184(sp)
  fsd fs11, 192(sp)
  sd sp, 0(a2)
  mv t0, a0
  mv a0, a1
  jalr t0
.Lrecast_caught:
  ld ra, 0(sp)
  ld s0, 8(sp)
  ld s1, 16(sp)
  ld s2, 24(sp)
  ld s3, 32(sp)
  ld s4, 40(sp)
  ld s5, 48(sp)
  ld s6, 56(sp)
  ld s7, 64(sp)
  ld s8, 72(sp)
  ld s9, 80(sp)
  ld s10, 88(sp)
  ld s11, 96(sp)
  fld fs0, 104(sp)
  fld fs1, 112(sp)
  fld fs2, 120(sp)
  fld fs3, 128(sp)
  fld fs4, 136(sp)
  fld fs5, 144(sp)
  fld fs6, 152(sp)
  fld fs7, 160(sp)
  fld fs8, 168(sp)
  fld fs9, 176(sp)
  fld fs10, 184(sp)
  fld fs11, 192(sp)
  addi sp, sp, 208
  ret

  .globl recast_host_throw
recast_host_throw:
  ld sp, 0(a0)
  j .Lrecast_caught

  .globl recast_host_code_changed
recast_host_code_changed:
  addi a1, a0, 4
  li a2, 0
  li a7, 259
  ecall
  ret

  .globl recast_host_sigreturn
recast_host_sigreturn:
  li a7, 139
  ecall
  ebreak

  .globl recast_host_counter
recast_host_counter:
  rdtime a0
  ret

# MXCSR.RC 0 1 2 3 is frm 0 2 3 1. There is no flushing of subnormals.
  .globl recast_host_float_load
recast_host_float_load:
  srli a0, a0, 11
  andi a0, a0, 12
  li a1, 0x1320
  srl a1, a1, a0
  andi a1, a1, 7
  fsrm a1
  fsflags zero
  ret

# fflags: NX UF OF DZ NV from bit 0; MXCSR: IE in bit 0, ZE OE UE PE from bit 2.
  .globl recast_host_float_flags
recast_host_float_flags:
  frflags a1
  srli a0, a1, 4
  andi a2, a1, 8
  srli a2, a2, 1
  or a0, a0, a2
  andi a2, a1, 4
  slli a2, a2, 1
  or a0, a0, a2
  andi a2, a1, 2
  slli a2, a2, 3
  or a0, a0, a2
  andi a2, a1, 1
  slli a2, a2, 5
  or a0, a0, a2
  ret

# frm: to nearest, towards zero, down, up from 0; MXCSR's RC: nearest, down, up, zero.
  .globl recast_host_float_rounding
recast_host_float_rounding:
  frrm a1
  slli a1, a1, 1
  andi a1, a1, 6
  li a0, 0x9c
  srl a0, a0, a1
  andi a0, a0, 3
  ret

# Whether operands that are subnormal are taken for zeroes. There is no such mode.
  .globl recast_host_float_flushes
recast_host_float_flushes:
  li a0, 0
  ret

# a × b + c, as bit patterns.
  .globl recast_host_fused_double
recast_host_fused_double:
  fmv.d.x fa0, a0
  fmv.d.x fa1, a1
  fmv.d.x fa2, a2
  fmadd.d fa0, fa0, fa1, fa2
  fmv.x.d a0, fa0
  ret

  .globl recast_host_fused_single
recast_host_fused_single:
  fmv.w.x fa0, a0
  fmv.w.x fa1, a1
  fmv.w.x fa2, a2
  fmadd.s fa0, fa0, fa1, fa2
  fmv.x.w a0, fa0
  ret

  .globl recast_host_float_raise_invalid
recast_host_float_raise_invalid:
  csrsi fflags, 16
  ret

  .globl recast_host_float_raise_inexact
recast_host_float_raise_inexact:
  csrsi fflags, 1
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
  lla a0, recast_host_kind
  ret

  .section .data.recast_host,"aw",@progbits
  .p2align 3
  .globl recast_host_kind
recast_host_kind:
  .quad 2
  .quad .Lrecast_check, .Lrecast_checked, .Lrecast_interrupted
  .quad .Lrecast_copy, .Lrecast_copied
  .quad recast_host_signal, recast_host_sigreturn
  .quad 176, 192, 40                    # ucontext: pc, sp, signal mask
  .quad 256                             # and the first argument
  .quad recast_run_child
  .quad recast_host_throw
  .quad 0, 2                            # a trapping instruction, its bytes
  .quad recast_miss
  .text

# Called by translated loops with the VCPU in TP, keeping every register but RA
# (Sources/Translator/Safepoint.swift).
  .section .text.recast_host,"ax",@progbits
  .globl recast_poll
recast_poll:
  addi sp, sp, -288
  sd ra, 0(sp)
  sd t0, 8(sp)
  sd t1, 16(sp)
  sd t2, 24(sp)
  sd t3, 32(sp)
  sd t4, 40(sp)
  sd t5, 48(sp)
  sd t6, 56(sp)
  sd a0, 64(sp)
  sd a1, 72(sp)
  sd a2, 80(sp)
  sd a3, 88(sp)
  sd a4, 96(sp)
  sd a5, 104(sp)
  sd a6, 112(sp)
  sd a7, 120(sp)
  fsd ft0, 128(sp)
  fsd ft1, 136(sp)
  fsd ft2, 144(sp)
  fsd ft3, 152(sp)
  fsd ft4, 160(sp)
  fsd ft5, 168(sp)
  fsd ft6, 176(sp)
  fsd ft7, 184(sp)
  fsd ft8, 192(sp)
  fsd ft9, 200(sp)
  fsd ft10, 208(sp)
  fsd ft11, 216(sp)
  fsd fa0, 224(sp)
  fsd fa1, 232(sp)
  fsd fa2, 240(sp)
  fsd fa3, 248(sp)
  fsd fa4, 256(sp)
  fsd fa5, 264(sp)
  fsd fa6, 272(sp)
  fsd fa7, 280(sp)
  mv a0, tp
  call recast_safepoint
  ld ra, 0(sp)
  ld t0, 8(sp)
  ld t1, 16(sp)
  ld t2, 24(sp)
  ld t3, 32(sp)
  ld t4, 40(sp)
  ld t5, 48(sp)
  ld t6, 56(sp)
  ld a0, 64(sp)
  ld a1, 72(sp)
  ld a2, 80(sp)
  ld a3, 88(sp)
  ld a4, 96(sp)
  ld a5, 104(sp)
  ld a6, 112(sp)
  ld a7, 120(sp)
  fld ft0, 128(sp)
  fld ft1, 136(sp)
  fld ft2, 144(sp)
  fld ft3, 152(sp)
  fld ft4, 160(sp)
  fld ft5, 168(sp)
  fld ft6, 176(sp)
  fld ft7, 184(sp)
  fld ft8, 192(sp)
  fld ft9, 200(sp)
  fld ft10, 208(sp)
  fld ft11, 216(sp)
  fld fa0, 224(sp)
  fld fa1, 232(sp)
  fld fa2, 240(sp)
  fld fa3, 248(sp)
  fld fa4, 256(sp)
  fld fa5, 264(sp)
  fld fa6, 272(sp)
  fld fa7, 280(sp)
  addi sp, sp, 288
  ret
