package client

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"sync"
	"time"

	"sotto/wire"
)

// DefaultMaxCiphertext is the longest ciphertext, in bytes, that relays of
// std-1 take.
const DefaultMaxCiphertext = 8192

// Config says which room to join, and how. Only URL and Identity must be set.
type Config struct {
	// URL of the relay, http or https, with the path it is mounted under.
	URL string
	// Identity says which room and which seat.
	Identity Identity
	// Intent of the first join with a short number. wire.IntentEnter never creates a room: where
	// there is none Open returns ErrNotFound. wire.IntentAny, the zero value,
	// creates one.
	Intent wire.Intent
	// Code is the pairing code: who creates the room puts its second seat
	// behind it, who comes second gets in by it. The zero value is none.
	Code PairingCode
	// Entry is how the first join of a private number gets in; Intent, Code, Key
	// and MaxCiphertext have no part in that.
	Entry Entry
	// OpenPagesOnly is the mode that a private number begins with: see SetMode.
	OpenPagesOnly bool
	// Key opens and seals instead of the one derived from Identity, which takes
	// a tenth of a second of processor time in every session.
	Key *Key
	// MaxCiphertext is what the relay takes, in bytes. Zero means
	// DefaultMaxCiphertext.
	MaxCiphertext int
	// Presence asks for Presence events.
	Presence bool
	// HTTPClient makes the connections; nil means http.DefaultClient. Redirects
	// are not followed and no User-Agent is sent.
	HTTPClient *http.Client
}

// Session is a place in a room, kept over any number of connections. See the
// package comment for what may be called when. It prints as "[redacted]".
type Session struct {
	secret

	// Immutable.
	cfg    Config
	url    string
	http   http.Client
	ctx    context.Context // ends with Close
	cancel context.CancelFunc
	done   chan struct{} // closed when run has returned
	opened chan struct{} // closed at the first good join, and when run returns
	ready  chan struct{} // capacity 1: there is something for Next
	hurry  chan struct{} // capacity 1: do not wait before the next dial

	// Owned by run.
	dialled time.Time // when the last dial had ended
	// elsewhere: the relay of the last dial is about to restart and has no such
	// room, so the next one asks a proxy for another.
	elsewhere bool
	key       *Key // set while the first join is answered; immutable after
	lifeKey   *Key // nil until a message does not open with key

	mu      sync.Mutex // guards what follows; nobody waits while holding it
	joined  bool       // a join was good: room and resume are set
	entered bool       // and the caller has the session
	private *private   // nil: std-1
	room    wire.RoomID
	resume  wire.ResumeToken // zero: the relay gives none
	state   State            // what the relay last told
	events  []Event
	seen    wire.MessageID // slot as of the last event taken; zero: empty
	link    *link          // nil without a joined connection
	calls   []*call        // unanswered, oldest first
	ref     uint64         // of the last call
	typing  typing
	failed  error // why the last attempt to connect failed
	ended   error
}

// Open joins a room. Over a bad network it tries again until ctx ends, which
// then is in the error beside the last failure; ctx has no part in the session
// after that. It returns a *Refusal when the relay says no, and a *CloseError
// or a *StatusError that is final.
//
// A relay may take most of a second to answer any join. The caller must Close
// the session, also when it has ended by itself.
//
// Open panics when cfg has no Identity or an Intent that is not for it.
func Open(ctx context.Context, cfg Config) (*Session, error) {
	if cfg.Identity.digits == "" && cfg.Identity.root == nil {
		panic("client: Open without an Identity")
	}
	if cfg.Intent != wire.IntentAny && cfg.Intent != wire.IntentEnter {
		panic("client: Open with an intent of its own")
	}
	s, err := newSession(cfg)
	if err != nil {
		return nil, fmt.Errorf("open session: %w", err)
	}
	go s.run()
	select {
	case <-s.opened:
	case <-ctx.Done():
	}
	s.mu.Lock()
	joined, failed, ended := s.entered, s.failed, s.ended
	s.mu.Unlock()
	if joined {
		return s, nil
	}
	s.Close()
	switch {
	case ended != nil:
		return nil, fmt.Errorf("open session: %w", ended)
	case failed != nil:
		return nil, fmt.Errorf("open session: %w; last failure: %w", ctx.Err(), failed)
	}
	return nil, fmt.Errorf("open session: %w", ctx.Err())
}

// RoomID returns the id of the room, which stays the same for the session's
// life. A number has another room, with another id, after the relay restarted or
// the room ended.
func (s *Session) RoomID() wire.RoomID {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.room
}

func newSession(cfg Config) (*Session, error) {
	u, err := url.Parse(cfg.URL)
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" || u.RawQuery != "" || u.Fragment != "" {
		return nil, errors.New("relay URL is not http(s)://host[:port][/path]")
	}
	if cfg.MaxCiphertext == 0 {
		cfg.MaxCiphertext = DefaultMaxCiphertext
	}
	s := &Session{
		cfg:    cfg,
		url:    u.JoinPath("room", cfg.Identity.room.Reveal(), "ws").String(),
		done:   make(chan struct{}),
		opened: make(chan struct{}),
		ready:  make(chan struct{}, 1),
		hurry:  make(chan struct{}, 1),
		key:    cfg.Key,
	}
	if cfg.Identity.root != nil {
		s.private = &private{stepped: make(chan struct{}, 1), openPagesOnly: cfg.OpenPagesOnly}
		s.private.tick = time.AfterFunc(attemptTimeout, s.tend)
		_, _ = rand.Read(s.cfg.Identity.sender[:]) // never fails
	}
	s.http = *http.DefaultClient
	if cfg.HTTPClient != nil {
		s.http = *cfg.HTTPClient
	}
	// The path names the room: it is not for other hosts.
	s.http.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	s.ctx, s.cancel = context.WithCancel(context.Background())
	return s, nil
}

// Close leaves the room, ends every call with ErrClosed and waits for the
// session's goroutines. The seat, and what was sent, stay. Closing again does
// nothing.
func (s *Session) Close() {
	s.cancel()
	<-s.done
}

// Check asks whether the connection still carries, as is wise when a network
// came back or a machine woke up, and waits for the answer. When there is none
// before ctx ends, Check returns an error and the session connects anew at
// once. A session that is between two attempts makes the next one at once.
func (s *Session) Check(ctx context.Context) error {
	s.mu.Lock()
	l, ended := s.link, s.ended
	s.mu.Unlock()
	if ended != nil {
		return fmt.Errorf("check connection: %w", ended)
	}
	err := errNotConnected
	if l != nil {
		if err = l.conn.Ping(ctx); err == nil {
			return nil
		}
	}
	notify(s.hurry)
	if l != nil {
		l.drop(errNoPong)
	}
	return fmt.Errorf("check connection: %w", err)
}

// typing is what is known about frames of that name.
type typing struct {
	due  *link     // a frame is to be written to it; nil: none is
	last time.Time // when one last was asked for
}
