package roomactor

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"sotto/lockout"
	"sotto/wire"
)

// opt adds something to a command.
type opt func(*command)

func gate(code string) opt {
	return func(c *command) {
		g := wire.Gate{Present: true, Valid: true, Hash: hash[wire.GateHash](code)}
		c.req.Join.Gate, c.req.Gate = g, g
	}
}

// badGate is an otp_hash that is not a hash.
func badGate(c *command) {
	c.req.Join.Gate, c.req.Gate = wire.Gate{Present: true}, wire.Gate{Present: true}
}

func sender(name string) opt {
	return func(c *command) { c.req.Join.Sender = hash[wire.SenderHash](name) }
}

func enter(c *command) { c.req.Join.Intent = wire.IntentEnter }

func returning(room string) opt {
	return func(c *command) {
		c.req.Join.Intent = wire.IntentReturn
		if room != "" {
			c.req.Join.RoomID = uuid[wire.RoomID](room)
		}
	}
}

func token(name string) opt {
	return func(c *command) {
		c.req.Join.Resume, c.req.Join.HasResume = hash[wire.ResumeToken](name), true
		c.resume = hashed[lockout.Token](name)
	}
}

func ext(c *command) { c.req.Join.Ext = true }

// mustWait is a join from an address that has used up its allowance.
func mustWait(d time.Duration) opt { return func(c *command) { c.claimWait = d } }

// slotsFull is a message for which there is no memory.
func slotsFull(c *command) { c.slotsFull = true }

func nonce(n int) opt {
	return func(c *command) {
		c.req.Nonce, _ = wire.ParseNonce(fmt.Sprintf("%016x", n))
		c.nonce = tagOf(&c.req.Nonce)
	}
}

func replaces(message string) opt {
	return func(c *command) {
		r := &c.req.Replaces
		r.Set, r.Message, r.ID = true, true, uuid[wire.MessageID](message)
	}
}

// replacesIV is a replaces_iv: that of the message of this text.
func replacesIV(text string) opt {
	return func(c *command) { c.req.Replaces.HasIV, c.req.Replaces.IV = true, ivOf(text) }
}

// replacesNothing is replaces: null.
func replacesNothing(c *command) { c.req.Replaces = wire.Replaces{Set: true} }

// replacesGarbage is a replaces that is a string but no UUID.
func replacesGarbage(c *command) { c.req.Replaces = wire.Replaces{Set: true, Message: true} }

func fault(r wire.Reason) opt {
	return func(c *command) {
		// The decoder sets nothing else but the message id.
		c.req.Fault, c.req.Ciphertext, c.req.IV, c.req.Hello = r, nil, [wire.IVSize]byte{}, nil
	}
}

// noRef is a request without a ref.
func noRef(c *command) { c.req.Ref = wire.Ref{} }

func request(who string, e wire.Event, opts []opt) func(*stage) *command {
	return func(s *stage) *command {
		c := &command{kind: cmdRequest, from: s.member(who), req: &wire.Request{Event: e, Ref: wire.NewRef(testRef)}}
		for _, o := range opts {
			o(c)
		}
		return c
	}
}

func ask(who string, e wire.Event, opts ...opt) act {
	return func(s *stage) []string { return s.step(request(who, e, opts)(s)) }
}

func join(who, access string, opts ...opt) act {
	return func(s *stage) []string {
		s.joins++
		c := request(who, wire.EventJoin, append([]opt{sender(access)}, opts...))(s)
		c.kind = cmdJoin
		c.access = hashed[bearer](access)
		drawn := fmt.Sprint("t", s.joins)
		copy(c.random[:], drawn)
		c.fresh = hashed[lockout.Token](drawn)
		return s.step(c)
	}
}

func message(id string) opt {
	return func(c *command) { c.req.MessageID = uuid[wire.MessageID](id) }
}

func sealed(text string) opt {
	return func(c *command) { c.req.Ciphertext, c.req.IV = []byte(text), ivOf(text) }
}

func send(who, text string, opts ...opt) act {
	return func(s *stage) []string {
		s.sends++
		c := request(who, wire.EventSend, append([]opt{sealed(text)}, opts...))(s)
		copy(c.random[:], fmt.Sprint("m", s.sends))
		return s.step(c)
	}
}

func edit(who, id, text string, opts ...opt) act {
	return ask(who, wire.EventEdit, append([]opt{message(id), sealed(text)}, opts...)...)
}

func remove(who, id string, opts ...opt) act {
	return ask(who, wire.EventDelete, append([]opt{message(id)}, opts...)...)
}

func read(who, id string, opts ...opt) act {
	return ask(who, wire.EventRead, append([]opt{message(id)}, opts...)...)
}

func sayHello(who, text string, opts ...opt) act {
	return ask(who, wire.EventHello, append([]opt{func(c *command) { c.req.Hello = []byte(text) }}, opts...)...)
}

// setClock sets the relay's clock by d.
func setClock(d time.Duration) act {
	return func(s *stage) []string {
		s.clockOff += d
		return nil
	}
}

func typing(who string, opts ...opt) act { return ask(who, wire.EventTyping, opts...) }
func expire(who string, opts ...opt) act { return ask(who, wire.EventExpire, opts...) }

func resetPairing(who, code string, opts ...opt) act {
	return ask(who, wire.EventResetPairing, append([]opt{gate(code)}, opts...)...)
}

func leave(who string) act {
	return func(s *stage) []string { return s.step(&command{kind: cmdLeave, from: s.member(who)}) }
}

// drainIn announces a restart.
func drainIn(d time.Duration) act {
	return func(s *stage) []string { return s.step(&command{kind: cmdDrain, restartsAt: s.now + d}) }
}

func stop(s *stage) []string { return s.step(&command{kind: cmdStop}) }

// timer is the room's own alarm.
func timer(s *stage) []string { return s.step(&command{kind: cmdTick}) }

// wait lets time pass; nothing wakes the room.
func wait(d time.Duration) act {
	return func(s *stage) []string {
		s.now += d
		return nil
	}
}

// all does one act after another and tells what the last one did.
func all(acts ...act) act {
	return func(s *stage) (last []string) {
		for _, a := range acts {
			last = a(s)
		}
		return last
	}
}

// times repeats an act.
func times(n int, a act) act {
	return func(s *stage) (last []string) {
		for range n {
			last = a(s)
		}
		return last
	}
}

// created is a room with alice's socket a in it, one seat open, without a gate.
var created = join("a", "alice")

// paired is a room with alice's a and bob's b, neither opted in to presence.
var paired = all(join("a", "alice"), join("b", "bob"))

// rule is one thing that happens, and all that is told of it: lines, with "|"
// between them.
type rule struct {
	name        string
	given, when act
	want        string
}

func is(name string, given, when act, want string) rule { return rule{name, given, when, want} }

func checkRules(t *testing.T, rules ...rule) {
	t.Helper()
	for _, r := range rules {
		t.Run(r.name, func(t *testing.T) {
			s := newStage(t)
			if r.given != nil {
				r.given(s)
			}
			checkLines(t, r.when(s), r.want)
		})
	}
}

func checkLines(t *testing.T, got []string, want string) {
	t.Helper()
	var wanted []string
	for line := range strings.FieldsFuncSeq(want, func(r rune) bool { return r == '|' || r == '\n' }) {
		if line = strings.TrimSpace(line); line != "" {
			wanted = append(wanted, line)
		}
	}
	if g, w := strings.Join(got, "\n"), strings.Join(wanted, "\n"); g != w {
		t.Errorf("told:\n%s\nwant:\n%s", g, w)
	}
}
