# The host's few lines of assembly, loongarch64 (lp64d). Every host file defines the same symbols;
# Runtime/Host/Host.swift is their Swift face and documents them.
  .section .text.recast_host,"ax",@progbits
  .p2align 2

  .globl _start
_start:
  move $fp, $zero
  move $ra, $zero
  move $a0, $sp
  bstrins.d $sp, $zero, 3, 0
  bl recast_start
  break 0

  .globl recast_host_syscall
recast_host_syscall:
  move $t0, $a0
  move $a0, $a1
  move $a1, $a2
  move $a2, $a3
  move $a3, $a4
  move $a4, $a5
  move $a5, $a6
  move $a7, $t0
  syscall 0
  ret

  .globl recast_host_syscall_checked
recast_host_syscall_checked:
  move $t0, $a0
  move $t1, $a1
  move $a0, $a2
  move $a1, $a3
  move $a2, $a4
  move $a3, $a5
  move $a4, $a6
  move $a5, $a7
  move $a7, $t1
.Lrecast_check:
  ld.w $t0, $t0, 0
  bnez $t0, .Lrecast_interrupted
  syscall 0
.Lrecast_checked:
  ret
.Lrecast_interrupted:
  addi.d $a0, $zero, -512
  ret

  .globl recast_host_copy
recast_host_copy:
  move $a3, $a0
  move $a0, $a2
.Lrecast_copy:
  beqz $a0, .Lrecast_copied
  ld.bu $a4, $a1, 0
  st.b $a4, $a3, 0
  addi.d $a1, $a1, 1
  addi.d $a3, $a3, 1
  addi.d $a0, $a0, -1
  b .Lrecast_copy
.Lrecast_copied:
  ret

# (flags, stack, function, argument, ptid, tls, ctid); the kernel takes ctid before tls here.
  .globl recast_host_clone
recast_host_clone:
  bstrins.d $a1, $zero, 3, 0
  addi.d $a1, $a1, -16
  st.d $a2, $a1, 0
  st.d $a3, $a1, 8
  move $a2, $a4
  move $a3, $a6
  move $a4, $a5
  ori $a7, $zero, 220
  syscall 0
  beqz $a0, .Lrecast_child
  ret
.Lrecast_child:
  move $fp, $zero
  move $ra, $zero
  ld.d $t0, $sp, 0
  ld.d $a0, $sp, 8
  addi.d $sp, $sp, 16
  jirl $ra, $t0, 0
  ori $a7, $zero, 93
  syscall 0
  break 0

  .globl recast_host_exit_thread
recast_host_exit_thread:
  ori $a7, $zero, 215
  syscall 0
  move $a0, $zero
  ori $a7, $zero, 93
  syscall 0
  break 0

  .globl recast_switch_stack
recast_switch_stack:
  addi.d $sp, $sp, -16
  st.d $fp, $sp, 0
  st.d $ra, $sp, 8
  move $fp, $sp
  bstrins.d $a0, $zero, 3, 0
  move $sp, $a0
  move $a0, $a2
  jirl $ra, $a1, 0
  move $sp, $fp
  ld.d $fp, $sp, 0
  ld.d $ra, $sp, 8
  addi.d $sp, $sp, 16
  ret

  .globl recast_host_catch
recast_host_catch:
  addi.d $sp, $sp, -160
  st.d $ra, $sp, 0
  st.d $fp, $sp, 8
  st.d $s0, $sp, 16
  st.d $s1, $sp, 24
  st.d $s2, $sp, 32
  st.d $s3, $sp, 40
  st.d $s4, $sp, 48
  st.d $s5, $sp, 56
  st.d $s6, $sp, 64
  st.d $s7, $sp, 72
  st.d $s8, $sp, 80
  fst.d $fs0, $sp, 88
  fst.d $fs1, $sp, 96
  fst.d $fs2, $sp, 104
  fst.d $fs3, $sp, 112
  fst.d $fs4, $sp, 120
  fst.d $fs5, $sp, 128
  fst.d $fs6, $sp, 136
  fst.d $fs7, $sp, 144
  st.d $sp, $a2, 0
  move $t0, $a0
  move $a0, $a1
  jirl $ra, $t0, 0
.Lrecast_caught:
  ld.d $ra, $sp, 0
  ld.d $fp, $sp, 8
  ld.d $s0, $sp, 16
  ld.d $s1, $sp, 24
  ld.d $s2, $sp, 32
  ld.d $s3, $sp, 40
  ld.d $s4, $sp, 48
  ld.d $s5, $sp, 56
  ld.d $s6, $sp, 64
  ld.d $s7, $sp, 72
  ld.d $s8, $sp, 80
  fld.d $fs0, $sp, 88
  fld.d $fs1, $sp, 96
  fld.d $fs2, $sp, 104
  fld.d $fs3, $sp, 112
  fld.d $fs4, $sp, 120
  fld.d $fs5, $sp, 128
  fld.d $fs6, $sp, 136
  fld.d $fs7, $sp, 144
  addi.d $sp, $sp, 160
  ret

  .globl recast_host_throw
recast_host_throw:
  ld.d $sp, $a0, 0
  b .Lrecast_caught

  .globl recast_host_code_changed
recast_host_code_changed:
  ibar 0
  ret

  .globl recast_host_sigreturn
recast_host_sigreturn:
  ori $a7, $zero, 139
  syscall 0
  break 0

  .globl recast_host_counter
recast_host_counter:
  rdtime.d $a0, $zero
  ret

# MXCSR.RC 0 1 2 3 is FCSR.RM 0 3 2 1. There is no flushing of subnormals.
  .globl recast_host_float_load
recast_host_float_load:
  srli.d $a0, $a0, 11
  andi $a0, $a0, 12
  ori $a1, $zero, 0x123
  slli.d $a1, $a1, 4
  srl.d $a1, $a1, $a0
  andi $a1, $a1, 3
  slli.d $a1, $a1, 8
  movgr2fcsr $fcsr0, $a1
  ret

# FCSR: I U O Z V from bit 16; MXCSR: IE in bit 0, ZE OE UE PE from bit 2.
  .globl recast_host_float_flags
recast_host_float_flags:
  movfcsr2gr $a1, $fcsr0
  bstrpick.d $a0, $a1, 20, 20
  bstrpick.d $a2, $a1, 19, 19
  slli.d $a2, $a2, 2
  or $a0, $a0, $a2
  bstrpick.d $a2, $a1, 18, 18
  slli.d $a2, $a2, 3
  or $a0, $a0, $a2
  bstrpick.d $a2, $a1, 17, 17
  slli.d $a2, $a2, 4
  or $a0, $a0, $a2
  bstrpick.d $a2, $a1, 16, 16
  slli.d $a2, $a2, 5
  or $a0, $a0, $a2
  ret

# FCSR's RM: to nearest, towards zero, up, down from 0; MXCSR's RC: nearest, down, up, zero.
  .globl recast_host_float_rounding
recast_host_float_rounding:
  movfcsr2gr $a0, $fcsr0
  bstrpick.d $a0, $a0, 9, 8
  sub.d $a0, $zero, $a0
  andi $a0, $a0, 3
  ret

# Whether operands that are subnormal are taken for zeroes. There is no such mode.
  .globl recast_host_float_flushes
recast_host_float_flushes:
  move $a0, $zero
  ret

# a × b + c, as bit patterns.
  .globl recast_host_fused_double
recast_host_fused_double:
  movgr2fr.d $fa0, $a0
  movgr2fr.d $fa1, $a1
  movgr2fr.d $fa2, $a2
  fmadd.d $fa0, $fa0, $fa1, $fa2
  movfr2gr.d $a0, $fa0
  ret

  .globl recast_host_fused_single
recast_host_fused_single:
  movgr2fr.w $fa0, $a0
  movgr2fr.w $fa1, $a1
  movgr2fr.w $fa2, $a2
  fmadd.s $fa0, $fa0, $fa1, $fa2
  movfr2gr.s $a0, $fa0
  ret

# What an instruction raises is in FCSR's Flags, from bit 16 on.
  .globl recast_host_float_raise_invalid
recast_host_float_raise_invalid:
  movfcsr2gr $a0, $fcsr0
  lu12i.w $a1, 0x100
  or $a0, $a0, $a1
  movgr2fcsr $fcsr0, $a0
  ret

  .globl recast_host_float_raise_inexact
recast_host_float_raise_inexact:
  movfcsr2gr $a0, $fcsr0
  lu12i.w $a1, 0x10
  or $a0, $a0, $a1
  movgr2fcsr $fcsr0, $a0
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
  pcalau12i $a0, %pc_hi20(recast_host_kind)
  addi.d $a0, $a0, %pc_lo12(recast_host_kind)
  ret

  .section .data.recast_host,"aw",@progbits
  .p2align 3
  .globl recast_host_kind
recast_host_kind:
  .quad 3
  .quad .Lrecast_check, .Lrecast_checked, .Lrecast_interrupted
  .quad .Lrecast_copy, .Lrecast_copied
  .quad recast_host_signal, recast_host_sigreturn
  .quad 176, 208, 40                    # ucontext: pc, sp, signal mask
  .quad 216                             # and the first argument
  .quad recast_run_child
  .quad recast_host_throw
  .quad 0x002a0000, 4                   # a trapping instruction, its bytes
  .quad recast_miss
  .text

# Called by translated loops with the VCPU in R21, keeping every register but RA
# (Sources/Translator/Safepoint.swift).
  .section .text.recast_host,"ax",@progbits
  .globl recast_poll
recast_poll:
  addi.d $sp, $sp, -336
  st.d $ra, $sp, 0
  st.d $a0, $sp, 8
  st.d $a1, $sp, 16
  st.d $a2, $sp, 24
  st.d $a3, $sp, 32
  st.d $a4, $sp, 40
  st.d $a5, $sp, 48
  st.d $a6, $sp, 56
  st.d $a7, $sp, 64
  st.d $t0, $sp, 72
  st.d $t1, $sp, 80
  st.d $t2, $sp, 88
  st.d $t3, $sp, 96
  st.d $t4, $sp, 104
  st.d $t5, $sp, 112
  st.d $t6, $sp, 120
  st.d $t7, $sp, 128
  st.d $t8, $sp, 136
  fst.d $fa0, $sp, 144
  fst.d $fa1, $sp, 152
  fst.d $fa2, $sp, 160
  fst.d $fa3, $sp, 168
  fst.d $fa4, $sp, 176
  fst.d $fa5, $sp, 184
  fst.d $fa6, $sp, 192
  fst.d $fa7, $sp, 200
  fst.d $ft0, $sp, 208
  fst.d $ft1, $sp, 216
  fst.d $ft2, $sp, 224
  fst.d $ft3, $sp, 232
  fst.d $ft4, $sp, 240
  fst.d $ft5, $sp, 248
  fst.d $ft6, $sp, 256
  fst.d $ft7, $sp, 264
  fst.d $ft8, $sp, 272
  fst.d $ft9, $sp, 280
  fst.d $ft10, $sp, 288
  fst.d $ft11, $sp, 296
  fst.d $ft12, $sp, 304
  fst.d $ft13, $sp, 312
  fst.d $ft14, $sp, 320
  fst.d $ft15, $sp, 328
  move $a0, $r21
  bl recast_safepoint
  ld.d $ra, $sp, 0
  ld.d $a0, $sp, 8
  ld.d $a1, $sp, 16
  ld.d $a2, $sp, 24
  ld.d $a3, $sp, 32
  ld.d $a4, $sp, 40
  ld.d $a5, $sp, 48
  ld.d $a6, $sp, 56
  ld.d $a7, $sp, 64
  ld.d $t0, $sp, 72
  ld.d $t1, $sp, 80
  ld.d $t2, $sp, 88
  ld.d $t3, $sp, 96
  ld.d $t4, $sp, 104
  ld.d $t5, $sp, 112
  ld.d $t6, $sp, 120
  ld.d $t7, $sp, 128
  ld.d $t8, $sp, 136
  fld.d $fa0, $sp, 144
  fld.d $fa1, $sp, 152
  fld.d $fa2, $sp, 160
  fld.d $fa3, $sp, 168
  fld.d $fa4, $sp, 176
  fld.d $fa5, $sp, 184
  fld.d $fa6, $sp, 192
  fld.d $fa7, $sp, 200
  fld.d $ft0, $sp, 208
  fld.d $ft1, $sp, 216
  fld.d $ft2, $sp, 224
  fld.d $ft3, $sp, 232
  fld.d $ft4, $sp, 240
  fld.d $ft5, $sp, 248
  fld.d $ft6, $sp, 256
  fld.d $ft7, $sp, 264
  fld.d $ft8, $sp, 272
  fld.d $ft9, $sp, 280
  fld.d $ft10, $sp, 288
  fld.d $ft11, $sp, 296
  fld.d $ft12, $sp, 304
  fld.d $ft13, $sp, 312
  fld.d $ft14, $sp, 320
  fld.d $ft15, $sp, 328
  addi.d $sp, $sp, 336
  ret
