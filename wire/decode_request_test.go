package wire_test

import (
	"fmt"
	"strings"
	"testing"

	"sotto/wire"
)

// object is a JSON object of raw values; "" leaves a field out.
type object map[string]string

func (o object) String() string {
	var fields []string
	for key, raw := range o {
		if raw != "" {
			fields = append(fields, fmt.Sprintf("%q:%s", key, raw))
		}
	}
	return "{" + strings.Join(fields, ",") + "}"
}

// with returns a copy of o with one field changed.
func (o object) with(key, raw string) object {
	changed := object{key: raw}
	for k, v := range o {
		if k != key {
			changed[k] = v
		}
	}
	return changed
}

func quoted(s string) string { return `"` + s + `"` }

// decodeData decodes the frame of an event with this data.
func decodeData(t testing.TB, event, data string) wire.Request {
	t.Helper()
	req, err := read(t, fmt.Sprintf(`{"event":%q,"ref":"1","data":%s}`, event, data))
	if err != nil {
		t.Fatal(err)
	}
	return req
}

// notStrings are values of every other type.
var notStrings = map[string]string{
	"a number": "1", "true": "true", "false": "false", "an array": `["a"]`, "an object": `{"a":"b"}`,
}

var events = map[string]wire.Event{
	"join": wire.EventJoin, "send_message": wire.EventSend, "read_receipt": wire.EventRead,
	"edit_message": wire.EventEdit, "delete_message": wire.EventDelete, "typing": wire.EventTyping,
	"expire_room": wire.EventExpire, "reset_pairing": wire.EventResetPairing,
	"redeem_extension": wire.EventRedeemExtension, "hello": wire.EventHello,
}

func TestEventNames(t *testing.T) {
	t.Parallel()
	for name, want := range events {
		if got := decodeData(t, name, "{}"); got.Event != want || want.String() != name {
			t.Errorf("%s is not the event of that name", name)
		}
	}
	for _, name := range []string{
		"", "Join", "JOIN", "join ", " join", "joi", "joinx", "phx_join", "send", "message_sent", "joi\\u0000",
		"new_message", "message_read", "message_edited", "message_deleted", "counterparty_typing",
		"room_expired", "party_paired", "presence", "ttl_extended",
	} {
		req, err := read(t, `{"event":"`+name+`","ref":"1","data":1}`)
		if err != nil || req.Event != wire.EventUnknown || req.Fault != "" || req.Ref.Text() != "1" {
			t.Errorf("%q is not an unknown event", name)
		}
	}
	if got := decodeData(t, `j\u006fin`, "{}"); got.Event != wire.EventUnknown {
		// %q above escapes the backslash: this name has one.
		t.Error("a name with a backslash is an event")
	}
	if req, err := read(t, `{"event":"typ\u0069ng"}`); err != nil || req.Event != wire.EventTyping {
		t.Error("an escaped name is not the event")
	}
}

func TestDataOfAnotherType(t *testing.T) {
	t.Parallel()
	for name, event := range events {
		for what, raw := range map[string]string{
			"a number": "1", "true": "true", "a string": `"{}"`, "an array": "[{}]", "an empty string": `""`,
		} {
			if got := decodeData(t, name, raw); got.Event != event || got.Fault != wire.ReasonInvalidEncoding {
				t.Errorf("%s as data of %s: fault is %q", what, name, got.Fault)
			}
		}
		null, err := read(t, fmt.Sprintf(`{"event":%q,"data":null}`, name))
		if err != nil {
			t.Fatal(err)
		}
		absent, err := read(t, fmt.Sprintf(`{"event":%q}`, name))
		if err != nil {
			t.Fatal(err)
		}
		empty, err := read(t, fmt.Sprintf(`{"event":%q,"data":{}}`, name))
		if err != nil {
			t.Fatal(err)
		}
		if different(&null, &empty) != nil || different(&absent, &empty) != nil {
			t.Errorf("no data of %s is not the same as an empty one", name)
		}
	}
}

func goodJoin() object {
	return object{"sender_hash": quoted(senderHex), "access_hash": quoted(accessHex)}
}

func TestJoin(t *testing.T) {
	t.Parallel()
	sender, access := hash[wire.SenderHash](t, senderHex), hash[wire.AccessHash](t, accessHex)
	plain := wire.Join{Sender: sender, Access: access}
	gate := wire.Gate{Present: true, Valid: true, Hash: hash[wire.GateHash](t, otpHex)}
	for name, tc := range map[string]struct {
		data string
		want func(*wire.Join)
	}{
		"std-1": {
			goodJoin().String(), func(*wire.Join) {},
		},
		"fields of std-1 that are ignored": {
			goodJoin().with("country_iso", `"DE"`).with("extension_secret", `"x"`).String(), func(*wire.Join) {},
		},
		"null in every optional field": {
			goodJoin().with("otp_hash", "null").with("intent", "null").with("room_id", "null").
				with("resume", "null").with("ext", "null").String(), func(*wire.Join) {},
		},
		"a pairing code":   {goodJoin().with("otp_hash", quoted(otpHex)).String(), func(j *wire.Join) { j.Gate = gate }},
		"intent enter":     {goodJoin().with("intent", `"enter"`).String(), func(j *wire.Join) { j.Intent = wire.IntentEnter }},
		"intent return":    {goodJoin().with("intent", `"return"`).String(), func(j *wire.Join) { j.Intent = wire.IntentReturn }},
		"a room id":        {goodJoin().with("room_id", quoted(roomIDHex)).String(), func(j *wire.Join) { j.RoomID = uuid[wire.RoomID](t, roomIDHex) }},
		"in upper case":    {goodJoin().with("room_id", quoted(strings.ToUpper(roomIDHex))).String(), func(j *wire.Join) { j.RoomID = uuid[wire.RoomID](t, roomIDHex) }},
		"empty room id":    {goodJoin().with("room_id", `""`).String(), func(*wire.Join) {}},
		"resume token":     {goodJoin().with("resume", quoted(resumeHex)).String(), func(j *wire.Join) { j.Resume, j.HasResume = hash[wire.ResumeToken](t, resumeHex), true }},
		"no resume token":  {goodJoin().with("resume", quoted(resumeHex[1:])).String(), func(*wire.Join) {}},
		"empty token":      {goodJoin().with("resume", `""`).String(), func(*wire.Join) {}},
		"ext 1":            {goodJoin().with("ext", "1").String(), func(j *wire.Join) { j.Ext = true }},
		"ext 1.0":          {goodJoin().with("ext", "1.0").String(), func(j *wire.Join) { j.Ext = true }},
		"ext 1, at length": {goodJoin().with("ext", "1."+strings.Repeat("0", 30)).String(), func(j *wire.Join) { j.Ext = true }},
		"ext 1, too long":  {goodJoin().with("ext", "1."+strings.Repeat("0", 31)).String(), func(*wire.Join) {}},
		"ext 1.5":          {goodJoin().with("ext", "1.5").String(), func(*wire.Join) {}},
		"ext of 999 nines": {goodJoin().with("ext", strings.Repeat("9", 999)).String(), func(*wire.Join) {}},
		"escaped hashes": {
			goodJoin().with("access_hash", quoted(strings.Repeat(`\u0061c`, 32))).String(), func(*wire.Join) {},
		},
	} {
		want := plain
		tc.want(&want)
		got := decodeData(t, "join", tc.data)
		if got.Fault != "" || got.Join != want {
			t.Errorf("%s: fault %q, as wanted: %v", name, got.Fault, got.Join == want)
		}
	}
}

func TestJoinGate(t *testing.T) {
	t.Parallel()
	malformed := merged(notStrings, map[string]string{
		"empty": `""`, "short": quoted(otpHex[1:]), "long": quoted(otpHex + "0"),
		"upper case": quoted(strings.ToUpper(accessHex)), "no digit": quoted(otpHex[1:] + "g"),
	})
	for name, raw := range malformed {
		join := decodeData(t, "join", goodJoin().with("otp_hash", raw).String())
		reset := decodeData(t, "reset_pairing", object{"otp_hash": raw}.String())
		want := wire.Gate{Present: true}
		if join.Join.Gate != want || reset.Gate != want || join.Fault != "" || reset.Fault != "" {
			t.Errorf("otp_hash %s: not present and invalid without a fault", name)
		}
	}
	for _, raw := range []string{"", "null"} {
		got := decodeData(t, "reset_pairing", object{"otp_hash": raw}.String())
		if got.Gate != (wire.Gate{}) || got.Fault != "" {
			t.Errorf("otp_hash %q is there", raw)
		}
	}
	got := decodeData(t, "reset_pairing", object{"otp_hash": quoted(otpHex)}.String())
	if got.Gate != (wire.Gate{Present: true, Valid: true, Hash: hash[wire.GateHash](t, otpHex)}) {
		t.Error("a good otp_hash is not valid")
	}
}

func TestJoinFaults(t *testing.T) {
	t.Parallel()
	malformed := merged(notStrings, map[string]string{
		"absent": "", "null": "null", "empty": `""`, "short": quoted(senderHex[1:]), "long": quoted(senderHex + "0"),
		"upper case": quoted(strings.ToUpper(senderHex)), "no digit": quoted(senderHex[1:] + "g"),
	})
	for name, raw := range malformed {
		for field, want := range map[string]wire.Reason{
			"sender_hash": wire.ReasonInvalidSender, "access_hash": wire.ReasonInvalidAccess,
		} {
			if got := decodeData(t, "join", goodJoin().with(field, raw).String()); got.Fault != want {
				t.Errorf("%s: %s: fault is %q", name, field, got.Fault)
			}
		}
	}
	wrong := map[string]map[string]string{
		"intent":  merged(notStrings, map[string]string{"another word": `"create"`, "empty": `""`, "upper case": `"Enter"`, "with a space": `"enter "`}),
		"room_id": notStrings, "resume": notStrings,
		"ext": {"a string": `"1"`, "true": "true", "false": "false", "an array": "[1]", "an object": "{}"},
	}
	for field, values := range wrong {
		for name, raw := range values {
			t.Run(field+" "+name, func(t *testing.T) {
				t.Parallel()
				data := goodJoin().with(field, raw)
				for order, tc := range map[string]struct {
					data object
					want wire.Reason
				}{
					"alone":               {data, wire.ReasonInvalidEncoding},
					"after the sender":    {data.with("sender_hash", `""`), wire.ReasonInvalidSender},
					"after the access":    {data.with("access_hash", `""`), wire.ReasonInvalidAccess},
					"after sender, first": {data.with("access_hash", `""`).with("sender_hash", ""), wire.ReasonInvalidSender},
				} {
					if got := decodeData(t, "join", tc.data.String()); got.Fault != tc.want {
						t.Errorf("%s: fault is %q", order, got.Fault)
					}
				}
			})
		}
	}
}
