package wire_test

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"math/big"
	"strconv"
	"strings"
	"unicode/utf8"

	"sotto/wire"
)

// verdict is what the oracle says about a frame from a client.
type verdict struct {
	good  bool
	event wire.Event
	ref   wire.Ref
	fault wire.Reason
	// data holds the fields, decoded.
	data map[string]any
}

// verdictOf judges a frame with nothing but encoding/json and PROTOCOL.md, in
// the plainest way and at any cost.
func verdictOf(frame []byte) (v verdict) {
	var top map[string]json.RawMessage
	if !isFrame(frame) || json.Unmarshal(frame, &top) != nil {
		return verdict{}
	}
	name, isString := stringOf(top["event"])
	if !isString {
		return verdict{}
	}
	if raw, there := top["ref"]; there {
		ref, isString := stringOf(raw)
		if !isString || len(ref) > wire.MaxRef {
			return verdict{}
		}
		v.ref = wire.NewRef(ref)
	}
	v.good = true
	v.event = clientEvents()[name]
	if v.event == wire.EventNone {
		v.event = wire.EventUnknown
		return v
	}
	if raw, there := top["data"]; there {
		d := json.NewDecoder(bytes.NewReader(raw))
		d.UseNumber()
		if d.Decode(&v.data) != nil {
			v.fault = wire.ReasonInvalidEncoding
			return v
		}
	}
	switch v.event {
	case wire.EventJoin:
		v.fault = joinFault(v.data)
	case wire.EventSend, wire.EventEdit:
		v.fault = sealedFault(v.data, v.event)
	case wire.EventHello:
		v.fault = helloFault(v.data)
	}
	return v
}

// isFrame reports whether frame is what the package comment demands of every
// frame, but for event and ref.
func isFrame(frame []byte) bool {
	return utf8.Valid(frame) && json.Valid(frame) && !loneSurrogate(frame) && withinLimits(frame)
}

func clientEvents() map[string]wire.Event {
	return map[string]wire.Event{
		"join":             wire.EventJoin,
		"send_message":     wire.EventSend,
		"read_receipt":     wire.EventRead,
		"edit_message":     wire.EventEdit,
		"delete_message":   wire.EventDelete,
		"typing":           wire.EventTyping,
		"expire_room":      wire.EventExpire,
		"reset_pairing":    wire.EventResetPairing,
		"redeem_extension": wire.EventRedeemExtension,
		"hello":            wire.EventHello,
	}
}

func stringOf(raw json.RawMessage) (s string, ok bool) {
	if len(raw) == 0 || raw[0] != '"' {
		return "", false
	}
	return s, json.Unmarshal(raw, &s) == nil
}

// withinLimits reports whether a valid JSON text is an object without
// duplicate keys and within MaxDepth and MaxKeys.
func withinLimits(frame []byte) bool {
	type level struct {
		keys  map[string]bool // nil: an array
		value bool            // a key's value is next
	}
	var open []level
	d := json.NewDecoder(bytes.NewReader(frame))
	d.UseNumber()
	for first := true; ; first = false {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return true
		}
		if err != nil || first && token != json.Delim('{') {
			return false
		}
		if len(open) > 0 {
			top := &open[len(open)-1]
			if key, isKey := token.(string); isKey && top.keys != nil && !top.value {
				if top.keys[key] || len(top.keys) == wire.MaxKeys {
					return false
				}
				top.keys[key] = true
				top.value = true
				continue
			}
			top.value = false
		}
		switch token {
		case json.Delim('{'):
			open = append(open, level{keys: map[string]bool{}})
		case json.Delim('['):
			open = append(open, level{})
		case json.Delim('}'), json.Delim(']'):
			open = open[:len(open)-1]
		}
		if len(open) > wire.MaxDepth {
			return false
		}
	}
}

// loneSurrogate reports whether a valid JSON text escapes half a pair.
func loneSurrogate(frame []byte) bool {
	high := false // the escape before this one was the first of a pair
	for i := 0; i < len(frame); i++ {
		if frame[i] != '\\' {
			if high {
				return true
			}
			continue
		}
		i++
		if frame[i] != 'u' {
			if high {
				return true
			}
			continue
		}
		code, err := strconv.ParseUint(string(frame[i+1:i+5]), 16, 16)
		if err != nil {
			return true
		}
		i += 4
		isLow := 0xdc00 <= code && code < 0xe000
		if isLow != high {
			return true
		}
		high = 0xd800 <= code && code < 0xdc00
	}
	return high
}

func joinFault(data map[string]any) wire.Reason {
	if !isHash(data["sender_hash"]) {
		return wire.ReasonInvalidSender
	}
	if !isHash(data["access_hash"]) {
		return wire.ReasonInvalidAccess
	}
	for _, name := range []string{"intent", "room_id", "resume"} {
		if _, isString := data[name].(string); data[name] != nil && !isString {
			return wire.ReasonInvalidEncoding
		}
	}
	if _, isNumber := data["ext"].(json.Number); data["ext"] != nil && !isNumber {
		return wire.ReasonInvalidEncoding
	}
	if in := data["intent"]; in != nil && in != "enter" && in != "return" {
		return wire.ReasonInvalidEncoding
	}
	return ""
}

func sealedFault(data map[string]any, event wire.Event) wire.Reason {
	ciphertext, good := fromBase64(data["ciphertext"])
	iv, goodIV := fromBase64(data["iv"])
	if !good || !goodIV || len(iv) != wire.IVSize {
		return wire.ReasonInvalidEncoding
	}
	if event == wire.EventSend {
		if n := data["nonce"]; n != nil {
			s, isString := n.(string)
			_, err := hex.DecodeString(s + s) // twice: of even length
			if !isString || err != nil || len(s) < 16 || len(s) > 64 {
				return wire.ReasonInvalidEncoding
			}
		}
		if _, isString := data["replaces"].(string); data["replaces"] != nil && !isString {
			return wire.ReasonInvalidEncoding
		}
		if replaced, good := fromBase64(data["replaces_iv"]); data["replaces_iv"] != nil && (!good || len(replaced) != wire.IVSize) {
			return wire.ReasonInvalidEncoding
		}
	}
	if len(ciphertext) > fuzzCiphertext {
		return wire.ReasonTooLarge
	}
	return ""
}

func helloFault(data map[string]any) wire.Reason {
	hello, good := fromBase64(data["hello"])
	switch {
	case !good || len(hello) == 0:
		return wire.ReasonInvalidEncoding
	case len(hello) > 2048:
		return wire.ReasonTooLarge
	}
	return ""
}

// isHash reports whether v is 64 lower-case hex digits.
func isHash(v any) bool {
	s, isString := v.(string)
	return isString && len(s) == 64 && strings.Trim(s, "0123456789abcdef") == ""
}

// fromBase64 decodes what an encoder could have written, and only that.
func fromBase64(v any) ([]byte, bool) {
	s, isString := v.(string)
	out, err := base64.StdEncoding.DecodeString(s)
	return out, isString && err == nil && base64.StdEncoding.EncodeToString(out) == s
}

// disagreement says in what a request departs from the verdict, or nothing.
func (v verdict) disagreement(req *wire.Request) string {
	switch {
	case v.event != req.Event:
		return "event"
	case v.ref != req.Ref:
		return "ref"
	case v.fault != req.Fault:
		return "fault"
	case v.fault != "":
		return ""
	}
	text := func(name string) string { s, _ := v.data[name].(string); return s }
	messageID, _ := wire.ParseUUID[wire.MessageID](text("message_id"))
	switch req.Event {
	case wire.EventJoin:
		if req.Join != v.join() {
			return "join"
		}
	case wire.EventSend, wire.EventEdit:
		ciphertext, _ := fromBase64(v.data["ciphertext"])
		iv, _ := fromBase64(v.data["iv"])
		if !bytes.Equal(req.Ciphertext, ciphertext) || req.IV != [wire.IVSize]byte(iv) {
			return "ciphertext or iv"
		}
		if req.Event == wire.EventEdit {
			break
		}
		n, _ := wire.ParseNonce(text("nonce"))
		replaced, there := v.data["replaces"]
		id, _ := wire.ParseUUID[wire.MessageID](text("replaces"))
		want := wire.Replaces{Set: there, Message: replaced != nil, ID: id}
		if iv, _ := fromBase64(v.data["replaces_iv"]); len(iv) > 0 {
			want.HasIV, want.IV = true, [wire.IVSize]byte(iv)
		}
		if req.Nonce != n || req.Replaces != want {
			return "nonce or replaces"
		}
		messageID = wire.MessageID{}
	case wire.EventHello:
		if hello, _ := fromBase64(v.data["hello"]); !bytes.Equal(req.Hello, hello) {
			return "hello"
		}
	case wire.EventResetPairing:
		if req.Gate != v.gate() {
			return "gate"
		}
	}
	switch req.Event {
	case wire.EventRead, wire.EventEdit, wire.EventDelete:
		if req.MessageID != messageID {
			return "message id"
		}
	}
	return ""
}

func (v verdict) gate() wire.Gate {
	otp := v.data["otp_hash"]
	s, _ := otp.(string)
	h, valid := wire.ParseHash[wire.GateHash](s)
	return wire.Gate{Present: otp != nil, Valid: valid, Hash: h}
}

func (v verdict) join() (j wire.Join) {
	text := func(name string) string { s, _ := v.data[name].(string); return s }
	j.Sender, _ = wire.ParseHash[wire.SenderHash](text("sender_hash"))
	j.Access, _ = wire.ParseHash[wire.AccessHash](text("access_hash"))
	j.Gate = v.gate()
	j.Intent = map[string]wire.Intent{"enter": wire.IntentEnter, "return": wire.IntentReturn}[text("intent")]
	j.RoomID, _ = wire.ParseUUID[wire.RoomID](text("room_id"))
	j.Resume, j.HasResume = wire.ParseHash[wire.ResumeToken](text("resume"))
	if n, isNumber := v.data["ext"].(json.Number); isNumber && len(n) <= 32 {
		f, _, err := big.ParseFloat(n.String(), 10, 53, big.ToNearestEven)
		j.Ext = err == nil && f.Cmp(big.NewFloat(1)) == 0
	}
	return j
}
