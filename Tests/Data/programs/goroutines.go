// Goroutines, channels, maps, panics and recovers, closures, the collector, timers.
package main

import (
	"fmt"
	"os"
	"runtime"
	"sort"
	"strings"
	"sync"
	"time"
)

type shape interface{ area() float64 }
type square struct{ s float64 }
type circle struct{ r float64 }

func (s square) area() float64 { return s.s * s.s }
func (c circle) area() float64 { return 3 * c.r * c.r }

func risky(n int) (result int, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("recovered: %v", r)
		}
	}()
	list := []int{1, 2, 3}
	if n == 7 {
		var p *square
		return int(p.s), nil
	}
	if n == 8 {
		zero := 0
		return 1 / zero, nil
	}
	return list[n], nil
}

func worker(in <-chan int, out chan<- int, wait *sync.WaitGroup) {
	defer wait.Done()
	for n := range in {
		sum := 0
		for i := 0; i < n; i++ {
			sum += i * i % 7
		}
		out <- sum
	}
}

func main() {
	fmt.Println("hello", len(os.Args))
	counts := map[string]int{}
	for i, w := range strings.Fields(strings.Repeat("a bb ccc a bb a ", 50)) {
		counts[w] += i
	}
	var keys []string
	for k := range counts {
		keys = append(keys, k)
	}
	sort.Strings(keys)
	for _, k := range keys {
		fmt.Printf("%s=%d ", k, counts[k])
	}
	fmt.Println()
	total := 0.0
	for _, s := range []shape{square{2}, circle{1.5}} {
		total += s.area()
	}
	fmt.Printf("%.3f %T\n", total, shape(square{1}))
	for _, n := range []int{1, 5, 7, 8} {
		v, err := risky(n)
		fmt.Println(v, err)
	}
	in, out := make(chan int), make(chan int, 100)
	var wait sync.WaitGroup
	for i := 0; i < 4; i++ {
		wait.Add(1)
		go worker(in, out, &wait)
	}
	for i := 0; i < 50; i++ {
		in <- i * 100
	}
	close(in)
	wait.Wait()
	close(out)
	sum := 0
	for v := range out {
		sum += v
	}
	fmt.Println("sum", sum)
	var kept [][]byte
	for i := 0; i < 2000; i++ {
		b := make([]byte, 10000)
		b[i] = byte(i)
		if i%100 == 0 {
			kept = append(kept, b)
		}
	}
	runtime.GC()
	fmt.Println("kept", len(kept), kept[3][300])
	select {
	case <-time.After(5 * time.Millisecond):
		fmt.Println("timer")
	}
	func() {
		defer fmt.Println("deferred")
		defer func() { fmt.Println("got", recover()) }()
		panic("on purpose")
	}()
}
