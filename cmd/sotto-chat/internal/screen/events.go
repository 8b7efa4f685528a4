package screen

import (
	"errors"
	"fmt"
	"time"

	tea "charm.land/bubbletea/v2"

	"sotto/blind"
	"sotto/client"
	"sotto/cmd/sotto-chat/internal/entry"
	"sotto/wire"
)

// happenedMsg is an event of a session, or why it ended.
type happenedMsg struct {
	session *client.Session
	event   client.Event
	err     error
}

// listen waits for the next event.
func (c *chat) listen() tea.Cmd {
	return func() tea.Msg {
		event, err := c.session.Next(c.ctx)
		return happenedMsg{session: c.session, event: event, err: err}
	}
}

// happened takes in an event, and waits for the next.
func (m *Model) happened(msg happenedMsg) tea.Cmd {
	c := m.chat
	if c == nil || c.session != msg.session {
		return nil
	}
	if msg.err != nil {
		return m.over(msg.err)
	}
	c.take(m, msg.event)
	return tea.Batch(c.listen(), m.seen())
}

func (c *chat) take(m *Model, event client.Event) {
	switch e := event.(type) {
	case client.State:
		c.redial = time.Time{}
		c.awaiting, c.reach, c.ends = e.AwaitingParty, e.Reach, e.TTLExpiresAt
		c.present = e.OtherConnected
		c.hold(e.Message)
	case client.NewMessage:
		c.notice = ""
		c.hold(&e.Message)
	case client.MessageEdited:
		c.hold(&e.Message)
	case client.MessageDeleted:
		c.hold(nil)
	case client.MessageRead:
		if c.slot != nil && c.slot.ID == e.ID {
			c.slot.ReadAt = e.ReadAt
		}
	case client.Paired:
		c.awaiting, c.notice = false, wordPaired
		if !e.TTLExpiresAt.IsZero() {
			c.ends = e.TTLExpiresAt
		}
	case client.Presence:
		c.present = e.Connected
	case client.Reach:
		c.reach = e.Reach
	case client.Typing:
		c.typing = m.clock()
	case client.OtherAnew:
		c.notice = fmt.Sprintf(wordAnew, e.At.Local().Format("15:04"))
	case client.KeysAnew:
		c.notice = fmt.Sprintf(wordKeysAnew, e.At.Local().Format("15:04"))
	case client.Disconnected:
		c.redial, c.present = m.clock().Add(e.Retry), false
	}
	if !c.awaiting && m.door != nil {
		m.door.DropCode() // nobody is to be invited any more
	}
}

// hold shows another message.
func (c *chat) hold(message *client.Message) {
	if message == nil || c.slot == nil || c.slot.ID != message.ID {
		c.scroll, c.typing = 0, time.Time{}
	}
	c.slot = message
	if c.editing != (wire.MessageID{}) && c.changeable() == nil {
		c.editing, c.notice = wire.MessageID{}, wordAnswered
	}
}

// over lets go of a room that has ended. After a restart of the relay number,
// key and text are still here, to open it again.
func (m *Model) over(err error) tea.Cmd {
	c := m.chat
	said := entry.Explain(err, "", c.private)
	if c.wiping && errors.Is(err, client.ErrRoomExpired) {
		said.Text = wordWiped
	}
	session, door, draft := c.session, m.door, c.composer.Value()
	c.cancel()
	m.chat, m.curtain = nil, nil
	if !errors.Is(err, client.ErrRoomLost) {
		m.door = nil
		m.ended(said.Text)
		return leave(session, door, false, true, false)
	}
	m.draft = draft
	m.attempt = attempt{number: m.attempt.number + 1, derived: true, how: entry.Again}
	m.screen = &question{text: said.Text, keyLine: keysEnded}
	return leave(session, nil, false, true, false)
}

// note is the status of the connection, and of what is written.
func (c *chat) note(now time.Time) string {
	left := c.limit() - len(c.composer.Value())
	switch {
	case c.wiping:
		return wordWiping
	case !c.redial.IsZero() && c.redial.After(now):
		return fmt.Sprintf(wordRetry, int(c.redial.Sub(now)/time.Second)+1)
	case !c.redial.IsZero():
		return wordRetrying
	case c.sending:
		return wordSending
	case left < 0:
		return fmt.Sprintf(wordTooLong, -left)
	case left < c.limit()/5:
		return fmt.Sprintf(wordBytesLeft, left)
	case now.Sub(c.typing) < 4*time.Second:
		return wordTyping
	case c.notice != "":
		return c.notice
	case c.private && c.reach == blind.ReachCode && c.composer.Value() != "":
		return wordWillWait
	case c.private && c.reach == blind.ReachNobody && c.composer.Value() != "":
		return wordWaitsHere
	case !c.ends.IsZero() && c.ends.Sub(now) < 12*time.Hour:
		return fmt.Sprintf(wordEndsSoon, c.ends.Local().Format("15:04"))
	}
	return ""
}
