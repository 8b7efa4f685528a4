package link

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"slices"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

func TestNothingImposed(t *testing.T) {
	bubble(t, Params{}, 1, func(t *testing.T, b *bench) {
		phone, relay := b.connect()
		within(t, "up", b.passes(phone, relay, 100_000), 0, 0)
		within(t, "down", b.passes(relay, phone, 100_000), 0, 0)
	})
}

func TestRate(t *testing.T) {
	const size = 14_000 // ten segments
	bubble(t, Params{Up: 80_000, Down: 160_000}, 1, func(t *testing.T, b *bench) {
		phone, relay := b.connect()
		withHeaders := time.Duration(size + 10*headers)
		within(t, "up", b.passes(phone, relay, size), withHeaders*8*time.Second/80_000, ms)
		// The relay's bytes are pulled a little ahead of the rate.
		within(t, "down", b.passes(relay, phone, size), withHeaders*8*time.Second/160_000, ms)
	})
}

// A link's connections share its rate.
func TestRateIsShared(t *testing.T) {
	bubble(t, Params{Up: 80_000}, 1, func(t *testing.T, b *bench) {
		one, atOne := b.connect()
		two, atTwo := b.connect()
		begun := time.Now()
		for _, c := range []net.Conn{one, two} {
			if _, err := c.Write(make([]byte, mss)); err != nil {
				t.Fatal(err)
			}
		}
		for _, c := range []net.Conn{atOne, atTwo} {
			if _, err := io.ReadFull(c, make([]byte, mss)); err != nil {
				t.Fatal(err)
			}
		}
		within(t, "both", time.Since(begun), 2*(mss+headers)*8*time.Second/80_000, ms)
	})
}

func TestDelay(t *testing.T) {
	bubble(t, Params{RTT: 840 * ms}, 1, func(t *testing.T, b *bench) {
		begun := time.Now()
		phone, relay := b.connect()
		within(t, "connecting", time.Since(begun), 840*ms, 0)
		within(t, "up", b.passes(phone, relay, 200), 420*ms, 0)
		within(t, "down", b.passes(relay, phone, 200), 420*ms, 0)
	})
}

// Segments under way at the same time do not wait for each other.
func TestDelayIsAPipeline(t *testing.T) {
	bubble(t, Params{RTT: 1000 * ms}, 1, func(t *testing.T, b *bench) {
		phone, relay := b.connect()
		begun := time.Now()
		for _, ends := range [][2]net.Conn{{phone, relay}, {relay, phone}} {
			go func() {
				for range 3 {
					if _, err := ends[0].Write([]byte("x")); err != nil {
						t.Error(err)
					}
					time.Sleep(100 * ms)
				}
			}()
			if _, err := io.ReadFull(ends[1], make([]byte, 3)); err != nil {
				t.Fatal(err)
			}
			within(t, "the third", time.Since(begun), 700*ms, 0)
			begun = time.Now()
		}
	})
}

func TestJitterIsSkewedAndKeepsOrder(t *testing.T) {
	bubble(t, Params{RTT: 100 * ms, Jitter: 50 * ms}, 1, func(t *testing.T, b *bench) {
		phone, relay := b.connect()
		var took []time.Duration
		for range 2000 {
			took = append(took, b.passes(phone, relay, 10)-50*ms)
		}
		slices.Sort(took)
		var sum time.Duration
		for _, d := range took {
			sum += d
		}
		within(t, "the mean", sum/2000, 50*ms, 5*ms)
		within(t, "the median", took[1000], 30*ms, 4*ms) // mean × e^-½
		if took[0] < 0 {
			t.Errorf("a segment was faster than light: %v", took[0])
		}
	})
}

// Whatever the network does, the stream arrives whole and in order.
func TestStreamIsWhole(t *testing.T) {
	p := Params{
		Up: 200_000, Down: 240_000, RTT: 200 * ms, Jitter: 100 * ms, Loss: 0.2, LossBurst: 300 * ms,
		RadioWake: 2000 * ms, RadioTail: 10 * time.Second, Gaps: Gaps{Every: 5 * time.Second, Min: ms, Max: time.Second},
	}
	bubble(t, p, 7, func(t *testing.T, b *bench) {
		phone, relay := b.connect()
		want := make([]byte, 100_000)
		rng := rand.New(rand.NewPCG(1, 2))
		for i := range want {
			want[i] = byte(rng.Uint32())
		}
		for name, ends := range map[string][2]net.Conn{"up": {phone, relay}, "down": {relay, phone}} {
			go func() {
				for rest := want; len(rest) > 0; {
					n := min(len(rest), 1+int(rest[0])*20)
					if _, err := ends[0].Write(rest[:n]); err != nil {
						t.Error(err)
						return
					}
					rest = rest[n:]
					time.Sleep(10 * ms)
				}
			}()
			got := make([]byte, len(want))
			if _, err := io.ReadFull(ends[1], got); err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(got, want) {
				t.Errorf("%s: the stream is another", name)
			}
		}
	})
}

// timeline returns when 300 segments arrive.
func timeline(t *testing.T, seed uint64) string {
	p := Params{
		Up: 200_000, RTT: 300 * ms, Jitter: 50 * ms, Loss: 0.05, LossBurst: 200 * ms,
		RadioWake: 500 * ms, RadioTail: time.Second, Gaps: Gaps{Every: time.Minute, Min: time.Second, Max: 5 * time.Second},
	}
	var out strings.Builder
	bubble(t, p, seed, func(t *testing.T, b *bench) {
		begun := time.Now()
		phone, relay := b.connect()
		fmt.Fprintln(&out, time.Since(begun))
		for i := range 300 {
			fmt.Fprintln(&out, b.passes(phone, relay, 100+i))
			time.Sleep(time.Duration(i) * 10 * ms)
		}
	})
	return out.String()
}

func TestSeedDecides(t *testing.T) {
	one, again, other := timeline(t, 1), timeline(t, 1), timeline(t, 2)
	if one != again {
		t.Error("the same seed gave another timeline")
	}
	if one == other {
		t.Error("another seed gave the same timeline")
	}
}

func TestRadio(t *testing.T) {
	p := Params{RTT: 100 * ms, RadioWake: 2000 * ms, RadioTail: 10 * time.Second}
	bubble(t, p, 1, func(t *testing.T, b *bench) {
		begun := time.Now()
		phone, relay := b.connect()
		within(t, "connecting with a sleeping radio", time.Since(begun), 2100*ms, 0)
		within(t, "with a radio awake", b.passes(phone, relay, 10), 50*ms, 0)
		time.Sleep(9900 * ms)
		within(t, "within the tail", b.passes(relay, phone, 10), 50*ms, 0)
		time.Sleep(10_100 * ms)
		within(t, "down after the tail", b.passes(relay, phone, 10), 2050*ms, 0)
		within(t, "after waking", b.passes(phone, relay, 10), 50*ms, 0)
		time.Sleep(time.Minute)
		within(t, "up after the tail", b.passes(phone, relay, 10), 2050*ms, 0)
		s := b.link.Stats()
		if s.RadioWakes != 3 {
			t.Errorf("the radio woke %d times, want 3", s.RadioWakes)
		}
		// Up to here: 2.1 + 0.05 + 9.9 + 0.05 and the tail; 2.05 + 0.05 and the
		// tail; 2.05.
		within(t, "the radio's being awake", s.RadioOn, 12_100*ms+10*time.Second+2100*ms+10*time.Second+2050*ms, 5*ms)
	})
}

func TestConnectingLosesItsFirstPacket(t *testing.T) {
	bubble(t, Params{RTT: 100 * ms}, 1, func(t *testing.T, b *bench) {
		b.link.Gap(2500*ms, false)
		begun := time.Now()
		b.connect() // tried at 0, 1 and 3 s
		within(t, "connecting", time.Since(begun), 3100*ms, 0)
		b.link.Gap(time.Hour, false)
		_, err := b.link.DialContext(timeout(t, 30*time.Second), "tcp", "relay")
		mustFail(t, err, context.DeadlineExceeded)
		_, err = b.link.DialContext(t.Context(), "tcp", "relay")
		mustFail(t, err, errUnreachable)
	})
}

func TestNATForgets(t *testing.T) {
	for name, reset := range map[string]bool{"silently": false, "with a reset": true} {
		t.Run(name, func(t *testing.T) {
			bubble(t, Params{RTT: 100 * ms, NATIdle: time.Minute, NATReset: reset}, 1, func(t *testing.T, b *bench) {
				phone, relay := b.connect()
				time.Sleep(59 * time.Second)
				within(t, "before", b.passes(phone, relay, 10), 50*ms, 0)
				time.Sleep(61 * time.Second)
				_, err := phone.Write([]byte("anybody there?"))
				if reset {
					mustFail(t, err, syscall.ECONNRESET)
					return
				}
				if err != nil {
					t.Fatal(err)
				}
				if err := relay.SetReadDeadline(time.Now().Add(time.Hour)); err != nil {
					t.Fatal(err)
				}
				_, err = relay.Read(make([]byte, 1))
				mustFail(t, err, os.ErrDeadlineExceeded)
				if _, err := relay.Write([]byte("yes")); err != nil {
					t.Errorf("the relay noticed: %v", err)
				}
				if err := phone.SetReadDeadline(time.Now().Add(time.Hour)); err != nil {
					t.Fatal(err)
				}
				_, err = phone.Read(make([]byte, 1))
				mustFail(t, err, os.ErrDeadlineExceeded)
			})
		})
	}
}

// A change of network ends the connection for the phone; the relay keeps a
// ghost, and a new connection beside it works.
func TestCutLeavesAGhost(t *testing.T) {
	bubble(t, Params{RTT: 100 * ms}, 1, func(t *testing.T, b *bench) {
		phone, ghost := b.connect()
		b.link.Gap(time.Second, true)
		_, err := phone.Read(make([]byte, 1))
		mustFail(t, err, ErrNetworkChanged)
		_, err = phone.Write([]byte("x"))
		mustFail(t, err, ErrNetworkChanged)
		if _, err := ghost.Write([]byte("are you there?")); err != nil {
			t.Errorf("the relay noticed: %v", err)
		}
		if since := time.Since(b.link.Stats().BackAt); since != 0 {
			t.Errorf("the link is back since %v", since)
		}
		phone, relay := b.connect()
		within(t, "the newcomer", b.passes(phone, relay, 10), 50*ms, 0)
		begun := time.Now()
		if _, err := ghost.Read(make([]byte, 1)); !errors.Is(err, io.EOF) {
			t.Errorf("the ghost ended with %v", err)
		}
		within(t, "the ghost's end", time.Since(begun), ghostLife-150*ms, 0)
	})
}

func TestCloseEndsDials(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := NewNet(nil)
		l := n.Link(Params{RTT: time.Hour}, 1, nil, nil)
		failed := make(chan error, 1)
		go func() {
			_, err := l.DialContext(t.Context(), "tcp", "relay")
			failed <- err
		}()
		synctest.Wait()
		n.Close()
		mustFail(t, <-failed, net.ErrClosed)
		_, err := l.DialContext(t.Context(), "tcp", "relay")
		mustFail(t, err, net.ErrClosed)
	})
}

// Gaps of the profile come, last as long as they may, and are told of.
func TestGapsAreTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := NewNet(nil)
		var backs, cuts int
		n.Link(Params{Gaps: Gaps{Every: 2 * time.Minute, Min: 5 * time.Second, Max: 30 * time.Second, Cut: 1. / 3}}, 3,
			nil, func(since time.Time, cut bool) {
				if long := time.Since(since); long < 5*time.Second || long > 30*time.Second {
					t.Errorf("a gap of %v", long)
				}
				backs++
				if cut {
					cuts++
				}
			})
		time.Sleep(1000 * time.Minute)
		n.Close()
		if want := 1000. * 60 / (120 + 17.5); float64(backs) < want*0.85 || float64(backs) > want*1.15 {
			t.Errorf("%d gaps, want about %.0f", backs, want)
		}
		if share := float64(cuts) / float64(backs); share < 0.25 || share > 0.42 {
			t.Errorf("%.2f of gaps cut, want a third", share)
		}
	})
}

// A phone that reads slowly is seen as slow by the relay.
func TestSlowReader(t *testing.T) {
	bubble(t, Params{RTT: 100 * ms}, 1, func(t *testing.T, b *bench) {
		b.link.Slow(8000, 4<<10)
		_, relay := b.connect()
		if err := relay.SetWriteDeadline(time.Now().Add(10 * time.Second)); err != nil {
			t.Fatal(err)
		}
		n, err := relay.Write(make([]byte, 1<<20))
		mustFail(t, err, os.ErrDeadlineExceeded)
		// The pipe in place of the kernel holds 64 KiB; the rest is at most the
		// window and one read.
		if most := 64<<10 + 4<<10 + 2*mss; n > most {
			t.Errorf("the relay wrote %d bytes to a phone that took at most %d", n, most)
		}
	})
}

func TestTimesAtTheRelay(t *testing.T) {
	bubble(t, Params{RTT: 100 * ms}, 1, func(t *testing.T, b *bench) {
		phone, relay := b.connect()
		begun := time.Now()
		b.passes(phone, relay, 10)
		time.AfterFunc(7*ms, func() { _, _ = relay.Write([]byte("answer")) }) // the relay thinks
		if _, err := io.ReadFull(phone, make([]byte, len("answer"))); err != nil {
			t.Fatal(err)
		}
		taken := phone.(*Conn).Taken()
		handed, ok := b.link.Handed(begun, taken)
		if !ok || handed.Sub(begun) != 50*ms || taken.Sub(handed) != 7*ms {
			t.Errorf("handed after %v (%v), taken %v later", handed.Sub(begun), ok, taken.Sub(handed))
		}
		if _, ok := b.link.Handed(begun.Add(1), taken); ok {
			t.Error("something was written later")
		}
		if _, err := relay.Write([]byte("!")); err != nil {
			t.Fatal(err)
		}
		time.Sleep(ms) // nobody reads
		if _, err := phone.Read(make([]byte, 1)); err != nil || !phone.(*Conn).Taken().IsZero() {
			t.Errorf("what lay in the kernel was taken %v, %v", phone.(*Conn).Taken(), err)
		}
	})
}

func TestBytesAreCounted(t *testing.T) {
	bubble(t, Params{}, 1, func(t *testing.T, b *bench) {
		phone, relay := b.connect()
		before := b.link.Stats()
		b.passes(phone, relay, mss+1)
		b.passes(relay, phone, 10)
		s := b.link.Stats()
		if up, down := s.UpBytes-before.UpBytes, s.DownBytes-before.DownBytes; up != mss+1+2*headers || down != 10+headers {
			t.Errorf("counted %d up, %d down", up, down)
		}
	})
}

func TestValidate(t *testing.T) {
	good := Params{Loss: 0.1, LossBurst: ms}
	if err := good.Validate(); err != nil {
		t.Error(err)
	}
	for name, p := range map[string]Params{
		"rate":      {Up: -1},
		"time":      {RTT: -1},
		"radio":     {RadioTail: -1},
		"all lost":  {Loss: 1, LossBurst: ms},
		"no burst":  {Loss: 0.1},
		"gap order": {Gaps: Gaps{Every: 1, Min: 2, Max: 1}},
		"no gap":    {Gaps: Gaps{Every: 1}},
		"cut":       {Gaps: Gaps{Cut: 2}},
	} {
		if p.Validate() == nil {
			t.Errorf("%s: no error", name)
		}
	}
}
