package relay_test

import (
	"fmt"
	"math"
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

// Each counter counts what it says. Those of bugs are in TestPanicInARoom and
// TestPanicInASocket, those of limits and refusals where these are tested.
func TestMetrics_Count(t *testing.T) {
	for name, tt := range map[string]struct {
		ttl  time.Duration
		do   func(w *world)
		want string // metrics without sotto_ and _total, with label and count
	}{
		"a conversation": {do: func(w *world) {
			a := w.dial("room")
			a.join(ann, "otp_hash", hash("ref"))
			a.ok(a.post("reset_pairing", object{"otp_hash": hash("ref")}))
			for _, data := range []any{object{}, object{"sender_hash": ann.sender}, []any{}, ann.joining("intent", "return"), ben.joining(), ben.joining("otp_hash", hash("guess"))} {
				joins(data)(w)
			}
			b := w.dial("room")
			b.join(ben, "otp_hash", hash("ref"))
			a.paired()
			id := a.sends(b)
			a.ok(a.post("edit_message", message("message_id", id)))
			a.ok(a.post("delete_message", object{"message_id": id}), "message_edited")
			a.event("message_deleted")
			b.event("message_edited")
			b.event("message_deleted")
			b.post("read_receipt", object{"message_id": b.sends(a)}) // one's own
			a.post("typing", nil)
			a.post("typing", nil)
			a.say("x")
			a.write(frameBytes(finBit|opBinary, nil))
			w.dial("room").post("typing", nil)
			a.post("hello", object{"hello": sealed(1)})
			for range 8 {
				joins(mole.joining())(w)
			}
			joins(ann.joining())(w)
			b.post("expire_room", nil)
		}, want: `rooms_started 1; rooms_closed expire_room 1; joins created 1; joins claimed 1; joins invalid_sender 1;
			joins invalid_access 1; joins invalid_encoding 1; joins not_found 1; joins otp_required 1; joins otp_invalid 1;
			joins unauthorized 7; joins locked 2; lockouts began 1; lockouts refused 1; messages send_message 2;
			messages edit_message 1; messages delete_message 1; messages read_receipt 0; messages typing 1; messages hello 1;
			messages reset_pairing 1; messages expire_room 1; frames_rejected not_a_frame 1; frames_rejected binary 1;
			frames_rejected not_joined 1; frames_rejected typing_too_often 1; connections_closed 1000 2; deliver_seconds 4`},
		"unpaired": {do: func(w *world) { w.dial("room").join(ann); time.Sleep(24 * time.Hour) }, want: "rooms_closed unpaired_ttl 1; mailbox_wait_seconds 1"},
		"paired": {ttl: time.Hour, do: func(w *world) {
			a, b := w.couple("room")
			b.post("read_receipt", object{"message_id": a.sends(b)})
			w.lock("room")
			a.event("message_read")
			a.join(ann)
			time.Sleep(time.Hour)
		}, want: "rooms_closed ttl 1; joins entered 1; lockouts resumed 1; messages read_receipt 1"},
		"ends": {do: func(w *world) {
			w.dial("room").leave()
			for range 9 {
				w.dial("room").join(ann)
			}
			c := w.dial("room")
			c.join(ben)
			w.dial("room").join(ben)
			c.post("hello", object{"hello": sealed(1)})
		}, want: "connections_closed peer 1; connections_closed 4501 1; connections_closed 4500 1"},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := unlimited
			cfg.RoomTTL = tt.ttl
			inWorld(t, cfg, func(t *testing.T, w *world) {
				tt.do(w)
				for line := range strings.SplitSeq(tt.want, ";") {
					words := strings.Fields(line)
					metric, label, n := "sotto_"+words[0]+"_total", "", words[len(words)-1]
					if len(words) == 3 {
						label = words[1]
					}
					metric = strings.Replace(metric, "seconds_total", "seconds", 1)
					if got := fmt.Sprint(w.metric(metric, label)); got != n {
						t.Errorf("%s: counted %s; want %s", line, got, n)
					}
				}
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
