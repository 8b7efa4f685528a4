package bench

import (
	"bufio"
	"context"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/prometheus/client_golang/prometheus"

	"sotto/internal/selfsigned"
	"sotto/relay"
)

// serverKind is what a child process serves.
type serverKind string

const (
	relayServer  serverKind = "relay"
	tlsServer    serverKind = "tls" // the relay under TLS
	fanoutServer serverKind = "fanout"
	echoServer   serverKind = "echo"
)

const childEnv = "SOTTO_BENCH_SERVER"

func TestMain(m *testing.M) {
	kind := os.Getenv(childEnv)
	if kind == "" {
		os.Exit(m.Run())
	}
	if err := child(serverKind(kind)); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// usage is what a child says of its memory, after giving back what it can.
type usage struct {
	RSS  uint64 // bytes in RAM
	Live uint64 // bytes of live heap objects and of stacks
	// Rooms and Sockets are the relay's own count.
	Rooms, Sockets int
	// LockWaits is how long its goroutines waited for locks; Locks are the most
	// waited for since watchLocks.
	LockWaits time.Duration
	Locks     []string
}

// figures are where a child's relay tells of itself.
var figures = prometheus.NewRegistry()

// child serves on a free port. It prints its address, then its usage for every
// line it reads, which may be watchLocks, and ends with its standard input.
func child(kind serverKind) error {
	handler, err := newHandler(kind)
	if err != nil {
		return err
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Println(l.Addr()) // the parent reads it
	if rl, ok := handler.(*relay.Relay); ok {
		l = rl.Listener(l)
	}
	srv := httptest.NewUnstartedServer(handler) // ends with the process
	srv.Listener = l
	if kind == tlsServer {
		srv.TLS = &tls.Config{Certificates: []tls.Certificate{selfsigned.New(1).TLS()}, MinVersion: tls.VersionTLS13}
		srv.StartTLS()
	} else {
		srv.Start()
	}
	in := bufio.NewScanner(os.Stdin)
	for in.Scan() {
		if in.Text() == watchLocks {
			runtime.SetMutexProfileFraction(1)
		}
		u, err := measure()
		if err != nil {
			return err
		}
		if err := json.NewEncoder(os.Stdout).Encode(u); err != nil {
			return err
		}
	}
	return in.Err()
}

func measure() (usage, error) {
	debug.FreeOSMemory()
	debug.FreeOSMemory() // what finalizers kept goes now
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	statm, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		return usage{}, err
	}
	pages, err := strconv.ParseUint(strings.Fields(string(statm))[1], 10, 64)
	if err != nil {
		return usage{}, err
	}
	u := usage{
		RSS: pages * uint64(os.Getpagesize()), Live: m.HeapAlloc + m.StackInuse,
		LockWaits: lockWaits(), Locks: topLocks(5),
	}
	families, err := figures.Gather()
	for _, f := range families {
		switch f.GetName() {
		case "sotto_rooms":
			u.Rooms = int(f.Metric[0].GetGauge().GetValue())
		case "sotto_connections":
			u.Sockets = int(f.Metric[0].GetGauge().GetValue())
		}
	}
	return u, err
}

func newHandler(kind serverKind) (http.Handler, error) {
	switch kind {
	case relayServer, tlsServer:
		return relay.New(relay.Config{
			CreateRate: -1, UpgradeRate: -1, FrameRate: -1, MaxConns: -1, MaxConnsPerAddress: -1,
			MaxRooms: -1, JoinFloor: -1, Registerer: figures,
		})
	case fanoutServer:
		return &fanout{pairs: make(map[string]*pair)}, nil
	case echoServer:
		return http.HandlerFunc(echo), nil
	}
	return nil, fmt.Errorf("no server %q", kind)
}

func echo(w http.ResponseWriter, r *http.Request) {
	c, err := websocket.Accept(w, r, nil)
	if err != nil {
		return
	}
	defer func() { _ = c.CloseNow() }()
	for {
		kind, p, err := c.Read(context.Background())
		if err != nil {
			return
		}
		if err := c.Write(context.Background(), kind, p); err != nil {
			return
		}
	}
}

// fanout pairs sockets by their path.
type fanout struct {
	mu    sync.Mutex
	pairs map[string]*pair
}

type pair struct {
	mu    sync.Mutex
	socks []*websocket.Conn
}

var acknowledgement = []byte(`{"ref":"1","ok":{"message_id":"00000000-0000-4000-8000-000000000000"}}`)

func (f *fanout) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c, err := websocket.Accept(w, r, nil)
	if err != nil {
		return
	}
	defer func() { _ = c.CloseNow() }()
	f.mu.Lock()
	p := f.pairs[r.URL.Path]
	if p == nil {
		p = new(pair)
		f.pairs[r.URL.Path] = p
	}
	f.mu.Unlock()
	p.mu.Lock()
	p.socks = append(p.socks, c)
	p.mu.Unlock()
	// The answer to a join: the client waits for it, so that its socket is in.
	if err := c.Write(context.Background(), websocket.MessageText, acknowledgement); err != nil {
		return
	}
	for {
		_, b, err := c.Read(context.Background())
		if err != nil {
			return
		}
		p.mu.Lock()
		for _, s := range p.socks {
			_ = s.Write(context.Background(), websocket.MessageText, b)
		}
		p.mu.Unlock()
		if err := c.Write(context.Background(), websocket.MessageText, acknowledgement); err != nil {
			return
		}
	}
}

// process is a server in a child process.
type process struct {
	kind serverKind
	addr string
	cmd  *exec.Cmd
	in   interface{ Close() error }
	ask  func(what string) error
	out  *bufio.Reader
	// sessions are TLS sessions to be resumed; nil for none.
	sessions tls.ClientSessionCache
}

func startServer(b *testing.B, kind serverKind) *process {
	b.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), childEnv+"="+string(kind))
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		b.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	p := &process{kind: kind, cmd: cmd, in: in, out: bufio.NewReader(out)}
	p.ask = func(what string) error { _, err := io.WriteString(in, what+"\n"); return err }
	b.Cleanup(p.stop)
	line, err := p.out.ReadString('\n')
	if err != nil {
		b.Fatal(err)
	}
	p.addr = strings.TrimSpace(line)
	return p
}

func (p *process) stop() {
	_ = p.in.Close()
	_ = p.cmd.Wait()
}

func (p *process) usage(b *testing.B) usage {
	b.Helper()
	return p.answer(b, "")
}

func (p *process) answer(b *testing.B, what string) usage {
	b.Helper()
	if err := p.ask(what); err != nil {
		b.Fatal(err)
	}
	var u usage
	line, err := p.out.ReadBytes('\n')
	if err == nil {
		err = json.Unmarshal(line, &u)
	}
	if err != nil {
		b.Fatal(err)
	}
	return u
}

// cpu is the processor time that the process has taken, to 10 ms: proc(5).
func (p *process) cpu(b *testing.B) time.Duration {
	b.Helper()
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", p.cmd.Process.Pid))
	if err != nil {
		b.Fatal(err)
	}
	_, after, _ := strings.Cut(string(stat), ") ") // of its name
	fields := strings.Fields(after)
	ticks := 0
	for _, field := range fields[11:13] { // in user mode and in the kernel
		n, err := strconv.Atoi(field)
		if err != nil {
			b.Fatal(err)
		}
		ticks += n
	}
	return time.Duration(ticks) * 10 * time.Millisecond
}
