package wire

// Event names what a frame is about, in both directions.
type Event uint8

// Events a client sends come first, then those the relay broadcasts.
const (
	// EventNone marks a reply.
	EventNone Event = iota
	// EventUnknown is any event name this protocol does not have; the relay
	// ignores it.
	EventUnknown

	EventJoin
	EventSend
	EventRead
	EventEdit
	EventDelete
	EventTyping
	EventExpire
	EventResetPairing
	EventRedeemExtension

	// EventHello is sent by clients and broadcast by the relay.
	EventHello

	EventNewMessage
	EventMessageRead
	EventMessageEdited
	EventMessageDeleted
	EventCounterpartyTyping
	EventRoomExpired
	EventPartyPaired
	EventPresence
	EventTTLExtended
	EventRestarting

	eventCount

	firstRequest, lastRequest     = EventJoin, EventHello
	firstBroadcast, lastBroadcast = EventHello, EventRestarting
)

var eventNames = [eventCount]string{
	EventJoin:               "join",
	EventSend:               "send_message",
	EventRead:               "read_receipt",
	EventEdit:               "edit_message",
	EventDelete:             "delete_message",
	EventTyping:             "typing",
	EventExpire:             "expire_room",
	EventResetPairing:       "reset_pairing",
	EventRedeemExtension:    "redeem_extension",
	EventHello:              "hello",
	EventNewMessage:         "new_message",
	EventMessageRead:        "message_read",
	EventMessageEdited:      "message_edited",
	EventMessageDeleted:     "message_deleted",
	EventCounterpartyTyping: "counterparty_typing",
	EventRoomExpired:        "room_expired",
	EventPartyPaired:        "party_paired",
	EventPresence:           "presence",
	EventTTLExtended:        "ttl_extended",
	EventRestarting:         "restarting",
}

// String returns the name on the wire; EventNone and EventUnknown have none.
func (e Event) String() string {
	if e < eventCount {
		return eventNames[e]
	}
	return ""
}

// Reason says why a request was refused; it is the error.reason of a reply.
// The empty Reason means that nothing was wrong.
type Reason string

// The reasons of std-1; ReasonStale and ReasonRestarting are ours.
const (
	ReasonInvalidRoom          Reason = "invalid_room"
	ReasonInvalidSender        Reason = "invalid_sender"
	ReasonInvalidAccess        Reason = "invalid_access"
	ReasonNotFound             Reason = "not_found"
	ReasonLocked               Reason = "locked"
	ReasonUnauthorized         Reason = "unauthorized"
	ReasonNotJoined            Reason = "not_joined"
	ReasonNotYourTurn          Reason = "not_your_turn"
	ReasonStale                Reason = "stale"
	ReasonTooLarge             Reason = "message_too_large"
	ReasonInvalidEncoding      Reason = "invalid_encoding"
	ReasonNotEditable          Reason = "not_editable"
	ReasonNotDeletable         Reason = "not_deletable"
	ReasonOTPRequired          Reason = "otp_required"
	ReasonOTPInvalid           Reason = "otp_invalid"
	ReasonInvalidToken         Reason = "invalid_token"
	ReasonMonetizationDisabled Reason = "monetization_disabled"
	ReasonRateLimited          Reason = "rate_limited"
	ReasonInternalError        Reason = "internal_error"
	ReasonRestarting           Reason = "restarting"
)

// CloseCode is why the relay closed a socket. Codes from 4000 to 4499 and 1012
// the client may retry, with back-off; all others are final: it comes back only
// when the person asks for it.
type CloseCode uint16

// The close codes of the relay. The text that travels with a code is
// [CloseCode.Reason].
const (
	// CloseNone means that the relay did not choose to close.
	CloseNone CloseCode = 0
	// CloseRoomExpired: the room is gone, by TTL or by expire_room. Final.
	CloseRoomExpired CloseCode = 1000
	// CloseTooBig: a frame exceeded four times the ciphertext limit. Final.
	CloseTooBig CloseCode = 1009
	// CloseRestart: the relay shuts down; every room is gone. Retry.
	CloseRestart CloseCode = 1012
	// CloseSlowConsumer: the peer reads more slowly than frames arrive. Retry;
	// a rejoin gets the whole state, so nothing is lost.
	CloseSlowConsumer CloseCode = 4000
	// CloseNoPong: a ping stayed without its pong. Retry.
	CloseNoPong CloseCode = 4002
	// CloseNotJoined: no successful join in time. Retry.
	CloseNotJoined CloseCode = 4003
	// CloseRoomFailed: the room failed and is gone. Retry, with intent "return".
	CloseRoomFailed CloseCode = 4004
	// CloseMoved: another socket of the same seat sent a hello. Final.
	CloseMoved CloseCode = 4500
	// CloseTooManyDevices: a ninth socket of the same seat joined, and this was
	// the oldest. Final, or nine devices would push each other out for ever.
	CloseTooManyDevices CloseCode = 4501
)

var closeReasons = map[CloseCode]string{
	CloseRoomExpired:    "room_expired",
	CloseTooBig:         "frame_too_big",
	CloseRestart:        "relay_restart",
	CloseSlowConsumer:   "slow_consumer",
	CloseNoPong:         "no_pong",
	CloseNotJoined:      "not_joined",
	CloseRoomFailed:     "room_failed",
	CloseMoved:          "moved",
	CloseTooManyDevices: "too_many_devices",
}

// Reason returns the short text that travels with the code, or "".
func (c CloseCode) Reason() string { return closeReasons[c] }

// Retry reports whether a client may dial again after this code.
func (c CloseCode) Retry() bool { return c == CloseRestart || c >= 4000 && c < 4500 }

// CloseCodes returns every code the relay itself closes with, in rising order.
func CloseCodes() []CloseCode {
	return []CloseCode{
		CloseRoomExpired, CloseTooBig, CloseRestart, CloseSlowConsumer,
		CloseNoPong, CloseNotJoined, CloseRoomFailed, CloseMoved, CloseTooManyDevices,
	}
}
