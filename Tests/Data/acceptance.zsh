# What zsh does beyond POSIX: arrays, globbing with qualifiers, parameter flags, modules.
setopt extended_glob
print -r -- "== arrays"
a=(one two three four); typeset -A h; h=(red 1 green 2 blue 3)
print -r -- $#a $a[2] $a[-1] ${a[2,3]} ${(k)#h} ${(ko)h} $h[green]
a+=(five); print -r -- ${(j:,:)a} ${(U)a[1]} ${(O)a} ${a:#t*} ${(M)a:#t*}
print -r -- "== flags"
s="the quick brown fox"; print -r -- ${(s: :)s} ${#s} ${s//o/0} ${(C)s} ${(q)s} ${s[(w)2]}
print -r -- ${(l:8::.:)${:-x}} ${(r:4::-:)${:-ab}} ${(f)"$(print -l p q r)"}
print -r -- "== arithmetic"
float f; (( f = 2.0 ** 0.5 )); printf '%.12f\n' $f
integer i; for (( i = 0; i < 5; i++ )) print -n "$(( i ** 3 )) "; print
print -r -- $(( 0x10 + 8#17 + 2#101 )) $(( 7 / 2.0 )) $(( 1 << 40 ))
printf '%.10e %g\n' $(( 1.0 / 3 )) $(( 1e300 * 1e5 ))
print -r -- "== globbing"
mkdir -p t/u; for x in c a b; do print -n $x$x > t/$x.txt; done; print x > t/u/d.c
print -r -- t/*.txt t/**/*.c t/*(/) t/*(.on) t/^*.txt t/*.txt(L+1)
case foo123 in (foo<100-200>) print numeric;; esac
[[ abcdef = (#b)(a*)(d*) ]] && print -r -- $match[1] $match[2]
[[ 2024-05-06 = (#b)(<->)-(<->)-(<->) ]] && print -r -- $match
print -r -- "== functions"
fib() { (( $1 < 2 )) && { REPLY=$1; return }; fib $(( $1 - 1 )); local x=$REPLY
  fib $(( $1 - 2 )); REPLY=$(( x + REPLY )) }
fib 15; print $REPLY
() { print -r -- "anonymous $1" } argument
{ print try; false } always { print always }
print -r -- "== jobs"
diff <(print -l 1 2 3) <(print -l 1 3); print $?
for n in 1 2 3; do (exit $n) & wait $!; print "status $?"; done
print -r -- "== sorting"
b=(10 9 100 1); print -r -- ${(on)b} ${(oi)b}; print -r -- ${(u)${:-a}} ${${(s::)${:-hello}}}
print -r -- "== end"
