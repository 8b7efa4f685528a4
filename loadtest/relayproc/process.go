package relayproc

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/netip"
	"os/exec"
	"sync"
	"time"

	"sotto/internal/selfsigned"
	"sotto/loadtest"
)

// Process is a relay in a process. It is a loadtest.Server, and safe for
// concurrent use.
type Process struct {
	place   Place
	command func() *exec.Cmd
	order   order
	secure  *x509.CertPool // nil: no TLS

	mu    sync.Mutex // guards what follows, and a question with its answer
	child *child     // nil while there is none
}

var _ loadtest.Server = (*Process)(nil)

type child struct {
	cmd *exec.Cmd
	in  io.WriteCloser
	out *bufio.Reader
}

// errAway: there is no relay just now.
var errAway = errors.New("the relay is away")

// Ports that systems do not give to sockets that dial: a phone that dials while
// the relay is away could otherwise be given the relay's port, and meet itself.
const (
	firstPort = 20_000
	ports     = 12_000
	attempts  = 20
)

// Place is where a relay's process is.
type Place interface {
	// Host is the address it listens on.
	Host() netip.Addr
	// InRelay calls start where the process begins where it should be.
	InRelay(start func() error) error
}

// here is the loopback address of this machine.
type here struct{}

func (here) Host() netip.Addr             { return netip.AddrFrom4([4]byte{127, 0, 0, 1}) }
func (here) InRelay(f func() error) error { return f() }

// Start starts a relay on a free port of the loopback address. command makes
// the process, which calls Serve with its standard input and output.
func Start(command func() *exec.Cmd, secure bool) (*Process, error) {
	return StartIn(here{}, command, secure)
}

// StartIn starts a relay somewhere else, say in another network namespace.
func StartIn(place Place, command func() *exec.Cmd, secure bool) (*Process, error) {
	p := &Process{place: place, command: command}
	if secure {
		pair := selfsigned.New(1, place.Host().String()) // only the phones of this test trust it
		p.order.Cert, p.order.Key, p.secure = string(pair.Cert), string(pair.Key), pair.Roots()
	}
	var err error
	for range attempts {
		port := uint16(firstPort + rand.IntN(ports)) //nolint:gosec // any free port
		p.order.Addr = netip.AddrPortFrom(place.Host(), port).String()
		if err = p.start(); err == nil {
			return p, nil
		}
	}
	return nil, fmt.Errorf("start relay: %w", err)
}

// URL returns where the relay is.
func (p *Process) URL() string {
	if p.secure != nil {
		return "https://" + p.order.Addr
	}
	return "http://" + p.order.Addr
}

// TLS returns what trusts the relay, and nil if it has no certificate.
func (p *Process) TLS() *tls.Config {
	if p.secure == nil {
		return nil
	}
	return &tls.Config{RootCAs: p.secure, MinVersion: tls.VersionTLS13}
}

func (p *Process) start() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	cmd := p.command()
	in, err := cmd.StdinPipe()
	if err != nil {
		return err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := p.place.InRelay(cmd.Start); err != nil {
		return err
	}
	c := &child{cmd: cmd, in: in, out: bufio.NewReader(out)}
	first, err := json.Marshal(p.order)
	if err == nil {
		_, err = c.ask(string(first))
	}
	if err != nil {
		return errors.Join(err, c.stop())
	}
	p.child = c
	return nil
}

// ask writes a line and reads the answer.
func (c *child) ask(line string) (answer, error) {
	if _, err := io.WriteString(c.in, line+"\n"); err != nil {
		return answer{}, err
	}
	text, err := c.out.ReadBytes('\n')
	if err != nil {
		return answer{}, err
	}
	var a answer
	if err := json.Unmarshal(text, &a); err != nil {
		return answer{}, err
	}
	if a.Error != "" {
		return a, errors.New(a.Error)
	}
	return a, nil
}

// stop waits for the process to end in good order.
func (c *child) stop() error {
	_ = c.in.Close() // fails only if it has ended already
	late := time.AfterFunc(2*shutdownTimeout, func() { _ = c.cmd.Process.Kill() })
	defer late.Stop()
	return c.cmd.Wait()
}

// Usage returns what the process has used since it started.
func (p *Process) Usage(_ context.Context, collect bool) (loadtest.Usage, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.child == nil {
		return loadtest.Usage{}, errAway
	}
	line := askUsage
	if collect {
		line = askCollect
	}
	a, err := p.child.ask(line)
	return a.Usage, err
}

// Restart ends the process in good order and starts another at the same address
// after the pause.
func (p *Process) Restart(ctx context.Context, pause time.Duration) error {
	if err := p.Stop(); err != nil {
		return fmt.Errorf("stop relay: %w", err)
	}
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done(): // start it all the same: others may use it
	}
	return p.start()
}

// Stop ends the process in good order. Stopping again does nothing.
func (p *Process) Stop() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.child == nil {
		return nil
	}
	c := p.child
	p.child = nil
	return c.stop()
}
