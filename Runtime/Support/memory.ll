; memcpy, memmove, memset, memcmp: what LLVM calls by itself. "no-builtins" keeps each from becoming
; a call to itself. 16 bytes a turn where there are as many; alignment 1, so that the target decides.

define ptr @memcpy(ptr %to, ptr %from, i64 %n) #0 {
entry:
  %wide = icmp uge i64 %n, 16
  br i1 %wide, label %w, label %tail
w:
  %i = phi i64 [ 0, %entry ], [ %i2, %w ]
  %s = getelementptr i8, ptr %from, i64 %i
  %d = getelementptr i8, ptr %to, i64 %i
  %v = load <2 x i64>, ptr %s, align 1
  store <2 x i64> %v, ptr %d, align 1
  %i2 = add i64 %i, 16
  %left = sub i64 %n, %i2
  %more = icmp uge i64 %left, 16
  br i1 %more, label %w, label %tail
tail:
  %t = phi i64 [ 0, %entry ], [ %i2, %w ]
  %any = icmp ult i64 %t, %n
  br i1 %any, label %b, label %done
b:
  %j = phi i64 [ %t, %tail ], [ %j2, %b ]
  %bs = getelementptr i8, ptr %from, i64 %j
  %bd = getelementptr i8, ptr %to, i64 %j
  %bv = load i8, ptr %bs
  store i8 %bv, ptr %bd
  %j2 = add i64 %j, 1
  %bmore = icmp ult i64 %j2, %n
  br i1 %bmore, label %b, label %done
done:
  ret ptr %to
}

define ptr @memmove(ptr %to, ptr %from, i64 %n) #0 {
entry:
  %ta = ptrtoint ptr %to to i64
  %fa = ptrtoint ptr %from to i64
  %distance = sub i64 %ta, %fa
  %forward = icmp uge i64 %distance, %n
  br i1 %forward, label %up, label %down
up:
  %r = call ptr @memcpy(ptr %to, ptr %from, i64 %n)
  ret ptr %to
down:
  %left = phi i64 [ %n, %entry ], [ %l16, %w ]
  %wide = icmp uge i64 %left, 16
  br i1 %wide, label %w, label %small
w:
  %l16 = sub i64 %left, 16
  %s = getelementptr i8, ptr %from, i64 %l16
  %d = getelementptr i8, ptr %to, i64 %l16
  %v = load <2 x i64>, ptr %s, align 1
  store <2 x i64> %v, ptr %d, align 1
  br label %down
small:
  %k = phi i64 [ %left, %down ], [ %k1, %b ]
  %any = icmp ne i64 %k, 0
  br i1 %any, label %b, label %done
b:
  %k1 = sub i64 %k, 1
  %bs = getelementptr i8, ptr %from, i64 %k1
  %bd = getelementptr i8, ptr %to, i64 %k1
  %bv = load i8, ptr %bs
  store i8 %bv, ptr %bd
  br label %small
done:
  ret ptr %to
}

define ptr @memset(ptr %to, i32 %c, i64 %n) #0 {
entry:
  %c8 = trunc i32 %c to i8
  %v0 = insertelement <16 x i8> poison, i8 %c8, i64 0
  %v = shufflevector <16 x i8> %v0, <16 x i8> poison, <16 x i32> zeroinitializer
  %wide = icmp uge i64 %n, 16
  br i1 %wide, label %w, label %tail
w:
  %i = phi i64 [ 0, %entry ], [ %i2, %w ]
  %d = getelementptr i8, ptr %to, i64 %i
  store <16 x i8> %v, ptr %d, align 1
  %i2 = add i64 %i, 16
  %left = sub i64 %n, %i2
  %more = icmp uge i64 %left, 16
  br i1 %more, label %w, label %tail
tail:
  %t = phi i64 [ 0, %entry ], [ %i2, %w ]
  %any = icmp ult i64 %t, %n
  br i1 %any, label %b, label %done
b:
  %j = phi i64 [ %t, %tail ], [ %j2, %b ]
  %bd = getelementptr i8, ptr %to, i64 %j
  store i8 %c8, ptr %bd
  %j2 = add i64 %j, 1
  %bmore = icmp ult i64 %j2, %n
  br i1 %bmore, label %b, label %done
done:
  ret ptr %to
}

define i32 @memcmp(ptr %a, ptr %b, i64 %n) #0 {
entry:
  br label %head
head:
  %i = phi i64 [ 0, %entry ], [ %i2, %same ]
  %any = icmp ult i64 %i, %n
  br i1 %any, label %look, label %equal
look:
  %ap = getelementptr i8, ptr %a, i64 %i
  %bp = getelementptr i8, ptr %b, i64 %i
  %x = load i8, ptr %ap
  %y = load i8, ptr %bp
  %e = icmp eq i8 %x, %y
  br i1 %e, label %same, label %differ
same:
  %i2 = add i64 %i, 1
  br label %head
differ:
  %xw = zext i8 %x to i32
  %yw = zext i8 %y to i32
  %d = sub i32 %xw, %yw
  ret i32 %d
equal:
  ret i32 0
}

; An artifact has no heap: whoever calls these is a mistake that must not go on.
define i32 @posix_memalign(ptr %out, i64 %align, i64 %size) #0 {
  call void @llvm.trap()
  unreachable
}
define void @free(ptr %p) #0 {
  call void @llvm.trap()
  unreachable
}
declare void @llvm.trap()

attributes #0 = { nounwind "no-builtins" }
