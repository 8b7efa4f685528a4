package client

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/coder/websocket"

	"sotto/wire"
)

const (
	// maxFrame bounds what a relay can make a client hold at once, in bytes.
	maxFrame = 1 << 20
	// maxPiece is how much of a large message is written at once. Between pieces a
	// ping is answered, for which the WebSocket library takes at most 5 seconds.
	maxPiece = 4 << 10
)

// link is a connection that is joined. It lasts as long as its context.
type link struct {
	conn    *websocket.Conn
	ctx     context.Context
	drop    context.CancelCauseFunc // ends the connection; run makes another
	writer  sync.WaitGroup
	writing bool // there is a writer, or its write failed; guarded by Session.mu
}

func newLink(ctx context.Context, conn *websocket.Conn) *link {
	l := &link{conn: conn}
	l.ctx, l.drop = context.WithCancelCause(ctx)
	return l
}

// serve reads until the connection ends, and returns why.
func (s *Session) serve(l *link) error {
	err := s.read(l)
	s.mu.Lock()
	s.link = nil
	if s.private != nil {
		s.detachPrivate()
	}
	s.mu.Unlock()
	if cause := context.Cause(l.ctx); cause != nil && !told(err) {
		err = cause // err only says that the connection was closed
	}
	l.drop(nil)
	l.writer.Wait()
	return err
}

// told reports whether err is how the relay itself ended the connection.
func told(err error) bool {
	_, closed := errors.AsType[*CloseError](err)
	return closed || errors.Is(err, errExpired)
}

// attach makes l the session's connection and takes in the state of the room.
func (s *Session) attach(l *link, j *wire.Joined) error {
	s.mu.Lock()
	first := !s.joined
	if !first && s.room != j.RoomID {
		s.mu.Unlock()
		return errOtherRoom
	}
	s.room = j.RoomID
	if s.private != nil {
		defer s.mu.Unlock()
		return s.attachPrivate(l, j)
	}
	s.mu.Unlock()
	message := s.message(j.Message)

	s.mu.Lock()
	defer s.mu.Unlock()
	s.joined, s.resume = true, j.Resume
	s.state = State{TTLExpiresAt: j.TTLExpiresAt, AwaitingParty: j.AwaitingParty}
	s.state.Message = message
	s.link = l
	s.push(s.snapshot())
	s.settleByState(j.Message)
	s.flush()
	s.enter()
	return nil
}

// enter lets Open return, and is in no hurry any more. Called with s.mu held.
func (s *Session) enter() {
	select {
	case <-s.hurry: // of an attempt that is over
	default:
	}
	if !s.entered {
		s.entered = true
		close(s.opened)
	}
}

// read takes in frames until the connection ends.
func (s *Session) read(l *link) error {
	for {
		var r wire.Response
		if err := readResponse(l.ctx, l.conn, &r); err != nil {
			return fmt.Errorf("read from relay: %w", err)
		}
		switch {
		case r.Event == wire.EventRoomExpired:
			return errExpired
		case s.private != nil:
			s.hear(&r)
		case r.Event == wire.EventNone:
			s.reply(&r)
		default:
			s.broadcast(&r)
		}
	}
}

// frames holds buffers for frames under way, so that a session that waits for
// one holds none.
var frames = sync.Pool{New: func() any { return new(bytes.Buffer) }}

func readResponse(ctx context.Context, conn *websocket.Conn, r *wire.Response) error {
	kind, frame, err := conn.Reader(ctx)
	if closed, ok := errors.AsType[websocket.CloseError](err); ok {
		return &CloseError{Code: wire.CloseCode(closed.Code)} //nolint:gosec // two bytes on the wire
	}
	if err != nil {
		return err
	}
	buf, _ := frames.Get().(*bytes.Buffer) // holds nothing else
	defer frames.Put(buf)
	buf.Reset()
	if _, err := buf.ReadFrom(frame); err != nil {
		return err
	}
	if kind != websocket.MessageText {
		return errBinary
	}
	return wire.DecodeResponse(buf.Bytes(), r)
}

// flush has written what there is to write, by a goroutine that ends when that is
// done: an idle session has only the one that reads. Called with s.mu held.
func (s *Session) flush() {
	if l := s.link; !l.writing {
		l.writing = true
		l.writer.Go(func() { s.write(l) })
	}
}

func (s *Session) write(l *link) {
	for req := s.nextRequest(l); req != nil; req = s.nextRequest(l) {
		if err := writeRequest(l.ctx, l.conn, req); err != nil {
			l.drop(fmt.Errorf("write to relay: %w", err))
			return
		}
	}
}

func writeRequest(ctx context.Context, conn *websocket.Conn, req *wire.Request) error {
	ctx, cancel := context.WithTimeout(ctx, patience(req))
	defer cancel()
	frame := wire.AppendRequest(nil, req)
	if len(req.Ciphertext) <= wire.StdCiphertext {
		return conn.Write(ctx, websocket.MessageText, frame)
	}
	w, err := conn.Writer(ctx, websocket.MessageText)
	if err != nil {
		return err
	}
	for piece := range slices.Chunk(frame, maxPiece) {
		if _, err := w.Write(piece); err != nil {
			return err
		}
	}
	return w.Close()
}

// nextRequest returns what is to be written to l next, or nil.
func (s *Session) nextRequest(l *link) *wire.Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.private != nil && s.link == l && len(s.private.out) > 0 {
		req := s.private.out[0]
		s.private.out = slices.Delete(s.private.out, 0, 1) // which keeps nothing of it
		return req
	}
	for _, c := range s.calls {
		if c.sentOn != l {
			c.again = c.again || c.sentOn != nil
			c.sentOn, c.sentAt = l, time.Now()
			return &c.req
		}
	}
	if s.typing.due == l {
		s.typing.due = nil
		return &wire.Request{Event: wire.EventTyping}
	}
	l.writing = false
	return nil
}
