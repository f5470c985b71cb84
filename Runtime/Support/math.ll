; Rounding to integral values in floating point, for targets without such instructions. A magnitude
; of 2^52 (2^23) or more is integral already; below it the conversion to integer is exact. The sign
; of the argument stays, so that zeros keep theirs. NaN comes back quieted.

define double @trunc(double %x) #0 {
entry:
  %a = call double @llvm.fabs.f64(double %x)
  %bits = bitcast double %a to i64
  %small = icmp ult i64 %bits, 4841369599423283200
  br i1 %small, label %work, label %same
work:
  %i = fptosi double %x to i64
  %c = sitofp i64 %i to double
  %v = fadd double %c, 0.0
  %s = call double @llvm.copysign.f64(double %v, double %x)
  ret double %s
same:
  %q = fmul double %x, 1.0
  ret double %q
}

define double @floor(double %x) #0 {
entry:
  %a = call double @llvm.fabs.f64(double %x)
  %bits = bitcast double %a to i64
  %small = icmp ult i64 %bits, 4841369599423283200
  br i1 %small, label %work, label %same
work:
  %i = fptosi double %x to i64
  %c = sitofp i64 %i to double
  %gt = fcmp ogt double %c, %x
  %less = fsub double %c, 1.0
  %v = select i1 %gt, double %less, double %c
  %s = call double @llvm.copysign.f64(double %v, double %x)
  ret double %s
same:
  %q = fmul double %x, 1.0
  ret double %q
}

define double @ceil(double %x) #0 {
entry:
  %a = call double @llvm.fabs.f64(double %x)
  %bits = bitcast double %a to i64
  %small = icmp ult i64 %bits, 4841369599423283200
  br i1 %small, label %work, label %same
work:
  %i = fptosi double %x to i64
  %c = sitofp i64 %i to double
  %lt = fcmp olt double %c, %x
  %more = fadd double %c, 1.0
  %v = select i1 %lt, double %more, double %c
  %s = call double @llvm.copysign.f64(double %v, double %x)
  ret double %s
same:
  %q = fmul double %x, 1.0
  ret double %q
}

define double @rint(double %x) #0 {
entry:
  %a = call double @llvm.fabs.f64(double %x)
  %bits = bitcast double %a to i64
  %small = icmp ult i64 %bits, 4841369599423283200
  br i1 %small, label %work, label %same
work:
  %large = call double @llvm.copysign.f64(double 0x4330000000000000, double %x)
  %up = fadd double %x, %large
  %v = fsub double %up, %large
  %s = call double @llvm.copysign.f64(double %v, double %x)
  ret double %s
same:
  ret double %x
}

define double @nearbyint(double %x) #0 {
entry:
  %a = call double @llvm.fabs.f64(double %x)
  %bits = bitcast double %a to i64
  %small = icmp ult i64 %bits, 4841369599423283200
  br i1 %small, label %work, label %same
work:
  %large = call double @llvm.copysign.f64(double 0x4330000000000000, double %x)
  %up = fadd double %x, %large
  %v = fsub double %up, %large
  %s = call double @llvm.copysign.f64(double %v, double %x)
  ret double %s
same:
  ret double %x
}

; Whatever the host's rounding mode is: every step is exact.
define double @roundeven(double %x) #0 {
entry:
  %a = call double @llvm.fabs.f64(double %x)
  %bits = bitcast double %a to i64
  %small = icmp ult i64 %bits, 4841369599423283200
  br i1 %small, label %work, label %same
work:
  %i = fptosi double %a to i64
  %c = sitofp i64 %i to double
  %rest = fsub double %a, %c
  %above = fcmp ogt double %rest, 0.5
  %half = fcmp oeq double %rest, 0.5
  %odd = trunc i64 %i to i1
  %tie = and i1 %half, %odd
  %away = or i1 %above, %tie
  %more = fadd double %c, 1.0
  %v = select i1 %away, double %more, double %c
  %s = call double @llvm.copysign.f64(double %v, double %x)
  ret double %s
same:
  ret double %x
}
declare double @llvm.fabs.f64(double)
declare double @llvm.copysign.f64(double, double)

define float @truncf(float %x) #0 {
entry:
  %a = call float @llvm.fabs.f32(float %x)
  %bits = bitcast float %a to i32
  %small = icmp ult i32 %bits, 1258291200
  br i1 %small, label %work, label %same
work:
  %i = fptosi float %x to i32
  %c = sitofp i32 %i to float
  %v = fadd float %c, 0.0
  %s = call float @llvm.copysign.f32(float %v, float %x)
  ret float %s
same:
  %q = fmul float %x, 1.0
  ret float %q
}

define float @floorf(float %x) #0 {
entry:
  %a = call float @llvm.fabs.f32(float %x)
  %bits = bitcast float %a to i32
  %small = icmp ult i32 %bits, 1258291200
  br i1 %small, label %work, label %same
work:
  %i = fptosi float %x to i32
  %c = sitofp i32 %i to float
  %gt = fcmp ogt float %c, %x
  %less = fsub float %c, 1.0
  %v = select i1 %gt, float %less, float %c
  %s = call float @llvm.copysign.f32(float %v, float %x)
  ret float %s
same:
  %q = fmul float %x, 1.0
  ret float %q
}

define float @ceilf(float %x) #0 {
entry:
  %a = call float @llvm.fabs.f32(float %x)
  %bits = bitcast float %a to i32
  %small = icmp ult i32 %bits, 1258291200
  br i1 %small, label %work, label %same
work:
  %i = fptosi float %x to i32
  %c = sitofp i32 %i to float
  %lt = fcmp olt float %c, %x
  %more = fadd float %c, 1.0
  %v = select i1 %lt, float %more, float %c
  %s = call float @llvm.copysign.f32(float %v, float %x)
  ret float %s
same:
  %q = fmul float %x, 1.0
  ret float %q
}

define float @rintf(float %x) #0 {
entry:
  %a = call float @llvm.fabs.f32(float %x)
  %bits = bitcast float %a to i32
  %small = icmp ult i32 %bits, 1258291200
  br i1 %small, label %work, label %same
work:
  %large = call float @llvm.copysign.f32(float 0x4160000000000000, float %x)
  %up = fadd float %x, %large
  %v = fsub float %up, %large
  %s = call float @llvm.copysign.f32(float %v, float %x)
  ret float %s
same:
  ret float %x
}

define float @nearbyintf(float %x) #0 {
entry:
  %a = call float @llvm.fabs.f32(float %x)
  %bits = bitcast float %a to i32
  %small = icmp ult i32 %bits, 1258291200
  br i1 %small, label %work, label %same
work:
  %large = call float @llvm.copysign.f32(float 0x4160000000000000, float %x)
  %up = fadd float %x, %large
  %v = fsub float %up, %large
  %s = call float @llvm.copysign.f32(float %v, float %x)
  ret float %s
same:
  ret float %x
}

; Whatever the host's rounding mode is: every step is exact.
define float @roundevenf(float %x) #0 {
entry:
  %a = call float @llvm.fabs.f32(float %x)
  %bits = bitcast float %a to i32
  %small = icmp ult i32 %bits, 1258291200
  br i1 %small, label %work, label %same
work:
  %i = fptosi float %a to i32
  %c = sitofp i32 %i to float
  %rest = fsub float %a, %c
  %above = fcmp ogt float %rest, 0.5
  %half = fcmp oeq float %rest, 0.5
  %odd = trunc i32 %i to i1
  %tie = and i1 %half, %odd
  %away = or i1 %above, %tie
  %more = fadd float %c, 1.0
  %v = select i1 %away, float %more, float %c
  %s = call float @llvm.copysign.f32(float %v, float %x)
  ret float %s
same:
  ret float %x
}
declare float @llvm.fabs.f32(float)
declare float @llvm.copysign.f32(float, float)

; Every target has the instruction; Swift's squareRoot() calls the function.
define double @sqrt(double %x) #0 {
  %v = call double @llvm.sqrt.f64(double %x)
  ret double %v
}
define float @sqrtf(float %x) #0 {
  %v = call float @llvm.sqrt.f32(float %x)
  ret float %v
}
declare double @llvm.sqrt.f64(double)
declare float @llvm.sqrt.f32(float)

attributes #0 = { nounwind "no-builtins" }
