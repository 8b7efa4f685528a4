package wire

import (
	"encoding/base64"
	"encoding/hex"
)

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
			dst = append(r.Nonce.Append(append(dst, `,"nonce":"`...)), '"')
		}
		switch {
		case r.Replaces.Message:
			dst = appendID(dst, `,"replaces":"`, &r.Replaces.ID)
		case r.Replaces.Set:
			dst = append(dst, `,"replaces":null`...)
		}
		if r.Replaces.HasIV {
			dst = appendBase64(dst, `,"replaces_iv":"`, r.Replaces.IV[:])
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
	dst = appendHash(dst, `"sender_hash":"`, j.Sender[:])
	dst = appendHash(dst, `,"access_hash":"`, j.Access[:])
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
		dst = appendID(dst, `,"room_id":"`, &j.RoomID)
	}
	if j.HasResume {
		dst = appendHash(dst, `,"resume":"`, j.Resume[:])
	}
	if j.Ext {
		dst = append(dst, `,"ext":1`...)
	}
	return dst
}

// appendGate writes a gate that is present; one that is not valid has no hash.
func appendGate(dst []byte, g *Gate) []byte {
	if !g.Valid {
		return append(dst, `"otp_hash":""`...)
	}
	return appendHash(dst, `"otp_hash":"`, g.Hash[:])
}

func appendMessageID(dst []byte, id *MessageID) []byte {
	return appendID(dst, `"message_id":"`, id)
}

func appendHello(dst, hello []byte) []byte { return appendBase64(dst, `"hello":"`, hello) }

func appendSealed(dst, ciphertext []byte, iv *[IVSize]byte) []byte {
	dst = appendBase64(dst, `"ciphertext":"`, ciphertext)
	return appendBase64(dst, `,"iv":"`, iv[:])
}

// appendHash writes a field: its key, up to the quote before the value, and the
// value. An interface of all kinds of value would have callers' on the heap.
func appendHash(dst []byte, key string, h []byte) []byte {
	return append(hex.AppendEncode(append(dst, key...), h), '"')
}

func appendID[K any](dst []byte, key string, id *UUID[K]) []byte {
	return append(id.Append(append(dst, key...)), '"')
}

func appendBase64(dst []byte, key string, b []byte) []byte {
	return append(base64.StdEncoding.AppendEncode(append(dst, key...), b), '"')
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
