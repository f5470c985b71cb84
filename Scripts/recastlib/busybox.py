"""Command lines over Debian's busybox, and the files they work on.

`$B` is the busybox under test; `sh -c` is run by it too, so pipes and loops are its own. Nothing
here prints times, process ids, owners or addresses. Every third case also runs with
`--flow interpret`.
"""

from __future__ import annotations

import os
from pathlib import Path

TEXT = "".join(
    f"{i:03d} {w} {(i * 7919) % 1000} {'abcdefghij'[i % 10] * (i % 13)}\n"
    for i, w in enumerate(("alpha beta gamma delta epsilon zeta eta theta iota kappa " * 20).split()))


def prepare(home: Path) -> None:
    (home / "text").write_text(TEXT)
    (home / "other").write_text(TEXT.replace("gamma", "GAMMA").replace("042 ", "forty-two "))
    (home / "numbers").write_text("".join(f"{(i * 7919) % 1009}\n" for i in range(400)))
    (home / "csv").write_text("name,age,city\nann,31,oslo\nbob,27,rome\ncid,45,oslo\ndee,19,bern\n")
    (home / "binary").write_bytes(bytes((i * i * 31 + i) & 255 for i in range(5000)))
    (home / "tabs").write_text("a\tb\tc\n\tx\ty\n1  2   3\n")
    (home / "dir" / "deep" / "er").mkdir(parents=True)
    for name in ("dir/one", "dir/two.c", "dir/deep/three.c", "dir/deep/er/four"):
        (home / name).write_text(name * 5 + "\n")
    (home / "page.cgi").write_text("hello\n")
    (home / "index.html").write_text("<p>hello</p>\n")
    os.symlink("one", home / "dir" / "link")
    os.chmod(home / "dir" / "two.c", 0o640)
    for path in sorted(home.rglob("*")):
        os.utime(path, (1_600_000_000, 1_600_000_000), follow_symlinks=False)
    os.utime(home, (1_600_000_000, 1_600_000_000))


CASES: list[str] = [
    # ash
    "i=0; while [ $i -lt 50 ]; do i=$((i+1)); [ $((i % 7)) -eq 0 ] && continue; echo $i; done",
    "f() { local x=$1; [ $x -le 1 ] && { echo 1; return; }; echo $((x * $(f $((x-1))))); }; f 6",
    "for f in dir/*; do case $f in *.c) echo C $f;; *) echo - $f;; esac; done; set -- a b c; echo $# $*",
    "cat text | $B grep eta | $B sort -r | $B head -5 | while read a b c; do echo \"$c:$b:$a\"; done",
    "trap 'echo bye' EXIT; (exit 3); echo $?; x=abcdef; echo ${x#ab} ${x%ef} ${x:1:3} ${#x} ${y:-none}",
    "cat <<EOF\n$((6*7)) $(echo nested `echo deeper`)\nEOF\nprintf '%05d|%-6s|%x\\n' 42 ab 255",
    "sleep 0 & wait $!; echo $?; kill -l 15; (kill -TERM $$ ) ; echo not reached",
    "set -e; false || echo caught; eval 'v=1'; test \"$v\" = 1 && echo yes; exec 3>f; echo three >&3; cat f",
    "nosuchcommand; echo $?; cd /nonexistent; echo $?; . ./nosuchfile; echo unreachable",
    # awk
    "$B awk '{s+=$3; n[$2]++} END {print s; for (k in n) print k, n[k] | \"sort\"}' text",
    "$B awk -F, 'NR>1 {a[$3]=a[$3] \" \" $1; t+=$2} END {for (c in a) print c a[c]; printf \"%.3f\\n\", t/(NR-1)}' csv | $B sort",
    "$B awk 'BEGIN {for (i=0;i<10;i++) printf \"%g %.10e %d\\n\", sqrt(i)*sin(i), exp(i)/7, 2**i; print substr(\"hello\",2,3), toupper(\"x\"), index(\"abc\",\"c\")}'",
    "$B awk '{gsub(/[aeiou]/,\"<&>\"); if (match($0,/<e>t/)) print RSTART, RLENGTH, $0}' text | $B head -20",
    "$B awk 'function fib(n) {return n<2?n:fib(n-1)+fib(n-2)} BEGIN {print fib(17)}'",
    # sed and grep
    "$B sed -n '/zeta/,/iota/{s/\\([a-z]*\\) \\([0-9]*\\)/\\2 \\1/;p}' text | $B head -30",
    "$B sed -i -e '1,5d' -e 's/alpha/ALPHA/g;y/abc/xyz/' text; $B sed '$!N;s/\\n/+/' text | $B head -3",
    "$B sed -E 's/([0-9]+) (.)/\\2\\1/;t;d' text | $B sed = | $B head",
    "$B grep -n -i GAMMA text | $B head -5; $B grep -c eta text; $B grep -v -E '^[0-9]*[02468] ' text | $B head -3",
    "$B grep -r -l four dir; $B grep -o -w '[a-z]*eta' text | $B sort | $B uniq -c",
    "$B egrep '(alpha|kappa) 1' text; $B fgrep -x nothing text; echo $?",
    # find, xargs
    "$B find dir | $B sort; $B find dir -name '*.c' -type f -exec $B wc -c {} \\;",
    "$B find . -size +2k | $B sort; $B find dir -perm 640 -print0 | $B xargs -0 $B ls",
    "$B seq 1 25 | $B xargs -n 4 echo row; echo 'a b' | $B xargs -I{} echo '<{}>'",
    # sorting and cutting
    "$B sort -n numbers | $B uniq | $B md5sum; $B sort -k2,2 -k3,3nr text | $B head -20",
    "$B sort -t, -k2 -n csv; $B sort -u -r numbers | $B tail -5",
    "$B cut -d' ' -f2,3 text | $B head -4; $B cut -c1-3,8 text | $B tail -n 3",
    "$B tr a-z A-Z < text | $B tr -d AEIOU | $B tr -s ' ' | $B head -5; echo hello | $B tr -c 'l\\n' .",
    "$B paste -d: csv csv; $B fold -w 20 text | $B head -8; $B rev csv; $B tac csv",
    "$B head -c 100 text; $B tail -c 50 text; $B tail -n +198 text; $B nl csv; $B wc text binary",
    "$B comm text other 2>&1 | $B head -5; $B expand tabs | $B unexpand -a; $B cat -A tabs",
    "$B shuf -n 0 text; $B split -l 50 text part.; $B ls; $B tee copy < csv | $B cmp - csv && echo same",
    # sums
    "$B md5sum text binary; $B sha1sum binary; $B sha256sum text; $B sha512sum text; $B sha3sum text",
    "$B sha256sum text binary > sums; $B sha256sum -c sums; echo x >> text; $B sha256sum -c sums; echo $?",
    "$B cksum text binary 2>&1; $B crc32 text 2>&1; $B sum text 2>&1",
    # archives and compression
    "$B tar cf a.tar dir csv; $B tar tf a.tar; $B mkdir out; $B tar xf a.tar -C out; $B find out | $B sort",
    "$B tar czf a.tgz dir; $B tar tzf a.tgz | $B wc -l; $B gunzip -c a.tgz | $B tar xOf - dir/one",
    "$B gzip -c text | $B gunzip | $B cmp - text && echo same; $B gzip -9 numbers; $B zcat numbers.gz | $B tail -1",
    "$B bzip2 -k text; $B bunzip2 -c text.bz2 | $B cmp - text && echo same; $B bzcat text.bz2 | $B head -1",
    "printf '/Td6WFoAAATm1rRGAgAhARYAAAB0L+WjAQAFaGVsbG8KAAAAbu/oJvNWD8wAAR4G/9hn1R+2830BAAAAAARZWg==' | $B base64 -d > a.xz; $B unxz -c a.xz; $B xzcat a.xz; echo $?",
    "$B find dir -type f | $B sort | $B cpio -o -H newc > a.cpio; $B cpio -t < a.cpio; $B mkdir o; cd o; $B cpio -id < ../a.cpio; $B rm ../a.cpio; $B find . | $B sort",
    "head -c 10 text > bad.gz; $B gunzip bad.gz; echo $?; $B tar xf csv; echo $?",
    # comparing and editing
    "$B diff text other; echo $?; $B diff -u csv csv; echo $?",
    "$B diff -u text other > p; $B sed -i 's/^+++ other.*/+++ text/;s/^--- text.*/--- text/' p; $B patch text < p; $B cmp text other && echo patched",
    "$B ed text <<'EOF' 2>&1\n3p\n1,2d\ng/kappa/s//KAPPA/\n$p\nw copy\nq\nEOF\n$B head -2 copy",
    "printf ':%%s/gamma/G/g\\n:3d\\n:wq\\n' > keys; $B vi -c '%s/gamma/G/g' -c 'wq' csv < /dev/null > /dev/null 2>&1; echo $?; $B cat csv",
    # calculators
    "echo 'scale=30; 4*a(1); 2^100; sqrt(2); for (i=0;i<5;i++) i*i' | $B bc -l",
    "echo 'define f(n) { if (n<2) return (1); return (n*f(n-1)); } f(40); obase=16; 48879' | $B bc",
    "echo '2 3 + p 10 k 1 7 / p 16 o 255 p' | $B dc; $B expr 6 '*' 7; $B expr hello : 'h\\(.*\\)o'; $B factor 360 9973 123456789",
    "$B seq -s, 1 0.5 4; $B seq -w 8 11; $B printf '%s %d %o %e %c\\n' a 10 8 3.25 xyz",
    # dumps and encodings
    "$B od -A x -t x1z binary | $B head -20; $B od -c tabs; $B od -t d4 binary | $B tail -2",
    "$B hexdump -C binary | $B head -5; $B xxd text | $B head -3; $B xxd -p csv; $B strings binary | $B head",
    "$B base64 binary | $B tail -2; $B base64 csv | $B base64 -d; $B uuencode csv name < csv | $B uudecode -o back; $B cat back",
    # files
    "$B mkdir -p a/b/c; $B touch a/f; $B cp -r dir a; $B mv a/f a/b/g; $B ln -s g a/b/h; $B rm -r a/dir/deep; $B find a | $B sort",
    "$B chmod 4711 csv; $B chmod u-x,go=r text; $B stat -c '%a %s %F %n' csv text dir dir/link; $B ls -1pR dir",
    "$B rmdir dir; echo $?; $B rm nosuch; echo $?; $B cp nosuch x; echo $?; $B ln csv text; echo $?; $B cat nosuch; echo $?",
    "$B dd if=binary of=x bs=100 skip=3 count=7 conv=notrunc 2>/dev/null; $B cmp x binary; $B truncate -s 50 x; $B wc -c x; $B dd if=/dev/zero bs=1k count=3 2>/dev/null | $B md5sum",
    "$B readlink dir/link; $B basename a/b.c .c; $B dirname /a/b/c; $B realpath dir/link | $B sed 's,.*/case/,,'; $B test -L dir/link -a -d dir; echo $?",
    "$B install -m 600 csv new; $B ls -l new | $B cut -c1-10; $B mkfifo pipe; (echo through > pipe &) ; $B cat pipe; $B du -k nosuch; echo $?",
    # processes and the rest
    "$B env -i A=1 B=2 $B env | $B sort; $B timeout 5 $B echo in time; $B timeout 1 $B sleep 10; echo $?; $B nice -n 5 $B echo nice",
    "$B date -u -d @1234567890 '+%Y-%m-%d %H:%M:%S %j %a'; $B date -u -d '2020-02-29 12:00' +%s; $B cal 2 2024; $B usleep 1; $B true; $B false; echo $?",
    "$B yes recast | $B head -3; $B which sh; $B uname -m; $B echo -e 'a\\tb\\x41\\c'; $B sh -c 'exit 9'; echo $?; $B id -u; $B tty; echo $?",
    "printf 'GET /index.html HTTP/1.0\\r\\n\\r\\n' | $B httpd -i -h . | $B grep -v -i -E '^(date|last-modified|etag)'; printf 'GET /none HTTP/1.0\\r\\n\\r\\n' | $B httpd -i -h . | $B head -1",
    "$B ipcalc -n -b -m 10.1.2.3/20; $B dos2unix < csv | $B unix2dos | $B od -c | $B head -2; $B mktemp -u tmp.XXXXXX | $B wc -c; $B getopt -o ab: -- -a -b v rest",
    "nosuch=; echo \"${nosuch:?not set}\"; echo unreachable",
    "$B nosuchapplet; echo $?; $B sort --nosuchoption; echo $?; $B tar; echo $?",
    "i=0; while [ $i -lt 20 ]; do echo $i | $B sed s/^/x/ & i=$((i+1)); done | $B sort; wait; echo done",
]
