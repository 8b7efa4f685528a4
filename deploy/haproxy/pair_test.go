package haproxy_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"sotto/client"
	"sotto/deploy/internal/kit"
	"sotto/wire"
)

// pairs talk in the tests, each over a room of its own. As the numbers are
// fixed, so is the relay of each room.
const pairs = 24

// patience is how long anything may take: a test must pass on a busy machine.
const patience = 2 * time.Minute

// key seals all messages: to derive one for each would take most of the time.
var key = sync.OnceValue(func() *client.Key {
	id, err := client.Derive("1", "1")
	if err != nil {
		panic(err)
	}
	return id.Key()
})

// pair is two people, each on a phone with an address of its own.
type pair struct {
	n    int
	room string
	ids  [2]client.Identity
	http [2]*http.Client
	code client.PairingCode

	at       int // the relay where they met, 0 if it is none of the cluster
	round    int // how often they have met
	sessions [2]*client.Session
}

func newPair(t *testing.T, n int) *pair {
	t.Helper()
	key() // now, since what follows has its time
	p := &pair{n: n, code: client.NewPairingCode()}
	for seat := range p.ids {
		id, err := client.Derive(fmt.Sprintf("+99 900 %06d", n), fmt.Sprintf("12345%d", seat))
		if err != nil {
			t.Fatal(err)
		}
		p.ids[seat], p.http[seat] = id, from(1+2*n+seat)
	}
	p.room = p.ids[0].Room().Reveal()
	return p
}

// meet has both open the room and one message cross. They give up what they
// had before.
func (p *pair) meet(ctx context.Context, c *cluster) error {
	p.leave()
	p.round++
	for seat, intent := range []wire.Intent{wire.IntentAny, wire.IntentEnter} {
		if _, err := p.open(ctx, c, seat, intent, p.code); err != nil {
			return err
		}
	}
	return p.say(ctx, 0)
}

// open has one of the two open the room, and returns what is in it.
func (p *pair) open(ctx context.Context, c *cluster, seat int, intent wire.Intent, code client.PairingCode) (state client.State, err error) {
	p.sessions[seat], err = client.Open(ctx, client.Config{
		URL: c.url, Identity: p.ids[seat], Intent: intent, Code: code, Key: key(), HTTPClient: p.http[seat],
	})
	if err == nil {
		for err = errDropped; errors.Is(err, errDropped); { // attempts that failed are told first
			state, err = await[client.State](ctx, p.sessions[seat])
		}
	}
	if err != nil {
		err = fmt.Errorf("seat %d of pair %d: %w", seat, p.n, err)
	}
	return state, err
}

// comeBack has one of the two lose the connection and find the room again, with
// its message.
func (p *pair) comeBack(ctx context.Context, c *cluster, seat int) error {
	p.sessions[seat].Close()
	state, err := p.open(ctx, c, seat, wire.IntentEnter, client.PairingCode{})
	if err == nil && state.Message == nil {
		err = fmt.Errorf("seat %d of pair %d comes back to another room", seat, p.n)
	}
	return err
}

func (p *pair) leave() {
	for seat, s := range p.sessions {
		if s != nil {
			s.Close()
			p.sessions[seat] = nil
		}
	}
}

// say sends a message from one seat and takes it at the other.
func (p *pair) say(ctx context.Context, seat int) error {
	text := fmt.Sprintf("seat %d, round %d", seat, p.round)
	if _, err := p.sessions[seat].Send(ctx, text); err != nil {
		return fmt.Errorf("pair %d: send: %w", p.n, err)
	}
	for _, s := range p.sessions { // the sender has to have seen it, too
		got, err := await[client.NewMessage](ctx, s)
		if err != nil {
			return fmt.Errorf("pair %d: receive: %w", p.n, err)
		}
		if got.Message.Text != text {
			return fmt.Errorf("pair %d: received another message", p.n)
		}
	}
	return nil
}

// errDropped: a session lost its connection, but not its room.
var errDropped = errors.New("connection lost")

// await returns the next event of a kind.
func await[E client.Event](ctx context.Context, s *client.Session) (E, error) {
	for {
		event, err := s.Next(ctx)
		if err != nil {
			var none E
			return none, err
		}
		switch e := event.(type) {
		case E:
			return e, nil
		case client.Disconnected:
			var none E
			return none, fmt.Errorf("%w: %w", errDropped, e.Err)
		}
	}
}

// lost waits until both sessions have lost their connections and found out
// what became of the room, and tells whether it is gone. When it is still
// there, its message has to be, too.
func (p *pair) lost(ctx context.Context) (bool, error) {
	var gone [2]bool
	for seat, s := range p.sessions {
		var err error
		for dropped := false; err == nil && !gone[seat]; {
			var event client.Event
			event, err = s.Next(ctx)
			if _, ok := event.(client.Disconnected); ok {
				dropped = true
			}
			gone[seat] = errors.Is(err, client.ErrRoomLost)
			state, ok := event.(client.State)
			if !ok || !dropped {
				continue
			}
			if state.Message == nil || state.Message.Text != fmt.Sprintf("seat 0, round %d", p.round) {
				return false, fmt.Errorf("pair %d: the room is there and its message is not", p.n)
			}
			break
		}
		if err != nil && !gone[seat] {
			return false, fmt.Errorf("pair %d: %w", p.n, err)
		}
	}
	if gone[0] != gone[1] {
		return false, fmt.Errorf("pair %d: only one of two has lost the room", p.n)
	}
	return gone[0], nil
}

// gathering is pairs in front of a cluster.
type gathering struct {
	t *testing.T
	c *cluster
	p []*pair
}

// gather brings the pairs of these numbers.
func gather(t *testing.T, c *cluster, first, behind int) *gathering {
	g := &gathering{t: t, c: c}
	for n := first; n < behind; n++ {
		g.p = append(g.p, newPair(t, n))
	}
	t.Cleanup(func() {
		for _, p := range g.p {
			p.leave()
		}
	})
	return g
}

// each does something with every pair that is chosen, at the same time.
func (g *gathering) each(t *testing.T, chosen func(*pair) bool, do func(context.Context, *pair) error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	var doing sync.WaitGroup
	for _, p := range g.p {
		if chosen == nil || chosen(p) {
			doing.Go(func() {
				if err := do(ctx, p); err != nil {
					t.Error(err)
				}
			})
		}
	}
	doing.Wait()
	if t.Failed() {
		t.FailNow()
	}
}

// meet has pairs meet and notes where.
func (g *gathering) meet(t *testing.T, chosen func(*pair) bool) {
	t.Helper()
	g.each(t, chosen, func(ctx context.Context, p *pair) error {
		if err := p.meet(ctx, g.c); err != nil {
			return err
		}
		res, text := kit.Get(t, p.http[0], g.c.url+"/api/room/"+p.room+"/exists")
		if !strings.Contains(text, "true") {
			t.Errorf("pair %d: /exists goes elsewhere than the socket: %d %s", p.n, res.StatusCode, text)
		}
		return p.locate(ctx, g.c)
	})
}

// locate notes the relay that has the pair's sockets. Others may still have a
// room that both have left.
func (p *pair) locate(ctx context.Context, c *cluster) error {
	p.at = 0
	for n := range c.relays {
		s, err := client.Open(ctx, client.Config{
			URL: "http://" + c.address(n) + ":8080", Identity: p.ids[1], Intent: wire.IntentEnter,
			Key: key(), HTTPClient: p.http[1], Presence: true,
		})
		if errors.Is(err, client.ErrNotFound) || errors.Is(err, client.ErrRestarting) {
			continue
		}
		if err != nil {
			return fmt.Errorf("pair %d at relay %d: %w", p.n, n, err)
		}
		other, err := await[client.Presence](ctx, s)
		s.Close()
		switch {
		case err != nil:
			return fmt.Errorf("pair %d at relay %d: %w", p.n, n, err)
		case other.Connected && p.at != 0:
			return fmt.Errorf("pair %d: connected to relays %d and %d", p.n, p.at, n)
		case other.Connected:
			p.at = n
		}
	}
	return nil
}

// count returns how many pairs met at each relay.
func (g *gathering) count() map[int]int {
	at := make(map[int]int)
	for _, p := range g.p {
		at[p.at]++
	}
	return at
}
