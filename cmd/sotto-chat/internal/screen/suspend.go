package screen

import (
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	tea "charm.land/bubbletea/v2"
)

// suspendWait is how long being stopped waits until what can wait was left.
const suspendWait = 2 * time.Second

// suspend hides everything, and then has the process stopped.
func (m *Model) suspend() tea.Cmd {
	if m.suspendBy.IsZero() {
		m.hide()
		m.suspendBy = m.clock().Add(suspendWait)
	}
	return m.suspendIfSettled()
}

// suspendIfSettled stops the process once nothing is under way any more.
func (m *Model) suspendIfSettled() tea.Cmd {
	if m.suspendBy.IsZero() || m.chat != nil && m.chat.leaving() && m.clock().Before(m.suspendBy) {
		return nil
	}
	m.suspendBy = time.Time{}
	return tea.Sequence(m.erase(), tea.Exec(stop{}, func(error) tea.Msg { return tea.ClearScreen() }))
}

// stop is the program that is run meanwhile: it stops this one, and whoever
// started it for the shell, as ^Z does. Not by the same signal: once a Go program
// has listened to that, it does not stop by it any more.
type stop struct{}

func (stop) Run() error {
	// Who stands between this and the shell, such as go run, would have to stop
	// too, for the shell to come back. The sandbox lets nobody else be signalled:
	// then the curtain has to do.
	parent := syscall.Getppid()
	group, err := syscall.Getpgid(parent)
	if err == nil && group == syscall.Getpgrp() && syscall.Kill(parent, 0) != nil {
		return nil
	}
	goesOn := make(chan os.Signal, 1)
	signal.Notify(goesOn, syscall.SIGCONT)
	defer signal.Stop(goesOn)
	if err := syscall.Kill(0, syscall.SIGSTOP); err != nil {
		return err
	}
	<-goesOn // a signal to a process takes a moment to reach all its threads
	return nil
}

func (stop) SetStdin(io.Reader)  {}
func (stop) SetStdout(io.Writer) {}
func (stop) SetStderr(io.Writer) {}

// erase empties the terminal line by line: where there is no alternate screen,
// what is cleared at once can be scrolled back to.
func (m *Model) erase() tea.Cmd {
	var all strings.Builder
	for line := range m.height {
		fmt.Fprintf(&all, "\x1b[%d;1H\x1b[2K", line+1)
	}
	write := m.write
	return func() tea.Msg {
		write(all.String())
		return erasedMsg{}
	}
}

// erasedMsg: the terminal shows nothing, and no more is to be drawn.
type erasedMsg struct{}
