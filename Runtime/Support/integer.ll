; 128-bit division (Knuth vol. 2, 4.3.1, radix 2): 64 bits at once where both fit, else one turn for
; each bit of the quotient that can be set. Division by zero: quotient all ones.

define private void @recast_divide128(i128 %n, i128 %d, ptr %q, ptr %r) #0 {
entry:
  %both = or i128 %n, %d
  %high = lshr i128 %both, 64
  %narrow = icmp eq i128 %high, 0
  %dz = icmp eq i128 %d, 0
  br i1 %dz, label %zero, label %sized
sized:
  br i1 %narrow, label %small, label %wide
zero:
  store i128 -1, ptr %q, align 16
  store i128 %n, ptr %r, align 16
  ret void
small:
  %n64 = trunc i128 %n to i64
  %d64 = trunc i128 %d to i64
  %q64 = udiv i64 %n64, %d64
  %r64 = urem i64 %n64, %d64
  %qz = zext i64 %q64 to i128
  %rz = zext i64 %r64 to i128
  store i128 %qz, ptr %q, align 16
  store i128 %rz, ptr %r, align 16
  ret void
wide:
  %below = icmp ult i128 %n, %d
  br i1 %below, label %less, label %prepare
less:
  store i128 0, ptr %q, align 16
  store i128 %n, ptr %r, align 16
  ret void
prepare:
  %nz = call i128 @llvm.ctlz.i128(i128 %n, i1 true)
  %dzc = call i128 @llvm.ctlz.i128(i128 %d, i1 true)
  %shift = sub i128 %dzc, %nz
  %d0 = shl i128 %d, %shift
  br label %turn
turn:
  %k = phi i128 [ %shift, %prepare ], [ %k1, %turn ]
  %dd = phi i128 [ %d0, %prepare ], [ %dd1, %turn ]
  %rr = phi i128 [ %n, %prepare ], [ %rr1, %turn ]
  %qq = phi i128 [ 0, %prepare ], [ %qq1, %turn ]
  %fits = icmp uge i128 %rr, %dd
  %sub = select i1 %fits, i128 %dd, i128 0
  %rr1 = sub i128 %rr, %sub
  %bit = zext i1 %fits to i128
  %qs = shl i128 %qq, 1
  %qq1 = or i128 %qs, %bit
  %dd1 = lshr i128 %dd, 1
  %k1 = sub i128 %k, 1
  %last = icmp eq i128 %k, 0
  br i1 %last, label %done, label %turn
done:
  store i128 %qq1, ptr %q, align 16
  store i128 %rr1, ptr %r, align 16
  ret void
}
declare i128 @llvm.ctlz.i128(i128, i1)
declare i128 @llvm.abs.i128(i128, i1)

; Weak: a host whose processor divides 128 by 64 bits has its own, and comes back here for the rest.
@recast_udivti3 = alias i128 (i128, i128), ptr @__udivti3
@recast_umodti3 = alias i128 (i128, i128), ptr @__umodti3

define weak i128 @__udivti3(i128 %n, i128 %d) #0 {
  %q = alloca i128, align 16
  %r = alloca i128, align 16
  call void @recast_divide128(i128 %n, i128 %d, ptr %q, ptr %r)
  %v = load i128, ptr %q, align 16
  ret i128 %v
}

define weak i128 @__umodti3(i128 %n, i128 %d) #0 {
  %q = alloca i128, align 16
  %r = alloca i128, align 16
  call void @recast_divide128(i128 %n, i128 %d, ptr %q, ptr %r)
  %v = load i128, ptr %r, align 16
  ret i128 %v
}

define i128 @__divti3(i128 %n, i128 %d) #0 {
  %q = alloca i128, align 16
  %r = alloca i128, align 16
  %na = call i128 @llvm.abs.i128(i128 %n, i1 false)
  %da = call i128 @llvm.abs.i128(i128 %d, i1 false)
  call void @recast_divide128(i128 %na, i128 %da, ptr %q, ptr %r)
  %v = load i128, ptr %q, align 16
  %sx = xor i128 %n, %d
  %negative = icmp slt i128 %sx, 0
  %minus = sub i128 0, %v
  %result = select i1 %negative, i128 %minus, i128 %v
  ret i128 %result
}

define i128 @__modti3(i128 %n, i128 %d) #0 {
  %q = alloca i128, align 16
  %r = alloca i128, align 16
  %na = call i128 @llvm.abs.i128(i128 %n, i1 false)
  %da = call i128 @llvm.abs.i128(i128 %d, i1 false)
  call void @recast_divide128(i128 %na, i128 %da, ptr %q, ptr %r)
  %v = load i128, ptr %r, align 16
  %sx = or i128 %n, 0
  %negative = icmp slt i128 %sx, 0
  %minus = sub i128 0, %v
  %result = select i1 %negative, i128 %minus, i128 %v
  ret i128 %result
}

; Product and, in *%overflow, whether it does not fit.
define i128 @__muloti4(i128 %a, i128 %b, ptr %overflow) #0 {
  %q = alloca i128, align 16
  %r = alloca i128, align 16
  %p = mul i128 %a, %b
  %aa = call i128 @llvm.abs.i128(i128 %a, i1 false)
  %ba = call i128 @llvm.abs.i128(i128 %b, i1 false)
  %sx = xor i128 %a, %b
  %negative = icmp slt i128 %sx, 0
  %limit = select i1 %negative, i128 170141183460469231731687303715884105728, i128 170141183460469231731687303715884105727
  %bz = icmp eq i128 %ba, 0
  call void @recast_divide128(i128 %limit, i128 %ba, ptr %q, ptr %r)
  %most = load i128, ptr %q, align 16
  %over = icmp ugt i128 %aa, %most
  %nz = xor i1 %bz, true
  %o = and i1 %over, %nz
  %w = zext i1 %o to i32
  store i32 %w, ptr %overflow, align 4
  ret i128 %p
}

attributes #0 = { nounwind "no-builtins" }
