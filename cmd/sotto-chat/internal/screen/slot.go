package screen

import (
	"strings"

	"sotto/blind"
	"sotto/client"
	"sotto/wire"
)

// composerLines is how high the composer is, if there is room.
const composerLines = 3

func (c *chat) body(_ *Model, width, height int) []string {
	writing := min(composerLines, max(1, height/4))
	c.composer.SetWidth(width)
	c.composer.SetHeight(writing)
	below := strings.Split(c.composer.View(), "\n")
	if len(below) > writing {
		below = below[:writing]
	}
	switch {
	case c.editing != wire.MessageID{}:
		below = append([]string{faint.Render(fit(wordEditing, width))}, below...)
	case c.waiting():
		below = append([]string{faint.Render(wordWaiting)}, below...)
	}

	lines := []string{c.header(width), ""}
	room := height - len(lines) - len(below)
	message := c.message(width)
	// The last line of a message says where it is: it stays.
	if len(message) > room && room > 1 {
		c.scroll = max(0, min(c.scroll, len(message)-room))
		shown := append([]string(nil), message[c.scroll:c.scroll+room-1]...)
		message = append(shown, message[len(message)-1])
	} else {
		c.scroll = 0
	}
	lines = append(lines, message...)
	for len(lines) < height-len(below) {
		lines = append(lines, "")
	}
	return append(lines, below...)
}

func (c *chat) keys(*Model) string {
	switch {
	case c.editing != wire.MessageID{}:
		return keysEdit
	case c.private && c.reach == blind.ReachCode:
		return keysLeaveIt
	}
	return keysChat
}

// waiting reports whether one's own message stands in the way of another.
func (c *chat) waiting() bool { return c.slot != nil && c.slot.Mine && !c.slot.Deleted }

func (c *chat) header(width int) string {
	if !c.redial.IsZero() {
		return bold.Render("( ) " + wordLost)
	}
	other := wordAway
	switch {
	case c.awaiting:
		other = wordNotCome
	case c.present:
		other = wordHere
	}
	return bold.Render(fit("(•) "+wordConnected+" · "+other, width))
}

// message is the one in the room, and under it where it is.
func (c *chat) message(width int) []string {
	s := c.slot
	if s == nil {
		return []string{faint.Render(wordNothing)}
	}
	who := wordThey
	if s.Mine {
		who = wordYou
	}
	lines := []string{faint.Render(who + " · " + s.SentAt.Local().Format("15:04"))}
	lines = append(lines, wrap(clean(c.text()), width)...)
	return append(lines, faded(c.state(), width)...)
}

// text is the message, or why there is none.
func (c *chat) text() string {
	s := c.slot
	switch {
	case s.Deleted:
		return wordDeleted
	case !s.Unreadable:
		return s.Text
	case s.Mine:
		return wordElseSealed
	case !c.private:
		return wordCantOpen
	case !s.ReadAt.IsZero():
		return wordReadElse
	case s.AskAgain:
		return wordAskAgain
	case c.present:
		return wordBeing
	}
	return wordLockedAway
}

// state says where the message is, who can open it, and what else is to be
// known of it.
func (c *chat) state() string {
	s := c.slot
	var words []string
	switch {
	case s.Mine && !s.ReadAt.IsZero():
		words = append(words, wordRead)
	case s.Mine && s.Left:
		words = append(words, wordWaits)
	case s.Mine && c.private && !s.OtherPage && !s.Deleted:
		words = append(words, wordOnlyTheirs)
	case s.Mine:
		words = append(words, wordOnRelay)
	case s.Left:
		words = append(words, wordWasLeft)
	case c.private && !s.Unreadable:
		words = append(words, wordSealed)
	}
	if s.Mine && s.OtherPage {
		words = append(words, wordElsewhere)
	}
	if s.Unseen {
		words = append(words, wordUnseen)
	}
	if !s.Written.IsZero() {
		words = append(words, strings.ReplaceAll(wordWritten, "%s", s.Written.Local().Format("Mon 2 Jan 15:04")))
	}
	return strings.Join(words, " · ")
}

// changeable returns one's own unread message, if that is what the room holds.
func (c *chat) changeable() *client.Message {
	if s := c.slot; s != nil && s.Mine && s.ReadAt.IsZero() && !s.Deleted {
		return s
	}
	return nil
}
