package wire

import "io"

// ReadRequest reads everything r has as one frame and decodes it where it
// stands. Ciphertext over maxCiphertext bytes is noted in [Request.Fault]. The
// caller releases the request. There is none with an error, which is
// [ErrFrame], [ErrTooBig] or r's own.
func (b *Buffers) ReadRequest(r io.Reader, maxCiphertext int) (*Request, error) {
	buf, err := b.Read(r)
	if err != nil {
		return nil, err
	}
	req := b.requests.Get().(*Request) //nolint:errcheck // the pool holds nothing else
	req.buf = buf
	s := b.scanners.Get().(*scanner) //nolint:errcheck // the pool holds nothing else
	s.reset(buf.bytes)
	ok := req.decode(s, maxCiphertext)
	s.reset(nil)
	b.scanners.Put(s)
	if !ok {
		req.Release()
		return nil, ErrFrame
	}
	return req, nil
}

// Release clears the request and gives it and its buffer back. It is for
// requests that ReadRequest returned and panics on a second call.
func (r *Request) Release() {
	buf := r.buf
	if buf == nil {
		panic("wire: request released twice, or not read")
	}
	owner := buf.owner
	*r = Request{}
	buf.Release()
	owner.requests.Put(r)
}

// requestFields are the known fields of a frame from a client.
type requestFields struct {
	event, ref value
	kind       kind // of data
	data       dataFields
}

// dataFields are the known fields of data, of all events together: data may
// come before event.
type dataFields struct {
	sender, access, otp, intent, roomID, resume, ext value
	ciphertext, iv, nonce, messageID                 value
	replaces, replacesIV, hello                      value
}

func (f *requestFields) scan(s *scanner) bool {
	s.object(func(key []byte) {
		switch string(key) {
		case "event":
			f.event = s.value()
		case "ref":
			f.ref = s.value()
		case "data":
			f.kind = s.object(func(key []byte) { f.data.field(s, key) })
		default:
			s.value()
		}
	})
	return s.end()
}

// field reads the value of key.
func (f *dataFields) field(s *scanner, key []byte) {
	switch string(key) {
	case "sender_hash":
		f.sender = s.value()
	case "access_hash":
		f.access = s.value()
	case "otp_hash":
		f.otp = s.value()
	case "intent":
		f.intent = s.value()
	case "room_id":
		f.roomID = s.value()
	case "resume":
		f.resume = s.value()
	case "ext":
		f.ext = s.value()
	case "ciphertext":
		f.ciphertext = s.value()
	case "iv":
		f.iv = s.value()
	case "nonce":
		f.nonce = s.value()
	case "replaces":
		f.replaces = s.value()
	case "replaces_iv":
		f.replacesIV = s.value()
	case "message_id":
		f.messageID = s.value()
	case "hello":
		f.hello = s.value()
	default:
		s.value()
	}
}

// decode fills the empty request r. It reports whether the frame was good.
func (r *Request) decode(s *scanner, maxCiphertext int) bool {
	var f requestFields
	switch {
	case !f.scan(s), f.event.kind != kindString:
		return false
	case f.ref.kind == kindString && len(f.ref.text) <= MaxRef:
		r.Ref = newRef(f.ref.text)
	case f.ref.kind != kindAbsent:
		return false
	}
	r.Event = requestEvent(f.event.text)
	if data := (value{kind: f.kind}); r.Event != EventUnknown && !data.noneOr(kindObject) {
		r.Fault = ReasonInvalidEncoding
		return true
	}
	switch r.Event {
	case EventJoin:
		r.Fault = r.Join.decode(&f.data)
	case EventSend:
		r.Fault = r.decodeSend(&f.data, maxCiphertext)
	case EventEdit:
		r.MessageID = messageIDValue(f.data.messageID)
		r.Fault = r.decodeSealed(&f.data, maxCiphertext)
	case EventRead, EventDelete:
		r.MessageID = messageIDValue(f.data.messageID)
	case EventResetPairing:
		r.Gate = gateValue(f.data.otp)
	case EventHello:
		r.Hello, r.Fault = helloValue(f.data.hello)
	}
	return true
}

// requestEvent returns the event a client calls name.
func requestEvent(name []byte) Event {
	for e := firstRequest; e <= lastRequest; e++ {
		if eventNames[e] == string(name) {
			return e
		}
	}
	return EventUnknown
}

func (j *Join) decode(f *dataFields) Reason {
	if !hashValue(&j.Sender, f.sender) {
		return ReasonInvalidSender
	}
	if !hashValue(&j.Access, f.access) {
		return ReasonInvalidAccess
	}
	if !f.intent.noneOr(kindString) || !f.roomID.noneOr(kindString) ||
		!f.resume.noneOr(kindString) || !f.ext.noneOr(kindNumber) {
		return ReasonInvalidEncoding
	}
	if f.intent.kind == kindString {
		switch string(f.intent.text) {
		case "enter":
			j.Intent = IntentEnter
		case "return":
			j.Intent = IntentReturn
		default:
			return ReasonInvalidEncoding
		}
	}
	j.Gate = gateValue(f.otp)
	j.RoomID, _ = parseUUID[RoomID](f.roomID.text)
	j.HasResume = hashValue(&j.Resume, f.resume)
	j.Ext = f.ext.kind == kindNumber && isOne(f.ext.text)
	return ""
}

// decodeSend returns the first fault in this order: encoding of any field, size.
func (r *Request) decodeSend(f *dataFields, maxCiphertext int) Reason {
	sealed := r.decodeSealed(f, maxCiphertext)
	if sealed == ReasonInvalidEncoding {
		return sealed
	}
	if !f.nonce.none() {
		var ok bool
		if r.Nonce, ok = nonceValue(f.nonce); !ok {
			return ReasonInvalidEncoding
		}
	}
	switch f.replaces.kind {
	case kindAbsent:
	case kindNull:
		r.Replaces = Replaces{Set: true}
	case kindString:
		r.Replaces = Replaces{Set: true, Message: true, ID: messageIDValue(f.replaces)}
	default:
		return ReasonInvalidEncoding
	}
	if !f.replacesIV.none() {
		if r.Replaces.IV, r.Replaces.HasIV = ivValue(f.replacesIV); !r.Replaces.HasIV {
			return ReasonInvalidEncoding
		}
	}
	return sealed
}

// decodeSealed reads ciphertext and iv.
func (r *Request) decodeSealed(f *dataFields, maxCiphertext int) Reason {
	iv, ok := ivValue(f.iv)
	if !ok {
		return ReasonInvalidEncoding
	}
	ciphertext, ok := f.ciphertext.base64()
	if !ok {
		return ReasonInvalidEncoding
	}
	if len(ciphertext) > maxCiphertext {
		return ReasonTooLarge
	}
	r.IV = iv
	r.Ciphertext = ciphertext
	return ""
}
