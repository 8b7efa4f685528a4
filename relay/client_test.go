package relay_test

import (
	"bufio"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"maps"
	"net"
	"net/http"
	"net/netip"
	"reflect"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

type object = map[string]any

// client is a WebSocket client as anyone might write it: it knows RFC 6455 and
// encoding/json, and nothing of wire. A goroutine reads all the time and
// answers pings; methods that expect something fail the test.
type client struct {
	t    testing.TB
	conn net.Conn
	// inbox has what came, in order; the last is the end.
	inbox chan arrival
	refs  int
	// patience is how long the client waits for what must come.
	patience time.Duration
	// deaf clients leave pings without a pong.
	deaf atomic.Bool
	// writing is full while someone writes. It is no mutex, as whoever waits for
	// one keeps time from passing.
	writing chan struct{}
	// answered is set once a close frame was sent.
	answered atomic.Bool

	mu sync.Mutex // guards what follows
	// frozen is what the reader waits for, if anything: see freeze.
	frozen chan struct{}
	// pings are the times at which pings came, lastPing what was in the last.
	pings    []time.Time
	lastPing []byte
}

// arrival is a text frame, or the end of the socket.
type arrival struct {
	at   time.Time
	text string
	// ended: code and reason are those of the close frame, code 0 if none came.
	ended  bool
	code   int
	reason string
}

// within is long enough for a join's floor, in virtual time.
const within = 2 * time.Second

// dialOptions say how a client connects; the zero value is the usual.
type dialOptions struct {
	from     netip.Addr
	capacity int
	target   string // instead of the room's
	lines    []string
	// first is sent in one write with the handshake.
	first []byte
	deaf  bool
	// inbox is for how many arrivals there is room; 0: for those of a flood.
	inbox int
}

// dial opens a socket to the room called name.
func (w *world) dial(name string) *client {
	w.t.Helper()
	return w.dialWith(name, dialOptions{})
}

func (w *world) dialWith(name string, o dialOptions) *client {
	w.t.Helper()
	conn, resp, br := w.upgrade(name, o)
	if resp.StatusCode != http.StatusSwitchingProtocols {
		w.t.Fatalf("upgrade was answered %s", resp.Status)
	}
	return startClient(w.t, conn, br, o)
}

// upgrade asks for a socket and returns whatever the answer is.
func (w *world) upgrade(name string, o dialOptions) (net.Conn, *http.Response, *bufio.Reader) {
	w.t.Helper()
	conn, target := w.connectWith(o), o.target
	if target == "" {
		target = roomPath(name)
	}
	resp, br, err := handshake(conn, o.first, target, o.lines...)
	if err != nil {
		w.t.Fatalf("handshake: %v", err)
	}
	return conn, resp, br
}

// roomPath is the path of the room called name.
func roomPath(name string) string { return "/room/" + hash(name) + "/ws" }

func startClient(t testing.TB, conn net.Conn, br *bufio.Reader, o dialOptions) *client {
	size := o.inbox
	if size == 0 {
		size = 1 << 14
	}
	c := &client{
		t: t, conn: conn, patience: within,
		inbox: make(chan arrival, size), writing: make(chan struct{}, 1),
	}
	c.deaf.Store(o.deaf)
	read := make(chan struct{})
	go func() {
		defer close(read)
		c.read(br)
	}()
	t.Cleanup(func() {
		_ = conn.Close()
		c.thaw()
		<-read
	})
	return c
}

// read is the client's goroutine.
func (c *client) read(br *bufio.Reader) {
	for {
		c.awaitThaw()
		op, payload, err := readFrame(br)
		now := time.Now()
		switch {
		case err != nil:
			c.inbox <- arrival{at: now, ended: true}
			return
		case op == opText:
			c.inbox <- arrival{at: now, text: string(payload)}
		case op == opPing:
			c.mu.Lock()
			c.pings, c.lastPing = append(c.pings, now), payload
			c.mu.Unlock()
			if !c.deaf.Load() {
				c.write(frameBytes(finBit|opPong, payload))
			}
		case op == opPong:
		case op == opClose && len(payload) >= 2:
			c.sendClose(payload)
			c.inbox <- arrival{
				at: now, ended: true,
				code: int(binary.BigEndian.Uint16(payload)), reason: string(payload[2:]),
			}
			return
		default:
			c.t.Errorf("the relay sent opcode %x with %d bytes", op, len(payload))
		}
	}
}

// freeze makes the client read nothing, but for one frame more.
func (c *client) freeze() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.frozen = make(chan struct{})
}

// thaw ends freeze.
func (c *client) thaw() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.frozen != nil {
		close(c.frozen)
		c.frozen = nil
	}
}

func (c *client) awaitThaw() {
	c.mu.Lock()
	frozen := c.frozen
	c.mu.Unlock()
	if frozen != nil {
		<-frozen
	}
}

// write sends bytes as they are; a socket that is gone swallows them.
func (c *client) write(b []byte) {
	c.writing <- struct{}{}
	_, _ = c.conn.Write(b)
	<-c.writing
}

// sendClose sends a close frame, once.
func (c *client) sendClose(payload []byte) {
	if !c.answered.Swap(true) {
		c.write(frameBytes(finBit|opClose, payload))
	}
}

// leave closes the socket in an orderly way and waits for the answer.
func (c *client) leave() {
	c.t.Helper()
	c.sendClose(binary.BigEndian.AppendUint16(nil, 1000))
	c.closed(1000, "")
}

// say sends text as one text frame.
func (c *client) say(text string) { c.write(textFrame(text)) }

// post sends an event with a new ref, which it returns. A nil data is left out.
func (c *client) post(event string, data any) (ref string) {
	c.t.Helper()
	c.refs++
	ref = fmt.Sprint("r", c.refs)
	frame := object{"event": event, "ref": ref}
	if data != nil {
		frame["data"] = data
	}
	c.sayJSON(frame)
	return ref
}

func (c *client) sayJSON(v any) {
	c.t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		c.t.Fatal(err)
	}
	c.say(string(text))
}

// next returns what comes next within d.
func (c *client) next(d time.Duration) arrival {
	c.t.Helper()
	timeout := time.NewTimer(d)
	defer timeout.Stop()
	select {
	case m := <-c.inbox:
		return m
	case <-timeout.C:
		c.t.Fatalf("nothing came in %v", d)
		return arrival{}
	}
}

// frame returns the next text frame, decoded.
func (c *client) frame() object {
	c.t.Helper()
	m := c.next(c.patience)
	if m.ended {
		c.t.Fatalf("the socket ended with %d %q; want a frame", m.code, m.reason)
	}
	return decode(c.t, m.text)
}

func decode(t testing.TB, text string) object {
	t.Helper()
	var o object
	if err := json.Unmarshal([]byte(text), &o); err != nil {
		t.Fatalf("the relay sent %q: %v", text, err)
	}
	return o
}

// ok expects the good reply to ref, behind the broadcasts named, and returns
// what it says.
func (c *client) ok(ref string, behind ...string) object {
	c.t.Helper()
	for _, name := range behind {
		c.event(name)
	}
	return c.says("ref", ref, "ok")
}

// refused expects the bad reply to ref and returns its error object.
func (c *client) refused(ref string) object {
	c.t.Helper()
	return c.says("ref", ref, "error")
}

// says expects a frame with a field of this value and another, an object, which
// it returns.
func (c *client) says(field, value, other string) object {
	c.t.Helper()
	f := c.frame()
	wantKeys(c.t, f, field, other)
	data, isObject := f[other].(object)
	if f[field] != value || !isObject {
		c.t.Fatalf("got %v; want the %s of %s", f, other, value)
	}
	return data
}

// refusedFor expects the bad reply to ref, with a reason and nothing else.
func (c *client) refusedFor(ref, reason string) {
	c.t.Helper()
	want(c.t, "error", c.refused(ref), object{"reason": reason})
}

// event expects a broadcast and returns its data.
func (c *client) event(name string) object {
	c.t.Helper()
	return c.says("event", name, "data")
}

// paired expects to be told that the other seat is taken: party_paired, which
// other clients of std-1 read no time from, and the new end of the room.
func (c *client) paired() object {
	c.t.Helper()
	told := c.event("party_paired")
	want(c.t, "ttl_extended", c.event("ttl_extended"), told)
	return told
}

// closed expects the end of the socket with code, 0 for none.
func (c *client) closed(code int, reason string) {
	c.t.Helper()
	c.closedWithin(c.patience, code, reason)
}

// closedWithin is closed for what may take d; it returns when the end came.
func (c *client) closedWithin(d time.Duration, code int, reason string) time.Time {
	c.t.Helper()
	m := c.next(d)
	if !m.ended || m.code != code || m.reason != reason {
		c.t.Fatalf("got %+v; want the end with %d %q", m, code, reason)
	}
	return m.at
}

// silent expects that nothing more comes at this instant.
func (c *client) silent() {
	c.t.Helper()
	synctest.Wait()
	select {
	case m := <-c.inbox:
		c.t.Fatalf("got %+v; want nothing", m)
	default:
	}
}

// join joins as p and returns the ok.
func (c *client) join(p person, more ...any) object {
	c.t.Helper()
	return c.ok(c.post("join", p.joining(more...)))
}

// couple opens a room with ann and ben in it, both without extensions.
func (w *world) couple(name string) (a, b *client) {
	w.t.Helper()
	a, b = w.dial(name), w.dial(name)
	a.join(ann)
	b.join(ben)
	a.paired()
	return a, b
}

// extCouple is couple with extensions, so that large messages may pass.
func (w *world) extCouple(name string) (a, b *client) {
	w.t.Helper()
	a, b = w.dial(name), w.dial(name)
	a.join(ann, "ext", 1)
	a.event("presence")
	b.join(ben, "ext", 1)
	b.event("presence")
	a.paired()
	a.event("presence")
	return a, b
}

func wantKeys(t testing.TB, o object, keys ...string) {
	t.Helper()
	slices.Sort(keys)
	if got := slices.Sorted(maps.Keys(o)); !slices.Equal(got, keys) {
		t.Fatalf("keys %s; want %s", strings.Join(got, " "), strings.Join(keys, " "))
	}
}

func want(t testing.TB, what string, got, wanted any) {
	t.Helper()
	if !reflect.DeepEqual(got, wanted) {
		t.Fatalf("%s is %v; want %v", what, got, wanted)
	}
}
