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
	m.write = func(text string) { _, _ = out.WriteString(text) } // a terminal that is gone shows nothing
	m.stops = canStop
	// No colours, and nobody is asked for any: that would run tmux.
	p := tea.NewProgram(m, tea.WithInput(in), tea.WithOutput(out), tea.WithoutSignalHandler(),
		tea.WithColorProfile(colorprofile.ASCII), tea.WithFPS(20))

	endings, suspends := make(chan os.Signal, 2), make(chan os.Signal, 1)
	signal.Notify(endings, cfg.Endings...)
	defer signal.Stop(endings)
	if len(suspendSignals) > 0 { // none would mean all
		signal.Notify(suspends, suspendSignals...)
		defer signal.Stop(suspends)
	}

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
		m.end(false)
	}
	m.left()
	if err != nil && !errors.Is(err, tea.ErrProgramKilled) {
		return fmt.Errorf("draw on the terminal: %w", err)
	}
	return nil
}
