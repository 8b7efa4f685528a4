package relay_test

import (
	"math"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	dto "github.com/prometheus/client_model/go"

	"sotto/relay"
)

// labels are all label values of each metric, which are there from the start.
var labels = map[string][]string{
	"sotto_rooms":               nil,
	"sotto_connections":         nil,
	"sotto_connections_pending": nil,
	"sotto_draining":            nil,
	"sotto_rooms_limit":         nil,
	"sotto_connections_limit":   nil,
	"sotto_rooms_started_total": nil,
	"sotto_rooms_closed_total":  {"expire_room", "panic", "shutdown", "ttl", "unpaired_ttl"},
	"sotto_joins_total": {
		"claimed", "created", "entered", "internal_error", "invalid_access", "invalid_encoding", "invalid_sender",
		"locked", "max_rooms", "not_found", "otp_invalid", "otp_required", "rate_limited", "restarting", "unauthorized",
	},
	"sotto_messages_total": {
		"delete_message", "edit_message", "expire_room", "hello", "read_receipt", "reset_pairing", "send_message", "typing",
	},
	"sotto_frames_rejected_total":    {"binary", "not_a_frame", "not_joined", "typing_too_often"},
	"sotto_connections_closed_total": {"1000", "1009", "1012", "4000", "4002", "4003", "4004", "4500", "4501", "failed", "lost", "peer"},
	"sotto_slow_consumers_total":     {"queue", "write_deadline"},
	"sotto_lockouts_total":           {"began", "refused", "resumed"},
	"sotto_rate_limited_total":       {"address_conns", "conns", "create", "frames", "knocks", "large_frames", "requests", "rooms", "slot_memory", "upgrade"},
	"sotto_upgrades_refused_total":   {"admit", "closing", "failed", "origin", "protocol"},
	"sotto_room_panics_total":        nil,
	"sotto_deliver_seconds":          nil,
	"sotto_mailbox_wait_seconds":     nil,
}

// Every metric and label value is there at 0 before anything happened, and no
// other appears later: label sets are closed.
func TestMetrics_AllAreThereAtZero(t *testing.T) {
	inWorld(t, unlimited, func(t *testing.T, w *world) {
		check := func(zero bool) {
			t.Helper()
			found := make(map[string]bool)
			for _, f := range gather(t, w.registry) {
				name := f.GetName()
				found[name] = true
				values, known := labels[name]
				if !known {
					t.Errorf("%s is not known here", name)
				}
				if got := labelValues(f); !slices.Equal(got, values) {
					t.Errorf("%s has the labels %v; want %v", name, got, values)
				}
				if f.GetHelp() == "" {
					t.Errorf("%s has no help", name)
				}
				isCounter := f.GetType() == dto.MetricType_COUNTER
				if strings.HasSuffix(name, "_total") != isCounter {
					t.Errorf("%s is a %v", name, f.GetType())
				}
				for _, m := range f.GetMetric() {
					if v := m.GetCounter().GetValue() + m.GetGauge().GetValue() + float64(m.GetHistogram().GetSampleCount()); zero && v != 0 && !strings.HasSuffix(name, "_limit") {
						t.Errorf("%s is %v at the start", name, v)
					}
				}
			}
			for name := range labels {
				if !found[name] {
					t.Errorf("there is no %s", name)
				}
			}
		}
		check(true)
		a, b := w.couple("room")
		a.sends(b)
		w.lock("room")
		a.ok(a.post("expire_room", nil))
		check(false)
	})
}

func labelValues(f *dto.MetricFamily) (values []string) {
	for _, m := range f.GetMetric() {
		for _, l := range m.GetLabel() {
			values = append(values, l.GetValue())
		}
	}
	return values
}

func TestMetrics_Limits(t *testing.T) {
	for name, tt := range map[string]struct {
		cfg          relay.Config
		rooms, conns float64
	}{
		"default": {relay.Config{}, 1_000_000, 100_000},
		"set":     {relay.Config{MaxRooms: 7, MaxConns: 9}, 7, 9},
		"off":     {relay.Config{MaxRooms: -1, MaxConns: -1}, math.Inf(1), math.Inf(1)},
	} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, tt.cfg, func(t *testing.T, w *world) {
				want(t, "rooms", w.metric("sotto_rooms_limit", ""), tt.rooms)
				want(t, "connections", w.metric("sotto_connections_limit", ""), tt.conns)
			})
		})
	}
}

// Each counter counts what it says, once. Those of bugs are in
// TestPanicInARoom and TestPanicInASocket.
func TestMetrics_Count(t *testing.T) {
	type counter struct{ name, label string }
	for what, tt := range map[counter]struct {
		cfg relay.Config
		do  func(w *world)
	}{
		{"sotto_rooms_started_total", ""}: {do: func(w *world) { w.dial("room").join(ann) }},
		{"sotto_rooms_closed_total", "expire_room"}: {do: func(w *world) {
			c := w.dial("room")
			c.join(ann)
			c.post("expire_room", nil)
		}},
		{"sotto_rooms_closed_total", "unpaired_ttl"}: {do: func(w *world) {
			w.dial("room").join(ann)
			time.Sleep(24 * time.Hour)
		}},
		{"sotto_rooms_closed_total", "ttl"}: {cfg: relay.Config{RoomTTL: time.Hour}, do: func(w *world) {
			w.couple("room")
			time.Sleep(time.Hour)
		}},
		{"sotto_rooms_closed_total", "shutdown"}: {do: func(w *world) {
			w.dial("room").join(ann)
			_, _ = w.shutdown(time.Second)
		}},

		{"sotto_joins_total", "created"}: {do: func(w *world) { w.dial("room").join(ann) }},
		{"sotto_joins_total", "claimed"}: {do: func(w *world) { w.couple("room") }},
		{"sotto_joins_total", "entered"}: {do: func(w *world) {
			w.dial("room").join(ann)
			w.dial("room").join(ann)
		}},
		{"sotto_joins_total", "invalid_sender"}:   {do: joins(object{})},
		{"sotto_joins_total", "invalid_access"}:   {do: joins(object{"sender_hash": ann.sender})},
		{"sotto_joins_total", "invalid_encoding"}: {do: joins([]any{})},
		{"sotto_joins_total", "not_found"}:        {do: joins(ann.joining("intent", "enter"))},
		{"sotto_joins_total", "locked"}: {do: func(w *world) {
			w.couple("room")
			w.lock("room")
		}},
		{"sotto_joins_total", "unauthorized"}: {do: func(w *world) {
			w.couple("room")
			joins(mole.joining())(w)
		}},
		{"sotto_joins_total", "otp_required"}: {do: func(w *world) {
			w.dial("room").join(ann, "otp_hash", hash("ref"))
			joins(ben.joining())(w)
		}},
		{"sotto_joins_total", "otp_invalid"}: {do: func(w *world) {
			w.dial("room").join(ann, "otp_hash", hash("ref"))
			joins(ben.joining("otp_hash", hash("guess")))(w)
		}},
		{"sotto_joins_total", "max_rooms"}: {cfg: relay.Config{MaxRooms: 1}, do: func(w *world) {
			w.dial("other").join(ann)
			joins(ann.joining())(w)
		}},
		{"sotto_joins_total", "rate_limited"}: {cfg: relay.Config{CreateRate: 1}, do: func(w *world) {
			w.dial("other").join(ann)
			joins(ann.joining())(w)
		}},
		{"sotto_rate_limited_total", "create"}: {cfg: relay.Config{CreateRate: 1}, do: func(w *world) {
			w.dial("room").join(ann) // in the room, at a claim
			joins(ben.joining())(w)
		}},
		{"sotto_rate_limited_total", "rooms"}: {cfg: relay.Config{MaxRooms: 1}, do: func(w *world) {
			w.dial("other").join(ann)
			joins(ann.joining())(w)
		}},
		{"sotto_rate_limited_total", "conns"}: {cfg: relay.Config{MaxConns: 1}, do: func(w *world) {
			w.dial("room")
			w.upgrade("room", dialOptions{})
		}},
		{"sotto_rate_limited_total", "frames"}: {cfg: relay.Config{FrameRate: 1}, do: func(w *world) {
			c := w.dial("room")
			for range 6 {
				c.post("typing", nil)
			}
			time.Sleep(time.Second)
		}},
		{"sotto_rate_limited_total", "knocks"}: {cfg: relay.Config{UpgradeRate: 1}, do: func(w *world) {
			w.guarded()
			for range 3 {
				w.ask(netip.Addr{})
			}
		}},
		{"sotto_rate_limited_total", "requests"}: {cfg: relay.Config{UpgradeRate: 1}, do: func(w *world) {
			for range 11 {
				w.request("GET", "/api/config", nil)
			}
		}},
		{"sotto_rate_limited_total", "upgrade"}: {cfg: relay.Config{UpgradeRate: 1}, do: func(w *world) {
			w.dial("room")
			w.upgrade("room", dialOptions{})
		}},

		{"sotto_messages_total", "send_message"}:   {do: inCouple(func(a, b *client) { a.sends(b) })},
		{"sotto_messages_total", "edit_message"}:   {do: inCouple(func(a, b *client) { a.post("edit_message", message("message_id", a.sends(b))) })},
		{"sotto_messages_total", "delete_message"}: {do: inCouple(func(a, b *client) { a.post("delete_message", object{"message_id": a.sends(b)}) })},
		{"sotto_messages_total", "read_receipt"}:   {do: inCouple(func(a, b *client) { b.post("read_receipt", object{"message_id": a.sends(b)}) })},
		{"sotto_messages_total", "hello"}:          {do: inCouple(func(a, _ *client) { a.post("hello", object{"hello": sealed(1)}) })},
		{"sotto_messages_total", "typing"}:         {do: inCouple(func(a, _ *client) { a.post("typing", nil) })},
		{"sotto_messages_total", "expire_room"}:    {do: inCouple(func(a, _ *client) { a.post("expire_room", nil) })},
		{"sotto_messages_total", "reset_pairing"}: {do: func(w *world) {
			c := w.dial("room")
			c.join(ann)
			c.post("reset_pairing", object{"otp_hash": hash("ref")})
		}},

		{"sotto_frames_rejected_total", "not_a_frame"}:      {do: inCouple(func(a, _ *client) { a.say("x") })},
		{"sotto_frames_rejected_total", "binary"}:           {do: inCouple(func(a, _ *client) { a.write(frameBytes(finBit|opBinary, nil)) })},
		{"sotto_frames_rejected_total", "not_joined"}:       {do: func(w *world) { w.dial("room").post("typing", nil) }},
		{"sotto_frames_rejected_total", "typing_too_often"}: {do: inCouple(func(a, _ *client) { a.post("typing", nil); a.post("typing", nil) })},

		{"sotto_connections_closed_total", "peer"}: {do: inCouple(func(a, _ *client) { a.leave() })},
		{"sotto_connections_closed_total", "lost"}: {do: inCouple(func(a, _ *client) { _ = a.conn.Close() })},
		{"sotto_connections_closed_total", "1009"}: {do: inCouple(func(a, _ *client) { a.say(strings.Repeat("x", 4<<16+1)) })},
		{"sotto_connections_closed_total", "4003"}: {do: func(w *world) { w.dial("room"); time.Sleep(time.Minute) }},
		{"sotto_connections_closed_total", "4002"}: {do: inCouple(func(a, _ *client) { a.deaf.Store(true); time.Sleep(5 * time.Minute) })},
		{"sotto_connections_closed_total", "4500"}: {do: func(w *world) {
			w.dial("room").join(ann)
			c := w.dial("room")
			c.join(ann)
			c.post("hello", object{"hello": sealed(1)})
		}},
		{"sotto_connections_closed_total", "4501"}: {do: func(w *world) {
			for range 9 {
				w.dial("room").join(ann)
			}
		}},
		{"sotto_connections_closed_total", "1012"}: {do: func(w *world) {
			w.dial("room")
			_, _ = w.shutdown(time.Second)
		}},
		{"sotto_connections_closed_total", "1000"}: {do: func(w *world) {
			c := w.dial("room")
			c.join(ann)
			c.post("expire_room", nil)
		}},
		{"sotto_connections_closed_total", "4000"}:       {do: stuck},
		{"sotto_slow_consumers_total", "write_deadline"}: {do: stuck},
		{"sotto_slow_consumers_total", "queue"}: {cfg: relay.Config{FrameRate: -1}, do: func(w *world) {
			a, slow := w.coupleWithSlow("room")
			slow.freeze()
			a.fillUp(20)
		}},

		{"sotto_lockouts_total", "began"}: {do: func(w *world) {
			w.couple("room")
			w.lock("room")
		}},
		{"sotto_lockouts_total", "refused"}: {do: func(w *world) {
			w.couple("room")
			w.lock("room")
			joins(ann.joining())(w)
		}},
		{"sotto_lockouts_total", "resumed"}: {do: func(w *world) {
			a, _ := w.couple("room")
			w.lock("room")
			a.join(ann)
		}},

		{"sotto_upgrades_refused_total", "origin"}:   {do: asks(upgradeHeader("Origin", "https://evil.test"))},
		{"sotto_upgrades_refused_total", "protocol"}: {do: asks(upgradeHeader("Sec-Websocket-Version", "8"))},
		{"sotto_upgrades_refused_total", "admit"}: {
			cfg: relay.Config{Admit: func(*http.Request) error { return http.ErrAbortHandler }},
			do:  asks(upgradeHeader()),
		},
		{"sotto_upgrades_refused_total", "closing"}: {do: func(w *world) {
			_, _ = w.shutdown(time.Second)
			asks(upgradeHeader())(w)
		}},
		{"sotto_deliver_seconds", ""}: {do: func(w *world) {
			c := w.dial("room")
			c.join(ann)
			c.post("send_message", message())
		}},
		{"sotto_mailbox_wait_seconds", ""}: {do: func(w *world) { w.dial("room").join(ann) }},
	} {
		t.Run(what.name+" "+what.label, func(t *testing.T) {
			cfg := tt.cfg
			if cfg.CreateRate == 0 {
				cfg.CreateRate = -1
			}
			if cfg.UpgradeRate == 0 {
				cfg.UpgradeRate = -1
			}
			inWorld(t, cfg, func(t *testing.T, w *world) {
				tt.do(w)
				want(t, "count", w.metric(what.name, what.label), 1.0)
			})
		})
	}
}

func joins(data any) func(w *world) {
	return func(w *world) {
		c := w.dial("room")
		c.post("join", data)
		c.next(within)
	}
}

func asks(h http.Header) func(w *world) {
	return func(w *world) { w.request("GET", roomPath("room"), h) }
}

func inCouple(do func(a, b *client)) func(w *world) {
	return func(w *world) { do(w.couple("room")) }
}

// stuck lets one socket stop reading for good.
func stuck(w *world) {
	a, slow := w.coupleWithSlow("room")
	slow.freeze()
	a.fillUp(2)
	time.Sleep(11 * time.Second)
}

// Gauges say what there is.
func TestMetrics_Gauges(t *testing.T) {
	inWorld(t, unlimited, func(t *testing.T, w *world) {
		for n, name := range []string{"one", "two", "three"} {
			w.couple(name)
			want(t, "rooms", w.metric("sotto_rooms", ""), float64(n+1))
			want(t, "connections", w.metric("sotto_connections", ""), float64(2*n+2))
		}
		c := w.dial("four")
		want(t, "connections", w.metric("sotto_connections", ""), 7.0)
		c.leave()
		want(t, "connections", w.metric("sotto_connections", ""), 6.0)
		time.Sleep(7 * 24 * time.Hour)
		want(t, "rooms", w.metric("sotto_rooms", ""), 0.0)
		want(t, "connections", w.metric("sotto_connections", ""), 0.0)
	})
}
