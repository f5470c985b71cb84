# What any POSIX shell does: functions, loops, expansions, here-documents, pipes, subshells, traps,
# background jobs and the builtins around them. Nothing here prints times, ids or paths.
set -u
say() { printf '%s\n' "$*"; }
fact() { if [ "$1" -le 1 ]; then echo 1; else echo $(($1 * $(fact $(($1 - 1))))); fi; }
say "== arithmetic"
i=0; sum=0
while [ $i -lt 2000 ]; do sum=$((sum + i * i % 7)); i=$((i + 1)); done
say $sum $((1 << 20)) $((-7 / 2)) $((-7 % 3)) $((0x1f ^ 3)) $((5 > 3 ? 10 : 20))
say "$(fact 10)"
say "== expansion"
v=path/to/some.file.txt
say "${v#*/}" "${v##*/}" "${v%.*}" "${v%%.*}" "${#v}" "${none:-default}" "${v:+set}"
set -- one "two words" three; say $# "$2"; for a in "$@"; do say "<$a>"; done
shift 2; say "$*"
IFS=:; x=a:b:c; set -- $x; say "$3 $2 $1"; IFS=' 
'
say "== case"
for w in apple banana cherry 42 'x y'; do
  case $w in a*) say A;; [bc]*) say BC;; *[0-9]*) say digit;; *) say other;; esac
done
say "== here-documents"
n=5; cat <<EOT | while read -r l; do say "[$l]"; done
plain $n
sum $((n + 1)) $(echo sub)
EOT
cat <<'EOT'
literal $n `x`
EOT
say "== files"
mkdir -p d/e; for f in 3 1 2; do echo "file $f" > d/$f; done
echo more >> d/1; cat d/1 d/2 d/3; for f in d/*; do say "$f"; done
[ -d d/e ] && say dir; [ -f d/1 ] && say file; [ -x d/1 ] || say not executable
exec 3> d/three; echo to three >&3; exec 3>&-; cat < d/three
umask 027; echo x > d/masked; ls -l d/masked | cut -c1-10
cd d; (cd e && basename "$(pwd)"); cd ..
say "== pipes and jobs"
for i in 5 3 9 1; do echo $i; done | sort -n | tr '\n' ' '; echo
(exit 3); say $?; false || say or; true && say and; ! false; say $?
sh -c 'kill -TERM $$' ; say $?
sleep 0 & wait $!; say "waited $?"
(sleep 0; exit 7) & wait $!; say "status $?"
i=0; while [ $i -lt 5 ]; do (echo "job $i") & wait; i=$((i + 1)); done
out=$(for i in 1 2 3; do echo $i; done | while read x; do echo $((x * x)); done); say $out
say "== traps"
trap 'say got USR1' USR1; kill -USR1 $$; say after
(trap 'say leaving' EXIT; say inside)
trap - USR1
say "== builtins"
printf '%5d|%-5s|%x|%c|%s\n' 42 ab 255 z end; printf '%b\n' 'a\tb\101'
while getopts ab:c o -a -b val -c rest; do say "$o ${OPTARG-}"; done
read a b <<EOT
first second third
EOT
say "$a/$b"
eval 'y=evaluated'; say $y; unset y; say "${y-unset}"
type say >/dev/null && say known; command -v nosuchcommand || say unknown
nosuchcommand 2>/dev/null; say $?
f() { local=1; return 4; }; f; say $?
say "== words"
for i in 1 2 3 4 5 6 7 8 9 10; do for j in a b c; do s="$i$j"; done; done; say $s
long=; i=0; while [ $i -lt 300 ]; do long="$long$i,"; i=$((i + 1)); done; say ${#long}
say "$(printf '%s' "$long" | cksum)"
say "== end"
exit 5
