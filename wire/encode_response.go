package wire

import (
	"encoding/base64"
	"strconv"
	"time"
)

// maxEnvelope bounds a response without its ref and ciphertext, in bytes. The
// longest is the answer to a join, without its sender_hash.
const maxEnvelope = 512

// maxSender is what the seat's sender_hash adds to the answer to a join.
const maxSender = 96

// timeFormat is RFC 3339 in UTC with microseconds.
const timeFormat = "2006-01-02T15:04:05.000000Z"

// Encode returns a buffer with the frame of r, in one pass. The caller
// releases it. It panics when r is neither a reply with a ref nor a broadcast
// with the message it needs.
func (b *Buffers) Encode(r *Response) *Buffer {
	buf := b.Get(r.bound())
	buf.bytes = r.append(buf.bytes)
	return buf
}

// bound returns how long the frame of r is at most. It panics on misuse, so
// that append cannot.
func (r *Response) bound() int {
	n := maxEnvelope
	switch m := r.Message; r.Event {
	case EventNone:
		if !r.Ref.set {
			panic("wire: reply without a ref")
		}
		n += maxEscaped * (int(r.Ref.len) + len(r.Reason))
		n += base64.StdEncoding.EncodedLen(len(r.Hello))
		if r.Joined != nil {
			n += maxSender
		}
		if r.Joined != nil && r.Joined.Message != nil {
			n += base64.StdEncoding.EncodedLen(len(r.Joined.Message.Ciphertext))
		}
	case EventNewMessage, EventMessageEdited, EventMessageRead:
		if m == nil {
			panic("wire: broadcast without its message")
		}
		if r.Event != EventMessageRead {
			n += base64.StdEncoding.EncodedLen(len(m.Ciphertext))
		}
	case EventHello:
		if len(r.Hello) == 0 {
			panic("wire: broadcast without its hello")
		}
		n += base64.StdEncoding.EncodedLen(len(r.Hello))
	case EventMessageDeleted, EventCounterpartyTyping, EventRoomExpired, EventPartyPaired, EventPresence, EventTTLExtended, EventRestarting:
	default:
		panic("wire: response with an event of no relay")
	}
	return n
}

func (r *Response) append(dst []byte) []byte {
	if r.Event == EventNone {
		return r.appendReply(dst)
	}
	dst = append(dst, `{"event":"`...)
	dst = append(dst, eventNames[r.Event]...)
	dst = append(dst, `","data":{`...)
	switch r.Event {
	case EventNewMessage:
		dst = appendMessage(dst, r.Message)
	case EventMessageRead:
		dst = appendMessageID(dst, &r.MessageID)
		dst = append(dst, `,"read_at":`...)
		dst = appendTime(dst, r.Message.ReadAt)
	case EventMessageEdited:
		dst = appendMessageID(dst, &r.MessageID)
		dst = append(dst, ',')
		dst = appendSealed(dst, r.Message.Ciphertext, &r.Message.IV)
	case EventMessageDeleted:
		dst = appendMessageID(dst, &r.MessageID)
	case EventPartyPaired:
		if !r.TTLExpiresAt.IsZero() {
			dst = append(dst, `"ttl_expires_at":`...)
			dst = appendTime(dst, r.TTLExpiresAt)
		}
	case EventTTLExtended:
		dst = append(dst, `"ttl_expires_at":`...)
		dst = appendTime(dst, r.TTLExpiresAt)
	case EventHello:
		dst = appendHello(dst, r.Hello)
	case EventPresence:
		dst = append(dst, `"connected":`...)
		dst = strconv.AppendBool(dst, r.Connected)
	case EventRestarting:
		if r.RetryAfter > 0 {
			dst = append(dst, `"retry_after":`...)
			dst = strconv.AppendInt(dst, wholeSeconds(r.RetryAfter), 10)
		}
	}
	return append(dst, '}', '}')
}

func (r *Response) appendReply(dst []byte) []byte {
	dst = append(dst, `{"ref":"`...)
	dst = appendEscaped(dst, r.Ref.bytes[:r.Ref.len])
	if r.Reason != "" {
		dst = append(dst, `","error":{"reason":"`...)
		dst = appendEscaped(dst, r.Reason)
		dst = append(dst, '"')
		if r.AttemptsRemaining > 0 {
			dst = append(dst, `,"attempts_remaining":`...)
			dst = strconv.AppendInt(dst, int64(r.AttemptsRemaining), 10)
		}
		if r.RetryAfter > 0 {
			dst = append(dst, `,"retry_after":`...)
			dst = strconv.AppendInt(dst, wholeSeconds(r.RetryAfter), 10)
		}
		return append(dst, '}', '}')
	}
	dst = append(dst, `","ok":{`...)
	switch {
	case r.Joined != nil:
		dst = appendJoined(dst, r.Joined)
	case r.MessageID != MessageID{}:
		dst = appendMessageID(dst, &r.MessageID)
	case len(r.Hello) > 0:
		dst = appendHello(dst, r.Hello)
	}
	return append(dst, '}', '}')
}

func appendJoined(dst []byte, j *Joined) []byte {
	dst = appendID(dst, `"room_id":"`, &j.RoomID)
	dst = append(dst, `,"ttl_expires_at":`...)
	dst = appendTime(dst, j.TTLExpiresAt)
	dst = append(dst, `,"awaiting_party":`...)
	dst = strconv.AppendBool(dst, j.AwaitingParty)
	if j.Message != nil {
		dst = append(dst, `,"current_message":{`...)
		dst = appendMessage(dst, j.Message)
		dst = append(dst, '}')
	}
	if j.Resume != (ResumeToken{}) {
		dst = appendHash(dst, `,"resume":"`, j.Resume[:])
	}
	if j.HasSender {
		dst = appendHash(dst, `,"sender_hash":"`, j.Sender[:])
	}
	return dst
}

func appendMessage(dst []byte, m *Message) []byte {
	dst = appendID(dst, `"id":"`, &m.ID)
	dst = appendHash(dst, `,"sender_hash":"`, m.Sender[:])
	dst = append(dst, ',')
	dst = appendSealed(dst, m.Ciphertext, &m.IV)
	dst = append(dst, `,"read_at":`...)
	if m.ReadAt.IsZero() {
		dst = append(dst, "null"...)
	} else {
		dst = appendTime(dst, m.ReadAt)
	}
	dst = append(dst, `,"inserted_at":`...)
	return appendTime(dst, m.InsertedAt)
}

func appendTime(dst []byte, t time.Time) []byte {
	dst = append(dst, '"')
	dst = t.UTC().AppendFormat(dst, timeFormat)
	return append(dst, '"')
}

// wholeSeconds rounds up: a client that waits so long is not too early.
func wholeSeconds(d time.Duration) int64 {
	s := int64(d / time.Second)
	if d%time.Second > 0 {
		s++
	}
	return s
}
