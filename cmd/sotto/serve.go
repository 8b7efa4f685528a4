package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/rs/zerolog"

	"sotto/relay"
	"sotto/web"
)

const (
	// shutdownTime is how long an orderly end may take; a service manager is
	// promised 10 s.
	shutdownTime = 9 * time.Second
	// Requests are small and answers short; what takes longer is an attack or
	// a dead link. Sockets have deadlines of their own.
	headerTime  = 10 * time.Second
	requestTime = 30 * time.Second
	idleTime    = 60 * time.Second
	maxHeader   = 16 << 10
	// spareFiles are left for listeners, requests and the runtime when
	// --max-conns follows from the limit of open files.
	spareFiles = 128
)

// serve runs the relay until a signal ends it.
func serve(ctx context.Context, o *options, stdout, stderr io.Writer) error {
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	defer signal.Stop(signals)

	log := newLogger(o, stderr)
	reg := prometheus.NewRegistry()
	reg.MustRegister(collectors.NewGoCollector()) // by runtime/metrics; the process collector opens files
	httpErrors := prometheus.NewCounter(prometheus.CounterOpts{
		Name: "sotto_http_errors_total", Help: "Errors of the HTTP server, whose texts hold addresses and are not kept.",
	})
	reg.MustRegister(httpErrors)

	cfg := o.relay
	cfg.Logger, cfg.Registerer = log, reg
	cfg.Page = web.Handler(web.Config{})
	cfg.MaxConns = connLimit(o.maxConns)
	rl, err := relay.New(cfg)
	if err != nil {
		return err
	}
	defer rl.Close() //nolint:errcheck // shut down before, unless starting failed

	certs, err := loadCertificate(o.tlsCert, o.tlsKey)
	if err != nil {
		return err
	}
	public, err := listenPublic(ctx, o, certs)
	if err != nil {
		return err
	}
	errorLog := countingLog(httpErrors)
	main := &http.Server{
		Handler: rl, ErrorLog: errorLog, Protocols: onlyHTTP1(), MaxHeaderBytes: maxHeader,
		DisableGeneralOptionsHandler: true, // it would answer without our headers
		ReadHeaderTimeout:            headerTime, ReadTimeout: requestTime, WriteTimeout: requestTime, IdleTimeout: idleTime,
	}
	servers := []*server{{main, public}}
	ready, adminAddr := new(readiness), "off"
	if o.adminListen != "" {
		l, err := listen(ctx, "admin-listen", o.adminListen)
		if err != nil {
			_ = public.Close()
			return err
		}
		adminAddr = l.Addr().String()
		servers = append(servers, &server{newAdmin(reg, ready, errorLog), l})
	}

	fmt.Fprintf(stdout, "Open %s\n", openURL(public.Addr(), certs != nil)) //nolint:errcheck // a closed stdout
	if certs == nil {
		fmt.Fprintln(stdout, "Other devices need https: use --tls-cert and --tls-key, or a proxy that has a certificate.") //nolint:errcheck // as above
	}
	log.Info().Str("version", buildVersion()).Int("max_conns", cfg.MaxConns).Bool("tls", certs != nil).
		Str("admin", adminAddr).Msg("relay started")
	if err := lockUp(o, certs, reg, log, stderr); err != nil {
		for _, s := range servers {
			_ = s.listener.Close()
		}
		return err
	}

	failed := make(chan error, len(servers))
	for _, s := range servers {
		go func() { failed <- s.http.Serve(s.listener) }() // ends with stop
	}
	ready.set(true)

	err = wait(ctx, signals, failed, certs, log)
	ready.set(false)
	return errors.Join(err, stop(rl, servers, signals, log))
}

// server is one HTTP server and where it listens.
type server struct {
	http     *http.Server
	listener net.Listener
}

// wait returns when the relay is to end: nil for a signal, or the error of a
// server that failed.
func wait(ctx context.Context, signals <-chan os.Signal, failed <-chan error, certs *certificate, log zerolog.Logger) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case err := <-failed:
			return fmt.Errorf("serve: %w", err)
		case s := <-signals:
			if s != syscall.SIGHUP {
				return nil
			}
			if certs == nil {
				continue
			}
			if err := certs.reload(); err != nil {
				log.Error().Err(err).Msg("certificate not reloaded, the old one stays")
				continue
			}
			log.Info().Msg("certificate reloaded")
		}
	}
}

// stop closes everything in order; a second signal cuts it short.
func stop(rl *relay.Relay, servers []*server, signals <-chan os.Signal, log zerolog.Logger) error {
	log.Info().Msg("relay stopping: every room is forgotten")
	ctx, cancel := context.WithTimeout(context.Background(), shutdownTime)
	defer cancel()
	ended := make(chan struct{})
	defer close(ended)
	go func() { // ends with stop
		for {
			select {
			case s := <-signals:
				if s != syscall.SIGHUP {
					os.Exit(exitError)
				}
			case <-ended:
				return
			}
		}
	}()
	err := rl.Shutdown(ctx)
	if errors.Is(err, context.DeadlineExceeded) {
		log.Warn().Msg("some sockets did not close in time and were cut")
		err = nil
	}
	for _, s := range servers {
		if s.http.Shutdown(ctx) != nil {
			_ = s.http.Close()
		}
	}
	log.Info().Msg("relay stopped")
	return err
}

func newLogger(o *options, w io.Writer) zerolog.Logger {
	if o.logFormat == "console" {
		w = zerolog.ConsoleWriter{Out: w, NoColor: true, TimeFormat: time.RFC3339}
	}
	return zerolog.New(w).Level(o.logLevel).With().Timestamp().Logger()
}

// openURL is where a browser on this machine finds the page.
func openURL(addr net.Addr, tls bool) string {
	scheme := "http"
	if tls {
		scheme = "https"
	}
	host, port, err := net.SplitHostPort(addr.String())
	if err != nil {
		return scheme + "://" + addr.String()
	}
	if ip := net.ParseIP(host); ip == nil || ip.IsUnspecified() {
		host = "localhost"
	}
	if strings.Contains(host, ":") {
		host = "[" + host + "]"
	}
	return scheme + "://" + host + ":" + port
}

// connLimit returns how many sockets may be open: what was asked for, or what
// the limit of open files leaves.
func connLimit(asked int) int {
	if asked != 0 {
		return asked
	}
	files, ok := fileLimit()
	if !ok {
		return relay.DefaultMaxConns
	}
	return max(1, int(min(files, 1<<30))-spareFiles)
}
