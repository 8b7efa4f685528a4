package screen

import (
	"errors"
	"fmt"
	"os"
	"os/signal"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/colorprofile"
)

// Run shows the conversation until it is left, or a signal ends it. in and out
// must be a terminal, which is as before when Run returns.
func Run(cfg Config, in, out *os.File) error {
	m := New(cfg, time.Now)
	// No colours, and nobody is asked for any: that would run tmux.
	p := tea.NewProgram(m, tea.WithInput(in), tea.WithOutput(out), tea.WithoutSignalHandler(),
		tea.WithColorProfile(colorprofile.ASCII), tea.WithFPS(20))

	endings, suspends := make(chan os.Signal, 2), make(chan os.Signal, 1)
	signal.Notify(endings, cfg.Endings...)
	defer signal.Stop(endings)
	signal.Notify(suspends, cfg.Suspend)
	defer signal.Stop(suspends)
	// The process stops by that signal only if nobody listens.
	m.stopping = func() { signal.Reset(cfg.Suspend) }
	m.stopped = func() { signal.Notify(suspends, cfg.Suspend) }

	done := make(chan struct{})
	listening := make(chan struct{})
	go func() { // owned by Run, which waits for it
		defer close(listening)
		for {
			select {
			case <-endings:
				p.Send(endMsg{})
			case <-suspends:
				p.Send(suspendMsg{})
			case <-done:
				return
			}
		}
	}()
	_, err := p.Run()
	close(done)
	<-listening
	if !m.gone { // the terminal went away
		if cmd := m.quit(); cmd != nil {
			cmd()
		}
	}
	if err != nil && !errors.Is(err, tea.ErrProgramKilled) {
		return fmt.Errorf("draw on the terminal: %w", err)
	}
	return nil
}
