package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	stdlog "log"
	"net"
	"net/http"
	"slices"
	"syscall"

	"github.com/pires/go-proxyproto"
	"github.com/prometheus/client_golang/prometheus"

	"sotto/relay"
)

// Names of the listeners, and of the sockets a service manager may pass
// (FileDescriptorName=).
const (
	socketRelay    = "relay"
	socketRedirect = "redirect"
	socketAdmin    = "admin"
)

// listeners are where the program serves, each on one address or, where a
// service manager says so, on several.
type listeners struct {
	relay, redirect, admin []net.Listener
}

// openListeners takes the sockets a service manager passed and opens those it
// did not. Connections of strangers pass the relay's limits first.
func openListeners(ctx context.Context, o *options, certs certificates, rl *relay.Relay, env lookupEnv) (*listeners, error) {
	passed, err := passedSockets(env)
	if err != nil {
		return nil, err
	}
	if len(passed[socketRedirect]) > 0 && certs == nil {
		return nil, fmt.Errorf("the service manager passed a socket named %s, but there is no certificate to redirect to", socketRedirect)
	}
	ls := new(listeners)
	for _, l := range []struct {
		to         *[]net.Listener
		name, flag string
		addr       string
	}{
		{&ls.relay, socketRelay, "listen", o.listen},
		{&ls.redirect, socketRedirect, "redirect-listen", o.redirectListen},
		{&ls.admin, socketAdmin, "admin-listen", o.adminListen},
	} {
		*l.to = passed[l.name]
		if len(*l.to) == 0 && l.addr != "" {
			opened, err := listen(ctx, l.flag, l.addr)
			if err != nil {
				ls.close()
				return nil, err
			}
			*l.to = []net.Listener{opened}
		}
	}
	for i, l := range ls.relay {
		l = rl.Listener(l)
		if len(o.relay.TrustedProxies) > 0 {
			l = &proxyproto.Listener{Listener: l, ReadHeaderTimeout: headerTime, ConnPolicy: proxyPolicy(rl.TrustsProxy)}
		}
		if certs != nil {
			l = tls.NewListener(l, tlsConfig(certs))
		}
		ls.relay[i] = l
	}
	for i, l := range ls.redirect {
		ls.redirect[i] = rl.Listener(l)
	}
	return ls, nil
}

func (ls *listeners) close() {
	for _, l := range slices.Concat(ls.relay, ls.redirect, ls.admin) {
		_ = l.Close()
	}
}

// listen opens a TCP listener for the flag.
func listen(ctx context.Context, flag, addr string) (net.Listener, error) {
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", addr)
	if errors.Is(err, syscall.EADDRINUSE) {
		return nil, fmt.Errorf("listen on %s: another program is listening there; choose another address with --%s", addr, flag)
	}
	if err != nil {
		return nil, fmt.Errorf("listen for --%s: %w", flag, err)
	}
	return l, nil
}

// proxyPolicy reads a PROXY header, where there is one, from trusted peers
// only; anyone else's is taken for the garbage it is.
func proxyPolicy(trusted func(peer string) bool) proxyproto.ConnPolicyFunc {
	return func(c proxyproto.ConnPolicyOptions) (proxyproto.Policy, error) {
		if trusted(c.Upstream.String()) {
			return proxyproto.USE, nil
		}
		return proxyproto.SKIP, nil
	}
}

// onlyHTTP1 leaves HTTP/2 out: a page of one document and a socket gains
// nothing from it, and its floods need no defence when it is not there.
func onlyHTTP1() *http.Protocols {
	p := new(http.Protocols)
	p.SetHTTP1(true)
	return p
}

// newServer returns an HTTP server with the limits that all of ours have.
func newServer(h http.Handler, errorLog *stdlog.Logger) *http.Server {
	return &http.Server{
		Handler: h, ErrorLog: errorLog, Protocols: onlyHTTP1(), MaxHeaderBytes: maxHeader - headerSlack,
		DisableGeneralOptionsHandler: true, // it would answer without our headers
		ReadHeaderTimeout:            headerTime, IdleTimeout: idleTime,
	}
}

// countingLog is the ErrorLog of the servers: their lines carry addresses, so
// they are counted and thrown away.
func countingLog(count prometheus.Counter) *stdlog.Logger {
	return stdlog.New(countingWriter{count}, "", 0)
}

type countingWriter struct{ count prometheus.Counter }

func (w countingWriter) Write(p []byte) (int, error) {
	w.count.Inc()
	return len(p), nil
}
