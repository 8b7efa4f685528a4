package screen

import (
	"context"
	"errors"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"
	"rsc.io/qr"

	"sotto/client"
	"sotto/cmd/sotto-chat/internal/entry"
)

// TestIdle: the curtain is drawn when nothing is typed, what is on the way in is
// dropped, and ten minutes of curtain forget all, unless only this sitting can
// open what waits.
func TestIdle(t *testing.T) {
	d := drive(t, startRelay(t))
	d.types("12345")
	d.passes(2*time.Minute - time.Second)
	if !strings.Contains(d.shown(), "12345") {
		t.Error("the number went too early")
	}
	d.passes(time.Second)
	if strings.Contains(d.shown(), "12345") {
		t.Error("the number stays when nobody is there")
	}

	d.enters()
	d.passes(time.Minute)
	d.types("x")
	d.passes(2*time.Minute - time.Second)
	if d.m.curtain != nil {
		t.Error("the curtain came too early")
	}
	d.passes(time.Second)
	if d.m.curtain == nil || strings.Contains(d.shown(), "connected") {
		t.Errorf("no curtain: %s", d.shown())
	}
	d.types(annsPIN, "enter", "^o", "s", "^l")
	d.passes(time.Hour)
	if d.m.curtain == nil {
		t.Error("what only this sitting can open was forgotten")
	}
	d.types(annsPIN, "enter", "^o", "s", "^l")
	d.passes(10*time.Minute - time.Second)
	if d.m.curtain == nil {
		t.Error("forgotten too early")
	}
	d.passes(time.Second)
	d.until("Everything was forgotten.")
}

// TestFiveWrongPINs forget everything; keys that are no digits are no tries.
func TestFiveWrongPINs(t *testing.T) {
	d := drive(t, startRelay(t))
	d.enters()
	d.types("^l")
	for left := range 4 {
		d.types("no digits", "enter", "000000", "enter")
		if want := "Wrong PIN, " + string(rune('4'-left)) + " tries left."; !strings.Contains(d.shown(), want) {
			t.Fatalf("no %q: %s", want, d.shown())
		}
	}
	d.types("000000", "enter")
	d.until("Everything was forgotten.")
}

// TestCtrlH is Backspace, but for terminals that can tell the two apart.
func TestCtrlH(t *testing.T) {
	d := drive(t, startRelay(t))
	d.enters()
	d.types("ab", "^h")
	if d.m.curtain != nil || d.m.chat.composer.Value() != "a" {
		t.Errorf("the draft is %q", d.m.chat.composer.Value())
	}
	d.does(tea.KeyboardEnhancementsMsg{Flags: 1})
	d.types("^h")
	if d.m.curtain == nil {
		t.Error("no curtain")
	}
}

// TestPanic: two Esc within a second empty everything at once; two that are
// further apart close what is open, and no more.
func TestPanic(t *testing.T) {
	d := drive(t, startRelay(t))
	d.enters()
	d.types("^o", "esc")
	d.passes(2 * time.Second)
	d.types("esc")
	if d.m.gone {
		t.Fatal("two slow Esc are no alarm")
	}
	d.types("x", "esc")
	d.types("y", "esc")
	if d.m.gone {
		t.Fatal("Esc, a letter and Esc are no alarm")
	}
	d.types("esc")
	if !d.m.gone || d.m.chat != nil || d.m.door != nil {
		t.Error("something is left")
	}
	// Some terminals hand both over as one.
	d = drive(t, startRelay(t))
	d.does(tea.KeyPressMsg{Code: tea.KeyEscape, Mod: tea.ModAlt})
	if !d.m.gone {
		t.Error("both Esc at once are no alarm")
	}
}

// TestReadOnlyInView: a message counts as read when it could be: not behind the
// curtain or a sheet, nor while the terminal has lost the focus.
func TestReadOnlyInView(t *testing.T) {
	url := startRelay(t)
	d := drive(t, url)
	ben := other(t, url, d.enters())
	d.until("they are here")
	d.does(tea.BlurMsg{})
	id, err := ben.Send(t.Context(), "Are you there?")
	if err != nil {
		t.Fatal(err)
	}
	d.until("Are you there?")
	for name, hide := range map[string]struct{ hide, show func() }{
		"focus":   {func() {}, func() { d.does(tea.FocusMsg{}) }},
		"sheet":   {func() { d.types("^o") }, func() { d.types("esc") }},
		"curtain": {func() { d.types("^l") }, func() { d.types(annsPIN, "enter") }},
	} {
		d.does(tea.BlurMsg{})
		hide.hide()
		if name != "focus" {
			d.does(tea.FocusMsg{})
		}
		d.does(shownMsg{chat: d.m.chat, id: id})
		if d.m.chat.showing == id {
			t.Errorf("%s: read although out of view", name)
		}
		d.does(tea.BlurMsg{})
		hide.show()
		d.does(tea.BlurMsg{})
		d.m.escaped = time.Time{}
	}
	d.does(tea.FocusMsg{})
	d.untilTrue(func() bool { return d.m.chat.showing == id })
	hears(t, ben, func(e client.MessageRead) bool { return e.ID == id })
}

// TestHostileText: what others write can't command the terminal, nor leave its
// lines.
func TestHostileText(t *testing.T) {
	url := startRelay(t)
	d := drive(t, url)
	ben := other(t, url, d.enters())
	text := "a\x1b]0;owned\x07b\x1b[2Jc\u009b31md\re\u202ef" + strings.Repeat("👩‍👩‍👧 नमस्ते ", 100) + "\nend"
	if _, err := ben.Send(t.Context(), text); err != nil {
		t.Fatal(err)
	}
	d.until("they · ")
	for _, line := range d.m.lines() {
		if ansi.StringWidth(line) > 60 {
			t.Errorf("a line is too wide: %q", line)
		}
		if bare := ansi.Strip(line); strings.ContainsAny(bare, "\x1b\x07\r\u009b\u202e") {
			t.Errorf("a control character is shown: %q", bare)
		}
		for _, command := range []string{"\x1b]", "\x1b[2J", "\u009b"} {
			if strings.Contains(line, command) {
				t.Errorf("a command is shown: %q", line)
			}
		}
	}
	if got := clean("1\x00\t2\u2028"); got != "1\ufffd 2\ufffd" {
		t.Errorf("cleaned to %q", got)
	}
	for range 100 {
		d.types("pgdown")
	}
	if !strings.Contains(d.shown(), "end") {
		t.Errorf("the end can't be reached: %s", d.shown())
	}
}

// TestFits: every screen keeps to the window, whatever its size.
func TestFits(t *testing.T) {
	url := startRelay(t)
	d := drive(t, url)
	sizes := [][2]int{{20, 6}, {40, 12}, {80, 24}, {120, 40}, {5, 2}}
	var seen []string
	look := func(name string) {
		seen = append(seen, name)
		for _, size := range sizes {
			d.does(tea.WindowSizeMsg{Width: size[0], Height: size[1]})
			lines := d.m.lines()
			if len(lines) > size[1] {
				t.Errorf("%s at %v: %d lines", name, size, len(lines))
			}
			for _, line := range lines {
				if ansi.StringWidth(line) > size[0] {
					t.Errorf("%s at %v: too wide: %q", name, size, line)
				}
			}
		}
		d.does(tea.WindowSizeMsg{Width: 60, Height: 14})
	}
	look("number")
	d.types("?")
	look("help")
	d.passes(time.Second * 2)
	d.types("esc", "^t")
	look("short number")
	card := d.enters()
	look("empty chat")
	ben := other(t, url, card)
	d.types("^o")
	look("menu")
	for _, key := range []string{"i", "c", "w"} {
		d.types(key)
		look("sheet " + key)
		d.passes(2 * time.Second)
		d.types("esc", "^o")
	}
	d.types("esc")
	if _, err := ben.Send(t.Context(), strings.Repeat("word ", 1_000)); err != nil {
		t.Fatal(err)
	}
	d.until("word word")
	d.types(strings.Repeat("draft ", 100))
	look("long message and draft")
	d.types("^l")
	look("curtain")
	if !slices.Contains(seen, "curtain") || len(seen) < 10 {
		t.Errorf("only %v were looked at", seen)
	}
}

// TestProgress: the bar follows the estimate, and is never full before the end.
func TestProgress(t *testing.T) {
	began := time.Now()
	a := attempt{number: 1, began: began, estimate: time.Second}
	for passed, want := range map[time.Duration]int{0: 0, 500 * time.Millisecond: 9, time.Minute: 17} {
		if got := strings.Count(a.progress(began.Add(passed), 38), "#"); got != want {
			t.Errorf("after %s: %d of 18", passed, got)
		}
	}
	a.derived = true
	if got := a.progress(began, 38); got != "" {
		t.Errorf("in the end: %q", got)
	}
}

// TestAnsweredWhileEdited: the text stays, and is an answer then.
func TestAnsweredWhileEdited(t *testing.T) {
	url := startRelay(t)
	d := drive(t, url)
	ben := other(t, url, d.enters())
	d.until("they are here")
	d.types("First", "enter")
	d.until("Waiting for the answer.")
	d.untilTrue(func() bool { return !d.m.chat.sending })
	d.types("^o", "e", ", changed")
	d.until("Editing.")
	hears(t, ben, func(e client.NewMessage) bool { return !e.Message.Mine })
	if _, err := ben.Send(t.Context(), "Answer"); err != nil {
		t.Fatal(err)
	}
	d.until("They answered in the meantime.")
	if got := d.m.chat.composer.Value(); got != "First, changed" {
		t.Errorf("the text is %q", got)
	}
	d.types("enter")
	d.until("you · ")
}

// TestDraftOutlivesEdit: what was typed for later is there again after an edit,
// made or not.
func TestDraftOutlivesEdit(t *testing.T) {
	d := drive(t, startRelay(t))
	d.enters()
	d.types("First", "enter")
	d.until("Waiting for the answer.")
	d.untilTrue(func() bool { return !d.m.chat.sending })
	d.types("for later", "^o", "e")
	d.until("> First")
	d.types("esc")
	d.until("> for later")
	d.types("^o", "e", ", changed", "enter")
	d.until("> for later")
	d.until("First, changed")
}

// TestBadLink: without a network the state is said and the draft stays; what was
// sent into it arrives later, once.
func TestBadLink(t *testing.T) {
	url := startRelay(t)
	d := drive(t, url)
	var down atomic.Bool
	conns := make(chan net.Conn, 10)
	d.m.cfg.HTTP = &http.Client{Transport: &http.Transport{DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
		if down.Load() {
			return nil, errors.New("no network")
		}
		conn, err := new(net.Dialer).DialContext(ctx, network, address)
		if err == nil {
			conns <- conn
		}
		return conn, err
	}}}
	ben := other(t, url, d.enters())
	d.until("they are here")
	d.types("half a draft")
	down.Store(true)
	for len(conns) > 0 {
		_ = (<-conns).Close()
	}
	d.until("( ) not connected")
	d.until("Reconnecting")
	d.types(", now whole", "enter", "what is typed now is lost")
	if shown := d.shown(); d.m.chat.composer.Value() != "half a draft, now whole" || !strings.Contains(shown, "not connected") {
		t.Errorf("there is: %s", shown)
	}
	down.Store(false)
	d.types("^o", "n")
	d.until("(•) connected")
	d.until("Waiting for the answer.")
	d.untilTrue(func() bool { return !d.m.chat.sending })
	hears(t, ben, func(e client.NewMessage) bool { return e.Message.Text == "half a draft, now whole" })
}

// TestEscAfterRestart asks for the PIN, as Enter does: what was open before, and
// the draft, are behind it.
func TestEscAfterRestart(t *testing.T) {
	d := drive(t, startRelay(t))
	d.enters()
	d.types("half a draft")
	d.runs(d.m.over(client.ErrRoomLost))
	d.until("The relay restarted")
	d.types("esc", "000000", "enter")
	d.until("Wrong PIN, 4 tries left.")
	d.types(annsPIN, "enter")
	d.until("(•) connected")
	if got := d.m.chat.composer.Value(); got != "half a draft" {
		t.Errorf("the draft is %q", got)
	}
}

// TestHalfBlocks: the drawn code is the code, module by module, with a quiet zone
// of two around it.
func TestHalfBlocks(t *testing.T) {
	for _, text := range entry.NewPrivate().Scans() {
		code, err := qr.Encode(text, qr.L)
		if err != nil {
			t.Fatal(err)
		}
		lines := halfBlocks(text)
		if len(lines) == 0 || len(lines) > 24 || cells(lines) != code.Size+4 {
			t.Fatalf("%d lines of %d cells", len(lines), cells(lines))
		}
		for y := range code.Size + 4 {
			for x := range code.Size + 4 {
				if isDark(lines, x, y) != code.Black(x-2, y-2) {
					t.Fatalf("module %d,%d", x, y)
				}
			}
		}
	}
}

// isDark reads a module back.
func isDark(lines []string, x, y int) bool {
	if y/2 >= len(lines) {
		return false
	}
	switch []rune(lines[y/2])[x] {
	case ' ':
		return true
	case '▄':
		return y%2 == 0
	case '▀':
		return y%2 == 1
	}
	return false
}
