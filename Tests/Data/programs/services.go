// A larger Go program: compression, hashes, JSON, big integers, loopback TCP and HTTP, a child
// process, files, generics, select with timers, and enough garbage for many collections.
package main

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"math"
	"math/big"
	"math/rand"
	"net"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"regexp"
	"runtime"
	"sort"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"text/template"
	"time"
)

type number interface{ ~int | ~int64 | ~float64 }

func reduce[T number](values []T, f func(T, T) T) T {
	var total T
	for _, v := range values {
		total = f(total, v)
	}
	return total
}

type node struct {
	left, right *node
	payload     [4]int
}

func tree(depth int) *node {
	if depth == 0 {
		return &node{}
	}
	return &node{tree(depth - 1), tree(depth - 1), [4]int{depth}}
}

func (n *node) count() int {
	if n == nil {
		return 0
	}
	return 1 + n.left.count() + n.right.count()
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}

func compression() {
	source := rand.New(rand.NewSource(7))
	var text bytes.Buffer
	for i := 0; i < 5000; i++ {
		fmt.Fprintf(&text, "line %d %s\n", i, strings.Repeat("ab", source.Intn(9)))
	}
	var packed bytes.Buffer
	w, err := gzip.NewWriterLevel(&packed, 6)
	check(err)
	_, err = w.Write(text.Bytes())
	check(err)
	check(w.Close())
	r, err := gzip.NewReader(&packed)
	check(err)
	back, err := io.ReadAll(r)
	check(err)
	fmt.Println("gzip", len(back), bytes.Equal(back, text.Bytes()), crc32.ChecksumIEEE(back))
	fmt.Printf("sha256 %x\n", sha256.Sum256(back))
	block, err := aes.NewCipher([]byte("0123456789abcdef"))
	check(err)
	gcm, err := cipher.NewGCM(block)
	check(err)
	sealed := gcm.Seal(nil, make([]byte, 12), back[:1000], []byte("more"))
	opened, err := gcm.Open(nil, make([]byte, 12), sealed, []byte("more"))
	check(err)
	fmt.Println("gcm", base64.StdEncoding.EncodeToString(sealed[990:]), bytes.Equal(opened, back[:1000]))
}

func numbers() {
	f := big.NewInt(1)
	for i := int64(1); i <= 200; i++ {
		f.Mul(f, big.NewInt(i))
	}
	fmt.Println("200!", f.String()[:20], len(f.String()))
	p := new(big.Int).Exp(big.NewInt(3), big.NewInt(1000), big.NewInt(1000000007))
	fmt.Println(p, new(big.Int).Sqrt(f).BitLen(), big.NewInt(1000003).ProbablyPrime(10))
	fmt.Println(math.Sqrt(2), math.Pow(1.5, 2.5), math.FMA(2, 3, 4), math.Float64bits(math.Sin(1)))
	fmt.Println(strconv.FormatFloat(1.0/3, 'g', -1, 32), strconv.Quote("a\tb\u00e9"))
	fmt.Println(reduce([]float64{1, 2.5, 3}, func(a, b float64) float64 { return a + b }))
	buffer := make([]byte, 8)
	binary.BigEndian.PutUint64(buffer, math.Float64bits(math.Inf(-1)))
	fmt.Println(buffer)
}

type record struct {
	Name  string            `json:"name"`
	Tags  []string          `json:"tags"`
	Extra map[string]float64 `json:"extra,omitempty"`
}

func text() {
	out, err := json.Marshal([]record{{"one", []string{"x", "y"}, nil},
		{"two", nil, map[string]float64{"b": 1.5, "a": -2e10}}})
	check(err)
	fmt.Println(string(out))
	var back []record
	check(json.Unmarshal(out, &back))
	fmt.Printf("%+v\n", back)
	fmt.Println(json.Unmarshal([]byte(`{"name": 3}`), &record{}))
	e := regexp.MustCompile(`(\w+)@(\w+)\.com`)
	fmt.Println(e.ReplaceAllString("bob@example.com, al@test.com", "$2:$1"))
	t := template.Must(template.New("t").Parse("{{range .}}[{{.Name | printf \"%5s\"}}]{{end}}\n"))
	check(t.Execute(os.Stdout, back))
}

func network() {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	check(err)
	go func() {
		for {
			c, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				lines := bufio.NewScanner(c)
				for lines.Scan() {
					fmt.Fprintf(c, "<%s>\n", strings.ToUpper(lines.Text()))
				}
			}()
		}
	}()
	var wait sync.WaitGroup
	var total int64
	for i := 0; i < 5; i++ {
		wait.Add(1)
		go func(i int) {
			defer wait.Done()
			c, err := net.Dial("tcp", listener.Addr().String())
			check(err)
			defer c.Close()
			answers := bufio.NewReader(c)
			for j := 0; j < 20; j++ {
				fmt.Fprintf(c, "message %d %d\n", i, j)
				line, err := answers.ReadString('\n')
				check(err)
				atomic.AddInt64(&total, int64(len(line)))
			}
		}(i)
	}
	wait.Wait()
	listener.Close()
	fmt.Println("tcp", total)

	listener, err = net.Listen("tcp", "127.0.0.1:0")
	check(err)
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "%s %s", r.Method, r.URL.Path)
	})}
	go server.Serve(listener)
	answer, err := http.Get("http://" + listener.Addr().String() + "/path")
	check(err)
	body, err := io.ReadAll(answer.Body)
	check(err)
	fmt.Println("http", answer.StatusCode, string(body))
	server.Close()
}

func processes() {
	out, err := exec.Command("/bin/sh", "-c", "read x; echo got $x; exit 3").Output()
	var failed *exec.ExitError
	fmt.Printf("%q %v\n", out, errors.As(err, &failed))
	command := exec.Command("/bin/sort", "-n")
	command.Stdin = strings.NewReader("10\n9\n100\n")
	out, err = command.Output()
	fmt.Printf("%q %v\n", out, err)
	late, cancel := context.WithTimeout(context.Background(), 100*time.Millisecond)
	defer cancel()
	fmt.Println(exec.CommandContext(late, "/bin/sleep", "20").Run(), late.Err())
	caught := make(chan os.Signal, 1)
	signal.Notify(caught, syscall.SIGUSR1)
	check(syscall.Kill(os.Getpid(), syscall.SIGUSR1))
	fmt.Println(<-caught)
}

func files() {
	check(os.MkdirAll("a/b", 0o755))
	for _, n := range []string{"a/two", "a/one", "a/b/three"} {
		check(os.WriteFile(n, []byte(n), 0o640))
	}
	check(filepath.Walk("a", func(p string, i os.FileInfo, err error) error {
		fmt.Print(p, " ", i.Mode(), " ")
		return err
	}))
	_, err := os.Stat("nothing")
	fmt.Println(errors.Is(err, os.ErrNotExist), err)
	check(os.RemoveAll("a"))
}

func scheduling() {
	ticks, done := time.NewTicker(2*time.Millisecond), time.After(50*time.Millisecond)
	seen := 0
loop:
	for {
		select {
		case <-ticks.C:
			seen++
		case <-done:
			break loop
		}
	}
	fmt.Println("ticks", seen > 2)
	// Loops without calls are interrupted by a signal, so that others run.
	var stop int32
	go func() {
		time.Sleep(5 * time.Millisecond)
		atomic.StoreInt32(&stop, 1)
	}()
	spins := uint64(0)
	for atomic.LoadInt32(&stop) == 0 {
		spins++
	}
	fmt.Println("spun", spins > 0)
	results := make(chan int)
	for i := 0; i < 100; i++ {
		go func(i int) {
			t := tree(8)
			runtime.Gosched()
			results <- t.count() + i
		}(i)
	}
	var all []int
	for i := 0; i < 100; i++ {
		all = append(all, <-results)
	}
	sort.Ints(all)
	var after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&after)
	fmt.Println("trees", all[0], all[99], after.NumGC > 0)
}

func main() {
	compression()
	numbers()
	text()
	network()
	processes()
	files()
	scheduling()
	defer fmt.Println("deferred")
	func() {
		defer func() { fmt.Println("recovered:", recover()) }()
		var m map[string]int
		m["x"] = 1
	}()
}
