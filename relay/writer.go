package relay

import (
	"context"
	"errors"
	"os"

	"github.com/coder/websocket"

	"sotto/wire"
)

// startWriter starts the writer if there is none. o.mu is held.
func (o *outbox) startWriter() {
	if !o.writing {
		o.writing = true
		o.writers.Go(func() { o.guarded(o.write) })
	}
}

// write sends what is queued, then closes the socket if that is asked for. First
// goes the rest of a frame that left only in part.
func (o *outbox) write() {
	o.awaitFlush()
	if !o.wrote(o.out.flush()) {
		return
	}
	for {
		q, last, code, more := o.next()
		switch {
		case more:
			if !o.send(q, last) {
				return
			}
		case code != wire.CloseNone:
			_ = o.ws.Close(websocket.StatusCode(code), code.Reason()) // the socket is gone either way
			return
		default:
			return
		}
	}
}

// next takes the first frame off the queue and says whether it was the last.
// With an empty queue the writer ends, and says so under the same lock, or
// closes the socket.
func (o *outbox) next() (q queued, last bool, code wire.CloseCode, more bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if len(o.queue) == 0 {
		o.queue = nil
		o.writing = o.code != wire.CloseNone
		o.changed.Broadcast()
		return queued{}, false, o.code, false
	}
	q = o.queue[0]
	o.queue[0] = queued{}
	o.queue = o.queue[1:]
	o.bytes -= q.frame.Size()
	if len(o.queue) < maxQueued/2 {
		o.changed.Broadcast()
	}
	return q, len(o.queue) == 0, o.code, true
}

// send writes one frame and reports whether it could. One that is not the last
// goes out with those behind it: a sender's own copy of its message and the
// acknowledgement are one packet. When it could not, the socket is gone: a
// WebSocket can't go on after part of a frame.
func (o *outbox) send(q queued, last bool) bool {
	defer q.frame.Release()
	o.out.hold(!last)
	err := o.ws.Write(context.Background(), websocket.MessageText, q.frame.Bytes())
	if err == nil {
		q.sent(o.metrics)
	}
	return o.wrote(err)
}

// wrote ends the socket after an error, and reports whether there was none.
func (o *outbox) wrote(err error) bool {
	if err == nil {
		return true
	}
	if errors.Is(err, os.ErrDeadlineExceeded) {
		o.tooSlow()
	}
	o.abort()
	return false
}

// tooSlow notes that the peer has not read for so long that a write failed.
func (o *outbox) tooSlow() {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.open() {
		o.metrics.slowConsumers.WithLabelValues(slowWrite).Inc()
		o.code = wire.CloseSlowConsumer
	}
}

// transmit writes to the network. Each write that has to wait has its own time,
// whether it is one frame, several, a part of a large one, or only a pong.
func (o *outbox) transmit(p []byte) (written int, err error) {
	if o.net.prompt != nil {
		if written, err = o.net.prompt.WriteReady(p); err != nil || written == len(p) {
			return written, err
		}
	}
	defer o.writeWithin(noDeadline) // the TLS layer may write by itself
	for err == nil && written < len(p) {
		o.writeWithin(writeDeadline)
		var n int
		n, err = o.net.Write(p[written:min(len(p), written+wire.MediumBuffer)])
		written += n
	}
	return written, err
}
