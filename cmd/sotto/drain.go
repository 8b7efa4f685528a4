package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/rs/zerolog"

	"sotto/relay"
)

// drainer prepares the relay's end when it is asked to, and says when it is time.
type drainer struct {
	rl *relay.Relay
	// patience is for who asks without a time.
	patience time.Duration
	ready    *readiness
	log      zerolog.Logger
	over     chan struct{} // has room for one word

	mu     sync.Mutex
	cancel context.CancelFunc // guarded by mu
	wg     sync.WaitGroup
}

func newDrainer(rl *relay.Relay, patience time.Duration, ready *readiness, log zerolog.Logger) *drainer {
	return &drainer{rl: rl, patience: patience, ready: ready, log: log, over: make(chan struct{}, 1), cancel: func() {}}
}

// begin drains for that long at most, and returns the end of it. Asked again, it
// starts anew with another time.
func (d *drainer) begin(patience time.Duration) (until time.Time) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.cancel()
	ctx, cancel := context.WithCancel(context.Background())
	d.cancel = cancel
	d.ready.set(draining)
	until = time.Now().Add(patience)
	d.log.Info().Time("until", until).Msg("relay draining: no new rooms")
	d.wg.Go(func() {
		if d.rl.Drain(ctx, patience) != nil {
			return
		}
		select {
		case d.over <- struct{}{}:
		default:
		}
	})
	return until
}

func (d *drainer) stop() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.cancel()
	d.wg.Wait()
}

// ServeHTTP begins a drain of ?for=DURATION, for this machine only: metrics may
// be for others to read, the relay's end is not for others to ask for.
func (d *drainer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	patience, err := parsePositive(r.FormValue("for"))
	switch {
	case !fromThisMachine(r):
		http.Error(w, "only from this machine", http.StatusForbidden)
	case err != nil:
		http.Error(w, "for "+err.Error(), http.StatusBadRequest)
	default:
		w.WriteHeader(http.StatusAccepted)
		_, _ = io.WriteString(w, d.begin(patience).Format(time.RFC3339)+"\n")
	}
}

func fromThisMachine(r *http.Request) bool {
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	local, isAddr := r.Context().Value(http.LocalAddrContextKey).(*net.TCPAddr)
	return err == nil && isAddr &&
		(peer.Addr().Unmap().IsLoopback() || peer.Addr().Unmap() == local.AddrPort().Addr().Unmap())
}

// drain asks the relay that these options start to take no new rooms, and waits
// until it has ended or, where something starts it again, until the next one
// serves.
func drain(ctx context.Context, o *options, stdout io.Writer) error {
	if o.adminListen == "" {
		return errors.New("drain: needs --admin-listen; without it send the relay SIGUSR1")
	}
	host, port, err := net.SplitHostPort(o.adminListen)
	if err != nil {
		return fmt.Errorf("read --admin-listen: %w", err)
	}
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	admin := "http://" + net.JoinHostPort(host, port)
	client := http.Client{Timeout: 10 * time.Second}
	status, until, err := askAdmin(ctx, &client, http.MethodPost, admin+"/drain?for="+url.QueryEscape(o.drainFor.String()))
	switch {
	case err != nil:
		return fmt.Errorf("drain: %w", err)
	case status != http.StatusAccepted:
		return fmt.Errorf("drain: the relay answers %d: %s", status, until)
	}
	fmt.Fprintf(stdout, "no new rooms; it ends at %s, or when it is empty\n", until) //nolint:errcheck // a closed stdout
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
		if status, _, err := askAdmin(ctx, &client, http.MethodGet, admin+"/readyz"); err != nil || status == http.StatusOK {
			return ctx.Err()
		}
	}
}

func askAdmin(ctx context.Context, client *http.Client, method, to string) (status int, body string, err error) {
	req, err := http.NewRequestWithContext(ctx, method, to, http.NoBody) //nolint:gosec // the host names where its relay is
	if err != nil {
		return 0, "", err
	}
	res, err := client.Do(req) //nolint:gosec // the host of the relay names it
	if err != nil {
		return 0, "", err
	}
	defer res.Body.Close() //nolint:errcheck // read to its end
	text, err := io.ReadAll(io.LimitReader(res.Body, 1<<10))
	return res.StatusCode, strings.TrimSpace(string(text)), err
}
