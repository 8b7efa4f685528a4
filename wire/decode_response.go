package wire

import (
	"bytes"
	"time"
)

// DecodeResponse decodes a frame from a relay into r, which it clears first: a
// client's decoder. It is as strict as [Buffers.ReadRequest], and a known
// field of the wrong type or form fails too; the error is always [ErrFrame],
// and r is then empty. A broadcast this package does not know is EventUnknown.
// Fields that are extensions may be missing, so that other relays of std-1 are
// understood. It neither changes frame nor keeps it.
func DecodeResponse(frame []byte, r *Response) error {
	*r = Response{}
	s := scanner{keys: make([]span, 0, 16)} // as many as our relay's frames need
	s.reset(bytes.Clone(frame))             // decoded in place; r's ciphertext points into it
	var f responseFields
	if !f.scan(&s) || !f.decode(r) {
		*r = Response{}
		return ErrFrame
	}
	return nil
}

// responseFields are the known fields of a frame from a relay.
type responseFields struct {
	event, ref         value
	ok, failed, pushed bodyFields
}

// bodyFields are the known fields of ok, error or data.
type bodyFields struct {
	kind                                  kind
	messageID, ttlExpiresAt, connected    value
	roomID, awaitingParty, resume, hello  value
	reason, attemptsRemaining, retryAfter value

	message messageFields // of data; its sender is also that of a join's ok
	current messageFields // current_message of ok
}

// messageFields are the known fields of a message.
type messageFields struct {
	kind                                           kind
	id, sender, ciphertext, iv, readAt, insertedAt value
}

func (f *responseFields) scan(s *scanner) bool {
	s.object(func(key []byte) {
		switch string(key) {
		case "event":
			f.event = s.value()
		case "ref":
			f.ref = s.value()
		case "ok":
			f.ok.scan(s)
		case "error":
			f.failed.scan(s)
		case "data":
			f.pushed.scan(s)
		default:
			s.value()
		}
	})
	return s.end()
}

func (f *bodyFields) scan(s *scanner) {
	f.kind = s.object(func(key []byte) {
		switch string(key) {
		case "message_id":
			f.messageID = s.value()
		case "ttl_expires_at":
			f.ttlExpiresAt = s.value()
		case "connected":
			f.connected = s.value()
		case "room_id":
			f.roomID = s.value()
		case "awaiting_party":
			f.awaitingParty = s.value()
		case "resume":
			f.resume = s.value()
		case "hello":
			f.hello = s.value()
		case "reason":
			f.reason = s.value()
		case "attempts_remaining":
			f.attemptsRemaining = s.value()
		case "retry_after":
			f.retryAfter = s.value()
		case "current_message":
			f.current.kind = s.object(func(key []byte) { f.current.field(s, key) })
		default:
			f.message.field(s, key)
		}
	})
}

// field reads the value of key.
func (f *messageFields) field(s *scanner, key []byte) {
	switch string(key) {
	case "id":
		f.id = s.value()
	case "sender_hash":
		f.sender = s.value()
	case "ciphertext":
		f.ciphertext = s.value()
	case "iv":
		f.iv = s.value()
	case "read_at":
		f.readAt = s.value()
	case "inserted_at":
		f.insertedAt = s.value()
	default:
		s.value()
	}
}

// decode fills r. It reports whether all that r needs was there and good.
func (f *responseFields) decode(r *Response) bool {
	switch {
	case f.event.kind == kindAbsent && f.ref.kind == kindString && len(f.ref.text) <= MaxRef:
		r.Ref = newRef(f.ref.text)
		switch {
		case f.ok.kind == kindObject && f.failed.kind == kindAbsent:
			return f.ok.decodeOK(r)
		case f.failed.kind == kindObject && f.ok.kind == kindAbsent:
			return f.failed.decodeError(r)
		}
	case f.ref.kind == kindAbsent && f.event.kind == kindString:
		r.Event = broadcastEvent(f.event.text)
		switch f.pushed.kind {
		case kindAbsent, kindNull, kindObject:
			return f.pushed.decodeBroadcast(r)
		}
	}
	return false
}

// broadcastEvent returns the event a relay calls name.
func broadcastEvent(name []byte) Event {
	for e := firstBroadcast; e <= lastBroadcast; e++ {
		if eventNames[e] == string(name) {
			return e
		}
	}
	return EventUnknown
}

// decodeOK tells the kinds of ok apart by what is in them.
func (f *bodyFields) decodeOK(r *Response) (ok bool) {
	switch {
	case f.roomID.kind != kindAbsent:
		r.Joined = new(Joined)
		return f.decodeJoined(r.Joined)
	case f.messageID.kind != kindAbsent:
		r.MessageID, ok = uuidValue[MessageID](f.messageID)
		return ok
	case !f.hello.none():
		var fault Reason
		r.Hello, fault = helloValue(f.hello)
		return fault == ""
	}
	return true
}

func (f *bodyFields) decodeJoined(j *Joined) bool {
	ok := [5]bool{3: f.resume.none(), 4: f.message.sender.none()}
	j.RoomID, ok[0] = uuidValue[RoomID](f.roomID)
	j.TTLExpiresAt, ok[1] = timeValue(f.ttlExpiresAt)
	j.AwaitingParty, ok[2] = boolValue(f.awaitingParty)
	if !ok[3] {
		ok[3] = hashValue(&j.Resume, f.resume)
	}
	if !ok[4] {
		ok[4] = hashValue(&j.Sender, f.message.sender)
		j.HasSender = ok[4]
	}
	if ok != [5]bool{true, true, true, true, true} {
		return false
	}
	switch f.current.kind {
	case kindAbsent, kindNull:
		return true
	case kindObject:
		j.Message = new(Message)
		return f.current.decode(j.Message)
	}
	return false
}

// decodeRetryAfter reads the wait of a refusal or of restarting.
func (f *bodyFields) decodeRetryAfter(r *Response) bool {
	seconds, ok := countValue(f.retryAfter)
	r.RetryAfter = time.Duration(seconds) * time.Second
	return ok
}

func (f *bodyFields) decodeError(r *Response) bool {
	if f.reason.kind != kindString || len(f.reason.text) == 0 {
		return false
	}
	r.Reason = Reason(f.reason.text)
	attempts, ok := countValue(f.attemptsRemaining)
	r.AttemptsRemaining = attempts
	return f.decodeRetryAfter(r) && ok
}

func (f *bodyFields) decodeBroadcast(r *Response) (ok bool) {
	switch r.Event {
	case EventNewMessage:
		r.Message = new(Message)
		return f.message.decode(r.Message)
	case EventMessageRead, EventMessageEdited, EventMessageDeleted:
		if r.MessageID, ok = uuidValue[MessageID](f.messageID); !ok {
			return false
		}
		switch r.Event {
		case EventMessageRead:
			r.Message = new(Message)
			r.Message.ReadAt, ok = timeValue(f.message.readAt)
		case EventMessageEdited:
			r.Message = new(Message)
			ok = f.message.decodeSealed(r.Message)
		}
		return ok
	case EventPartyPaired:
		if f.ttlExpiresAt.none() {
			return true
		}
		r.TTLExpiresAt, ok = timeValue(f.ttlExpiresAt)
		return ok
	case EventTTLExtended:
		r.TTLExpiresAt, ok = timeValue(f.ttlExpiresAt)
		return ok
	case EventHello:
		var fault Reason
		r.Hello, fault = helloValue(f.hello)
		return fault == ""
	case EventRestarting:
		return f.decodeRetryAfter(r)
	case EventPresence:
		r.Connected, ok = boolValue(f.connected)
		return ok
	}
	return true
}

func (f *messageFields) decode(m *Message) bool {
	var ok [3]bool
	m.ID, ok[0] = uuidValue[MessageID](f.id)
	ok[1] = hashValue(&m.Sender, f.sender)
	m.InsertedAt, ok[2] = timeValue(f.insertedAt)
	if ok != [3]bool{true, true, true} || !f.decodeSealed(m) {
		return false
	}
	if f.readAt.none() {
		return true
	}
	read, good := timeValue(f.readAt)
	m.ReadAt = read
	return good
}

func (f *messageFields) decodeSealed(m *Message) bool {
	iv, ok := ivValue(f.iv)
	if !ok {
		return false
	}
	m.IV = iv
	m.Ciphertext, ok = f.ciphertext.base64()
	return ok
}
