; 128-bit division. By 64 bits: digits of 32 bits, each guessed by one division and set right at most
; twice (Knuth vol. 2, 4.3.1, algorithm D). By more: radix 2, one turn for each bit of the quotient that
; can be set. Division by zero: quotient all ones.

; The digit of (%h, %l) over %v, where %v has its top bit set, %h < %v and %l is a digit; and the rest.
define private { i64, i64 } @recast_digit(i64 %h, i64 %l, i64 %v) #0 {
entry:
  %v1 = lshr i64 %v, 32
  %v0 = and i64 %v, 4294967295
  %guess = udiv i64 %h, %v1
  %back = mul i64 %guess, %v1
  %over = sub i64 %h, %back
  br label %check
check:
  %q = phi i64 [ %guess, %entry ], [ %q1, %lower ]
  %rest = phi i64 [ %over, %entry ], [ %rest1, %lower ]
  %isLong = icmp ugt i64 %q, 4294967295
  %product = mul i64 %q, %v0
  %shifted = shl i64 %rest, 32
  %room = or i64 %shifted, %l
  %exceeds = icmp ugt i64 %product, %room
  %tooMuch = or i1 %isLong, %exceeds
  br i1 %tooMuch, label %lower, label %done
lower:
  %q1 = sub i64 %q, 1
  %rest1 = add i64 %rest, %v1
  %again = icmp ule i64 %rest1, 4294967295
  br i1 %again, label %check, label %done
done:
  %digit = phi i64 [ %q, %check ], [ %q1, %lower ]
  %high = shl i64 %h, 32
  %whole = or i64 %high, %l
  %taken = mul i64 %digit, %v
  %left = sub i64 %whole, %taken
  %r0 = insertvalue { i64, i64 } poison, i64 %digit, 0
  %r1 = insertvalue { i64, i64 } %r0, i64 %left, 1
  ret { i64, i64 } %r1
}

; Quotient and rest of (%high, %low) over %d, where %high < %d.
define private { i64, i64 } @recast_divide64(i64 %high, i64 %low, i64 %d) #0 {
  %s = call i64 @llvm.ctlz.i64(i64 %d, i1 true)
  %v = shl i64 %d, %s
  %h = call i64 @llvm.fshl.i64(i64 %high, i64 %low, i64 %s)
  %l = shl i64 %low, %s
  %l1 = lshr i64 %l, 32
  %l0 = and i64 %l, 4294967295
  %a = call { i64, i64 } @recast_digit(i64 %h, i64 %l1, i64 %v)
  %a0 = extractvalue { i64, i64 } %a, 0
  %a1 = extractvalue { i64, i64 } %a, 1
  %b = call { i64, i64 } @recast_digit(i64 %a1, i64 %l0, i64 %v)
  %b0 = extractvalue { i64, i64 } %b, 0
  %b1 = extractvalue { i64, i64 } %b, 1
  %upper = shl i64 %a0, 32
  %q = or i64 %upper, %b0
  %r = lshr i64 %b1, %s
  %r0 = insertvalue { i64, i64 } poison, i64 %q, 0
  %r1 = insertvalue { i64, i64 } %r0, i64 %r, 1
  ret { i64, i64 } %r1
}

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
  %dHigh = lshr i128 %d, 64
  %isShort = icmp eq i128 %dHigh, 0
  br i1 %isShort, label %short, label %long
short:
  %divisor = trunc i128 %d to i64
  %nHigh128 = lshr i128 %n, 64
  %nHigh = trunc i128 %nHigh128 to i64
  %nLow = trunc i128 %n to i64
  %qHigh = udiv i64 %nHigh, %divisor
  %rHigh = urem i64 %nHigh, %divisor
  %lower = call { i64, i64 } @recast_divide64(i64 %rHigh, i64 %nLow, i64 %divisor)
  %qLow = extractvalue { i64, i64 } %lower, 0
  %rLow = extractvalue { i64, i64 } %lower, 1
  %qHigh128 = zext i64 %qHigh to i128
  %qUpper = shl i128 %qHigh128, 64
  %qLow128 = zext i64 %qLow to i128
  %qBoth = or i128 %qUpper, %qLow128
  %rLow128 = zext i64 %rLow to i128
  store i128 %qBoth, ptr %q, align 16
  store i128 %rLow128, ptr %r, align 16
  ret void
long:
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
declare i64 @llvm.ctlz.i64(i64, i1)
declare i64 @llvm.fshl.i64(i64, i64, i64)
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
