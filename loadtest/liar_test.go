package loadtest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/coder/websocket"
)

// liar is a proxy before a relay that changes what passes: a relay that lies.
type liar struct {
	t     *testing.T
	relay *http.Client // dials the honest one
	lie   lie
	begun time.Time
	done  chan struct{} // closed at the end; ends what hangs

	mu    sync.Mutex // guards what follows, and rooms
	rooms map[string]*liedRoom
}

// lie is what the liar does. Each function may be nil, and is called with the
// liar's lock held.
type lie struct {
	// hangs after that time, if it is not 0.
	hangs time.Duration
	// cuts each room's first connections after that time, if it is not 0.
	cuts time.Duration
	// floor is the honest relay's for joins; 0: as always, negative: none.
	floor time.Duration
	// refuses returns a status in place of the handshake; 0 for none.
	refuses func(r *liedRoom) int
	// up and down return what goes on of a frame, and how much later.
	up   func(c *liedConn, f frame) ([]frame, time.Duration)
	down func(c *liedConn, f frame) ([]frame, time.Duration)
}

// liedRoom counts what passed.
type liedRoom struct {
	liar  *liar
	index int // among all rooms
	dials int
	conns []*liedConn
	seats []string // access hashes
	sends int
	slots []map[string]any // what new_message told of, in order
}

type liedConn struct {
	room         *liedRoom
	phone, relay *websocket.Conn
	told         int // new_message
}

// frame is a frame of either side.
type frame map[string]any

func (f frame) event() string { s, _ := f["event"].(string); return s }

func (f frame) data() map[string]any { d, _ := f["data"].(map[string]any); return d }

// ok answers a request.
func (f frame) ok(data map[string]any) frame { return frame{"ref": f["ref"], "ok": data} }

func (l *liar) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	l.mu.Lock()
	r := l.rooms[req.URL.Path]
	if r == nil {
		r = &liedRoom{liar: l, index: len(l.rooms)}
		l.rooms[req.URL.Path] = r
	}
	r.dials++
	status, cut := 0, l.lie.cuts
	if l.lie.refuses != nil {
		status = l.lie.refuses(r)
	}
	if r.dials > 2 {
		cut = 0
	}
	l.mu.Unlock()
	l.hang()
	if status != 0 {
		w.WriteHeader(status)
		return
	}
	relay, res, err := websocket.Dial(context.Background(), "http://relay.example"+req.URL.Path, &websocket.DialOptions{HTTPClient: l.relay})
	if err != nil {
		if res == nil {
			panic(http.ErrAbortHandler)
		}
		w.WriteHeader(res.StatusCode)
		return
	}
	defer func() { _ = relay.CloseNow() }()
	phone, err := websocket.Accept(w, req, nil)
	if err != nil {
		return // the phone is gone
	}
	defer func() { _ = phone.CloseNow() }()
	c := &liedConn{room: r, phone: phone, relay: relay}
	l.mu.Lock()
	r.conns = append(r.conns, c)
	l.mu.Unlock()
	if cut > 0 {
		defer time.AfterFunc(cut, func() { _ = phone.CloseNow() }).Stop()
	}
	var pumps sync.WaitGroup
	pumps.Go(func() { c.pump(relay, phone, l.lie.down) })
	pumps.Go(func() { c.pump(phone, relay, l.lie.up) })
	pumps.Wait()
	l.mu.Lock()
	defer l.mu.Unlock()
	r.conns = slices.DeleteFunc(r.conns, func(o *liedConn) bool { return o == c })
}

// hang waits for the end, if it is time.
func (l *liar) hang() {
	if l.lie.hangs > 0 && time.Since(l.begun) >= l.lie.hangs {
		<-l.done
	}
}

// pump passes frames on until either side ends, and then ends the other.
func (c *liedConn) pump(from, to *websocket.Conn, change func(*liedConn, frame) ([]frame, time.Duration)) {
	l := c.room.liar
	from.SetReadLimit(1 << 20)
	for {
		_, text, err := from.Read(context.Background())
		if err != nil {
			if closed, ok := errors.AsType[websocket.CloseError](err); ok {
				_ = to.Close(closed.Code, closed.Reason)
			}
			_ = to.CloseNow()
			return
		}
		l.hang()
		var f frame
		if err := json.Unmarshal(text, &f); err != nil {
			l.t.Errorf("frame: %v", err)
			return
		}
		frames, later := []frame{f}, time.Duration(0)
		l.mu.Lock()
		c.notes(f)
		if change != nil {
			frames, later = change(c, f)
		}
		l.mu.Unlock()
		if later > 0 {
			<-time.After(later)
		}
		for _, f := range frames {
			send(to, f)
		}
	}
}

// notes counts what passes.
func (c *liedConn) notes(f frame) {
	r := c.room
	switch f.event() {
	case "send_message":
		r.sends++
	case "new_message":
		c.told++
		if !slices.ContainsFunc(r.slots, func(m map[string]any) bool { return m["id"] == f.data()["id"] }) {
			r.slots = append(r.slots, f.data())
		}
	}
}

// send does not mind a peer that is gone.
func send(to *websocket.Conn, f frame) {
	text, err := json.Marshal(f)
	if err != nil {
		panic(err) // it was JSON before
	}
	_ = to.Write(context.Background(), websocket.MessageText, text)
}

// runLied runs cfg against a relay behind a liar.
func runLied(t *testing.T, cfg Config, lie lie) *Report {
	t.Helper()
	var report *Report
	synctest.Test(t, func(t *testing.T) {
		honest, front := &memServer{floor: lie.floor}, new(memServer)
		if err := honest.start(); err != nil {
			t.Fatal(err)
		}
		l := &liar{
			t: t, lie: lie, begun: time.Now(), done: make(chan struct{}), rooms: make(map[string]*liedRoom),
			relay: &http.Client{Transport: &http.Transport{DialContext: honest.DialContext, DisableKeepAlives: true}},
		}
		front.serve(l)
		cfg.Server, cfg.Network = front, front.network()
		var err error
		if report, err = Run(t.Context(), cfg); err != nil {
			t.Fatal(err)
		}
		close(l.done)
		front.stop()
		honest.stop()
	})
	return report
}

// invented is the id of a message that is not there.
func invented(n int) string { return fmt.Sprintf("00000000-0000-4000-8000-%012x", n) }
