package relay

import (
	"bufio"
	"bytes"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/coder/websocket"

	"sotto/relay/wire"
)

const (
	// readBuffer is the library's reader: a short frame in one system call;
	// what is longer goes straight into the relay's own buffers.
	readBuffer = 512
	// headBuffer is the library's writer: a frame header, and as little of the
	// payload as can be.
	headBuffer = 16
)

// originAllowed reports whether a request may come from where it says: its own
// origin, a configured one, or no page at all.
func originAllowed(r *http.Request, allowed []string) bool {
	origin := r.Header.Get("Origin")
	if origin == "" {
		return true
	}
	if slices.ContainsFunc(allowed, func(a string) bool { return strings.EqualFold(a, origin) }) {
		return true
	}
	u, err := url.Parse(origin)
	return err == nil && u.Host != "" && strings.EqualFold(u.Host, r.Host)
}

// isUpgrade reports whether the request asks for a WebSocket.
func isUpgrade(r *http.Request) bool {
	return hasToken(r.Header["Connection"], "upgrade") && hasToken(r.Header["Upgrade"], "websocket")
}

func hasToken(values []string, token string) bool {
	for _, v := range values {
		for _, t := range strings.Split(v, ",") {
			if strings.EqualFold(strings.TrimSpace(t), token) {
				return true
			}
		}
	}
	return false
}

// accept upgrades the request to a socket with small buffers. On an error it
// has answered; the error's text may hold Origin and Host and is not for logs.
func accept(w http.ResponseWriter, r *http.Request, buffers *wire.Buffers) (*websocket.Conn, net.Conn, *frameWriter, error) {
	h := &hijacker{ResponseWriter: w, out: &frameWriter{buffers: buffers}}
	ws, err := websocket.Accept(h, r, &websocket.AcceptOptions{
		InsecureSkipVerify: true, // originAllowed has decided
		CompressionMode:    websocket.CompressionDisabled,
	})
	if err != nil {
		return nil, nil, nil, err
	}
	ws.SetReadLimit(-1) // Buffers.ReadRequest keeps the limit, and has its own close code
	return ws, h.conn, h.out, nil
}

// hijacker hands the WebSocket library buffers of the relay's choice instead
// of the two of 4 KiB that come from net/http.
type hijacker struct {
	http.ResponseWriter
	conn net.Conn
	out  *frameWriter
}

// Hijack carries over what net/http has read beyond the request: a client may
// send its join right behind the handshake.
func (h *hijacker) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	conn, rw, err := http.NewResponseController(h.ResponseWriter).Hijack()
	if err != nil {
		return nil, nil, err
	}
	early, _ := rw.Reader.Peek(rw.Reader.Buffered()) // all of it is there
	early = bytes.Clone(early)
	in := bufio.NewReaderSize(io.MultiReader(bytes.NewReader(early), conn), max(readBuffer, len(early)))
	_, _ = in.Peek(len(early)) // the library carries over what is buffered, no more
	h.conn, h.out.to = conn, conn
	return conn, bufio.NewReadWriter(in, bufio.NewWriterSize(h.out, headBuffer)), nil
}
