package bench

import (
	"bufio"
	"crypto/tls"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"
)

// socket is the leanest WebSocket client there can be: frames are made before
// the clock runs, so that the servers' cost is what differs.
type socket struct {
	conn net.Conn
	in   *bufio.Reader
}

// socketLife is longer than any benchmark needs a socket.
const socketLife = 10 * time.Minute

func dial(addr, path string) (*socket, error) {
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		return nil, err
	}
	return upgrade(conn, path)
}

// dial opens a socket at the server, under TLS if it speaks that.
func (p *process) dial(path string) (*socket, error) {
	if p.kind != tlsServer {
		return dial(p.addr, path)
	}
	conn, err := tls.Dial("tcp", p.addr, &tls.Config{InsecureSkipVerify: true, ClientSessionCache: p.sessions})
	if err != nil {
		return nil, err
	}
	return upgrade(conn, path)
}

func upgrade(conn net.Conn, path string) (*socket, error) {
	// A benchmark that hangs fails instead.
	if err := conn.SetDeadline(time.Now().Add(socketLife)); err != nil {
		return nil, err
	}
	s := &socket{conn: conn, in: bufio.NewReaderSize(conn, 2048)}
	_, err := io.WriteString(conn, "GET "+path+" HTTP/1.1\r\nHost: relay.test"+
		"\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"+
		"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n")
	if err != nil {
		return nil, err
	}
	res, err := http.ReadResponse(s.in, nil)
	if err != nil {
		return nil, err
	}
	_ = res.Body.Close()
	if res.StatusCode != http.StatusSwitchingProtocols {
		return nil, fmt.Errorf("upgrade answered %d", res.StatusCode)
	}
	return s, nil
}

// frame makes a masked text frame: RFC 6455, section 5.2. The mask is zero,
// which is valid and leaves the payload as it is.
func frame(payload string) []byte {
	b := []byte{0x81}
	switch n := len(payload); {
	case n < 126:
		b = append(b, 0x80|byte(n))
	case n < 1<<16:
		b = append(b, 0x80|126)
		b = binary.BigEndian.AppendUint16(b, uint16(n))
	default:
		b = append(b, 0x80|127)
		b = binary.BigEndian.AppendUint64(b, uint64(n))
	}
	b = append(b, 0, 0, 0, 0)
	return append(b, payload...)
}

var errNotText = errors.New("a frame that is not text")

// skip reads one frame and throws it away.
func (s *socket) skip() error {
	_, err := s.read(0)
	return err
}

// read returns the first bytes of one frame's payload.
func (s *socket) read(keep int) ([]byte, error) {
	head, err := s.in.Peek(2)
	if err != nil {
		return nil, err
	}
	if head[0] != 0x81 {
		return nil, errNotText
	}
	size, skip := int(head[1]), 2
	if size == 126 {
		if head, err = s.in.Peek(4); err != nil {
			return nil, err
		}
		size, skip = int(binary.BigEndian.Uint16(head[2:])), 4
	}
	if _, err := s.in.Discard(skip); err != nil {
		return nil, err
	}
	kept := make([]byte, min(keep, size))
	if _, err := io.ReadFull(s.in, kept); err != nil {
		return nil, err
	}
	_, err = s.in.Discard(size - len(kept))
	return kept, err
}

// roomPath is that of room n. Hashes differ in their first byte, as real ones do.
func roomPath(n int) string { return fmt.Sprintf("/room/%02x%062x/ws", n%256, n) }

// join joins a seat of room n and reads the answer.
func (s *socket) join(seat int) error {
	_, err := s.conn.Write(frame(fmt.Sprintf(
		`{"event":"join","ref":"1","data":{"sender_hash":"%064x","access_hash":"%064x"}}`, 2+seat, 4+seat)))
	if err != nil {
		return err
	}
	answer, err := s.read(64)
	if err == nil && !strings.HasPrefix(string(answer), `{"ref":"1","ok":{`) {
		return fmt.Errorf("join answered %q", answer)
	}
	return err
}
