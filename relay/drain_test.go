package relay_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

// While the relay drains, a client that asks for a new room is told when it restarts,
// and people in rooms how long they have; they talk on until then, or until no room
// is left.
func TestDrain(t *testing.T) {
	const patience = 10 * time.Minute
	for name, soonerBy := range map[string]time.Duration{"in full": 0, "until the room ends": 4 * time.Minute} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, unlimited, func(t *testing.T, w *world) {
				a, b := w.dial("room"), w.dial("room")
				a.join(ann, "ext", 1)
				a.event("presence")
				b.join(ben)
				a.paired()
				a.event("presence")
				began, over := time.Now(), make(chan error, 1)
				go func() { over <- w.relay.Drain(context.Background(), patience) }()
				want(t, "told", a.event("restarting"), object{"retry_after": 600.0})
				b.silent() // speaks std-1
				want(t, "draining", w.metric("sotto_draining", ""), 1.0)
				time.Sleep(time.Minute - time.Since(began))
				for _, query := range []string{"", "?elsewhere"} {
					late := w.dialWith("another", dialOptions{target: roomPath("another") + query})
					fault := late.refused(late.post("join", ben.joining("intent", "enter")))
					want(t, "refused after a minute and the floor", fault["reason"], any("restarting"))
					if wait := fault["retry_after"]; wait != 540.0 && wait != 539.0 {
						t.Errorf("to come back in %v s; want about 540", wait)
					}
				}
				a.sends(b)
				w.dialWith("room", dialOptions{target: roomPath("room") + "?elsewhere"}).join(ben)
				a.silent()
				time.Sleep(patience - soonerBy - time.Since(began) - time.Second)
				synctest.Wait()
				select {
				case err := <-over:
					t.Fatalf("the drain is over after %v: %v", time.Since(began), err)
				default:
				}
				if soonerBy > 0 {
					a.post("expire_room", object{})
				}
				want(t, "the drain's error", <-over, nil)
				if took := time.Since(began); soonerBy == 0 && took != patience || took > patience-soonerBy {
					t.Errorf("the drain took %v", took)
				}
			})
		})
	}
}

// A caller that no longer waits for a drain does not end it.
func TestDrain_Context(t *testing.T) {
	inWorld(t, unlimited, func(t *testing.T, w *world) {
		w.couple("room")
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		if err := w.relay.Drain(ctx, time.Hour); !errors.Is(err, context.Canceled) {
			t.Errorf("got %v", err)
		}
		c := w.dial("another")
		want(t, "reason", c.refused(c.post("join", ben.joining()))["reason"], any("restarting"))
	})
}
