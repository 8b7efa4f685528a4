package relay

import (
	"net/http"
	"net/netip"
	"testing"
)

// Where there are no proxies, nobody's headers are believed.
func TestClientAddr_NoProxies(t *testing.T) {
	for _, peer := range []string{"@", "", "192.0.2.7:1"} {
		r := &http.Request{RemoteAddr: peer, Header: http.Header{"X-Forwarded-For": {"192.0.2.1"}}}
		if got := clientAddr(r, nil); got != hostAddr(peer) {
			t.Errorf("%q is taken for %v", peer, got)
		}
	}
}

func TestClientAddr(t *testing.T) {
	trusted := []netip.Prefix{
		netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("2001:db8:ffff::/48"),
	}
	const proxy = "10.0.0.1:4711"
	xff := func(lines ...string) http.Header { return http.Header{"X-Forwarded-For": lines} }
	fwd := func(lines ...string) http.Header { return http.Header{"Forwarded": lines} }
	for name, tt := range map[string]struct {
		peer   string
		header http.Header
		want   string // "" is no address
	}{
		"a peer":                            {"192.0.2.1:4711", nil, "192.0.2.1"},
		"a peer over IPv6":                  {"[2001:db8::1]:4711", nil, "2001:db8::1"},
		"a peer with a zone":                {"[fe80::1%eth0]:4711", nil, "fe80::1"},
		"a mapped peer":                     {"[::ffff:192.0.2.1]:4711", nil, "192.0.2.1"},
		"a Unix socket":                     {"@", nil, ""},
		"nothing":                           {"", nil, ""},
		"a Unix socket, which a proxy uses": {"@", xff("192.0.2.1"), "192.0.2.1"},
		"a garbled hop behind it":           {"@", xff("192.0.2.1, unix:"), ""},
		"a stranger that says things":       {"192.0.2.1:1", xff("192.0.2.9"), "192.0.2.1"},

		"a proxy that says nothing":      {proxy, nil, "10.0.0.1"},
		"a proxy":                        {proxy, xff("192.0.2.1"), "192.0.2.1"},
		"a mapped proxy":                 {"[::ffff:10.0.0.1]:4711", xff("192.0.2.1"), "192.0.2.1"},
		"a proxy over IPv6":              {"[2001:db8:ffff::1]:4711", xff("2001:db8::7"), "2001:db8::7"},
		"with a port":                    {proxy, xff("192.0.2.1:80"), "192.0.2.1"},
		"IPv6 in brackets":               {proxy, xff("[2001:db8::7]"), "2001:db8::7"},
		"IPv6 in brackets with port":     {proxy, xff("[2001:db8::7]:80"), "2001:db8::7"},
		"spaces":                         {proxy, xff("  192.0.2.9 ,\t192.0.2.1  "), "192.0.2.1"},
		"a chain of proxies":             {proxy, xff("192.0.2.1, 10.0.0.2, 10.0.0.3"), "192.0.2.1"},
		"a chain on two lines":           {proxy, xff("192.0.2.1", "10.0.0.2"), "192.0.2.1"},
		"made up in front":               {proxy, xff("1.1.1.1, 192.0.2.1"), "192.0.2.1"},
		"a proxy made up in front":       {proxy, xff("10.9.9.9, 192.0.2.1"), "192.0.2.1"},
		"all trusted":                    {proxy, xff("10.0.0.3, 10.0.0.2"), "10.0.0.3"},
		"a garbled last hop":             {proxy, xff("192.0.2.1, x"), "10.0.0.1"},
		"a garbled hop behind a proxy's": {proxy, xff("192.0.2.1, x, 10.0.0.2"), "10.0.0.2"},
		"an empty header":                {proxy, xff(""), "10.0.0.1"},
		"an empty last hop":              {proxy, xff("192.0.2.1,"), "10.0.0.1"},

		"Forwarded":                     {proxy, fwd("for=192.0.2.1"), "192.0.2.1"},
		"Forwarded with more":           {proxy, fwd(`proto=https;For="192.0.2.1:80";by=10.0.0.1`), "192.0.2.1"},
		"Forwarded IPv6":                {proxy, fwd(`for="[2001:db8::7]:4711"`), "2001:db8::7"},
		"Forwarded chain":               {proxy, fwd("for=192.0.2.9, for=192.0.2.1", "for=10.0.0.2"), "192.0.2.1"},
		"Forwarded unknown":             {proxy, fwd("for=192.0.2.1, for=unknown"), "10.0.0.1"},
		"Forwarded obfuscated":          {proxy, fwd("for=192.0.2.1, for=_hidden"), "10.0.0.1"},
		"Forwarded with no for at last": {proxy, fwd("for=192.0.2.1, proto=https"), "10.0.0.1"},
		"Forwarded with no for":         {proxy, fwd("proto=https"), "10.0.0.1"},
		"both, of which one is known":   {proxy, http.Header{"X-Forwarded-For": {"192.0.2.1"}, "Forwarded": {"for=192.0.2.2"}}, "192.0.2.1"},
	} {
		t.Run(name, func(t *testing.T) {
			header := tt.header
			if header == nil {
				header = http.Header{}
			}
			got := clientAddr(&http.Request{RemoteAddr: tt.peer, Header: header}, trusted)
			var want netip.Addr
			if tt.want != "" {
				want = netip.MustParseAddr(tt.want)
			}
			if got != want {
				t.Errorf("got %v; want %v", got, want)
			}
		})
	}
}
