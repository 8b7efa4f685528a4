package main

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"github.com/coder/websocket"

	"sotto/relay"
)

const (
	// A certificate that lasts less has not been renewed when it should have been.
	certSoon = 21 * 24 * time.Hour
	certLate = 7 * 24 * time.Hour
	// spoofed is an address of nobody, as a client may claim it.
	spoofed = "192.0.2.1"
)

// ofRelay asks the relay here and by its public address. Where none runs it
// stands in for it and sees what proxies make of a request.
func (o *options) ofRelay(ctx context.Context, v visit) (all []finding) {
	running := healthcheck(ctx, o) == nil
	switch {
	case running:
		all = append(all, ok("relay: answers"))
	case v.url == "":
		return append(all, bad("relay: does not answer at --listen: start it"))
	}
	if o.adminListen == "" {
		all = append(all, warn("admin listener: off, so nobody sees how the relay is, and it can be drained by signal only"))
	} else if host, _, err := net.SplitHostPort(o.adminListen); err == nil {
		if ip := net.ParseIP(host); host == "" || ip != nil && !ip.IsLoopback() {
			all = append(all, warn("admin listener: open beyond this machine: let a firewall leave it to Prometheus alone"))
		} else {
			all = append(all, ok("admin listener: for this machine only"))
		}
	}
	if v.url == "" {
		return append(all, warn("public address: not looked at; give it: sotto doctor https://name"))
	}
	all = append(all, ofCertificate(ctx, v.url)...)
	if !running {
		return append(all, o.standIn(ctx, v.url)...)
	}
	all = append(all, warn("proxy's headers: seen from outside only; `sotto doctor` while the relay is stopped sees them as they arrive"))
	all = append(all, fromOutside(ctx, v.url)...)
	if v.idle > 0 {
		all = append(all, quiet(ctx, v))
	}
	return all
}

func ofCertificate(ctx context.Context, address string) []finding {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" {
		return []finding{bad("public address: is none")}
	}
	if u.Scheme != "https" {
		if strings.HasSuffix(u.Hostname(), ".onion") {
			return []finding{ok("certificate: an onion service needs none")}
		}
		return []finding{bad("certificate: the address is not https, and browsers give the page no keys then")}
	}
	host := u.Host
	if u.Port() == "" {
		host = net.JoinHostPort(u.Hostname(), "443")
	}
	dialer := tls.Dialer{Config: &tls.Config{MinVersion: tls.VersionTLS12}}
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	c, err := dialer.DialContext(ctx, "tcp", host)
	if err != nil {
		if _, is := errors.AsType[*tls.CertificateVerificationError](err); is {
			return []finding{bad("certificate: browsers would refuse it: renew it, and send the whole chain")}
		}
		return []finding{bad("public address: no TLS connection to it: is the name right, the port open?")}
	}
	defer c.Close()                          //nolint:errcheck // read nothing
	state := c.(*tls.Conn).ConnectionState() //nolint:errcheck,forcetypeassert // of a tls.Dialer
	left := time.Until(state.PeerCertificates[0].NotAfter)
	days := int(left / (24 * time.Hour))
	all := []finding{ok("certificate: %d days left", days)}
	switch {
	case left < certLate:
		all[0] = bad("certificate: %d days left: renewing it does not work", days)
	case left < certSoon:
		all[0] = warn("certificate: %d days left: was it to be renewed before?", days)
	}
	if state.Version < tls.VersionTLS13 {
		all = append(all, warn("TLS: the proxy speaks %s only; allow 1.3", tls.VersionName(state.Version)))
	}
	return all
}

// standIn serves in the relay's place for one request of its own, which comes by
// way of the proxy, and looks at what the proxy made of it.
func (o *options) standIn(ctx context.Context, address string) []finding {
	ctx, cancel := context.WithTimeout(ctx, 15*time.Second)
	defer cancel()
	l, err := net.Listen("tcp", o.listen)
	if err != nil {
		return []finding{bad("relay: does not answer at --listen, and something else has the port")}
	}
	var mark [16]byte
	_, _ = rand.Read(mark[:]) // never fails
	path := "/doctor/" + hex.EncodeToString(mark[:])
	came := make(chan *http.Request, 1)
	server := newServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == path {
			select {
			case came <- r:
			default:
			}
		}
		w.WriteHeader(http.StatusNoContent)
	}), nil)
	go func() { _ = server.Serve(l) }() // ends with Close
	defer server.Close()                //nolint:errcheck // as said
	if o.servesTLS() {
		return []finding{warn("relay: does not answer: start it, as it ends TLS itself there are no proxy's headers to see")}
	}
	if _, _, err := get(ctx, address+path, "X-Forwarded-For", spoofed); err != nil {
		return []finding{bad("public address: does not answer")}
	}
	select {
	case r := <-came:
		return o.ofHeaders(r, address)
	default:
		return []finding{bad("public address: leads elsewhere than to --listen")}
	}
}

// ofHeaders looks at a request of the doctor's as it arrived.
func (o *options) ofHeaders(r *http.Request, address string) (all []finding) {
	u, err := url.Parse(address)
	if err != nil || !strings.EqualFold(r.Host, u.Host) {
		all = append(all, bad("proxy: changes Host, so the relay takes its own page for another's: pass Host on"))
	} else {
		all = append(all, ok("proxy: passes Host on"))
	}
	forwarded := r.Header.Values("X-Forwarded-For")
	peer, _ := netip.ParseAddrPort(r.RemoteAddr)
	trusted := false
	for _, prefix := range o.relay.TrustedProxies {
		trusted = trusted || prefix.Contains(peer.Addr().Unmap())
	}
	last := ""
	if len(forwarded) > 0 {
		list := strings.Split(forwarded[len(forwarded)-1], ",")
		last = strings.TrimSpace(list[len(list)-1])
	}
	switch {
	case last == spoofed && !trusted:
		all = append(all, ok("client's address: from the connection; nothing stands between"))
	case last == spoofed:
		all = append(all, bad("client's address: the proxy passes on what a client claims (X-Forwarded-For): have it replace that"))
	case last == "" && trusted:
		all = append(all, bad("client's address: the proxy does not tell it: set X-Forwarded-For, or all people share one address's limits"))
	case !trusted:
		all = append(all, bad("client's address: the proxy tells it, and --trusted-proxies does not name the proxy: all people share one address's limits"))
	default:
		all = append(all, ok("client's address: told by the proxy, which is trusted"))
	}
	if u != nil && u.Scheme == "https" && r.Header.Get("X-Forwarded-Proto") != "https" {
		return append(all, warn("proxy: does not say that people speak https (X-Forwarded-Proto), so the page goes without HSTS"))
	}
	return all
}

// fromOutside looks at the answers of a relay that runs.
func fromOutside(ctx context.Context, address string) (all []finding) {
	ctx, cancel := context.WithTimeout(ctx, 15*time.Second)
	defer cancel()
	status, header, err := get(ctx, address+"/api/config", "Origin", address)
	switch {
	case err != nil:
		return append(all, bad("public address: does not answer"))
	case status == http.StatusForbidden:
		all = append(all, bad("proxy: changes Host or scheme, so the relay takes its own page for another's: pass Host on, set X-Forwarded-Proto"))
	case status != http.StatusOK:
		return append(all, bad("public address: answers %d where a relay says 200", status))
	default:
		all = append(all, ok("public address: the relay takes its own page for its own"))
	}
	if strings.HasPrefix(address, "https://") && header.Get("Strict-Transport-Security") == "" {
		all = append(all, warn("proxy: does not say that people speak https (X-Forwarded-Proto, from one of --trusted-proxies)"))
	}
	ws, err := dialRoom(ctx, address)
	if err != nil {
		return append(all, bad("WebSocket: none by way of the public address: HTTP/1.1 with Upgrade, no buffering"))
	}
	_ = ws.CloseNow()
	return append(all, ok("WebSocket: goes through"))
}

func get(ctx context.Context, address, name, value string) (int, http.Header, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, http.NoBody)
	if err != nil {
		return 0, nil, err
	}
	req.Header.Set(name, value)
	res, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		return 0, nil, err
	}
	_ = res.Body.Close()
	return res.StatusCode, res.Header, nil
}

// dialRoom opens a socket to a room that nobody else knows.
func dialRoom(ctx context.Context, address string) (*websocket.Conn, error) {
	var room [32]byte
	_, _ = rand.Read(room[:])                                                                  // never fails
	ws, _, err := websocket.Dial(ctx, address+"/room/"+hex.EncodeToString(room[:])+"/ws", nil) //nolint:bodyclose // there is none after 101
	return ws, err
}

// quiet joins and says nothing for as long as was asked: what the relay's own
// pings do not keep open, a proxy closes on people, too.
func quiet(ctx context.Context, v visit) finding {
	ctx, cancel := context.WithTimeout(ctx, v.idle+time.Minute)
	defer cancel()
	ws, err := dialRoom(ctx, v.url)
	if err != nil {
		return bad("quiet socket: none could be opened")
	}
	defer ws.CloseNow() //nolint:errcheck // closed already, mostly
	digits := strings.Repeat("d", 64)
	join := fmt.Sprintf(`{"event":"join","ref":"1","data":{"sender_hash":%q,"access_hash":%q}}`, digits, digits)
	if err := ws.Write(ctx, websocket.MessageText, []byte(join)); err != nil {
		return bad("quiet socket: closed at once")
	}
	began, ended := time.Now(), make(chan error, 1)
	go func() { // answers pings; ends with the socket
		for {
			if _, _, err := ws.Read(ctx); err != nil {
				ended <- err
				return
			}
		}
	}()
	select {
	case <-ended: //nolint:errcheck // why does not matter
		return bad("quiet socket: closed after %v: raise the proxy's idle time-out above 5 minutes, or lower --ping (%v)", time.Since(began).Round(time.Second), relay.DefaultPingInterval)
	case <-time.After(v.idle):
	}
	if err := ws.Write(ctx, websocket.MessageText, []byte(`{"event":"expire_room","ref":"2","data":{}}`)); err != nil {
		return bad("quiet socket: dead after %v, and nobody was told", v.idle)
	}
	select {
	case <-ended: //nolint:errcheck // the relay closes it, as the room is gone
		return ok("quiet socket: alive after %v", v.idle)
	case <-time.After(30 * time.Second):
		return bad("quiet socket: dead after %v, and nobody was told", v.idle)
	}
}
