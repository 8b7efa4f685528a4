package wire_test

import (
	"strings"
	"testing"
	"time"

	"sotto/wire"
)

var (
	insertedAt = time.Date(2026, 7, 1, 12, 0, 0, 123456789, time.UTC)
	readAt     = time.Date(2026, 7, 1, 14, 0, 0, 0, time.FixedZone("CEST", 2*60*60))
	expiresAt  = time.Date(2026, 7, 8, 12, 0, 0, 999999999, time.UTC)
)

const (
	insertedAtText = "2026-07-01T12:00:00.123456Z"
	readAtText     = "2026-07-01T12:00:00.000000Z"
	expiresAtText  = "2026-07-08T12:00:00.999999Z"
)

func message(t testing.TB) *wire.Message {
	t.Helper()
	return &wire.Message{
		ID:         uuid[wire.MessageID](t, messageHex),
		Sender:     hash[wire.SenderHash](t, senderHex),
		Ciphertext: ciphertextBytes,
		IV:         ivBytes,
		InsertedAt: insertedAt,
	}
}

// A broadcast that has no ciphertext takes no buffer for one: a read receipt of a
// large message would else fill a quarter of what may wait for a slow socket.
func TestEncode_ReceiptIsSmall(t *testing.T) {
	t.Parallel()
	m := message(t)
	m.Ciphertext, m.ReadAt = make([]byte, 64<<10), readAt
	buf := wire.NewBuffers(256 << 10).Encode(&wire.Response{Event: wire.EventMessageRead, MessageID: m.ID, Message: m})
	defer buf.Release()
	if buf.Size() != wire.SmallBuffer {
		t.Errorf("message_read of a large message takes %d bytes; want %d", buf.Size(), wire.SmallBuffer)
	}
}

// The frames of the protocol, to the byte; and what the client reads in them.
func TestEncode(t *testing.T) {
	t.Parallel()
	ref := wire.NewRef("7")
	id := uuid[wire.MessageID](t, messageHex)
	read := message(t)
	read.ReadAt = readAt
	messageText := `"id":"` + messageHex + `","sender_hash":"` + senderHex + `","ciphertext":"` + ciphertextText +
		`","iv":"` + ivText + `","read_at":`
	unreadText := messageText + `null,"inserted_at":"` + insertedAtText + `"`
	readText := messageText + `"` + readAtText + `","inserted_at":"` + insertedAtText + `"`
	joined := wire.Joined{
		RoomID: uuid[wire.RoomID](t, roomIDHex), TTLExpiresAt: expiresAt, AwaitingParty: true,
		Resume: hash[wire.ResumeToken](t, resumeHex),
	}
	full := joined
	full.AwaitingParty, full.Message = false, read
	ext := joined
	ext.Sender, ext.HasSender = hash[wire.SenderHash](t, senderHex), true
	std1 := joined
	std1.Resume = wire.ResumeToken{}
	roomText := `"room_id":"` + roomIDHex + `","ttl_expires_at":"` + expiresAtText + `",`
	for name, tc := range map[string]struct {
		in   wire.Response
		want string
	}{
		"ok":        {wire.Response{Ref: ref}, `{"ref":"7","ok":{}}`},
		"empty ref": {wire.Response{Ref: wire.NewRef("")}, `{"ref":"","ok":{}}`},
		"a ref to escape": {
			wire.Response{Ref: wire.NewRef("\"\\/<>&\x00\x1f\n\x7fé\u2028😀")},
			`{"ref":"\"\\/<>&\u0000\u001f\u000a` + "\x7fé\u2028😀" + `","ok":{}}`,
		},
		"sent": {wire.Response{Ref: ref, MessageID: id}, `{"ref":"7","ok":{"message_id":"` + messageHex + `"}}`},
		"joined, slot empty": {
			wire.Response{Ref: ref, Joined: &joined},
			`{"ref":"7","ok":{` + roomText + `"awaiting_party":true,"resume":"` + resumeHex + `"}}`,
		},
		"joined, slot full": {
			wire.Response{Ref: ref, Joined: &full},
			`{"ref":"7","ok":{` + roomText + `"awaiting_party":false,"current_message":{` + readText + `},"resume":"` + resumeHex + `"}}`,
		},
		"joined, no token": {
			wire.Response{Ref: ref, Joined: &std1}, `{"ref":"7","ok":{` + roomText + `"awaiting_party":true}}`,
		},
		"joined, ext": {
			wire.Response{Ref: ref, Joined: &ext},
			`{"ref":"7","ok":{` + roomText + `"awaiting_party":true,"resume":"` + resumeHex + `","sender_hash":"` + senderHex + `"}}`,
		},
		"hello kept": {wire.Response{Ref: ref, Hello: ciphertextBytes}, `{"ref":"7","ok":{"hello":"` + ciphertextText + `"}}`},
		"hello":      {wire.Response{Event: wire.EventHello, Hello: ciphertextBytes}, `{"event":"hello","data":{"hello":"` + ciphertextText + `"}}`},
		"ttl_extended": {
			wire.Response{Event: wire.EventTTLExtended, TTLExpiresAt: expiresAt},
			`{"event":"ttl_extended","data":{"ttl_expires_at":"` + expiresAtText + `"}}`,
		},
		"error": {
			wire.Response{Ref: ref, Reason: wire.ReasonNotYourTurn}, `{"ref":"7","error":{"reason":"not_your_turn"}}`,
		},
		"error with attempts": {
			wire.Response{Ref: ref, Reason: wire.ReasonUnauthorized, AttemptsRemaining: 9},
			`{"ref":"7","error":{"reason":"unauthorized","attempts_remaining":9}}`,
		},
		"error with a time": {
			wire.Response{Ref: ref, Reason: wire.ReasonLocked, RetryAfter: 1799*time.Second + 1},
			`{"ref":"7","error":{"reason":"locked","retry_after":1800}}`,
		},
		"error with the shortest time": {
			wire.Response{Ref: ref, Reason: wire.ReasonRateLimited, RetryAfter: 1},
			`{"ref":"7","error":{"reason":"rate_limited","retry_after":1}}`,
		},
		"new_message": {
			wire.Response{Event: wire.EventNewMessage, Message: message(t)},
			`{"event":"new_message","data":{` + unreadText + `}}`,
		},
		"message_read": {
			wire.Response{Event: wire.EventMessageRead, MessageID: id, Message: &wire.Message{ReadAt: readAt}},
			`{"event":"message_read","data":{"message_id":"` + messageHex + `","read_at":"` + readAtText + `"}}`,
		},
		"message_edited": {
			wire.Response{Event: wire.EventMessageEdited, MessageID: id, Message: &wire.Message{Ciphertext: ciphertextBytes, IV: ivBytes}},
			`{"event":"message_edited","data":{"message_id":"` + messageHex + `","ciphertext":"` + ciphertextText + `","iv":"` + ivText + `"}}`,
		},
		"message_deleted": {
			wire.Response{Event: wire.EventMessageDeleted, MessageID: id},
			`{"event":"message_deleted","data":{"message_id":"` + messageHex + `"}}`,
		},
		"counterparty_typing": {wire.Response{Event: wire.EventCounterpartyTyping}, `{"event":"counterparty_typing","data":{}}`},
		"room_expired":        {wire.Response{Event: wire.EventRoomExpired}, `{"event":"room_expired","data":{}}`},
		"party_paired": {
			wire.Response{Event: wire.EventPartyPaired, TTLExpiresAt: expiresAt},
			`{"event":"party_paired","data":{"ttl_expires_at":"` + expiresAtText + `"}}`,
		},
		"party_paired of std-1": {wire.Response{Event: wire.EventPartyPaired}, `{"event":"party_paired","data":{}}`},
		"restarting":            {wire.Response{Event: wire.EventRestarting, RetryAfter: 599*time.Second + 1}, `{"event":"restarting","data":{"retry_after":600}}`},
		"presence":              {wire.Response{Event: wire.EventPresence, Connected: true}, `{"event":"presence","data":{"connected":true}}`},
	} {
		b := newBuffers()
		buf := b.Encode(&tc.in)
		if got := string(buf.Bytes()); got != tc.want {
			t.Errorf("%s: got  %s\nwant %s", name, got, tc.want)
		}
		truncateTimes(&tc.in)
		tc.in.RetryAfter = (tc.in.RetryAfter + time.Second - 1).Truncate(time.Second)
		back, err := decodeResponse(t, string(buf.Bytes()))
		if fields := different(&back, &tc.in); err != nil || fields != nil {
			t.Errorf("%s: read with %v, different in %v", name, err, fields)
		}
		buf.Release()
		if n := b.Live(); n != 0 {
			t.Errorf("%s: %d buffers are out at the end", name, n)
		}
	}
	for want, in := range map[string]wire.Response{
		`{"reason":"rate_limited","retry_after":9223372037}`: {Reason: wire.ReasonRateLimited, RetryAfter: 1<<63 - 1},
		`{"reason":"locked"}`:                                {Reason: wire.ReasonLocked, RetryAfter: -1, AttemptsRemaining: -1},
		`{"reason":"stale"}`:                                 {Reason: wire.ReasonStale, Joined: &joined, MessageID: id},
	} {
		in.Ref = ref
		buf := newBuffers().Encode(&in)
		if got := string(buf.Bytes()); got != `{"ref":"7","error":`+want+`}` {
			t.Errorf("got %s, want %s", got, want)
		}
		buf.Release()
	}
}

func TestEncodePicksItsBufferOnce(t *testing.T) {
	t.Parallel()
	// A buffer that is outgrown would leave its content behind, uncleared.
	longest := wire.NewRef(strings.Repeat("\x00", wire.MaxRef))
	b := newBuffers()
	for size := 0; size <= maxCiphertext; size += 1 + size/64 {
		full := &wire.Message{Ciphertext: make([]byte, size), ReadAt: readAt}
		for _, r := range []*wire.Response{
			{Ref: longest, Joined: &wire.Joined{Message: full, Resume: wire.ResumeToken{1}, HasSender: true}},
			{Ref: longest, Hello: make([]byte, min(size, wire.MaxHello))},
			{Event: wire.EventHello, Hello: make([]byte, 1+min(size, wire.MaxHello-1))},
			{Event: wire.EventNewMessage, Message: full},
		} {
			buf := b.Encode(r)
			most := largeBuffer
			switch {
			case size < 300 && r.Event == wire.EventNewMessage:
				most = smallBuffer
			case size <= 8192:
				most = mediumBuffer
			}
			if got := buf.Size(); got != smallBuffer && got != mediumBuffer && got != largeBuffer || got > most {
				t.Fatalf("%d bytes of ciphertext in a buffer of %d", size, got)
			}
			buf.Release()
		}
	}
	huge := b.Encode(&wire.Response{
		Event: wire.EventNewMessage, Message: &wire.Message{Ciphertext: make([]byte, 1<<20)},
	})
	if want := 4 * (1<<20 + 2) / 3; len(huge.Bytes()) < want {
		t.Errorf("a message over the limit was cut to %d bytes", len(huge.Bytes()))
	}
	huge.Release()
}

// The smallest relay must be able to answer what it accepts.
func TestAnswersFitTheLimit(t *testing.T) {
	t.Parallel()
	for _, largest := range []int{0, 1, 16, 100, 255, 256, 300, 511, 512, 513, 1000, 2000, maxCiphertext, 1 << 16} {
		b := wire.NewBuffers(4 * largest)
		buf := b.Encode(&wire.Response{
			Ref: wire.NewRef(strings.Repeat("\x00", wire.MaxRef)),
			Joined: &wire.Joined{
				Message: &wire.Message{Ciphertext: make([]byte, largest), ReadAt: readAt},
				Resume:  wire.ResumeToken{1}, HasSender: true,
			},
		})
		if buf.Size() > b.Limit() {
			t.Errorf("with %d bytes of ciphertext the answer to a join needs %d of %d", largest, buf.Size(), b.Limit())
		}
		buf.Release()
	}
}

// What our client sends, to the byte.
func TestAppendRequest(t *testing.T) {
	t.Parallel()
	ref := wire.NewRef("7")
	id := uuid[wire.MessageID](t, messageHex)
	join := wire.Join{Sender: hash[wire.SenderHash](t, senderHex), Access: hash[wire.AccessHash](t, accessHex)}
	all := join
	all.Gate = wire.Gate{Present: true, Valid: true, Hash: hash[wire.GateHash](t, otpHex)}
	all.Intent, all.RoomID = wire.IntentReturn, uuid[wire.RoomID](t, roomIDHex)
	all.Resume, all.HasResume, all.Ext = hash[wire.ResumeToken](t, resumeHex), true, true
	enter := join
	enter.Intent = wire.IntentEnter
	std1 := `"sender_hash":"` + senderHex + `","access_hash":"` + accessHex + `"`
	sealed := `"ciphertext":"` + ciphertextText + `","iv":"` + ivText + `"`
	send := wire.Request{Event: wire.EventSend, Ref: ref, Ciphertext: ciphertextBytes, IV: ivBytes}
	replaced, first := send, send
	variant := send
	variant.Replaces = wire.Replaces{Set: true, Message: true, ID: id, HasIV: true, IV: ivBytes}
	replaced.Nonce, replaced.Replaces = nonce(t, otpHex), wire.Replaces{Set: true, Message: true, ID: id}
	first.Replaces.Set = true
	for name, tc := range map[string]struct {
		in   wire.Request
		want string
	}{
		"join": {wire.Request{Event: wire.EventJoin, Ref: ref, Join: join}, `{"event":"join","ref":"7","data":{` + std1 + `}}`},
		"join to enter": {
			wire.Request{Event: wire.EventJoin, Ref: ref, Join: enter},
			`{"event":"join","ref":"7","data":{` + std1 + `,"intent":"enter"}}`,
		},
		"join with everything": {
			wire.Request{Event: wire.EventJoin, Ref: ref, Join: all},
			`{"event":"join","ref":"7","data":{` + std1 + `,"otp_hash":"` + otpHex + `","intent":"return","room_id":"` + roomIDHex +
				`","resume":"` + resumeHex + `","ext":1}}`,
		},
		"send":            {send, `{"event":"send_message","ref":"7","data":{` + sealed + `}}`},
		"send first":      {first, `{"event":"send_message","ref":"7","data":{` + sealed + `,"replaces":null}}`},
		"send in reply":   {replaced, `{"event":"send_message","ref":"7","data":{` + sealed + `,"nonce":"` + otpHex + `","replaces":"` + messageHex + `"}}`},
		"send to words":   {variant, `{"event":"send_message","ref":"7","data":{` + sealed + `,"replaces":"` + messageHex + `","replaces_iv":"` + ivText + `"}}`},
		"hello":           {wire.Request{Event: wire.EventHello, Ref: ref, Hello: ciphertextBytes}, `{"event":"hello","ref":"7","data":{"hello":"` + ciphertextText + `"}}`},
		"read, no ref":    {wire.Request{Event: wire.EventRead, MessageID: id}, `{"event":"read_receipt","data":{"message_id":"` + messageHex + `"}}`},
		"delete":          {wire.Request{Event: wire.EventDelete, Ref: ref, MessageID: id}, `{"event":"delete_message","ref":"7","data":{"message_id":"` + messageHex + `"}}`},
		"typing":          {wire.Request{Event: wire.EventTyping}, `{"event":"typing","data":{}}`},
		"expire":          {wire.Request{Event: wire.EventExpire, Ref: ref}, `{"event":"expire_room","ref":"7","data":{}}`},
		"redeem":          {wire.Request{Event: wire.EventRedeemExtension, Ref: ref}, `{"event":"redeem_extension","ref":"7","data":{}}`},
		"reset":           {wire.Request{Event: wire.EventResetPairing, Ref: ref, Gate: all.Gate}, `{"event":"reset_pairing","ref":"7","data":{"otp_hash":"` + otpHex + `"}}`},
		"reset, no code":  {wire.Request{Event: wire.EventResetPairing, Ref: ref}, `{"event":"reset_pairing","ref":"7","data":{}}`},
		"a ref to escape": {wire.Request{Event: wire.EventTyping, Ref: wire.NewRef("\"\\\x01")}, `{"event":"typing","ref":"\"\\\u0001","data":{}}`},
		"edit": {
			wire.Request{Event: wire.EventEdit, Ref: ref, MessageID: id, Ciphertext: ciphertextBytes, IV: ivBytes},
			`{"event":"edit_message","ref":"7","data":{"message_id":"` + messageHex + `",` + sealed + `}}`,
		},
	} {
		if got := string(wire.AppendRequest([]byte("before "), &tc.in)); got != "before "+tc.want {
			t.Errorf("%s: got  %s\nwant %s", name, got, tc.want)
		}
	}
}
