package link

import (
	"container/heap"
	"sync"
	"time"
)

// clock fires the timers of all links, from one goroutine and one heap.
type clock struct {
	lag  func(time.Duration) // may be nil
	wake chan struct{}       // capacity 1: the earliest timer changed
	stop chan struct{}       // closed by close
	done chan struct{}       // closed when run has returned

	mu     sync.Mutex // guards timers and their fields; taken last
	timers timerHeap
}

// timer calls fire once, at its time. fire must not block.
type timer struct {
	fire  func(now time.Time)
	at    time.Time // guarded by clock.mu
	index int       // in the heap, plus 1; 0: not set
}

func newClock(lag func(time.Duration)) *clock {
	c := &clock{lag: lag, wake: make(chan struct{}, 1), stop: make(chan struct{}), done: make(chan struct{})}
	go c.run() // ends with close, which waits for it
	return c
}

// set makes t fire at that time, whatever was set before.
func (c *clock) set(t *timer, at time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	t.at = at
	if t.index == 0 {
		heap.Push(&c.timers, t)
	} else {
		heap.Fix(&c.timers, t.index-1)
	}
	if c.timers[0] == t {
		select {
		case c.wake <- struct{}{}:
		default:
		}
	}
}

// unset makes t not fire, unless it is about to.
func (c *clock) unset(t *timer) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if t.index > 0 {
		heap.Remove(&c.timers, t.index-1)
	}
}

func (c *clock) run() {
	defer close(c.done)
	sleep := time.NewTimer(time.Hour)
	defer sleep.Stop()
	for {
		sleep.Reset(c.fire())
		select {
		case <-sleep.C:
		case <-c.wake:
		case <-c.stop:
			return
		}
	}
}

// fire fires what is due and returns how long nothing will be.
func (c *clock) fire() time.Duration {
	for {
		c.mu.Lock()
		if len(c.timers) == 0 {
			c.mu.Unlock()
			return time.Hour
		}
		t, now := c.timers[0], time.Now()
		late := now.Sub(t.at)
		if late < 0 {
			c.mu.Unlock()
			return -late
		}
		heap.Pop(&c.timers)
		c.mu.Unlock()
		if c.lag != nil {
			c.lag(late)
		}
		t.fire(now)
	}
}

func (c *clock) close() {
	close(c.stop)
	<-c.done
}

type timerHeap []*timer

func (h timerHeap) Len() int           { return len(h) }
func (h timerHeap) Less(i, j int) bool { return h[i].at.Before(h[j].at) }

func (h timerHeap) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].index, h[j].index = i+1, j+1
}

func (h *timerHeap) Push(x any) {
	t := x.(*timer) //nolint:errcheck // the heap holds nothing else
	*h = append(*h, t)
	t.index = len(*h)
}

func (h *timerHeap) Pop() any {
	last := len(*h) - 1
	t := (*h)[last]
	(*h)[last] = nil
	*h = (*h)[:last]
	t.index = 0
	return t
}
