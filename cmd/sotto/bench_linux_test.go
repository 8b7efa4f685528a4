package main

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// What a host is promised of an empty relay. Time is judged from ten starts on,
// as one alone may meet a busy machine.
const (
	mostBinary = 15e6     // bytes, static, as it is released
	mostMemory = 20 << 20 // bytes resident, serving, nobody there
	mostStart  = 100 * time.Millisecond
)

// BenchmarkStart starts the program as it is released, its sandbox on, and
// waits for the first answer. It reports that time, the size of the binary and
// the memory resident then.
func BenchmarkStart(b *testing.B) {
	program := filepath.Join(b.TempDir(), "sotto")
	build := exec.Command("go", "build", "-trimpath", "-ldflags=-s -w -buildid=", "-o", program, ".")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		b.Fatalf("build: %v\n%s", err, out)
	}
	info, err := os.Stat(program)
	if err != nil {
		b.Fatal(err)
	}
	var memory int64
	fastest := time.Duration(1<<63 - 1)
	for b.Loop() {
		took, resident := startOnce(b, program)
		fastest, memory = min(fastest, took), max(memory, resident)
	}
	b.ReportMetric(float64(b.Elapsed().Milliseconds())/float64(b.N), "ms/start+stop")
	b.ReportMetric(float64(fastest.Microseconds())/1000, "ms/fastest-start")
	b.ReportMetric(float64(info.Size())/1e6, "MB-binary")
	b.ReportMetric(float64(memory)/(1<<20), "MiB-resident")
	if info.Size() >= mostBinary || memory >= mostMemory {
		b.Errorf("%d bytes of binary, %d of memory; want below %.0f and %d", info.Size(), memory, float64(mostBinary), mostMemory)
	}
	if b.N >= 10 && fastest >= mostStart {
		b.Errorf("none of %d starts took less than %v", b.N, mostStart)
	}
}

// startOnce runs the program until its first answer. Its socket is there
// before, so that the answer comes as soon as it can.
func startOnce(b *testing.B, program string) (took time.Duration, resident int64) {
	b.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	f, err := l.(*net.TCPListener).File()
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	c, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	if _, err := io.WriteString(c, "GET / HTTP/1.1\r\nHost: x\r\n\r\n"); err != nil {
		b.Fatal(err)
	}

	cmd := exec.Command("sh", "-c", `LISTEN_PID=$$ exec "$0" --admin-listen 127.0.0.1:0`, program)
	cmd.Env = append(os.Environ(), "LISTEN_FDS=1")
	cmd.ExtraFiles = []*os.File{f}
	begun := time.Now()
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	answer, err := bufio.NewReader(c).ReadString('\n')
	took = time.Since(begun)
	if err != nil || !strings.Contains(answer, "200") {
		b.Errorf("the relay answers %q, %v", answer, err)
	}
	resident = residentOf(b, cmd.Process.Pid)
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		b.Error(err)
	}
	if err := cmd.Wait(); err != nil {
		b.Errorf("the relay ended with %v", err)
	}
	return took, resident
}

// residentOf reads how much of a process is in memory, in bytes.
func residentOf(b *testing.B, pid int) int64 {
	b.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		b.Fatal(err)
	}
	m := regexp.MustCompile(`(?m)^VmRSS:\s+(\d+) kB$`).FindSubmatch(text)
	if m == nil {
		b.Fatal("the kernel does not say how much memory is resident")
	}
	kb, err := strconv.ParseInt(string(m[1]), 10, 64)
	if err != nil {
		b.Fatal(err)
	}
	return kb << 10
}
