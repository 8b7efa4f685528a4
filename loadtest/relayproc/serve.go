package relayproc

import (
	"bufio"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"runtime/debug"
	"time"

	"sotto/loadtest"
	"sotto/relay"
)

// order is the first line a relay process reads.
type order struct {
	Addr string `json:"addr"`
	// Cert and Key are PEM; empty: no TLS.
	Cert string `json:"cert,omitempty"`
	Key  string `json:"key,omitempty"`
}

// Lines that follow.
const (
	askUsage   = "usage"
	askCollect = "collect" // usage, after giving memory back
)

// answer is what it writes for each line.
type answer struct {
	Addr  string         `json:"addr,omitempty"`
	Error string         `json:"error,omitempty"`
	Usage loadtest.Usage `json:"usage"`
}

// handshakeTimeout bounds slow or silent newcomers.
const handshakeTimeout = time.Minute

// shutdownTimeout bounds the end of the relay.
const shutdownTimeout = 10 * time.Second

// Serve is the relay's process. It takes orders from in and answers on out, and
// ends in good order when in does. The relay's limits for addresses are off, as
// all phones of a test have one; everything else is as it is by default.
func Serve(in io.Reader, out io.Writer) error {
	lines := bufio.NewScanner(in)
	if !lines.Scan() {
		return errors.Join(io.ErrUnexpectedEOF, lines.Err())
	}
	var o order
	if err := json.Unmarshal(lines.Bytes(), &o); err != nil {
		return fmt.Errorf("read order: %w", err)
	}
	reply := json.NewEncoder(out)
	rl, err := relay.New(relay.Config{CreateRate: -1, UpgradeRate: -1, MaxConnsPerAddress: -1, MaxConns: -1, MaxRooms: -1})
	if err != nil {
		return err
	}
	listener, err := listen(o)
	if err != nil {
		return errors.Join(reply.Encode(answer{Error: err.Error()}), rl.Close())
	}
	server := &http.Server{
		Handler: rl, ReadHeaderTimeout: handshakeTimeout,
		ErrorLog: log.New(io.Discard, "", 0), // it names addresses
	}
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }() // ends with the listener, below
	err = reply.Encode(answer{Addr: listener.Addr().String()})
	for err == nil && lines.Scan() {
		if lines.Text() == askCollect {
			debug.FreeOSMemory()
			debug.FreeOSMemory() // what finalizers kept goes now
		}
		err = reply.Encode(answer{Usage: loadtest.OwnUsage()})
	}
	// Before the sockets: who comes now is refused.
	err = errors.Join(err, listener.Close())
	if s := <-served; !errors.Is(s, net.ErrClosed) {
		err = errors.Join(err, s)
	}
	ctx, cancel := context.WithTimeout(context.Background(), shutdownTimeout)
	defer cancel()
	return errors.Join(err, rl.Shutdown(ctx), server.Close())
}

func listen(o order) (net.Listener, error) {
	l, err := net.Listen("tcp", o.Addr)
	if err != nil || o.Cert == "" {
		return l, err
	}
	cert, err := tls.X509KeyPair([]byte(o.Cert), []byte(o.Key))
	if err != nil {
		return nil, errors.Join(err, l.Close())
	}
	return tls.NewListener(l, &tls.Config{
		Certificates: []tls.Certificate{cert}, NextProtos: []string{"http/1.1"}, MinVersion: tls.VersionTLS12,
	}), nil
}
