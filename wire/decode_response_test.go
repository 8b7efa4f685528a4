package wire_test

import (
	"strings"
	"testing"
	"time"

	"sotto/wire"
)

func decodeResponse(t testing.TB, frame string) (wire.Response, error) {
	t.Helper()
	var r wire.Response
	err := wire.DecodeResponse([]byte(frame), &r)
	return r, err
}

// goodMessage is a message as every relay of std-1 sends it.
func goodMessage() object {
	return object{
		"id": quoted(messageHex), "sender_hash": quoted(senderHex), "ciphertext": quoted(ciphertextText),
		"iv": quoted(ivText), "read_at": "null", "inserted_at": quoted(insertedAtText),
	}
}

// goodJoined is the answer to a join as every relay of std-1 sends it.
func goodJoined() object {
	return object{"room_id": quoted(roomIDHex), "ttl_expires_at": quoted(expiresAtText), "awaiting_party": "false"}
}

func ok(o object) string { return `{"ref":"7","ok":` + o.String() + `}` }

func broadcast(event string, o object) string {
	return `{"event":"` + event + `","data":` + o.String() + `}`
}

func refusal(o object) string { return `{"ref":"7","error":` + o.String() + `}` }

// What relays of std-1 may write otherwise than ours; [TestEncode] has the rest.
func TestDecodeResponse(t *testing.T) {
	t.Parallel()
	ref := wire.NewRef("7")
	id := uuid[wire.MessageID](t, messageHex)
	unread := message(t)
	unread.InsertedAt = insertedAt.Truncate(time.Microsecond)
	read := *unread
	read.ReadAt = readAt.UTC()
	joined := wire.Joined{RoomID: uuid[wire.RoomID](t, roomIDHex), TTLExpiresAt: expiresAt.Truncate(time.Microsecond)}
	for name, tc := range map[string]struct {
		frame string
		want  wire.Response
	}{
		"ok behind":       {`{"ok":{},"ref":"7"}`, wire.Response{Ref: ref}},
		"ok with more":    {ok(object{"x": "[1]", "reason": "2", "connected": "3"}), wire.Response{Ref: ref}},
		"data of a reply": {`{"ref":"7","ok":{},"data":1}`, wire.Response{Ref: ref}},
		"sent, capitals":  {ok(object{"message_id": quoted(strings.ToUpper(messageHex))}), wire.Response{Ref: ref, MessageID: id}},
		"joined, nulls":   {ok(goodJoined().with("resume", "null").with("current_message", "null").with("sender_hash", "null")), wire.Response{Ref: ref, Joined: &joined}},
		"no hello kept":   {ok(object{"hello": "null"}), wire.Response{Ref: ref}},
		"unknown reason":  {refusal(object{"reason": `"because\n"`}), wire.Response{Ref: ref, Reason: "because\n"}},
		"nulls for numbers": {
			refusal(object{"reason": `"locked"`, "retry_after": "null", "attempts_remaining": "null"}),
			wire.Response{Ref: ref, Reason: wire.ReasonLocked},
		},
		"new_message, of another zone": {
			broadcast("new_message", goodMessage().with("read_at", quoted("2026-07-01T14:00:00+02:00"))),
			wire.Response{Event: wire.EventNewMessage, Message: &read},
		},
		"new_message, never read": {
			broadcast("new_message", goodMessage().with("read_at", "")),
			wire.Response{Event: wire.EventNewMessage, Message: unread},
		},
		"ok of a broadcast": {
			`{"event":"room_expired","data":{},"ok":1,"error":2}`, wire.Response{Event: wire.EventRoomExpired},
		},
		"room_expired, no data": {`{"event":"room_expired"}`, wire.Response{Event: wire.EventRoomExpired}},
		"room_expired, null":    {`{"event":"room_expired","data":null}`, wire.Response{Event: wire.EventRoomExpired}},
		"no presence":           {broadcast("presence", object{"connected": "false"}), wire.Response{Event: wire.EventPresence}},
		"unknown event":         {broadcast("dance", object{"connected": "1"}), wire.Response{Event: wire.EventUnknown}},
		"a client's event":      {broadcast("join", object{}), wire.Response{Event: wire.EventUnknown}},
	} {
		got, err := decodeResponse(t, tc.frame)
		if fields := different(&got, &tc.want); err != nil || fields != nil {
			t.Errorf("%s: read with %v, different in %v", name, err, fields)
		}
	}
}

func TestDecodeResponseTimes(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]time.Time{
		"2026-07-01T12:00:00Z":                time.Date(2026, 7, 1, 12, 0, 0, 0, time.UTC),
		"2026-07-01T12:00:00.5Z":              time.Date(2026, 7, 1, 12, 0, 0, 500_000_000, time.UTC),
		"2026-07-01T12:00:00.123456789Z":      time.Date(2026, 7, 1, 12, 0, 0, 123_456_789, time.UTC),
		"2026-07-01T12:00:00.000001-07:30":    time.Date(2026, 7, 1, 19, 30, 0, 1000, time.UTC),
		"2026-07-01T00:00:00+00:00":           time.Date(2026, 7, 1, 0, 0, 0, 0, time.UTC),
		`2026\u002d07\u002D01T00\u003a00:00Z`: time.Date(2026, 7, 1, 0, 0, 0, 0, time.UTC),
	} {
		got, err := decodeResponse(t, broadcast("party_paired", object{"ttl_expires_at": quoted(text)}))
		if err != nil || !got.TTLExpiresAt.Equal(want) || got.TTLExpiresAt.Location() != time.UTC {
			t.Errorf("%s is read as %v, %v", text, got.TTLExpiresAt, err)
		}
	}
}

func TestBadResponses(t *testing.T) {
	t.Parallel()
	bad := map[string]string{
		"nothing":                "",
		"neither ref nor event":  `{"ok":{}}`,
		"both":                   `{"event":"room_expired","ref":"7","ok":{}}`,
		"both, event null":       `{"event":null,"ref":"7","ok":{}}`,
		"ref null":               `{"ref":null,"ok":{}}`,
		"ref a number":           `{"ref":7,"ok":{}}`,
		"ref too long":           `{"ref":"` + strings.Repeat("7", wire.MaxRef+1) + `","ok":{}}`,
		"event a number":         `{"event":7}`,
		"neither ok nor error":   `{"ref":"7"}`,
		"both ok and error":      `{"ref":"7","ok":{},"error":{"reason":"stale"}}`,
		"both, one null":         `{"ref":"7","ok":{},"error":null}`,
		"ok null":                `{"ref":"7","ok":null}`,
		"ok an array":            `{"ref":"7","ok":[]}`,
		"ok a string":            `{"ref":"7","ok":"yes"}`,
		"error a string":         `{"ref":"7","error":"stale"}`,
		"error without a reason": refusal(object{}),
		"data an array":          `{"event":"room_expired","data":[]}`,
		"data of an unknown":     `{"event":"dance","data":1}`,
		"duplicate of ours":      `{"ref":"7","ok":{},"ref":"7"}`,
		"duplicate in a message": ok(goodJoined().with("current_message", `{"id":1,"id":1}`)),
		"duplicate in ok":        `{"ref":"7","ok":{"x":1,"x":1}}`,
		"duplicate in unknown":   `{"event":"dance","data":{"x":[{"y":1,"y":1}]}}`,
		"too deep":               `{"event":"dance","data":` + objects(wire.MaxDepth) + `}`,
		"too many keys":          `{"event":"dance","data":` + objectOf(wire.MaxKeys+1) + `}`,
		"garbage behind":         ok(object{}) + "x",
		"lone surrogate":         `{"ref":"\ud800","ok":{}}`,
		"not UTF-8":              "{\"ref\":\"\xff\",\"ok\":{}}",
	}
	add := func(name string, frame func(object) string, good object, fields map[string]map[string]string) {
		for field, values := range fields {
			for what, raw := range values {
				bad[name+", "+field+" "+what] = frame(good.with(field, raw))
			}
		}
	}
	noString := merged(notStrings, map[string]string{"absent": "", "null": "null", "empty": `""`})
	noID := merged(noString, map[string]string{"short": quoted(messageHex[1:])})
	noHash := merged(noString, map[string]string{"upper case": quoted(strings.ToUpper(senderHex))})
	noTime := merged(noString, map[string]string{
		"a date": `"2026-07-01"`, "no zone": `"2026-07-01T12:00:00"`, "month 13": `"2026-13-01T12:00:00Z"`,
		"a space": `"2026-07-01 12:00:00Z"`,
		"year -1": `"0000-01-01T00:00:00+01:00"`, "year 10000": `"9999-12-31T23:59:59-01:00"`,
	})
	noBool := map[string]string{
		"absent": "", "null": "null", "0": "0", "1": "1", "a string": `"true"`, "an array": "[true]", "an object": "{}",
	}
	noCount := map[string]string{
		"negative": "-1", "a fraction": "1.5", "with a point": "1.0", "an exponent": "1e3", "a string": `"1"`, "true": "true",
		"too large": "2147483648", "far too large": "18446744073709551616", "an array": "[]", "an object": "{}",
	}
	noIV := merged(badBase64, map[string]string{"11 bytes": base64Of(11), "13 bytes": base64Of(13)})
	here := func(values map[string]string, names ...string) map[string]string {
		kept := merged(values)
		for _, name := range names {
			delete(kept, name)
		}
		return kept
	}
	parts := map[string]map[string]string{
		"id": noID, "sender_hash": noHash, "ciphertext": badBase64, "iv": noIV,
		"read_at": here(noTime, "absent", "null"), "inserted_at": noTime,
	}
	pushed := func(event string) func(object) string {
		return func(o object) string { return broadcast(event, o) }
	}
	add("joined", ok, goodJoined(), map[string]map[string]string{
		"room_id": here(noID, "absent"), "ttl_expires_at": noTime, "awaiting_party": noBool,
		"resume":          here(noHash, "absent", "null"),
		"sender_hash":     here(noHash, "absent", "null"),
		"current_message": {"a string": `"x"`, "true": "true", "an array": "[]", "empty": "{}"},
	})
	add("current message", func(o object) string { return ok(goodJoined().with("current_message", o.String())) }, goodMessage(), parts)
	add("sent", ok, object{}, map[string]map[string]string{"message_id": here(noID, "absent")})
	add("error", refusal, object{"reason": `"locked"`}, map[string]map[string]string{
		"reason": noString, "attempts_remaining": noCount, "retry_after": noCount,
	})
	add("new_message", pushed("new_message"), goodMessage(), parts)
	add("message_read", pushed("message_read"), object{"message_id": quoted(messageHex), "read_at": quoted(readAtText)},
		map[string]map[string]string{"message_id": noID, "read_at": noTime})
	add("message_edited", pushed("message_edited"), goodSend().with("message_id", quoted(messageHex)),
		map[string]map[string]string{"message_id": noID, "ciphertext": badBase64, "iv": noIV})
	add("message_deleted", pushed("message_deleted"), object{}, map[string]map[string]string{"message_id": noID})
	add("party_paired", pushed("party_paired"), object{}, map[string]map[string]string{"ttl_expires_at": here(noTime, "absent", "null")})
	noHello := merged(badBase64, map[string]string{"empty": `""`, "too long": base64Of(wire.MaxHello + 1)})
	add("hello kept", ok, object{}, map[string]map[string]string{"hello": here(noHello, "absent", "null")})
	add("hello", pushed("hello"), object{}, map[string]map[string]string{"hello": noHello})
	add("ttl_extended", pushed("ttl_extended"), object{}, map[string]map[string]string{"ttl_expires_at": noTime})
	add("presence", pushed("presence"), object{}, map[string]map[string]string{"connected": noBool})
	for name, frame := range bad {
		got, err := decodeResponse(t, frame)
		if err != wire.ErrFrame { //nolint:errorlint // not wrapped
			t.Errorf("%s: error is %v", name, err)
		}
		if fields := different(&got, &wire.Response{}); fields != nil {
			t.Errorf("%s: %v are left", name, fields)
		}
	}
}

func merged(all ...map[string]string) map[string]string {
	out := map[string]string{}
	for _, m := range all {
		for k, v := range m {
			out[k] = v
		}
	}
	return out
}

func TestDecodeResponseLeavesTheFrameAlone(t *testing.T) {
	t.Parallel()
	text := `{"event":"new_message","\u0065":"\n","data":` + goodMessage().String() + `}`
	frame := []byte(text)
	r := wire.Response{Ref: wire.FrameRef, Reason: wire.ReasonStale, Connected: true, TTLExpiresAt: readAt}
	if err := wire.DecodeResponse(frame, &r); err != nil {
		t.Fatal(err)
	}
	if string(frame) != text {
		t.Error("the frame was written to")
	}
	clear(frame)
	want := message(t)
	want.InsertedAt = insertedAt.Truncate(time.Microsecond)
	if fields := different(&r, &wire.Response{Event: wire.EventNewMessage, Message: want}); fields != nil {
		t.Errorf("different in %v once the frame is gone", fields)
	}
}
