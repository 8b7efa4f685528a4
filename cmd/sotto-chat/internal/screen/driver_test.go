package screen

import (
	"context"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"

	"sotto/client"
	"sotto/cmd/sotto-chat/internal/entry"
	"sotto/relay"
)

// testPatience is for a machine that has much else to do.
const testPatience = 5 * time.Minute

// driver is the program around a model, with a clock that a test sets.
type driver struct {
	t    *testing.T
	m    *Model
	msgs chan tea.Msg
	now  time.Time
	quit bool
}

func drive(t *testing.T, url string) *driver {
	t.Helper()
	d := &driver{t: t, msgs: make(chan tea.Msg), now: time.Now()}
	d.m = New(Config{URL: url, Idle: 2 * time.Minute}, func() time.Time { return d.now })
	t.Cleanup(func() { leave(d.m.letGoAll())() })
	d.does(tea.WindowSizeMsg{Width: 60, Height: 14})
	return d
}

// letGoAll is letGo for the end of a test.
func (m *Model) letGoAll() (s *client.Session, door *entry.Door, private, now, quit bool) {
	s, door, private = m.letGo()
	return s, door, private, true, true
}

// does hands the model a message, and runs what it wants.
func (d *driver) does(msg tea.Msg) {
	_, cmd := d.m.Update(msg)
	d.runs(cmd)
}

func (d *driver) runs(cmd tea.Cmd) {
	if cmd == nil {
		return
	}
	ctx := d.t.Context()
	go func() { // ends with the test at the latest
		msg := cmd()
		select {
		case d.msgs <- msg:
		case <-ctx.Done():
		}
	}()
}

// passes lets time go by, second by second.
func (d *driver) passes(span time.Duration) {
	for range span / time.Second {
		d.now = d.now.Add(time.Second)
		_, cmd := d.m.Update(tickMsg(d.now))
		_ = cmd // the next tick is the test's
	}
}

// until deals with messages until the screen shows a text.
func (d *driver) until(text string) {
	d.t.Helper()
	d.untilTrue(func() bool { return strings.Contains(d.shown(), text) })
}

func (d *driver) untilTrue(is func() bool) {
	d.t.Helper()
	ctx, cancel := context.WithTimeout(d.t.Context(), testPatience)
	defer cancel()
	for !is() {
		d.next(ctx)
	}
}

func (d *driver) next(ctx context.Context) {
	d.t.Helper()
	select {
	case msg := <-d.msgs:
		switch msg := msg.(type) {
		case tea.BatchMsg:
			for _, cmd := range msg {
				d.runs(cmd)
			}
		case tickMsg: // time is the test's
		case tea.QuitMsg:
			d.quit = true
		default:
			d.does(msg)
		}
	case <-ctx.Done():
		d.t.Fatalf("nothing more comes; there is:\n%s", d.shown())
	}
}

// shown is the screen without attributes, lines joined.
func (d *driver) shown() string {
	return strings.Join(strings.Fields(ansi.Strip(strings.Join(d.m.lines(), "\n"))), " ")
}

// types presses keys, by bubbletea's names for them, or types a text.
func (d *driver) types(keys ...string) {
	named := map[string]tea.KeyPressMsg{
		"enter": {Code: tea.KeyEnter}, "esc": {Code: tea.KeyEscape}, "backspace": {Code: tea.KeyBackspace},
		"pgdown": {Code: tea.KeyPgDown},
	}
	for _, key := range keys {
		if msg, ok := named[key]; ok {
			d.does(msg)
			continue
		}
		if letter, ok := strings.CutPrefix(key, "^"); ok {
			d.does(tea.KeyPressMsg{Code: rune(letter[0]), Mod: tea.ModCtrl})
			continue
		}
		for _, r := range key {
			d.does(tea.KeyPressMsg{Code: r, Text: string(r)})
		}
	}
}

func startRelay(t *testing.T) string {
	t.Helper()
	rl, err := relay.New(relay.Config{JoinFloor: -1})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(rl)
	t.Cleanup(func() {
		_ = rl.Close()
		server.Close()
	})
	return server.URL
}

const annsPIN = "271828"

// enters brings somebody into a new room, and returns its number.
func (d *driver) enters() entry.Card {
	d.t.Helper()
	d.types("^n")
	made, ok := d.m.screen.(*made)
	if !ok {
		d.t.Fatal("no number was made")
	}
	card := made.card
	d.types("enter", annsPIN, "enter")
	d.until("Nobody has written.")
	return card
}

// other opens the room for the other person.
func other(t *testing.T, url string, card entry.Card) *client.Session {
	t.Helper()
	door := &entry.Door{URL: url, Card: card}
	s, _, err := door.Open(t.Context(), "314159", entry.Invited)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

// hears takes the other's events up to one that is wanted.
func hears[E client.Event](t *testing.T, s *client.Session, want func(E) bool) {
	t.Helper()
	for {
		event, err := s.Next(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if e, ok := event.(E); ok && want(e) {
			return
		}
	}
}
