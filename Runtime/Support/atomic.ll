; Compare and exchange for the interpreter, and the library calls that LLVM makes for atomics which
; the target has not (16 bytes, or not aligned). Aligned accesses of up to 8 bytes are the target's
; own. The others take one of 64 locks chosen by the cache line: atomic among themselves, not
; against plain or narrower accesses to the same bytes (docs/QUIRKS.md).

@recast_atomic_locks = internal global [64 x i32] zeroinitializer, align 64

define private ptr @recast_lock(ptr %p) #0 {
entry:
  %a = ptrtoint ptr %p to i64
  %line = lshr i64 %a, 6
  %n = and i64 %line, 63
  %lock = getelementptr [64 x i32], ptr @recast_atomic_locks, i64 0, i64 %n
  br label %try
try:
  %was = atomicrmw xchg ptr %lock, i32 1 seq_cst, align 4
  %free = icmp eq i32 %was, 0
  br i1 %free, label %have, label %try
have:
  ret ptr %lock
}
define private void @recast_unlock(ptr %lock) #0 {
  store atomic i32 0, ptr %lock seq_cst, align 4
  ret void
}

; What was there before.
define zeroext i8 @recast_cas8(ptr %p, i8 zeroext %expected, i8 zeroext %desired) #0 {
  %x = cmpxchg ptr %p, i8 %expected, i8 %desired seq_cst seq_cst, align 1
  %v = extractvalue { i8, i1 } %x, 0
  ret i8 %v
}

; What was there before.
define zeroext i16 @recast_cas16(ptr %p, i16 zeroext %expected, i16 zeroext %desired) #0 {
  %a = ptrtoint ptr %p to i64
  %low = and i64 %a, 1
  %aligned = icmp eq i64 %low, 0
  br i1 %aligned, label %fast, label %slow
slow:
  %lock = call ptr @recast_lock(ptr %p)
  %was = load i16, ptr %p, align 1
  %same = icmp eq i16 %was, %expected
  %new = select i1 %same, i16 %desired, i16 %was
  store i16 %new, ptr %p, align 1
  call void @recast_unlock(ptr %lock)
  ret i16 %was
fast:
  %x = cmpxchg ptr %p, i16 %expected, i16 %desired seq_cst seq_cst, align 2
  %v = extractvalue { i16, i1 } %x, 0
  ret i16 %v
}

; What was there before.
define i32 @recast_cas32(ptr %p, i32 %expected, i32 %desired) #0 {
  %a = ptrtoint ptr %p to i64
  %low = and i64 %a, 3
  %aligned = icmp eq i64 %low, 0
  br i1 %aligned, label %fast, label %slow
slow:
  %lock = call ptr @recast_lock(ptr %p)
  %was = load i32, ptr %p, align 1
  %same = icmp eq i32 %was, %expected
  %new = select i1 %same, i32 %desired, i32 %was
  store i32 %new, ptr %p, align 1
  call void @recast_unlock(ptr %lock)
  ret i32 %was
fast:
  %x = cmpxchg ptr %p, i32 %expected, i32 %desired seq_cst seq_cst, align 4
  %v = extractvalue { i32, i1 } %x, 0
  ret i32 %v
}

; What was there before.
define i64 @recast_cas64(ptr %p, i64 %expected, i64 %desired) #0 {
  %a = ptrtoint ptr %p to i64
  %low = and i64 %a, 7
  %aligned = icmp eq i64 %low, 0
  br i1 %aligned, label %fast, label %slow
slow:
  %lock = call ptr @recast_lock(ptr %p)
  %was = load i64, ptr %p, align 1
  %same = icmp eq i64 %was, %expected
  %new = select i1 %same, i64 %desired, i64 %was
  store i64 %new, ptr %p, align 1
  call void @recast_unlock(ptr %lock)
  ret i64 %was
fast:
  %x = cmpxchg ptr %p, i64 %expected, i64 %desired seq_cst seq_cst, align 8
  %v = extractvalue { i64, i1 } %x, 0
  ret i64 %v
}

; *%expected becomes what was there before; all three are 16 bytes.
define void @recast_cas128(ptr %p, ptr %expected, ptr %desired) #0 {
  %e = load i128, ptr %expected, align 1
  %d = load i128, ptr %desired, align 1
  %a = ptrtoint ptr %p to i64
  %low = and i64 %a, 15
  %aligned = icmp eq i64 %low, 0
  br i1 %aligned, label %fast, label %slow
slow:
  %lock = call ptr @recast_lock(ptr %p)
  %was = load i128, ptr %p, align 1
  %same = icmp eq i128 %was, %e
  %new = select i1 %same, i128 %d, i128 %was
  store i128 %new, ptr %p, align 1
  call void @recast_unlock(ptr %lock)
  store i128 %was, ptr %expected, align 1
  ret void
fast:
  %x = cmpxchg ptr %p, i128 %e, i128 %d seq_cst seq_cst, align 16
  %v = extractvalue { i128, i1 } %x, 0
  store i128 %v, ptr %expected, align 1
  ret void
}

define zeroext i1 @__atomic_compare_exchange_16(ptr %p, ptr %expected, i128 %desired, i32 %s, i32 %f) #0 {
  %lock = call ptr @recast_lock(ptr %p)
  %e = load i128, ptr %expected, align 1
  %was = load i128, ptr %p, align 1
  %same = icmp eq i128 %was, %e
  %new = select i1 %same, i128 %desired, i128 %was
  store i128 %new, ptr %p, align 1
  call void @recast_unlock(ptr %lock)
  store i128 %was, ptr %expected, align 1
  ret i1 %same
}
define i128 @__atomic_load_16(ptr %p, i32 %o) #0 {
  %lock = call ptr @recast_lock(ptr %p)
  %v = load i128, ptr %p, align 1
  call void @recast_unlock(ptr %lock)
  ret i128 %v
}
define void @__atomic_store_16(ptr %p, i128 %v, i32 %o) #0 {
  %lock = call ptr @recast_lock(ptr %p)
  store i128 %v, ptr %p, align 1
  call void @recast_unlock(ptr %lock)
  ret void
}
define i128 @__atomic_exchange_16(ptr %p, i128 %v, i32 %o) #0 {
  %lock = call ptr @recast_lock(ptr %p)
  %was = load i128, ptr %p, align 1
  store i128 %v, ptr %p, align 1
  call void @recast_unlock(ptr %lock)
  ret i128 %was
}

; Any size.
define void @__atomic_load(i64 %n, ptr %p, ptr %to, i32 %o) #0 {
  %lock = call ptr @recast_lock(ptr %p)
  %r = call ptr @memcpy(ptr %to, ptr %p, i64 %n)
  call void @recast_unlock(ptr %lock)
  ret void
}
define void @__atomic_store(i64 %n, ptr %p, ptr %from, i32 %o) #0 {
  %lock = call ptr @recast_lock(ptr %p)
  %r = call ptr @memcpy(ptr %p, ptr %from, i64 %n)
  call void @recast_unlock(ptr %lock)
  ret void
}
define void @__atomic_exchange(i64 %n, ptr %p, ptr %from, ptr %to, i32 %o) #0 {
  %lock = call ptr @recast_lock(ptr %p)
  %r = call ptr @memcpy(ptr %to, ptr %p, i64 %n)
  %q = call ptr @memcpy(ptr %p, ptr %from, i64 %n)
  call void @recast_unlock(ptr %lock)
  ret void
}
define zeroext i1 @__atomic_compare_exchange(i64 %n, ptr %p, ptr %expected, ptr %desired, i32 %s, i32 %f) #0 {
entry:
  %lock = call ptr @recast_lock(ptr %p)
  %c = call i32 @memcmp(ptr %p, ptr %expected, i64 %n)
  %same = icmp eq i32 %c, 0
  br i1 %same, label %yes, label %no
yes:
  %r = call ptr @memcpy(ptr %p, ptr %desired, i64 %n)
  br label %out
no:
  %q = call ptr @memcpy(ptr %expected, ptr %p, i64 %n)
  br label %out
out:
  call void @recast_unlock(ptr %lock)
  ret i1 %same
}
declare ptr @memcpy(ptr, ptr, i64)
declare i32 @memcmp(ptr, ptr, i64)

attributes #0 = { nounwind "no-builtins" }
