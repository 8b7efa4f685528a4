package relay

import (
	"math"
	"slices"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"

	"sotto/roomactor"
	"sotto/wire"
)

// metrics are aggregates with closed label sets, all created at 0. They
// implement roomactor.Observer.
type metrics struct {
	roomsStarted    prometheus.Counter
	roomsClosed     *prometheus.CounterVec
	joins           *prometheus.CounterVec
	messages        *prometheus.CounterVec
	framesRejected  *prometheus.CounterVec
	connsClosed     *prometheus.CounterVec
	slowConsumers   *prometheus.CounterVec
	lockouts        *prometheus.CounterVec
	rateLimited     *prometheus.CounterVec
	upgradesRefused *prometheus.CounterVec
	roomPanics      prometheus.Counter
	deliver         prometheus.Histogram
	mailboxWait     prometheus.Histogram

	all []prometheus.Collector
	// registered is where all of them are, or nil.
	registered prometheus.Registerer
	once       sync.Once // unregister
	log        zerolog.Logger
}

// Label values that are used in code.
const (
	slowQueue = "queue"
	slowWrite = "write_deadline"

	limitRequests = "requests"
	limitUpgrade  = "upgrade"
	limitCreate   = "create"
	limitRooms    = "rooms"
	limitConns    = "conns"
	// limitFrames: a socket sends too fast, and is made to wait.
	limitFrames = "frames"
	// limitKnocks: an address was refused too often, and its connections are closed
	// at once.
	limitKnocks = "knocks"
	// limitConnsPerAddress: an address has too many connections.
	limitConnsPerAddress = "address_conns"
	// limitLargeFrames: a frame waits until fewer large ones are under way.
	limitLargeFrames = "large_frames"
	// limitSlotMemory: a large message is refused, for want of memory for slots.
	limitSlotMemory = "slot_memory"
)

// limitLabels are the limits at which newcomers are refused.
var limitLabels = []string{limitRequests, limitUpgrade, limitCreate, limitRooms, limitConns}

// Durations inside the relay are microseconds; the last bucket is a write
// deadline's worth.
var durationBuckets = []float64{
	0.000_01, 0.000_03, 0.000_1, 0.000_3, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10,
}

func newMetrics(log zerolog.Logger) *metrics {
	var collectors []prometheus.Collector
	counter := func(name, help string) prometheus.Counter {
		c := prometheus.NewCounter(prometheus.CounterOpts{Name: name, Help: help})
		collectors = append(collectors, c)
		return c
	}
	vec := func(name, help, label string, values ...string) *prometheus.CounterVec {
		v := prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, []string{label})
		for _, value := range values {
			v.WithLabelValues(value)
		}
		collectors = append(collectors, v)
		return v
	}
	histogram := func(name, help string) prometheus.Histogram {
		h := prometheus.NewHistogram(prometheus.HistogramOpts{Name: name, Help: help, Buckets: durationBuckets})
		collectors = append(collectors, h)
		return h
	}
	m := &metrics{
		log:          log,
		roomsStarted: counter("sotto_rooms_started_total", "Rooms created."),
		roomsClosed: vec("sotto_rooms_closed_total", "Rooms that ended, by reason.",
			"reason", texts(roomactor.CloseCauses())...),
		joins: vec(countJoins, "Joins answered, by result: how they got in, or why not.",
			"result", joinResults()...),
		messages: vec("sotto_messages_total", "Events that changed a room or reached the other seat.",
			"event", eventNames(acceptedEvents)...),
		framesRejected: vec(countFrames, "Frames refused or dropped before a room saw them.",
			"reason", labelsOf(countFrames)...),
		connsClosed: vec(countClosed, "Sockets that ended, by close code, or peer or lost.",
			"code", labelsOf(countClosed)...),
		slowConsumers: vec("sotto_slow_consumers_total", "Sockets closed because their peer read too slowly.",
			"cause", slowQueue, slowWrite),
		lockouts: vec("sotto_lockouts_total", "Locks begun, and joins refused or let in by token during one.",
			"kind", texts(roomactor.LockKinds())...),
		rateLimited: vec(countLimits, "Requests refused at a limit, reads put off (frames, large_frames), and connections closed unread (knocks, address_conns).",
			"limit", slices.Concat(limitLabels, []string{limitFrames, limitLargeFrames, limitSlotMemory, limitKnocks, limitConnsPerAddress})...),
		upgradesRefused: vec(countRefused, "Upgrades, and other requests of foreign pages, refused for other reasons than a limit.",
			"reason", labelsOf(countRefused)...),
		roomPanics:  counter("sotto_room_panics_total", "Rooms that ended by a panic."),
		deliver:     histogram("sotto_deliver_seconds", "Time from queueing a new message for a socket to having written it."),
		mailboxWait: histogram("sotto_mailbox_wait_seconds", "Time a command waited for its room."),
	}
	m.all = collectors
	return m
}

// register exports the metrics, with gauges of what there is and may be, if
// reg is not nil. It registers all or none.
func (m *metrics) register(reg prometheus.Registerer, cfg Config, rooms, conns, pending, draining func() int) error {
	if reg == nil {
		return nil
	}
	gauge := func(name, help string, value func() int) prometheus.Collector {
		return prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help},
			func() float64 { return float64(value()) })
	}
	limit := func(name, help string, value int) prometheus.Collector {
		g := prometheus.NewGauge(prometheus.GaugeOpts{Name: name, Help: help})
		if g.Set(float64(value)); value < 0 {
			g.Set(math.Inf(1))
		}
		return g
	}
	m.all = append(m.all,
		gauge("sotto_rooms", "Rooms alive.", rooms),
		gauge("sotto_connections", "Open sockets, joined or not.", conns),
		gauge("sotto_connections_pending", "Connections of Relay.Listener that are no sockets: before an upgrade, or for other requests.", pending),
		gauge("sotto_draining", "1 once a restart is being prepared: no new rooms.", draining),
		limit("sotto_rooms_limit", "Rooms that may be alive at once; +Inf when the limit is off.", cfg.MaxRooms),
		limit("sotto_connections_limit", "Sockets that may be open at once; +Inf when the limit is off.", cfg.MaxConns),
	)
	for i, c := range m.all {
		if err := reg.Register(c); err != nil {
			for _, registered := range m.all[:i] {
				reg.Unregister(registered)
			}
			return err
		}
	}
	m.registered = reg
	return nil
}

// unregister takes the metrics out of the registry. It does so only once: metrics
// go by name, and a second call could take those of another relay.
func (m *metrics) unregister() {
	m.once.Do(func() {
		if m.registered == nil {
			return
		}
		for _, c := range m.all {
			m.registered.Unregister(c)
		}
	})
}

var acceptedEvents = []wire.Event{
	wire.EventSend, wire.EventRead, wire.EventEdit, wire.EventDelete,
	wire.EventTyping, wire.EventExpire, wire.EventResetPairing, wire.EventHello,
}

func eventNames(events []wire.Event) []string {
	names := make([]string, len(events))
	for i, e := range events {
		names[i] = e.String()
	}
	return names
}

// joinResults are the ways in and the reasons why not.
func joinResults() []string {
	ways := []roomactor.JoinKind{roomactor.JoinCreated, roomactor.JoinClaimed, roomactor.JoinEntered}
	return append(texts(ways), labelsOf(countJoins)...)
}

func texts[T ~string](values []T) []string {
	out := make([]string, len(values))
	for i, v := range values {
		out[i] = string(v)
	}
	return out
}

// count counts an answer where the catalogue says. Those to joins are counted by
// Joined.
func (m *metrics) count(a answer) {
	switch a.counter {
	case countFrames:
		m.framesRejected.WithLabelValues(a.label).Inc()
	case countLimits:
		m.rateLimited.WithLabelValues(a.label).Inc()
	case countRefused:
		m.upgradesRefused.WithLabelValues(a.label).Inc()
	case countClosed:
		m.connsClosed.WithLabelValues(a.label).Inc()
	}
}

func (m *metrics) RoomStarted() { m.roomsStarted.Inc() }

func (m *metrics) RoomClosed(cause roomactor.CloseCause) {
	m.roomsClosed.WithLabelValues(string(cause)).Inc()
}

func (m *metrics) Joined(kind roomactor.JoinKind, reason wire.Reason) {
	result := string(kind)
	if kind == roomactor.JoinRefused {
		result = string(reason)
	}
	m.joins.WithLabelValues(result).Inc()
	switch {
	case kind == roomactor.JoinMaxRooms:
		m.rateLimited.WithLabelValues(limitRooms).Inc()
	case reason == wire.ReasonRateLimited:
		m.rateLimited.WithLabelValues(limitCreate).Inc()
	}
}

func (m *metrics) Accepted(e wire.Event)          { m.messages.WithLabelValues(e.String()).Inc() }
func (m *metrics) Locked(kind roomactor.LockKind) { m.lockouts.WithLabelValues(string(kind)).Inc() }
func (m *metrics) SlotsFull()                     { m.count(replySlotsFull) }
func (m *metrics) Waited(d time.Duration)         { m.mailboxWait.Observe(d.Seconds()) }

// Panicked is called on the stack that panicked.
func (m *metrics) Panicked() {
	m.roomPanics.Inc()
	m.log.Error().Str("at", panicSite()).Msg("room failed")
}
