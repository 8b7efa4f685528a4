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

	"sotto/internal/statuspage"
	"sotto/relay"
	"sotto/web"
)

const (
	// shutdownTime is how long an orderly end may take; a service manager is
	// promised 10 s.
	shutdownTime = 9 * time.Second
	// Requests are small and answers short; what takes longer is an attack or
	// a dead link. Sockets have deadlines of their own.
	headerTime  = 5 * time.Second
	requestTime = 30 * time.Second
	idleTime    = 60 * time.Second
	// maxHeader bounds a request's line and header: net/http takes headerSlack
	// more than it is told, and 0 for its default.
	maxHeader   = 4<<10 + 1
	headerSlack = 4 << 10
)

// serve runs the relay until a signal ends it.
func serve(ctx context.Context, o *options, env lookupEnv, stdout, stderr io.Writer) error {
	signals := make(chan os.Signal, 2)
	// SIGQUIT and SIGABRT too: by default Go prints all stacks for them.
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM, syscall.SIGHUP, drainSignal, syscall.SIGQUIT, syscall.SIGABRT)
	defer signal.Stop(signals)
	// Else Go ends the program when whoever reads its log has gone.
	signal.Ignore(syscall.SIGPIPE)

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
	memory := memoryLimit()
	if err := o.fit(&cfg, memory); err != nil {
		return err
	}
	rl, err := relay.New(cfg)
	if err != nil {
		return err
	}
	defer rl.Close() //nolint:errcheck // shut down before, unless starting failed

	certs, err := newCertificates(o)
	if err != nil {
		return err
	}
	registerCertificates(reg, certs)
	ls, err := openListeners(ctx, o, certs, rl, env)
	if err != nil {
		return err
	}

	fmt.Fprintf(stdout, "Open %s\n", openURL(o, ls.relay[0].Addr())) //nolint:errcheck // a closed stdout
	if certs == nil {
		fmt.Fprintln(stdout, "Other devices need https: use --acme-domain, or --tls-cert and --tls-key, or a proxy that has a certificate.") //nolint:errcheck // as above
	}
	log.Info().Str("version", buildVersion()).Int("max_conns", cfg.MaxConns).Int("max_rooms", cfg.MaxRooms).Int64("memory_mib", memory>>20).Bool("tls", certs != nil).
		Str("admin", addrOf(ls.admin)).Str("redirect", addrOf(ls.redirect)).Msg("relay started")
	if full := o.reckoned(&cfg); memory > 0 && full > memory {
		log.Warn().Int64("memory_mib", memory>>20).Int64("full_mib", full>>20).
			Msg("full of sockets and rooms, the relay takes more memory than it may: lower --max-conns or --max-rooms")
	}
	if err := lockUp(o, certs, reg, log, stderr); err != nil {
		ls.close()
		return err
	}

	history := statuspage.New(reg, buildVersion())
	sampled, stopSampling := context.WithCancel(ctx)
	sampling := make(chan struct{})
	go func() { // waited for below
		defer close(sampling)
		history.Run(sampled)
	}()
	defer func() { stopSampling(); <-sampling }()
	state, errorLog := new(readiness), countingLog(httpErrors)
	drain := newDrainer(rl, o.drainFor, state, log)
	defer drain.stop()
	main := newServer(behindTLS(rl, rl.TrustsProxy), errorLog)
	main.ReadTimeout, main.WriteTimeout = requestTime, requestTime
	running := []*server{{main, ls.relay}, {newAdmin(o, reg, history, drain, state, errorLog), ls.admin}}
	if certs != nil {
		redirect := newServer(newRedirect(certs), errorLog)
		redirect.ReadTimeout, redirect.WriteTimeout = requestTime, requestTime
		running = append(running, &server{redirect, ls.redirect})
	}
	state.set(ready) // before anybody can ask
	failed := make(chan error, len(ls.relay)+len(ls.admin)+len(ls.redirect))
	for _, s := range running {
		for _, l := range s.listeners {
			go func() { failed <- s.http.Serve(l) }() // ends with stop
		}
	}
	if a, ok := certs.(*acmeCertificates); ok {
		obtained := make(chan struct{})
		go func() { // waited for below, once cancelled, but not for ever
			defer close(obtained)
			a.obtain(log)
		}()
		defer awaitOrLeave(obtained, time.Second)
		defer a.cancel()
	}

	err = wait(ctx, signals, failed, drain, certs, log)
	state.set(notReady)
	return errors.Join(err, stop(rl, running, signals, log))
}

// awaitOrLeave waits for what was cancelled: autocert pauses between its
// questions, and the process is to end soon.
func awaitOrLeave(done <-chan struct{}, patience time.Duration) {
	select {
	case <-done:
	case <-time.After(patience):
	}
}

// server is one HTTP server and where it listens.
type server struct {
	http      *http.Server
	listeners []net.Listener
}

// wait returns when the relay is to end: nil for a signal or the end of a drain,
// or the error of a server that failed.
func wait(ctx context.Context, signals <-chan os.Signal, failed <-chan error, drain *drainer, certs certificates, log zerolog.Logger) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case err := <-failed:
			return fmt.Errorf("serve: %w", err)
		case <-drain.over:
			return nil
		case s := <-signals:
			if s == drainSignal {
				drain.begin(drain.patience)
				continue
			}
			if s != syscall.SIGHUP {
				return nil
			}
			files, ok := certs.(*fileCertificate)
			if !ok {
				continue
			}
			if err := files.reload(); err != nil {
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
				if s != syscall.SIGHUP && s != drainSignal {
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

// addrOf says where the first of some listeners is.
func addrOf(ls []net.Listener) string {
	if len(ls) == 0 {
		return "off"
	}
	return ls[0].Addr().String()
}

// openURL is where a browser finds the page: on this machine, or by the domain
// of its certificate.
func openURL(o *options, addr net.Addr) string {
	scheme := "http"
	if o.servesTLS() {
		scheme = "https"
	}
	host, port, err := net.SplitHostPort(addr.String())
	if err != nil {
		return scheme + "://" + addr.String()
	}
	switch ip := net.ParseIP(host); {
	case len(o.acme.domains) > 0:
		host = o.acme.domains[0]
	case ip == nil || ip.IsUnspecified():
		host = "localhost"
	case strings.Contains(host, ":"):
		host = "[" + host + "]"
	}
	if scheme == "https" && port == "443" || scheme == "http" && port == "80" {
		return scheme + "://" + host
	}
	return scheme + "://" + host + ":" + port
}
