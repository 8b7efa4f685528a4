package relay

import (
	"crypto/tls"
	"net/http"
	"net/netip"
	"testing"
)

// A browser names the page that asks. Only the relay's own pages and those of the
// configuration may, and an http page none of a relay that is known to speak https.
func TestOriginAllowed(t *testing.T) {
	cfg := Config{
		AllowedOrigins: []string{"https://notes.example", "http://localhost:5173"},
		TrustedProxies: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")},
	}
	const client, proxy, secured = "192.0.2.1:1", "10.0.0.1:1", "TLS"
	origin := func(of ...string) http.Header { return http.Header{"Origin": of} }
	fetch := func(site, dest string) http.Header {
		return http.Header{"Sec-Fetch-Site": {site}, "Sec-Fetch-Dest": {dest}}
	}
	said := func(of string, proto ...string) http.Header {
		return http.Header{"Origin": {of}, "X-Forwarded-Proto": proto}
	}
	for _, tt := range []struct {
		from   string
		header http.Header
		want   bool
	}{
		{client, nil, true}, // not from a page
		{client, origin("http://relay.test"), true},
		{client, origin("https://relay.test"), true}, // TLS may end before us
		{client, origin("https://RELAY.test"), true},
		{client, origin("https://notes.example"), true},
		{client, origin("http://localhost:5173"), true},
		{client, origin("http://notes.example"), false},
		{client, origin("https://notes.example:444"), false},
		{client, origin("https://notes.example.evil"), false},
		{client, origin("https://relay.test.evil"), false},
		{client, origin("https://relay.test:8443"), false},
		{client, origin("https://evil.test/relay.test"), false},
		{client, origin("https://relay.test@evil.test"), false},
		{client, origin("http://evil@relay.test"), false},
		{client, origin("http://relay.test/"), false},
		{client, origin("http://relay.test."), false},
		{client, origin("http://x.relay.test"), false},
		{client, origin("http://test"), false},
		{client, origin("file://relay.test"), false},
		{client, origin("https://evil.test"), false},
		{client, origin("null"), false},
		{client, origin(""), false},
		{client, origin("relay.test"), false},
		{client, origin("://"), false},
		{client, origin("http://relay.test", "https://evil.test"), false},
		{client, origin("http://relay.test http://evil.test"), false},

		{client, fetch("none", "document"), true},
		{client, fetch("same-origin", "empty"), true},
		{client, fetch("cross-site", "document"), true}, // goes here
		{client, fetch("cross-site", "empty"), false},
		{client, fetch("cross-site", "image"), false},
		{client, fetch("cross-site", "iframe"), false},
		{client, fetch("same-site", "image"), false}, // another port is next door

		{secured, origin("https://relay.test"), true},
		{secured, origin("http://relay.test"), false},
		{proxy, said("https://relay.test", "https"), true},
		{proxy, said("http://relay.test", "https"), false},
		{proxy, said("http://relay.test", "http", "http, HTTPS"), false}, // the nearest proxy decides
		{proxy, said("http://relay.test", "https, http"), true},
		{proxy, said("http://relay.test"), true},
		{client, said("http://relay.test", "https"), true}, // a client is not believed
	} {
		r := &http.Request{Host: "relay.test", RemoteAddr: tt.from, Header: tt.header}
		if tt.from == secured {
			r.TLS = new(tls.ConnectionState)
		}
		if got := originAllowed(r, &cfg); got != tt.want {
			t.Errorf("from %s, with %v: %v", tt.from, tt.header, got)
		}
	}
}
