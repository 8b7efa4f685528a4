package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"sotto/loadtest"
	"sotto/loadtest/proxy"
)

// network puts the networks of phones before a service until it is told to end.
func network(ctx context.Context, args []string, stdout, _ io.Writer) (int, error) {
	fs := newFlags("proxy")
	var at []string // ADDR or ADDR=PROFILE
	fs.Func("listen", "`address` of a phone's end, with =PROFILE if not --profile; several times: several phones",
		func(s string) error { at = append(at, s); return nil })
	to := fs.String("to", "", "`address` of the service, any that speaks TCP")
	profile := fs.String("profile", loadtest.DefaultProfile, "the network: a `name` that sotto-load profiles lists")
	file := fs.String("profiles", "", "JSON `file` with profiles of your own")
	api := fs.String("api", "127.0.0.1:9474", "`address` of the interface for changes, or off; whoever reaches it may use it")
	seed := fs.Uint64("seed", 0, "decides the networks (default: a random one, which is printed)")
	if done, err := parse(fs, args, stdout); done || err != nil {
		return exitOK, err
	}
	if len(at) == 0 || *to == "" {
		return 0, usage("proxy needs --listen and --to")
	}
	own, err := ownProfiles(*file)
	if err != nil {
		return 0, err
	}
	drawn(seed)
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
	defer stop()
	p := proxy.New(own, *seed)
	defer p.Close()
	dial := (&net.Dialer{KeepAlive: -1}).DialContext
	for _, s := range at {
		addr, name, ok := strings.Cut(s, "=")
		if !ok {
			name = *profile
		}
		l, err := net.Listen("tcp", addr)
		if err != nil {
			return 0, usage("%v", err)
		}
		if _, err := p.Add(l, *to, dial, name); err != nil {
			_ = l.Close()
			return 0, err
		}
		say(stdout, "%s to %s, %s\n", l.Addr(), *to, name)
	}
	failed := make(chan error, 1)
	if *api != "off" {
		l, err := net.Listen("tcp", *api)
		if err != nil {
			return 0, usage("--api: %v", err)
		}
		server := &http.Server{Handler: p.Handler(), ReadTimeout: 10 * time.Second}
		defer func() { _ = server.Close() }()
		go func() { failed <- server.Serve(l) }() // ends with the server
		say(stdout, "changes at http://%s\n", l.Addr())
	}
	say(stdout, "seed %d\n", *seed)
	select {
	case <-ctx.Done():
		return exitOK, nil
	case err := <-failed:
		return 0, fmt.Errorf("interface for changes: %w", err)
	}
}
