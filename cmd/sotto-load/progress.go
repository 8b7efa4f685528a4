package main

import (
	"fmt"
	"io"
	"os"
	"time"

	"sotto/loadtest"
)

// plainEvery is how often a line is printed where there is no terminal.
const plainEvery = 5 * time.Second

// progress shows how a run is doing: one line that changes on a terminal, a new
// line every few seconds elsewhere. It is used by one goroutine at a time.
type progress struct {
	w        io.Writer
	terminal bool
	shown    time.Duration // elapsed at the last plain line
}

func newProgress(w io.Writer) *progress {
	p := &progress{w: w}
	if f, ok := w.(*os.File); ok {
		info, err := f.Stat()
		p.terminal = err == nil && info.Mode()&os.ModeCharDevice != 0
	}
	return p
}

func (p *progress) update(now loadtest.Progress) {
	line := fmt.Sprintf("%-5s %d/%d phones, %d messages, p50 %s p99 %s, %d failures, %s left",
		now.Phase, now.Joined, now.Phones, now.Messages,
		now.P50.Round(time.Millisecond), now.P99.Round(time.Millisecond), now.Errors, now.Left.Round(time.Second))
	switch {
	case p.terminal:
		say(p.w, "\r\x1b[K%s", line)
	case now.Elapsed-p.shown >= plainEvery:
		p.shown = now.Elapsed
		say(p.w, "%s\n", line)
	}
}

func (p *progress) done() {
	if p.terminal {
		say(p.w, "\r\x1b[K")
	}
}
