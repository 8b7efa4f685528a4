package wire

import "encoding/base64"

// AppendRequest appends the frame of r to dst: a client's encoder. Fields that
// r's event does not have are left out, and optional ones that are zero. It
// panics when the event is not one that clients send.
func AppendRequest(dst []byte, r *Request) []byte {
	if r.Event < firstRequest || r.Event > lastRequest {
		panic("wire: request without an event of a client")
	}
	dst = append(dst, `{"event":"`...)
	dst = append(dst, eventNames[r.Event]...)
	if r.Ref.set {
		dst = append(dst, `","ref":"`...)
		dst = appendEscaped(dst, r.Ref.bytes[:r.Ref.len])
	}
	dst = append(dst, `","data":{`...)
	switch r.Event {
	case EventJoin:
		dst = appendJoin(dst, &r.Join)
	case EventSend:
		dst = appendSealed(dst, r.Ciphertext, &r.IV)
		if r.Nonce.Set() {
			dst = append(dst, `,"nonce":"`...)
			dst = append(dst, r.Nonce.digits[:r.Nonce.len]...)
			dst = append(dst, '"')
		}
		switch {
		case r.Replaces.Message:
			dst = append(dst, `,"replaces":"`...)
			dst = r.Replaces.ID.Append(dst)
			dst = append(dst, '"')
		case r.Replaces.Set:
			dst = append(dst, `,"replaces":null`...)
		}
		if r.Replaces.HasIV {
			dst = append(dst, `,"replaces_iv":"`...)
			dst = base64.StdEncoding.AppendEncode(dst, r.Replaces.IV[:])
			dst = append(dst, '"')
		}
	case EventEdit:
		dst = appendMessageID(dst, &r.MessageID)
		dst = append(dst, ',')
		dst = appendSealed(dst, r.Ciphertext, &r.IV)
	case EventRead, EventDelete:
		dst = appendMessageID(dst, &r.MessageID)
	case EventResetPairing:
		if r.Gate.Present {
			dst = appendGate(dst, &r.Gate)
		}
	case EventHello:
		dst = appendHello(dst, r.Hello)
	}
	return append(dst, '}', '}')
}

func appendJoin(dst []byte, j *Join) []byte {
	dst = append(dst, `"sender_hash":"`...)
	dst = j.Sender.Append(dst)
	dst = append(dst, `","access_hash":"`...)
	dst = j.Access.Append(dst)
	dst = append(dst, '"')
	if j.Gate.Present {
		dst = append(dst, ',')
		dst = appendGate(dst, &j.Gate)
	}
	switch j.Intent {
	case IntentAny:
	case IntentEnter:
		dst = append(dst, `,"intent":"enter"`...)
	case IntentReturn:
		dst = append(dst, `,"intent":"return"`...)
	default:
		panic("wire: unknown intent")
	}
	if j.RoomID != (RoomID{}) {
		dst = append(dst, `,"room_id":"`...)
		dst = j.RoomID.Append(dst)
		dst = append(dst, '"')
	}
	if j.HasResume {
		dst = append(dst, `,"resume":"`...)
		dst = j.Resume.Append(dst)
		dst = append(dst, '"')
	}
	if j.Ext {
		dst = append(dst, `,"ext":1`...)
	}
	return dst
}

// appendGate writes a gate that is present; one that is not valid has no hash.
func appendGate(dst []byte, g *Gate) []byte {
	dst = append(dst, `"otp_hash":"`...)
	if g.Valid {
		dst = g.Hash.Append(dst)
	}
	return append(dst, '"')
}

func appendMessageID(dst []byte, id *MessageID) []byte {
	dst = append(dst, `"message_id":"`...)
	dst = id.Append(dst)
	return append(dst, '"')
}

func appendHello(dst, hello []byte) []byte {
	dst = append(dst, `"hello":"`...)
	dst = base64.StdEncoding.AppendEncode(dst, hello)
	return append(dst, '"')
}

func appendSealed(dst, ciphertext []byte, iv *[IVSize]byte) []byte {
	dst = append(dst, `"ciphertext":"`...)
	dst = base64.StdEncoding.AppendEncode(dst, ciphertext)
	dst = append(dst, `","iv":"`...)
	dst = base64.StdEncoding.AppendEncode(dst, iv[:])
	return append(dst, '"')
}

// appendEscaped writes the content of a JSON string. Valid UTF-8 needs no
// escapes but for the quote, the backslash and control characters.
func appendEscaped[S []byte | ~string](dst []byte, s S) []byte {
	const hexDigits = "0123456789abcdef"
	for i := range len(s) {
		switch c := s[i]; {
		case c == '"' || c == '\\':
			dst = append(dst, '\\', c)
		case c < ' ':
			dst = append(dst, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
		default:
			dst = append(dst, c)
		}
	}
	return dst
}

// maxEscaped is the longest escape of one byte.
const maxEscaped = len(`\u0000`)
