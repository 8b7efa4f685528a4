package roomactor

import (
	"context"
	"slices"
	"sync"
)

// mailbox holds the commands that wait for a room, and says whose turn it is to
// work on the room. It is safe for concurrent use. Nothing else is locked while it
// is, and nothing is waited for.
type mailbox struct {
	mu sync.Mutex
	// guarded by mu
	waiting []*command // beyond the first mailboxSize, with their senders
	taken   bool       // a goroutine has the turn; while none has, nothing waits
	closed  bool
}

// put gives the caller the turn, if nobody has it: it is then to carry c out.
// Otherwise c is put behind the others, and put waits while the mailbox is full. It
// returns ErrRoomClosed or the context's error when c will not be carried out.
func (b *mailbox) put(ctx context.Context, c *command) (turn bool, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case b.closed:
		return false, ErrRoomClosed
	case !b.taken:
		b.taken = true
		return true, nil
	}
	b.waiting = append(b.waiting, c)
	if len(b.waiting) <= mailboxSize {
		return false, nil
	}
	c.placed = make(chan struct{})
	return false, b.waitForPlace(ctx, c)
}

// waitForPlace waits until c has moved up. b.mu is held, but not meanwhile.
func (b *mailbox) waitForPlace(ctx context.Context, c *command) error {
	b.mu.Unlock()
	select {
	case <-c.placed:
	case <-ctx.Done():
	}
	b.mu.Lock()
	switch at := slices.Index(b.waiting, c); {
	case c.refused:
		return ErrRoomClosed
	case at >= mailboxSize:
		b.waiting = slices.Delete(b.waiting, at, at+1)
		return ctx.Err()
	}
	return nil
}

// next gives up the turn, or keeps it for the command that has waited longest,
// which it returns.
func (b *mailbox) next() *command {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.waiting) == 0 {
		b.taken, b.waiting = false, nil // an idle room has no memory for a mailbox
		return nil
	}
	c := b.waiting[0]
	b.waiting[0] = nil
	b.waiting = b.waiting[1:]
	if len(b.waiting) >= mailboxSize {
		close(b.waiting[mailboxSize-1].placed)
	}
	return c
}

// close returns what is left in the mailbox, which takes no more. The turn is not
// given up any more.
func (b *mailbox) close() []*command {
	b.mu.Lock()
	defer b.mu.Unlock()
	left := b.waiting
	b.waiting, b.closed = nil, true
	if len(left) <= mailboxSize {
		return left
	}
	for _, c := range left[mailboxSize:] {
		c.refused = true
		close(c.placed)
	}
	return left[:mailboxSize]
}
