package main

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
	"time"
)

// healthcheck asks the relay that these options start whether it serves. It is
// meant for a container without a shell.
func healthcheck(ctx context.Context, o *options) error {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	host, port, err := net.SplitHostPort(o.listen)
	if err != nil {
		return fmt.Errorf("read --listen: %w", err)
	}
	hosts := []string{host}
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		// By number, as an image without files does not know localhost.
		hosts = []string{"127.0.0.1", "::1"}
	}
	scheme, name := "http", ""
	if o.servesTLS() {
		scheme = "https"
	}
	if len(o.acme.domains) > 0 {
		name = o.acme.domains[0] // there is no certificate for anything else
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, scheme+"://"+net.JoinHostPort(hosts[0], port)+"/healthz", nil) //nolint:gosec // the host of the relay names it
	if err != nil {
		return err
	}
	client := http.Client{Transport: &http.Transport{
		// It asks whether this machine's own relay serves, not who it is.
		TLSClientConfig: &tls.Config{InsecureSkipVerify: true, ServerName: name}, //nolint:gosec // as said
		DialContext: func(ctx context.Context, network, _ string) (c net.Conn, err error) {
			for _, h := range hosts {
				if c, err = new(net.Dialer).DialContext(ctx, network, net.JoinHostPort(h, port)); err == nil {
					return c, nil
				}
			}
			return nil, err
		},
	}}
	res, err := client.Do(req) //nolint:gosec // as above
	if err != nil {
		return fmt.Errorf("check health: %w", err)
	}
	defer res.Body.Close() //nolint:errcheck // read nothing
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("check health: the relay answers %d", res.StatusCode)
	}
	return nil
}
