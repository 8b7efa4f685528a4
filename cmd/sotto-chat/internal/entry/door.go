package entry

import (
	"context"
	"crypto/pbkdf2"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"fmt"
	"net/http"
	"time"

	"sotto/blind"
	"sotto/client"
	"sotto/wire"
)

// How somebody gets in.
type How string

// The ways in. See [client.Entry]: a short number knows the same ones.
const (
	Create  How = "create"
	Enter   How = "enter"
	Invited How = "invited"
	Again   How = "again"
)

func (h How) entry() (client.Entry, error) {
	switch h {
	case Create:
		return client.EntryCreate, nil
	case Enter:
		return client.EntryEnter, nil
	case Invited:
		return client.EntryInvited, nil
	case Again:
		return client.EntryAgain, nil
	}
	return 0, fmt.Errorf("%w: entry", ErrRequest)
}

// ErrRequest means that what was asked for makes no sense.
var ErrRequest = errors.New("not a request")

// Door opens the rooms of one number on one relay. It is for one goroutine at a
// time.
type Door struct {
	// URL of the relay.
	URL string
	// HTTP makes the connections.
	HTTP *http.Client
	// Card is the number.
	Card Card
	// SittingOnly is the mode that a private number begins with.
	SittingOnly bool

	root     *blind.RootKey
	identity client.Identity
}

// Derive computes the root key of a private number, which takes a third of a
// second or more, as [Estimate] says. It does nothing for a short one.
func (d *Door) Derive() {
	if d.Card.Private() && d.root == nil {
		d.root = d.Card.Code.Root()
	}
}

// Private reports whether it is a private number's.
func (d *Door) Private() bool { return d.root != nil || d.Card.Private() }

// DropCode lets go of a code that nobody is to be told any more. The derived key
// stays.
func (d *Door) DropCode() {
	if d.root != nil {
		d.Card = Card{}
	}
}

// Estimate returns how long the slow derivation takes on this machine, from a
// hundredth of it.
func Estimate() time.Duration {
	const share = 100
	began := time.Now()
	if _, err := pbkdf2.Key(sha256.New, "0", []byte("estimate"), 600_000/share, sha256.Size); err != nil {
		panic("entry: " + err.Error()) // refuses parameters only, which are constants
	}
	return time.Since(began) * share
}

// Open joins the room, with a PIN, and returns the session and its first event.
// It derives first if that was not done. Its errors are those of [client.Open]
// and of the derivation; what they mean to people is for [Explain] to say.
func (d *Door) Open(ctx context.Context, pin string, how How) (*client.Session, client.Event, error) {
	entry, err := how.entry()
	if err != nil {
		return nil, nil, err
	}
	cfg := client.Config{URL: d.URL, HTTPClient: d.HTTP, Presence: true, OpenPagesOnly: d.SittingOnly}
	d.Derive()
	if cfg.Identity, err = d.derive(pin); err != nil {
		return nil, nil, err
	}
	d.identity = cfg.Identity
	if d.root != nil {
		cfg.Entry = entry
	} else {
		cfg.Code = d.Card.Ref
		if how == Enter || how == Invited {
			cfg.Intent = wire.IntentEnter
		}
	}
	s, err := client.Open(ctx, cfg)
	if err != nil {
		return nil, nil, err
	}
	first, err := s.Next(ctx)
	if err == nil && d.root == nil {
		err = d.check(first, how)
	}
	if err != nil {
		s.Close()
		return nil, nil, err
	}
	return s, first, nil
}

// check refuses a room of a short number that is not what was meant: the relay
// does not know that.
func (d *Door) check(first client.Event, how How) error {
	state, ok := first.(client.State)
	switch {
	case !ok:
	case how == Create && (!state.AwaitingParty || state.Message != nil):
		return client.ErrTaken
	case how == Invited && state.AwaitingParty && d.Card.Ref.Set():
		return client.ErrPINTaken
	}
	return nil
}

func (d *Door) derive(pin string) (client.Identity, error) {
	if d.root != nil {
		return client.DerivePrivate(d.root, pin)
	}
	return client.Derive(d.Card.Number, pin)
}

// Knows reports whether pin is the one that the room was opened with. It says
// no before it was.
func (d *Door) Knows(pin string) bool {
	id, err := d.derive(pin)
	mine, theirs := d.identity.Access(), id.Access()
	return err == nil && subtle.ConstantTimeCompare(mine[:], theirs[:]) == 1
}

// Forget overwrites the key. The Door is of no use after; its session must have
// ended.
func (d *Door) Forget() {
	if d.root != nil {
		d.root.Wipe()
	}
	*d = Door{}
}

// leaveTimeout is how long it may take to leave what is to wait.
const leaveTimeout = 3 * time.Second

// Leave closes a session. On a private number, in the mode can wait, it first
// leaves an unread message, for which ctx and a few seconds are the limit.
func Leave(ctx context.Context, s *client.Session, private bool) {
	if !private {
		s.Close()
		return
	}
	ctx, cancel := context.WithTimeout(ctx, leaveTimeout)
	defer cancel()
	s.Leave(ctx)
}
