package haproxy_test

import (
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"golang.org/x/net/dns/dnsmessage"

	"sotto/deploy/internal/kit"
)

// Relays are found by name while HAProxy runs: it starts before there is an
// answer, goes on when there is none any more, and follows a relay that moves.
func TestNames(t *testing.T) {
	t.Parallel()
	names := serveNames(t)
	c := newCluster(t, 0, func(_ *cluster, config string) string {
		config = kit.Swap(t, config, "parse-resolv-conf", "nameserver test "+names.addr)
		config = kit.Swap(t, config, "timeout resolve 2s", "timeout resolve 100ms")
		return kit.Swap(t, config, "hold valid 5s", "hold valid 100ms")
	})
	answers := func(what string, status int) {
		t.Helper()
		if err := c.edge.Answers(c.url+"/api/config", status); err != nil {
			t.Fatalf("%s: %v", what, err)
		}
	}
	answers("no name is known", http.StatusServiceUnavailable)

	c.startRelay(1)
	names.point(c.address(1))
	answers("the name is known", http.StatusOK)

	names.point("")
	asked := names.asked.Load()
	for deadline := time.After(patience); names.asked.Load() < asked+20; {
		select {
		case <-time.After(20 * time.Millisecond):
		case <-deadline:
			t.Fatal("HAProxy has ceased to ask")
		}
	}
	if res, _ := kit.Get(t, from(1), c.url+"/api/config"); res.StatusCode != http.StatusOK {
		t.Errorf("the name server is silent, the relay is not: %s", res.Status)
	}

	c.startRelay(2)
	names.point(c.address(2))
	_ = c.relays[1].Stop(syscall.SIGKILL)
	delete(c.relays, 1)
	answers("the relay has another address", http.StatusOK)
}

// names is a name server that has one address, or none and fails, for every
// relay1, and knows no other name.
type names struct {
	addr    string
	current atomic.Pointer[net.IP]
	asked   atomic.Int64
}

func serveNames(t *testing.T) *names {
	t.Helper()
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	n := &names{addr: conn.LocalAddr().String()}
	done := make(chan struct{})
	t.Cleanup(func() {
		_ = conn.Close()
		<-done
	})
	go func() {
		defer close(done)
		buf := make([]byte, 8192)
		for {
			size, from, err := conn.ReadFrom(buf)
			if err != nil {
				return
			}
			if answer, ok := n.answer(buf[:size]); ok {
				_, _ = conn.WriteTo(answer, from)
			}
		}
	}()
	return n
}

func (n *names) point(address string) {
	ip := net.ParseIP(address).To4()
	n.current.Store(&ip)
}

func (n *names) answer(query []byte) ([]byte, bool) {
	var m dnsmessage.Message
	if m.Unpack(query) != nil || len(m.Questions) != 1 {
		return nil, false
	}
	q := m.Questions[0]
	m.Response, m.Additionals = true, nil
	ip := n.current.Load()
	switch first := strings.HasPrefix(q.Name.String(), "relay1."); {
	case first && (ip == nil || *ip == nil):
		n.asked.Add(1)
		m.RCode = dnsmessage.RCodeServerFailure
	case !first:
		m.RCode = dnsmessage.RCodeNameError
	case q.Type == dnsmessage.TypeA:
		m.Answers = []dnsmessage.Resource{{
			Header: dnsmessage.ResourceHeader{Name: q.Name, Class: q.Class, TTL: 1},
			Body:   &dnsmessage.AResource{A: [4]byte(*ip)},
		}}
	}
	answer, err := m.Pack()
	return answer, err == nil
}
