# The acceptance script for bash: one part a feature, each ends with a line that starts with "==".
# Nothing here prints times, process ids or paths outside the working directory.
set -u
export LC_ALL=C

part() { printf '== %s\n' "$*"; }

part functions
greet() {
  local name=${1:-world} greeting="hello"
  echo "$greeting, $name ($# given, in ${FUNCNAME[0]})"
  return $(( ${#name} % 7 ))
}
greet; echo "status $?"
greet Alice; echo "status $?"
factorial() { (( $1 < 2 )) && { echo 1; return; }; echo $(( $1 * $(factorial $(( $1 - 1 ))) )); }
factorial 12
fibonacci() {
  local a=0 b=1 i t
  for (( i = 0; i < $1; i++ )); do (( t = a + b, a = b, b = t )); done
  echo "$a"
}
fibonacci 80
outer() { local hidden=outer; inner; echo "after inner: $hidden"; }
inner() { hidden=changed; }
outer

part arrays
numbers=(3 1 4 1 5 9 2 6 5 3 5)
echo "${#numbers[@]} numbers: ${numbers[*]}"
numbers+=(8 9)
unset 'numbers[1]'
echo "indices ${!numbers[@]}"
echo "slice ${numbers[@]:2:4}, last ${numbers[-1]}"
sorted=($(printf '%s\n' "${numbers[@]}" | while read -r n; do echo "$n"; done | {
  all=(); while read -r n; do all+=("$n"); done
  for (( i = 0; i < ${#all[@]}; i++ )); do
    for (( j = i + 1; j < ${#all[@]}; j++ )); do
      if (( all[j] < all[i] )); then t=${all[i]}; all[i]=${all[j]}; all[j]=$t; fi
    done
  done
  printf '%s\n' "${all[@]}"
}))
echo "sorted ${sorted[*]}"
declare -A capital=([norway]=oslo [italy]=rome [france]=paris)
capital[spain]=madrid
for key in france italy norway spain; do echo "$key: ${capital[$key]}"; done
[[ -v capital[norway] ]] && echo "norway is known"
unset 'capital[norway]'
echo "${#capital[@]} capitals"
mapfile -t lines <<< $'first\nsecond\nthird'
echo "${lines[1]} of ${#lines[@]}"

part here-documents
name=value
cat <<EXPANDED
name is $name, sum is $(( 17 * 3 )), nested $(echo "command $(echo deep)")
EXPANDED
cat <<'LITERAL'
name is $name, `nothing` happens \here
LITERAL
cat <<-TABS
	leading tabs go
	away
	TABS
read -r a b c <<< "one two three four"
echo "$c|$b|$a"
while IFS=, read -r x y; do echo "$(( x * y ))"; done <<DATA
6,7
12,12
-3,5
DATA

part expansion
path=/usr/local/lib/libexample.so.1.2
echo "${path##*/} ${path%/*} ${path#*/} ${path%%.*} ${path/local/share} ${path//\//:}"
word=recompiler
echo "${word:2:5} ${word^} ${word^^} ${#word} ${word/#re/de} ${word/%er/ation}"
echo "${unset_variable:-default} ${word:+present}"
echo {a..e}{1..3} {10..0..5}
printf '%5d|%-8s|%08.3f|%x|%q\n' 42 left 3.14159 255 "a b'c"
printf -v padded '%03d' 7; echo "$padded"
[[ abc123 =~ ^([a-z]+)([0-9]+)$ ]] && echo "${BASH_REMATCH[1]} ${BASH_REMATCH[2]}"
reference=word; echo "${!reference}"
declare -n alias_of=word; alias_of=changed; echo "$word"
declare -i total=5+6; total+=4; echo "$total"
echo $(( 16#ff + 2#1010 + 010 )) $(( -7 / 2 )) $(( -7 % 3 )) $(( 1 << 40 )) $(( ~5 & 0xff ))
echo $(( 9223372036854775807 + 1 ))

part control
for i in 1 2 3 4 5 6; do
  case $i in
    1) echo one ;;
    [23]) echo "two or three"; [[ $i == 2 ]] && continue; echo three ;;
    4) echo four ;& 
    5) echo "five, by falling" ;;
    *) break ;;
  esac
done
i=0; until (( i >= 3 )); do (( i++ )); echo -n "$i "; done; echo
select_none() { [[ $1 -gt 2 && ! $1 -eq 4 || $1 -eq 1 ]]; }
for i in 1 2 3 4; do select_none "$i" && echo "$i yes" || echo "$i no"; done
n=0; while :; do (( ++n > 5 )) && break; (( n % 2 )) && continue; echo "even $n"; done

part traps
trap 'echo "signal USR1 after $count"' USR1
count=3
kill -USR1 $$
trap - USR1
( trap 'echo "leaving with $?"' EXIT; exit 5 ); echo "subshell ended with $?"
failing() { trap 'echo "error in line of failing: status $?"' ERR; false; trap - ERR; }
failing
trap '' TERM; kill -TERM $$; echo "TERM ignored"; trap - TERM
{ ( kill -KILL "$BASHPID" ); } 2>/dev/null; echo "killed: $?"
( trap 'echo caught INT; exit 7' INT; kill -INT "$BASHPID"; echo unreachable ); echo "int: $?"

part subshells
x=outside
( x=inside; cd /; echo "$x in $PWD" )
echo "$x"
{ echo grouped; echo together; } | while read -r line; do echo "<$line>"; done
echo "level $BASH_SUBSHELL $(echo $BASH_SUBSHELL) $( (echo $BASH_SUBSHELL) )"
echo one | { read -r v; echo "read $v"; }
false | true; echo "${PIPESTATUS[*]}"
set -o pipefail; false | true; echo "pipefail $?"; set +o pipefail
diff_of() { while read -r -u 3 l && read -r -u 4 r; do [[ $l == "$r" ]] || echo "$l/$r"; done; }
diff_of 3< <(printf '%s\n' a b c) 4< <(printf '%s\n' a x c)

part jobs
calculate() { local s=0 k; for (( k = 0; k < $1; k++ )); do (( s += k * k )); done; echo "$s" > "job.$1"; }
for size in 100 200 300 400; do calculate "$size" & done
wait
cat job.100 job.200 job.300 job.400
( exit 4 ) & first=$!
( exit 0 ) & second=$!
wait "$first"; echo "first $?"
wait "$second"; echo "second $?"
sleep 30 & sleeper=$!
kill "$sleeper"; wait "$sleeper" 2>/dev/null; echo "sleeper $?"
coproc UPPER { while read -r line; do echo "${line^^}"; done; }
echo "to the coprocess" >&"${UPPER[1]}"
read -r answer <&"${UPPER[0]}"; echo "$answer"
eval "exec ${UPPER[1]}>&-"; wait

part files
printf '%s\n' gamma alpha beta > list
while read -r line; do echo "${#line} $line"; done < list
exec 5> out; echo "to five" >&5; exec 5>&-; echo "$(< out)"
{ echo error >&2; echo output; } 2> err > out; echo "$(< err) $(< out)"
for f in job.* list; do [[ -f $f && -s $f ]] && echo "$f is there"; done
shopt -s nullglob extglob
echo nothing.* +([0-9]) @(list|out); shopt -u nullglob
[[ list -nt nosuch ]] && echo newer
rm -f nosuch 2>/dev/null || true
nosuchcommand 2>/dev/null; echo "not found: $?"
/nonexistent/program 2>/dev/null; echo "no program: $?"

part errors
( set -e; false; echo unreachable ); echo "set -e: $?"
( : "${missing:?is required}" ) 2> err; echo "status $?"; echo "$(< err)" | { read -r l; echo "${l##*: }"; }
eval 'echo $(( 1 / 0 ))' 2>/dev/null; echo "division: $?"
( ulimit -c 0; exit 300 ); echo "exit wraps: $?"

part strings
reverse() { local s=$1 r= i; for (( i = ${#s} - 1; i >= 0; i-- )); do r+=${s:i:1}; done; echo "$r"; }
reverse "a man a plan"
trim() { local s=$1; s=${s#"${s%%[![:space:]]*}"}; echo "[${s%"${s##*[![:space:]]}"}]"; }
trim "   both ends   "
join() { local IFS=$1; shift; echo "$*"; }
join , a b c; join / usr local bin
IFS=: read -ra fields <<< "root:x:0:0::/root:/bin/sh"
echo "${#fields[@]} fields, shell ${fields[6]}"
for (( i = 0; i < 3; i++ )); do printf '%s%.0s' "ab" "skipped"; done; echo
case "Hello World" in *[[:upper:]]*" "W*) echo "pattern matches" ;; esac
printf '%b' 'tab\there\x21\n'; echo $'quoted\ttab \u0041'
[[ "abc" < "abd" ]] && echo "abc sorts first"
printf '%s\n' "${fields[@]@Q}" | head -n 2

part recursion
hanoi() {
  (( $1 == 0 )) && return
  hanoi $(( $1 - 1 )) "$2" "$4" "$3"
  (( ++moves ))
  hanoi $(( $1 - 1 )) "$4" "$3" "$2"
}
moves=0; hanoi 8 a b c; echo "$moves moves"
ackermann() { (( $1 == 0 )) && { (( value = $2 + 1 )); return; }
  (( $2 == 0 )) && { ackermann $(( $1 - 1 )) 1; return; }
  ackermann "$1" $(( $2 - 1 )); ackermann $(( $1 - 1 )) "$value"; }
ackermann 2 4; echo "ackermann $value"

part hash
# A loop that is long enough to be worth translating: FNV-1a over a generated text.
hash=14695981039346656037
text=""
for (( i = 0; i < 60; i++ )); do text+="line $i of many;"; done
for (( i = 0; i < ${#text}; i++ )); do
  printf -v code '%d' "'${text:i:1}"
  (( hash ^= code, hash *= 1099511628211 ))
done
printf '%016x of %d characters\n' "$hash" "${#text}"
part end
exit 17
