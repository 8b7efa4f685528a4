package client

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/coder/websocket"

	"sotto/wire"
)

const (
	// The wait before the first redial is at least minWait, and no wait is
	// longer than maxWait beyond what the relay asks for.
	minWait = 500 * time.Millisecond
	maxWait = 8 * time.Second
	// minDial is the least time between two dials of a session. It counts from
	// the end of the first, be it good or not: how long a busy machine takes from
	// the decision to dial to the first packet is not known here, so to count from
	// the decision would put less than that between the packets.
	minDial = time.Second
	// attemptTimeout bounds the handshake, and then the answer to the join.
	attemptTimeout = 30 * time.Second
)

// How a connection ends other than by the network.
var (
	errNotConnected = errors.New("not connected")
	errUnanswered   = errors.New("relay does not answer")
	errNoPong       = errors.New("relay does not answer a ping")
	errNoState      = errors.New("relay answers a join without a state")
	errBinary       = errors.New("relay sends a binary frame")
	errExpired      = errors.New("relay says that the room expired")
	errOtherRoom    = errors.New("relay has another room under the same number")
	// errNoHandshake stands for texts that quote an answer: what is in it is the
	// relay's to choose, and could be the hash of the room.
	errNoHandshake = errors.New("relay answers with something else than a handshake")
)

// run owns the session's connections, one after the other.
func (s *Session) run() {
	defer close(s.done)
	for tries := 0; ; tries++ {
		lived, err := s.connect()
		s.elsewhere = !s.elsewhere && errors.Is(err, ErrRestarting)
		if end := s.final(err); end != nil {
			s.end(end)
			return
		}
		if lived >= maxWait {
			tries = 0
		}
		wait := backoff(tries)
		if !s.elsewhere {
			wait += retryAfter(err)
		}
		wait = max(wait, minDial-time.Since(s.dialled))
		s.mu.Lock()
		s.failed = err
		s.push(Disconnected{Err: err, Retry: wait})
		s.mu.Unlock()
		s.pause(wait)
	}
}

// backoff returns a random wait that doubles with every try: it is within
// [minWait, 2*minWait) at first and within [maxWait/2, maxWait) in the end. So
// phones that lost the same relay do not come back in step.
func backoff(tries int) time.Duration {
	least := min(minWait<<min(tries, 10), maxWait/2)
	more, _ := rand.Int(rand.Reader, big.NewInt(int64(least))) // never fails
	return least + time.Duration(more.Int64())
}

// pause waits, or only as long as it must when Check is in a hurry.
func (s *Session) pause(wait time.Duration) {
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
		return
	case <-s.ctx.Done():
		return
	case <-s.hurry:
		timer.Reset(minDial - time.Since(s.dialled))
	}
	select {
	case <-timer.C:
	case <-s.ctx.Done():
	}
}

// connect makes one connection and serves it to its end, which err explains.
// lived is how long it was joined.
func (s *Session) connect() (lived time.Duration, err error) {
	conn, err := s.dial()
	s.dialled = time.Now()
	if err != nil {
		return 0, err
	}
	defer conn.CloseNow() //nolint:errcheck // closed already, mostly
	l := newLink(s.ctx, conn)
	defer l.drop(nil)
	joined, err := s.join(conn)
	if err != nil {
		return 0, err
	}
	if err := s.attach(l, joined); err != nil {
		return 0, err
	}
	start := time.Now()
	err = s.serve(l)
	return time.Since(start), err
}

func (s *Session) dial() (*websocket.Conn, error) {
	ctx, cancel := context.WithTimeout(s.ctx, attemptTimeout)
	defer cancel()
	var reached atomic.Bool
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{GotConn: func(httptrace.GotConnInfo) { reached.Store(true) }})
	to := s.url
	if s.elsewhere {
		to += "?elsewhere"
	}
	conn, res, err := websocket.Dial(ctx, to, &websocket.DialOptions{
		HTTPClient: &s.http,
		HTTPHeader: http.Header{"User-Agent": {""}}, // sends none
	})
	if err == nil {
		conn.SetReadLimit(maxFrame)
		return conn, nil
	}
	if res != nil && res.StatusCode != http.StatusSwitchingProtocols {
		seconds, _ := strconv.ParseUint(res.Header.Get("Retry-After"), 10, 16) // absent or a date: 0
		return nil, &StatusError{Code: res.StatusCode, RetryAfter: time.Duration(seconds) * time.Second}
	}
	// An *url.Error spells out the URL, and that names the room.
	if u, ok := errors.AsType[*url.Error](err); ok {
		err = u.Err
	}
	if reached.Load() && !ofNetwork(err) {
		err = errNoHandshake
	}
	return nil, fmt.Errorf("dial relay: %w", err)
}

// ofNetwork reports whether err is what the network or time did, rather than
// what a relay said.
func ofNetwork(err error) bool {
	_, network := errors.AsType[net.Error](err)
	return network || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, context.Canceled)
}

// joinRef is the ref of joins; those of calls are numbers.
const joinRef = "join"

func (s *Session) join(conn *websocket.Conn) (*wire.Joined, error) {
	ctx, cancel := context.WithTimeout(s.ctx, attemptTimeout)
	defer cancel()
	req := s.joinRequest()
	if err := conn.Write(ctx, websocket.MessageText, wire.AppendRequest(nil, &req)); err != nil {
		return nil, fmt.Errorf("write join: %w", err)
	}
	if s.key == nil && s.private == nil {
		s.key = s.cfg.Identity.Key() // the relay takes as long to answer
	}
	for {
		var r wire.Response
		if err := readResponse(ctx, conn, &r); err != nil {
			return nil, fmt.Errorf("read answer to join: %w", err)
		}
		switch {
		case r.Event != wire.EventNone || r.Ref.Text() != joinRef:
			// The answer brings the whole state: what came before is in it.
		case r.Reason != "":
			return nil, refusal(&r)
		case r.Joined == nil:
			return nil, errNoState
		default:
			return r.Joined, nil
		}
	}
}

func (s *Session) joinRequest() wire.Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	j := wire.Join{
		Access: s.cfg.Identity.access,
		Sender: s.cfg.Identity.sender,
		Ext:    s.cfg.Presence,
	}
	if s.private != nil {
		s.joinPrivate(&j)
	}
	if s.joined {
		j.Intent, j.RoomID = wire.IntentReturn, s.room
		j.Resume, j.HasResume = s.resume, s.resume != wire.ResumeToken{}
	} else if s.private == nil {
		j.Intent = s.cfg.Intent
		if s.cfg.Code.Set() {
			j.Gate = s.cfg.Code.gate()
		}
	}
	return wire.Request{Event: wire.EventJoin, Ref: wire.NewRef(joinRef), Join: j}
}
