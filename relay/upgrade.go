package relay

import (
	"bufio"
	"maps"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/coder/websocket"
)

const (
	// readBuffer is the size of the library's reader where the transport does not
	// read ahead. It holds a short frame, so that one read gets it; longer ones are
	// read straight into the relay's own buffers.
	readBuffer = 512
	// headBuffer is the size of the library's writer, and of its reader where the
	// transport reads ahead: a frame header, and as little of the payload as possible.
	headBuffer = 16
)

// originAllowed reports whether a request comes from the relay's own origin, an
// allowed one, or no page at all. A page over plain HTTP is not of the relay's
// origin where that is known to be https. Browsers send no Origin where the answer
// stays hidden from the page: then Sec-Fetch-Site tells, and a page may only lead
// here.
func originAllowed(r *http.Request, cfg *Config) bool {
	origins := r.Header.Values("Origin")
	switch len(origins) {
	case 0:
		switch r.Header.Get("Sec-Fetch-Site") {
		case "cross-site", "same-site": // another port is next door
			return r.Header.Get("Sec-Fetch-Dest") == "document"
		}
		return true
	case 1:
	default:
		return false
	}
	origin := origins[0]
	if slices.ContainsFunc(cfg.AllowedOrigins, func(a string) bool { return strings.EqualFold(a, origin) }) {
		return true
	}
	scheme, host, ok := strings.Cut(origin, "://")
	return ok && (scheme == "https" || scheme == "http" && !overTLS(r, cfg.TrustedProxies)) &&
		host != "" && strings.EqualFold(host, r.Host)
}

// overTLS reports whether the client is known to speak TLS: to the relay, or to
// a trusted proxy that says so. The last value is the nearest proxy's own.
func overTLS(r *http.Request, trusted []netip.Prefix) bool {
	if r.TLS != nil {
		return true
	}
	values := r.Header.Values("X-Forwarded-Proto")
	if len(values) == 0 || !isTrusted(new(hostAddr(r.RemoteAddr)), trusted) {
		return false
	}
	last := values[len(values)-1]
	return strings.EqualFold(strings.TrimSpace(last[strings.LastIndexByte(last, ',')+1:]), "https")
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

// accept upgrades the request to a socket with small buffers. When it can't, it
// returns no socket and what to answer.
func (rl *Relay) accept(w http.ResponseWriter, r *http.Request) (ws *websocket.Conn, h *handshake, refused answer) {
	h = &handshake{to: w, header: make(http.Header), frameRate: rl.cfg.FrameRate, out: &frameWriter{buffers: rl.buffers}}
	defer func() {
		if ws == nil && h.conn != nil { // taken over from net/http, and then something failed
			_ = h.conn.Close()
			h.conn.release()
		}
	}()
	ws, err := websocket.Accept(h, r, &websocket.AcceptOptions{
		InsecureSkipVerify: true, // originAllowed has decided
		CompressionMode:    websocket.CompressionDisabled,
	})
	if err != nil {
		return nil, h, h.refusal()
	}
	ws.SetReadLimit(-1) // Buffers.ReadRequest keeps the limit, and has its own close code
	return ws, h, answer{}
}

// handshake stands between the WebSocket library and net/http. It keeps only the
// status of the library's refusals, which quote the request, and gives a good
// handshake small buffers instead of net/http's two of 4 KiB.
type handshake struct {
	to     http.ResponseWriter
	header http.Header
	status int
	// agreed: the good answer was sent, so no other can be.
	agreed    bool
	frameRate int
	conn      *transport
	out       *frameWriter
}

func (h *handshake) Header() http.Header         { return h.header }
func (h *handshake) WriteHeader(status int)      { h.status = status }
func (h *handshake) Write(p []byte) (int, error) { return len(p), nil }

// Hijack sends the library's good answer and carries over what net/http has
// read beyond the request: a client may send its join right behind it.
func (h *handshake) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	if !canHijack(h.to) {
		return nil, nil, http.ErrNotSupported
	}
	h.agreed = true
	maps.Copy(h.to.Header(), h.header)
	h.to.WriteHeader(h.status)
	control := http.NewResponseController(h.to)
	// For the answer; Hijack removes it. Where it can't be set, the server's own
	// deadline holds.
	_ = control.SetWriteDeadline(time.Now().Add(writeDeadline))
	conn, rw, err := control.Hijack()
	if err != nil {
		return nil, nil, err
	}
	early, _ := rw.Peek(rw.Reader.Buffered()) // all of it is there
	h.conn = newTransport(conn, h.out.buffers, h.frameRate)
	h.conn.keep(early)
	size := readBuffer
	if h.conn.prompt != nil {
		size = headBuffer // the transport has a buffer while it needs one
	}
	// The library carries over what its reader has buffered, and reads from its own
	// connection only then.
	return h.conn, bufio.NewReadWriter(bufio.NewReaderSize(h.conn, size), bufio.NewWriterSize(h.out, headBuffer)), nil
}

// canHijack reports whether there is a connection to take over behind w.
// Asking http.ResponseController means taking it.
func canHijack(w http.ResponseWriter) bool {
	for {
		switch t := w.(type) {
		case http.Hijacker:
			return true
		case interface{ Unwrap() http.ResponseWriter }:
			w = t.Unwrap()
		default:
			return false
		}
	}
}

// refusal is the answer to a handshake that the library refused.
func (h *handshake) refusal() answer {
	switch {
	case h.agreed:
		return httpBroken
	case h.status == http.StatusUpgradeRequired:
		return httpOldVersion
	case h.status == http.StatusBadRequest:
		h.to.Header().Set("Sec-WebSocket-Version", "13")
		return httpBadHandshake
	}
	return httpCantUpgrade
}
