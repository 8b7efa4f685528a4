package wire_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strconv"
	"unicode/utf8"

	"sotto/wire"
)

// verdict is what the oracle says about a frame from a client.
type verdict struct {
	good  bool
	event wire.Event
	ref   wire.Ref
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
	if v.event = events[name]; v.event == wire.EventNone {
		v.event = wire.EventUnknown
	}
	return v
}

// isFrame reports whether frame is what the package comment demands of every
// frame, but for event and ref.
func isFrame(frame []byte) bool {
	return utf8.Valid(frame) && json.Valid(frame) && !loneSurrogate(frame) && withinLimits(frame)
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
