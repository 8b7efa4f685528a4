package screen

import (
	"fmt"
	"time"

	tea "charm.land/bubbletea/v2"
)

const (
	curtainTries = 5
	// curtainTime is how long it stays before everything is forgotten, unless
	// only this sitting can open what waits.
	curtainTime = 10 * time.Minute
)

// curtain lies over a chat until its PIN is typed. It shows nothing else.
type curtain struct {
	pin   pin
	drawn time.Time
	left  int // tries
	note  string
}

func newCurtain(now time.Time) *curtain {
	return &curtain{pin: newPIN(), drawn: now, left: curtainTries}
}

func (c *curtain) update(m *Model, msg tea.Msg) tea.Cmd {
	switch pressed(msg) {
	case "ctrl+x":
		return m.forget(wordForgotten)
	case "enter":
		return c.try(m)
	}
	return c.pin.update(msg)
}

func (c *curtain) try(m *Model) tea.Cmd {
	typed := c.pin.take()
	switch {
	case typed == "":
		return nil
	case m.door.Knows(typed):
		m.curtain = nil
		m.chat.hide(false)
		return m.seen()
	}
	if c.left--; c.left == 0 {
		return m.forget(wordForgotten)
	}
	c.note = fmt.Sprintf(wordWrong, c.left)
	return nil
}

// over reports whether it is time to forget everything.
func (c *curtain) over(m *Model) bool {
	return m.now.Sub(c.drawn) >= curtainTime && !m.chat.sittingOnly
}

func (c *curtain) body(_ *Model, width, _ int) []string {
	return []string{bold.Render(wordCurtain), "", c.pin.view(width)}
}

func (c *curtain) keys(*Model) string { return keysCurtain }
