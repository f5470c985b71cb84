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

  .globl recast_host_sigreturn
recast_host_sigreturn:
  ori $a7, $zero, 139
  syscall 0
  break 0

  .globl recast_host_counter
recast_host_counter:
  rdtime.d $a0, $zero
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
  .text
