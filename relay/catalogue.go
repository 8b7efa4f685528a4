package relay

import (
	"net/http"
	"slices"

	"github.com/coder/websocket"
	"github.com/rs/zerolog"

	"sotto/wire"
)

// answer is a row of the catalogue: one way in which the relay refuses what a
// client asks, or ends its socket.
type answer struct {
	// reason is what the client reads: error.reason of a reply, error of an HTTP
	// answer, or the text of a close frame. Empty: it is told nothing.
	reason string
	status int            // of an HTTP answer, else 0
	code   wire.CloseCode // of a close frame, else 0
	// counter is the metric that counts it, under label; empty: none does.
	counter, label string
	level          zerolog.Level // of the log line; Disabled: there is none
	// retry: the client may ask for the same again later, with back-off.
	retry bool
}

// The metrics that count answers.
const (
	countJoins   = "sotto_joins_total"
	countFrames  = "sotto_frames_rejected_total"
	countLimits  = "sotto_rate_limited_total"
	countRefused = "sotto_upgrades_refused_total"
	countClosed  = "sotto_connections_closed_total"
)

// catalogue lists everything the relay refuses or ends, and how.
// PROTOCOL.md has the same table, with the meaning of each row.
var catalogue = slices.Concat(replies, httpAnswers, closes)

const unlogged = zerolog.Disabled

// replies refuse a request on a socket. Those of the room's rules are decided in
// package roomactor, and counted by it where they answer a join.
var replies = []answer{
	replyNotAFrame,
	replyBinary,
	replyNotJoined,
	silentTyping,
	ofJoin(wire.ReasonInvalidSender, false),
	ofJoin(wire.ReasonInvalidAccess, false),
	ofJoin(wire.ReasonInvalidEncoding, false),
	ofJoin(wire.ReasonNotFound, false),
	ofJoin(wire.ReasonLocked, true),
	ofJoin(wire.ReasonUnauthorized, false),
	ofJoin(wire.ReasonOTPRequired, false),
	ofJoin(wire.ReasonOTPInvalid, false),
	{reason: string(wire.ReasonRateLimited), counter: countJoins, label: string(wire.ReasonRateLimited), level: zerolog.WarnLevel, retry: true},
	{reason: string(wire.ReasonRateLimited), counter: countJoins, label: "max_rooms", level: zerolog.WarnLevel, retry: true},
	ofJoin(wire.ReasonInternalError, true),
	ofJoin(wire.ReasonRestarting, true),
	ofRoom(wire.ReasonInvalidEncoding),
	ofRoom(wire.ReasonTooLarge),
	replySlotsFull,
	ofRoom(wire.ReasonNotYourTurn),
	ofRoom(wire.ReasonStale),
	ofRoom(wire.ReasonNotFound),
	ofRoom(wire.ReasonNotEditable),
	ofRoom(wire.ReasonNotDeletable),
	ofRoom(wire.ReasonInvalidToken),
	ofRoom(wire.ReasonMonetizationDisabled),
}

var (
	replyNotAFrame = answer{reason: string(wire.ReasonInvalidEncoding), counter: countFrames, label: "not_a_frame", level: unlogged}
	replyBinary    = answer{reason: string(wire.ReasonInvalidEncoding), counter: countFrames, label: "binary", level: unlogged}
	replyNotJoined = answer{reason: string(wire.ReasonNotJoined), counter: countFrames, label: "not_joined", level: unlogged}
	replySlotsFull = answer{reason: string(wire.ReasonRateLimited), counter: countLimits, label: limitSlotMemory, level: unlogged, retry: true}
	silentTyping   = answer{counter: countFrames, label: "typing_too_often", level: unlogged}
)

// ofJoin refuses a join.
func ofJoin(reason wire.Reason, retry bool) answer {
	return answer{reason: string(reason), counter: countJoins, label: string(reason), level: unlogged, retry: retry}
}

// ofRoom refuses another request of a member.
func ofRoom(reason wire.Reason) answer { return answer{reason: string(reason), level: unlogged} }

// httpAnswers refuse an HTTP request.
var httpAnswers = []answer{
	httpNothingHere,
	httpWrongMethod,
	httpBody,
	httpForeignPage,
	httpNotAdmitted,
	httpInvalidRoom,
	httpInvalidHash,
	httpTooManyRequests,
	httpTooManyUpgrades,
	httpFull,
	httpRestart,
	httpNoUpgrade,
	httpOldVersion,
	httpBadHandshake,
	httpCantUpgrade,
	httpBroken,
	httpFailed,
}

var (
	httpNothingHere = ofHTTP(http.StatusNotFound, "not_found")
	httpWrongMethod = ofHTTP(http.StatusMethodNotAllowed, "method_not_allowed")
	httpBody        = ofHTTP(http.StatusBadRequest, "body_not_allowed")
	httpForeignPage = ofHTTP(http.StatusForbidden, "forbidden").countedAs(countRefused, "origin")
	httpNotAdmitted = ofHTTP(http.StatusForbidden, "forbidden").countedAs(countRefused, "admit")
	httpInvalidRoom = ofHTTP(http.StatusBadRequest, string(wire.ReasonInvalidRoom)) // of /ws
	httpInvalidHash = ofHTTP(http.StatusBadRequest, "invalid_room_hash")            // of /exists

	httpTooManyRequests = ofHTTP(http.StatusTooManyRequests, string(wire.ReasonRateLimited)).atLimit(limitRequests)
	httpTooManyUpgrades = ofHTTP(http.StatusTooManyRequests, string(wire.ReasonRateLimited)).atLimit(limitUpgrade)
	httpFull            = ofHTTP(http.StatusServiceUnavailable, "too_many_connections").atLimit(limitConns)
	httpRestart         = answer{
		status: http.StatusServiceUnavailable, reason: "relay_restart",
		counter: countRefused, label: "closing", level: unlogged, retry: true,
	}

	httpNoUpgrade    = ofHTTP(http.StatusUpgradeRequired, "upgrade_required")
	httpOldVersion   = ofHTTP(http.StatusUpgradeRequired, "upgrade_required").countedAs(countRefused, "protocol")
	httpBadHandshake = ofHTTP(http.StatusBadRequest, "bad_handshake").countedAs(countRefused, "protocol")
	// httpCantUpgrade: the server, or what wraps its writer, can't upgrade.
	httpCantUpgrade = ofHTTP(http.StatusNotImplemented, "no_upgrade_here").countedAs(countRefused, "protocol")
	// httpBroken: the connection failed after the good answer to a handshake.
	httpBroken = answer{counter: countRefused, label: "protocol", level: unlogged, retry: true}
	// httpFailed: the upgrade panicked.
	httpFailed = answer{counter: countRefused, label: "failed", level: zerolog.ErrorLevel, retry: true}
)

func ofHTTP(status int, reason string) answer {
	return answer{status: status, reason: reason, level: unlogged}
}

func (a answer) countedAs(counter, label string) answer {
	a.counter, a.label = counter, label
	return a
}

// atLimit makes a the answer of a limit: it is logged, and passes with time.
func (a answer) atLimit(limit string) answer {
	a.level, a.retry = zerolog.WarnLevel, true
	return a.countedAs(countLimits, limit)
}

// closes end a socket. Those without a code are ends the relay did not choose.
var closes = []answer{
	closing(wire.CloseRoomExpired, "1000", zerolog.DebugLevel),
	closing(wire.CloseTooBig, "1009", zerolog.DebugLevel),
	closing(wire.CloseRestart, "1012", zerolog.DebugLevel),
	closing(wire.CloseSlowConsumer, "4000", zerolog.DebugLevel),
	closing(wire.CloseNoPong, "4002", zerolog.DebugLevel),
	closing(wire.CloseNotJoined, "4003", zerolog.DebugLevel),
	closing(wire.CloseRoomFailed, "4004", zerolog.ErrorLevel),
	closing(wire.CloseMoved, "4500", zerolog.DebugLevel),
	closing(wire.CloseTooManyDevices, "4501", zerolog.DebugLevel),
	endedByPeer,
	endedLost,
	endedFailed,
}

var (
	// endedByPeer: the peer sent a close frame first.
	endedByPeer = answer{counter: countClosed, label: "peer", level: zerolog.DebugLevel, retry: true}
	// endedLost: the connection broke, or broke the WebSocket protocol.
	endedLost = answer{counter: countClosed, label: "lost", level: zerolog.DebugLevel, retry: true}
	// endedFailed: a bug of the relay, which has broken the connection.
	endedFailed = answer{counter: countClosed, label: "failed", level: zerolog.ErrorLevel, retry: true}
)

func closing(code wire.CloseCode, label string, level zerolog.Level) answer {
	return answer{reason: code.Reason(), code: code, counter: countClosed, label: label, level: level, retry: code.Retry()}
}

// closeOf picks the row of a socket that has ended: the relay's own code if it
// chose one, else what the read loop met.
func closeOf(code wire.CloseCode, readErr error) answer {
	if code != wire.CloseNone {
		for _, a := range closes {
			if a.code == code {
				return a
			}
		}
		panic("relay: close code without a row")
	}
	if websocket.CloseStatus(readErr) != -1 {
		return endedByPeer
	}
	return endedLost
}

// labelsOf lists the labels of a counter that the catalogue has.
func labelsOf(counter string) (labels []string) {
	for _, a := range catalogue {
		if a.counter == counter && !slices.Contains(labels, a.label) {
			labels = append(labels, a.label)
		}
	}
	return labels
}
