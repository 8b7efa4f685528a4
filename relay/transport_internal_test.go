package relay

import (
	"bytes"
	"errors"
	"io"
	"net"
	"os"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/coder/websocket"

	"sotto/wire"
)

// awaiting returns how many sockets wait where little memory is needed, and how
// many buffers are out.
func awaiting(rl *Relay) (sockets int, buffers int64) {
	stacks := make([]byte, 1<<20)
	stacks = stacks[:runtime.Stack(stacks, true)]
	return strings.Count(string(stacks), "relay.(*transport).await("), rl.buffers.Live()
}

// A socket waits for messages without a buffer and outside the library, also when
// control frames came in between, and everything still reaches it.
func TestAwait_ControlFrames(t *testing.T) {
	inside(t, Config{}, func(t *testing.T, rl *Relay, _ *bytes.Buffer, dial func(byte) *websocket.Conn) {
		ws := dial('a')
		joinAs(t, ws, '1')
		waits := func(after string) {
			t.Helper()
			synctest.Wait()
			if n, buffers := awaiting(rl); n != 1 || buffers != 0 {
				t.Errorf("after %s %d sockets wait, with %d buffers; want 1 and 0", after, n, buffers)
			}
		}
		waits("a join")
		heard := make(chan error, 1)
		ask := func() {
			if err := ws.Write(t.Context(), websocket.MessageText, []byte(`{"event":"redeem_extension","ref":"2"}`)); err != nil {
				t.Fatal(err)
			}
			if err := <-heard; err != nil {
				t.Error(err)
			}
		}
		go func() {
			for {
				_, _, err := ws.Read(t.Context())
				heard <- err
				if err != nil {
					return
				}
			}
		}()
		if err := ws.Ping(t.Context()); err != nil {
			t.Error(err)
		}
		waits("a ping")
		ask()
		time.Sleep(DefaultPingInterval) // the relay pings
		waits("a pong")
		ask()
		waits("a message")
	})
}

// kernelPair returns a connection of the kernel and its peer.
func kernelPair(t *testing.T) (ours, peer net.Conn) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	if peer, err = net.Dial("tcp", l.Addr().String()); err != nil {
		t.Fatal(err)
	}
	if ours, err = l.Accept(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = ours.Close(); _ = peer.Close() })
	return ours, peer
}

// oneBuffer is a lender that tells when it has its buffer back.
type oneBuffer struct {
	bytes     [10]byte
	takenBack chan struct{}
}

func (b *oneBuffer) Lend() []byte { return b.bytes[:] }

func (b *oneBuffer) TakeBack() {
	select {
	case b.takenBack <- struct{}{}:
	default:
	}
}

// A socket of the kernel writes what there is room for and does not wait; it reads
// what comes, and meets deadlines and the end.
func TestPromptSocket(t *testing.T) {
	ours, peer := kernelPair(t)
	p := promptOf(ours)
	if p == nil {
		t.Fatal("a socket of the kernel is not prompt")
	}
	much := bytes.Repeat([]byte("x"), 64<<20)
	n, err := p.WriteReady(much)
	if err != nil || n == 0 || n == len(much) {
		t.Fatalf("WriteReady = %d, %v; want a part", n, err)
	}
	if more, err := p.WriteReady(much); err != nil || more != 0 && more == len(much) {
		t.Fatalf("WriteReady with no room = %d, %v", more, err)
	}
	if _, err := io.CopyN(io.Discard, peer, int64(n)); err != nil {
		t.Fatal(err)
	}
	buf := &oneBuffer{takenBack: make(chan struct{}, 1)}
	_ = ours.SetReadDeadline(time.Now().Add(5 * time.Minute)) // ends a wait with the buffer
	go func() {
		<-buf.takenBack // it waits without
		if _, err := peer.Write([]byte("said")); err != nil {
			t.Error(err)
		}
	}()
	if n, err := p.ReadReady(buf); err != nil || string(buf.bytes[:n]) != "said" {
		t.Errorf("ReadReady = %q, %v", buf.bytes[:n], err)
	}
	_ = ours.SetReadDeadline(time.Now())
	if _, err := p.ReadReady(buf); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("ReadReady after its deadline: %v", err)
	}
	_ = ours.SetReadDeadline(time.Time{})
	_ = peer.(*net.TCPConn).CloseWrite()
	if n, err := p.ReadReady(buf); n != 0 || err != nil {
		t.Errorf("ReadReady at the end = %d, %v", n, err)
	}
	_ = ours.Close()
	if _, err := p.WriteReady(much[:1]); !errors.Is(err, net.ErrClosed) {
		t.Errorf("WriteReady when closed: %v", err)
	}
}

// A type around a connection keeps its own Read and Write.
func TestPromptOf_NotOfAWrapper(t *testing.T) {
	ours, _ := kernelPair(t)
	type wrapper struct{ *net.TCPConn }
	if promptOf(wrapper{ours.(*net.TCPConn)}) != nil {
		t.Error("the wrapper is passed by")
	}
	if promptOf(&countedConn{Conn: ours}) == nil {
		t.Error("Relay.Listener's own wrapper is not looked into")
	}
}

// What came before the upgrade is read first.
func TestTransport_Keep(t *testing.T) {
	ours, peer := kernelPair(t)
	buffers := wire.NewBuffers(4 << 10)
	tr := newTransport(ours, buffers, -1)
	tr.keep([]byte("early"))
	if _, err := peer.Write([]byte("late")); err != nil {
		t.Fatal(err)
	}
	got := make([]byte, 9)
	if _, err := io.ReadFull(tr, got); err != nil || string(got) != "earlylate" {
		t.Errorf("read %q, %v", got, err)
	}
	if n := buffers.Live(); n != 0 {
		t.Errorf("%d buffers are out", n)
	}
}
