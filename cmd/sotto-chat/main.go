// Command sotto-chat is the other end of a conversation in a terminal, with no
// code that a relay serves.
//
//	sotto-chat https://relay.example
//
// Number and PIN are typed or pasted: never arguments, nor environment. Nothing
// is written anywhere but to the terminal. Package
// [sotto/cmd/sotto-chat/internal/plain] says what --plain speaks.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/charmbracelet/x/term"

	"sotto/cmd/sotto-chat/internal/plain"
	"sotto/cmd/sotto-chat/internal/screen"
)

// Exit codes.
const (
	exitOK    = 0
	exitFault = 1 // it could not run, or not go on
	exitUsage = 2
)

func main() { os.Exit(run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr)) }

// run is main without the process around it.
func run(args []string, stdin, stdout, stderr *os.File) int {
	o, err := parseOptions(args)
	switch {
	case err != nil:
		say(stderr, "sotto-chat: %v\nsotto-chat --help lists the flags\n", err)
		return exitUsage
	case o.print != nil:
		o.print(stdout)
		return exitOK
	}
	if err := chat(o, stdin, stdout); err != nil {
		say(stderr, "sotto-chat: %v\n", err)
		return exitFault
	}
	return exitOK
}

// errNoTerminal: there is nothing to draw on.
var errNoTerminal = errors.New("input and output are not a terminal; --plain speaks over pipes")

func chat(o *options, stdin, stdout *os.File) error {
	if !o.plain && (!term.IsTerminal(stdin.Fd()) || !term.IsTerminal(stdout.Fd())) {
		return errNoTerminal
	}
	if info, err := stdout.Stat(); err == nil && info.Mode().IsRegular() {
		return errors.New("output is a file, and this writes none: pipe it instead")
	}
	guarded, err := guard(o)
	if err != nil {
		return err
	}
	if o.plain {
		ctx, stop := signal.NotifyContext(context.Background(), endings...)
		defer stop()
		err := plain.Run(ctx, plain.Config{URL: o.url, HTTP: guarded.http}, stdin, stdout)
		if errors.Is(err, context.Canceled) {
			return nil // which is what a signal asks for
		}
		return err
	}
	return screen.Run(screen.Config{
		URL: o.url, HTTP: guarded.http, Idle: o.idle, Missing: guarded.missing, Endings: endings,
	}, stdin, stdout)
}

// endings are the signals that end a conversation.
var endings = []os.Signal{os.Interrupt, syscall.SIGTERM, syscall.SIGHUP}

// say writes for people, who are not told when that fails.
func say(w io.Writer, format string, args ...any) { _, _ = fmt.Fprintf(w, format, args...) }
