package blind

import (
	"time"

	"sotto/wire"
)

// Limits of a page.
const (
	// helloPatience is how long a page waits for the relay's reply.
	helloPatience = 15 * time.Second
	// pause is the least between two edits that a page makes by itself.
	editPause = 2 * time.Second
	// lockedPatience is how long a locked message may stay so while its author
	// is there.
	lockedPatience = 10 * time.Second
	// mostUnopened is how many variants may come that do not open.
	mostUnopened = 16
	// clockSlack is how far the writer's clock may be from the relay's.
	clockSlack = 10 * time.Minute
)

// Page is what one page knows in one life of a room: its keys, and the rules
// by which they come and go. It has no clock, no network and no goroutine, and
// is not safe for concurrent use. It prints as "[redacted]".
type Page struct {
	secret
	kem    kem
	life   *LifeKey
	id     PageID
	sender wire.SenderHash

	hello *ownKey // the newest that was told in a hello
	peer  *peer
	own   *own
	// theirs is the other's message, once it opened.
	theirs *theirs
	job    *job
	// wish is what the person wants and can't have yet.
	wish *wish
	slot *slot

	openPagesOnly bool
	hidden        bool
	joined        bool // there is a connection
	ready         bool // and the hello is answered
	here          bool // the other has a connection, as far as is known
	away          bool // the other has none

	helloDue time.Time // when the relay ought to have answered; zero: nothing is waited for
	// Before these the page neither seals anew nor leaves a message by itself.
	nextSeal, nextLeave time.Time

	tried    map[[16]byte]struct{}
	unopened int
	ended    bool
}

// ownKey is a key of one's own that the other may seal to.
type ownKey struct {
	id   KeyID
	seed keySeed
	c    chain
}

func (k *ownKey) wipe() {
	clear(k.seed[:])
	clear(k.c[:])
}

// peer is the other's newest good hello.
type peer struct {
	page   PageID
	sender wire.SenderHash
	id     KeyID
	pk     PublicKey
}

// link is a key of the other's that a message goes on from.
type link struct {
	page  PageID
	id    KeyID
	pk    PublicKey
	c     chain
	hello bool // it was told in a hello, so c is the life key
}

// own is one's newest message.
type own struct {
	ownKey // its next
	header []byte
	k      messageKey
	// opens: header and k are still there, so that it can be edited.
	opens bool
	iv    IV
	body  Body
	left  bool
	// from is nil for a message that was left without a key. A left one is
	// sealed to nobody; to tells who it goes on from.
	from *link
}

// close drops what opens the message.
func (o *own) close() {
	if o == nil {
		return
	}
	clear(o.k[:])
	o.header, o.opens = nil, false
	o.body.Content = Content{}
	if o.from != nil {
		clear(o.from.c[:])
	}
}

func (o *own) wipe() {
	if o != nil {
		o.close()
		o.ownKey.wipe()
	}
}

// spend drops the key, too. What is left says that there was a message.
func (o *own) spend() {
	if o != nil {
		o.wipe()
		o.id, o.from = KeyID{}, nil
	}
}

// theirs is the other's message.
type theirs struct {
	link   // on from it
	chain  bool
	header [32]byte // as in slot
	k      messageKey
	body   Body
	left   bool
	unseen bool
}

// close drops what opens the message.
func (t *theirs) close() {
	clear(t.k[:])
	t.header = [32]byte{}
	t.body.Content = Content{}
}

func (t *theirs) wipe() {
	if t != nil {
		t.close()
		clear(t.c[:])
	}
}

// slot is what the relay holds.
type slot struct {
	id       wire.MessageID
	sender   wire.SenderHash
	iv       IV
	header   [32]byte // SHA-256 of the bytes before the body
	mine     bool
	read     bool
	at       time.Time
	foreign  bool     // mine, from another page of this seat
	content  *Content // of a foreign one that was left
	lockedAt time.Time
	overdue  bool // locked for lockedPatience
	marked   bool // as read, by this page
}

// NewPage returns a page that knows nothing yet. sender is the seat's, as the
// first join's ok tells it. The page takes life over, and overwrites it when it
// ends.
func NewPage(life *LifeKey, id PageID, sender wire.SenderHash) *Page {
	return &Page{kem: newXWing(), life: life, id: id, sender: sender, tried: map[[16]byte]struct{}{}}
}

// End overwrites every key. The page is of no use after.
func (p *Page) End() {
	p.life.Wipe()
	p.dropHello()
	p.own.wipe()
	p.theirs.wipe()
	p.dropJob()
	p.own, p.theirs, p.peer, p.wish, p.slot, p.tried = nil, nil, nil, nil, nil, nil
	p.ended = true
}

// Ended reports whether the page has ended.
func (p *Page) Ended() bool { return p.ended }

func (p *Page) dropHello() {
	if p.hello != nil {
		p.hello.wipe()
		p.hello = nil
	}
}

func (p *Page) dropJob() {
	if p.job != nil {
		p.job.own.wipe()
		p.job = nil
	}
}

// Wake returns when the page wants a Tick; zero for never.
func (p *Page) Wake() time.Time {
	var wake time.Time
	at := func(t time.Time) {
		if !t.IsZero() && (wake.IsZero() || t.Before(wake)) {
			wake = t
		}
	}
	if p.ended {
		return wake
	}
	at(p.helloDue)
	if p.ready && p.job == nil {
		switch {
		case p.mustLeave():
			at(p.nextLeave)
		case p.mustSealAnew():
			at(p.nextSeal)
		}
	}
	if p.slot != nil && !p.slot.mine && p.theirs == nil && !p.slot.overdue {
		at(p.slot.lockedAt.Add(lockedPatience))
	}
	return wake
}
