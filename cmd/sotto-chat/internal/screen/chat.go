package screen

import (
	"context"
	"fmt"
	"time"

	"charm.land/bubbles/v2/key"
	"charm.land/bubbles/v2/textarea"
	tea "charm.land/bubbletea/v2"

	"sotto/blind"
	"sotto/client"
	"sotto/cmd/sotto-chat/internal/entry"
	"sotto/wire"
)

// chat is the room: its one message, and what one writes.
type chat struct {
	session *client.Session
	private bool
	ctx     context.Context // ends when the room is let go of
	cancel  context.CancelFunc

	// As last told by the session.
	slot     *client.Message
	awaiting bool
	present  bool
	reach    blind.Reach
	ends     time.Time
	redial   time.Time // zero: connected
	typing   time.Time // when the other last wrote
	notice   string    // of keys and pages; the newest

	composer    textarea.Model
	sending     bool
	wiping      bool
	editing     wire.MessageID // zero: a new message is written
	aside       string         // what was written when editing began
	sittingOnly bool
	showing     wire.MessageID // is being marked as read
	scroll      int
}

func newChat(s *client.Session, private bool) *chat {
	c := &chat{session: s, private: private, composer: newComposer()}
	c.ctx, c.cancel = context.WithCancel(context.Background())
	return c
}

// newComposer returns a field of some lines. It runs no program for a clipboard.
func newComposer() textarea.Model {
	t := textarea.New()
	t.ShowLineNumbers = false
	t.SetPromptFunc(2, func(line textarea.PromptInfo) string {
		if line.LineNumber == 0 {
			return "> "
		}
		return "  "
	})
	t.CharLimit, t.MaxHeight = 0, 0
	t.KeyMap.Paste, t.KeyMap.CopySelection = key.NewBinding(), key.NewBinding()
	t.KeyMap.InsertNewline = key.NewBinding(key.WithKeys("alt+enter", "ctrl+j", "shift+enter"))
	styles := textarea.Styles{Cursor: t.Styles().Cursor}
	styles.Cursor.Blink = false
	styles.Cursor.Color = nil
	t.SetStyles(styles)
	t.Focus()
	return t
}

// limit is the longest text, in bytes.
func (c *chat) limit() int {
	if c.private {
		return blind.MaxText
	}
	return client.DefaultMaxCiphertext - client.Overhead
}

func (c *chat) update(m *Model, msg tea.Msg) tea.Cmd {
	if press, ok := msg.(tea.KeyPressMsg); ok {
		switch name := press.String(); {
		case name == "enter":
			return c.send(m)
		case name == "ctrl+o":
			m.screen = &menu{}
			return nil
		case name == "esc" && c.editing != wire.MessageID{}:
			c.written()
			return nil
		case name == "?" && c.composer.Value() == "":
			m.screen = &helpSheet{back: c}
			return nil
		case name == "pgup":
			c.scroll--
			return nil
		case name == "pgdown":
			c.scroll++
			return nil
		}
	}
	if c.sending {
		return nil // the text is on its way: see send
	}
	if paste, ok := msg.(tea.PasteMsg); ok {
		msg = tea.PasteMsg{Content: clean(paste.Content)}
	}
	before := c.composer.Length()
	var cmd tea.Cmd
	c.composer, cmd = c.composer.Update(msg)
	if !c.private && c.composer.Length() > before {
		c.session.Typing()
	}
	return cmd
}

// sentMsg is what became of a send, an edit, a deletion or a wipe. The text
// leaves the composer only now.
type sentMsg struct {
	chat *chat
	done string // the status if it went well
	text bool   // the composer's text went
	err  error
}

func (c *chat) send(m *Model) tea.Cmd {
	text := c.composer.Value()
	over := len(text) - c.limit()
	switch {
	case text == "" || c.sending:
		return nil
	case over > 0:
		m.status = fmt.Sprintf(wordTooLong, over)
		return nil
	}
	id := c.editing
	if c.slot != nil && c.slot.Mine && c.slot.Deleted {
		id = c.slot.ID // the place of a deleted message is its author's
	}
	c.sending = true
	return func() tea.Msg {
		var err error
		if id == (wire.MessageID{}) {
			_, err = c.session.Send(c.ctx, text)
		} else {
			err = c.session.Edit(c.ctx, id, text)
		}
		return sentMsg{chat: c, text: true, err: err}
	}
}

// written empties the composer, but for what editing has put aside.
func (c *chat) written() {
	c.composer.SetValue(c.aside)
	c.editing, c.aside = wire.MessageID{}, ""
}

// change deletes, or ends the room.
func (c *chat) change(done string, do func(ctx context.Context) error) tea.Cmd {
	return func() tea.Msg { return sentMsg{chat: c, done: done, err: do(c.ctx)} }
}

// shownMsg comes when a message was in view for a while.
type shownMsg struct {
	chat *chat
	id   wire.MessageID
}

// viewTime is how long a message has to be in view to count as read.
const viewTime = 500 * time.Millisecond

// seen has the other's message marked as read, if it stays in view.
func (m *Model) seen() tea.Cmd {
	c := m.chat
	if !m.inView() || c.showing == c.slot.ID {
		return nil
	}
	id := c.slot.ID
	return tea.Tick(viewTime, func(time.Time) tea.Msg { return shownMsg{chat: c, id: id} })
}

// inView reports whether an unread message of the other's can be read now.
func (m *Model) inView() bool {
	c := m.chat
	return c != nil && m.screen == screen(c) && m.curtain == nil && !m.blurred && c.slot != nil &&
		!c.slot.Mine && !c.slot.Unreadable && !c.slot.Deleted && c.slot.ReadAt.IsZero()
}

// done takes in what a command has come to.
func (m *Model) done(msg tea.Msg) tea.Cmd {
	switch msg := msg.(type) {
	case shownMsg:
		c := msg.chat
		if c != m.chat || !m.inView() || c.slot.ID != msg.id || c.showing == msg.id {
			return nil
		}
		c.showing = msg.id
		return func() tea.Msg {
			_ = c.session.MarkRead(c.ctx, msg.id) // why it could not be comes as an event
			return nil
		}
	case leftMsg:
		if m.status == wordLeaving {
			m.status = ""
		}
	case sentMsg:
		c := msg.chat
		if c != m.chat {
			return nil
		}
		c.sending = c.sending && !msg.text
		if msg.err != nil {
			c.wiping = false
			m.status = entry.Explain(msg.err, "", c.private).Text
			return nil
		}
		if msg.text {
			c.written()
		}
		m.status = msg.done
	}
	return nil
}

// hide tells the session whether somebody can see it.
func (c *chat) hide(hidden bool) {
	if c.private {
		c.session.Hide(hidden)
	}
}

// leaving reports whether an unread message is to be left yet, now that nobody
// looks.
func (c *chat) leaving() bool {
	return c.private && !c.sittingOnly && c.redial.IsZero() && c.slot != nil && c.slot.Mine &&
		!c.slot.Left && !c.slot.OtherPage && c.slot.ReadAt.IsZero()
}
