package bench

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"
)

const (
	floodEnv     = "SOTTO_BENCH_FLOOD"
	floodAddrEnv = "SOTTO_BENCH_FLOOD_ADDR"

	// floodSockets is about what one address may open at once.
	floodSockets = 100
	// floodFrom is the address of the flood, which has allowances of its own.
	floodFrom = "127.0.0.2"
	// floodRooms is the number of the first room of the flood.
	floodRooms = 1_000_000
)

// A flood is what someone hostile does from one address, without pause.
type flood struct {
	// prepare opens connection n and brings it to where the flood begins.
	prepare func(addr string, n int) (net.Conn, error)
	// bytes are what it then sends, again and again.
	bytes []byte
	// act is done again and again instead, by floods that are no stream.
	act func(addr string)
}

var floods = map[string]flood{
	"typing":     {prepare: joinedConn, bytes: bytes.Repeat(frame(`{"event":"typing"}`), 200)},
	"messages":   {prepare: joinedConn, bytes: bytes.Repeat(message, 30)},
	"garbage":    {prepare: upgradedConn, bytes: bytes.Repeat(frame(strings.Repeat(`{"a":[`, 20)), 100)},
	"unjoined":   {prepare: upgradedConn, bytes: bytes.Repeat(frame(`{"event":"read_receipt","ref":"1"}`), 100)},
	"joins":      {prepare: upgradedConn, bytes: bytes.Repeat(frame(wrongJoin), 50)},
	"pings":      {prepare: joinedConn, bytes: bytes.Repeat([]byte{0x89, 0x80, 0, 0, 0, 0}, 1000)},
	"fragments":  {prepare: fragmentedConn, bytes: bytes.Repeat([]byte{0x00, 0x80, 0, 0, 0, 0}, 1000)},
	"big frames": {prepare: joinedConn, bytes: append([]byte{0x81, 0xff, 0x7f, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}, make([]byte, 1<<16)...)},
	"requests":   {act: ask},
	"handshakes": {act: knock},
	"half open":  {act: linger},
}

const wrongJoin = `{"event":"join","ref":"1","data":{"sender_hash":"` +
	`0000000000000000000000000000000000000000000000000000000000000009","access_hash":"` +
	`0000000000000000000000000000000000000000000000000000000000000009","intent":"enter"}}`

// dialFrom dials from an address. All of 127/8 is this machine, on Linux.
func dialFrom(from, addr string) (net.Conn, error) {
	d := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(from)}}
	return d.Dial("tcp", addr)
}

func dialFlood(addr string) (net.Conn, error) { return dialFrom(floodFrom, addr) }

func upgradedConn(addr string, n int) (net.Conn, error) {
	s, err := floodSocket(addr, n)
	if err != nil {
		return nil, err
	}
	return s.conn, nil
}

func floodSocket(addr string, n int) (*socket, error) {
	conn, err := dialFlood(addr)
	if err != nil {
		return nil, err
	}
	return upgrade(conn, roomPath(floodRooms+n/16))
}

// joinedConn fills rooms with eight sockets a seat.
func joinedConn(addr string, n int) (net.Conn, error) {
	s, err := floodSocket(addr, n)
	if err != nil {
		return nil, err
	}
	if err := s.join(n % 2); err != nil {
		return nil, err
	}
	return s.conn, nil
}

// fragmentedConn begins a message that never ends.
func fragmentedConn(addr string, n int) (net.Conn, error) {
	conn, err := joinedConn(addr, n)
	if err != nil {
		return nil, err
	}
	_, err = conn.Write([]byte{0x01, 0x80, 0, 0, 0, 0})
	return conn, err
}

// linger opens connections, as many as it gets, and says nothing over them until
// the relay has had enough of the last.
func linger(addr string) {
	var last net.Conn
	for range 10 {
		conn, err := dialFlood(addr)
		if err != nil {
			continue // the relay takes no more of one address
		}
		defer func() { _ = conn.Close() }()
		last = conn
	}
	if last != nil {
		_, _ = io.Copy(io.Discard, last)
	}
}

// knock asks for a socket, is let in or refused, and goes.
func knock(addr string) {
	conn, err := dialFlood(addr)
	if err != nil {
		return
	}
	defer func() { _ = conn.Close() }()
	_, _ = upgrade(conn, roomPath(floodRooms))
}

var requests = bytes.Repeat([]byte("GET /api/config HTTP/1.1\r\nHost: relay.test\r\n\r\n"), 200)

// ask asks without waiting for answers, for as long as the connection is there.
func ask(addr string) {
	conn, err := dialFlood(addr)
	if err != nil {
		return
	}
	defer func() { _ = conn.Close() }()
	go func() { _, _ = io.Copy(io.Discard, conn) }()
	for {
		if _, err := conn.Write(requests); err != nil {
			return
		}
	}
}

// floodChild prepares the flood, says that it has, and begins when told to. It
// ends with its standard input.
func floodChild(name, addr string) error {
	f, ok := floods[name]
	if !ok {
		return fmt.Errorf("no flood %q", name)
	}
	conns := make([]net.Conn, floodSockets)
	if f.prepare != nil {
		var wg sync.WaitGroup
		errs := make([]error, len(conns))
		for n := range conns {
			wg.Go(func() { conns[n], errs[n] = f.prepare(addr, n) })
		}
		wg.Wait()
		if err := errors.Join(errs...); err != nil {
			return err
		}
	}
	fmt.Println("ready") // the parent reads it
	in := bufio.NewReader(os.Stdin)
	if _, err := in.ReadString('\n'); err != nil {
		return err
	}
	for n := range conns { // all of it ends with the process
		switch {
		case f.act != nil:
			go func() {
				for {
					f.act(addr)
				}
			}()
		case len(f.bytes) > 0:
			go func() { _, _ = io.Copy(io.Discard, conns[n]) }()
			go func() {
				for {
					if _, err := conns[n].Write(f.bytes); err != nil {
						return
					}
				}
			}()
		}
	}
	_, err := io.Copy(io.Discard, in)
	return err
}

// startFlood prepares a flood in a process of its own and returns what begins
// and what ends it. The process has the lowest priority: the processor time
// that the flood's own work takes from others on this machine is not the
// question.
func startFlood(b *testing.B, name, addr string) (begin, end func()) {
	b.Helper()
	cmd := exec.Command("nice", "-n", "19", os.Args[0])
	cmd.Env = append(os.Environ(), floodEnv+"="+name, floodAddrEnv+"="+addr)
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
	var once sync.Once
	end = func() { once.Do(func() { _ = in.Close(); _ = cmd.Wait() }) }
	b.Cleanup(end)
	if line, err := bufio.NewReader(out).ReadString('\n'); err != nil {
		b.Fatalf("flood said %q: %v", line, err)
	}
	begin = func() {
		if _, err := io.WriteString(in, "begin\n"); err != nil {
			b.Fatal(err)
		}
		<-time.After(100 * time.Millisecond) // until it is under way
	}
	return begin, end
}
