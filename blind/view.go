package blind

import (
	"time"

	"sotto/wire"
)

// Reach is what becomes of a text that is sent now.
type Reach byte

const (
	// ReachNobody means that it comes back.
	ReachNobody Reach = iota
	// ReachPage means that it is sealed to the other's open page.
	ReachPage
	// ReachCode means that it is left: who has the code can open it.
	ReachCode
)

// Holder is whose message is on the relay.
type Holder byte

const (
	// HolderNone means that there is none.
	HolderNone Holder = iota
	// HolderMine is oneself.
	HolderMine
	// HolderOther is the other person.
	HolderOther
)

// View is what a page shows. It prints as "[redacted]".
type View struct {
	secret
	Reach Reach
	// Busy means that a message or an edit is on its way.
	Busy bool
	// Pending: it is the person's doing, or waits to be.
	Pending bool
	// OtherHere: the other has a connection.
	OtherHere bool

	Holder Holder
	ID     wire.MessageID
	IV     IV // of the variant
	// Content is the zero Content when it can't be opened.
	Content Content
	// Left: who has the code can open it. Otherwise one page can.
	Left bool
	Read bool
	// OtherPage: one's own message, from another page of one's own.
	OtherPage bool
	// Locked: the other's message, for a page of one's own that is no more. It
	// opens when the author's page locks it anew.
	Locked bool
	// AskAgain: that should have happened by now.
	AskAgain bool
	// Unseen: the other answered without having seen one's last words.
	Unseen bool
	// Written is when the other wrote it by their clock, if that is more than
	// ten minutes from the relay's; else zero.
	Written time.Time
	// Check is the 20 digits to compare, if both see the message and nobody but
	// their pages can.
	Check string
}

// View returns what the page shows after the last step.
func (p *Page) View() View {
	v := View{OtherHere: p.here, Busy: p.job != nil || p.wish != nil}
	v.Pending = p.wish != nil || p.job != nil && !p.job.auto
	if p.ended {
		return v
	}
	v.Reach = p.reach()
	s := p.slot
	if s == nil {
		return v
	}
	v.ID, v.IV, v.Read = s.id, s.iv, s.read
	if s.mine {
		v.Holder, v.OtherPage = HolderMine, s.foreign
		switch {
		case s.foreign && s.content != nil:
			v.Content, v.Left = *s.content, true
		case !s.foreign && p.own != nil:
			v.Content, v.Left = p.own.body.Content, p.own.left
			if !v.Left && v.Read {
				v.Check = p.own.c.check()
			}
		}
		return v
	}
	v.Holder = HolderOther
	if p.theirs == nil {
		v.Locked = true
		v.AskAgain = p.here && s.overdue
		return v
	}
	v.Content, v.Left, v.Unseen = p.theirs.body.Content, p.theirs.left, p.theirs.unseen
	written := time.Unix(int64(p.theirs.body.Sent), 0)
	if apart := written.Sub(s.at); apart > clockSlack || apart < -clockSlack {
		v.Written = written
	}
	if !v.Left {
		v.Check = p.theirs.c.check()
	}
	return v
}

// reach decides what becomes of a text.
func (p *Page) reach() Reach {
	switch {
	case p.here && (p.openPagesOnly || !p.hidden) && p.sealTo() != nil:
		return ReachPage
	case !p.openPagesOnly:
		return ReachCode
	}
	return ReachNobody
}
