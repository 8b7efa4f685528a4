package relay

import (
	"net/http"
	"net/netip"
	"slices"
	"strings"
)

// clientAddr returns the address a request came from: the peer, or, while that
// is a trusted proxy, the one it says it forwards for. Headers of anyone else
// are not looked at. The zero Addr is no address.
func clientAddr(r *http.Request, trusted []netip.Prefix) netip.Addr {
	addr := hostAddr(r.RemoteAddr)
	if !isTrusted(&addr, trusted) {
		return addr
	}
	hops := forwardedFor(r.Header)
	for _, hop := range slices.Backward(hops) {
		next := hostAddr(hop)
		if !next.IsValid() {
			return addr // a hop without an address: nothing before it can be trusted
		}
		addr = next
		if !isTrusted(&addr, trusted) {
			return addr
		}
	}
	return addr
}

// isOwnCheck reports whether a request comes from this machine or a trusted proxy
// and was not forwarded for somebody else: a health check.
func isOwnCheck(r *http.Request, trusted []netip.Prefix) bool {
	addr := hostAddr(r.RemoteAddr)
	return len(r.Header["X-Forwarded-For"])+len(r.Header["Forwarded"]) == 0 &&
		(addr.IsLoopback() || isTrusted(&addr, trusted))
}

// TrustsProxy reports whether a peer, as host:port or an address alone, is one of
// Config.TrustedProxies. A peer without an address is, if there are any.
func (rl *Relay) TrustsProxy(peer string) bool { return rl.trusts(new(hostAddr(peer))) }

func (rl *Relay) trusts(a *netip.Addr) bool { return isTrusted(a, rl.cfg.TrustedProxies) }

// unmapPrefix returns the IPv4 prefix that an IPv4-mapped one (::ffff:10.0.0.0/104)
// means, and any other unchanged: addresses are compared unmapped. It returns false
// for an invalid prefix, and for a mapped one that is wider than all of IPv4.
func unmapPrefix(p *netip.Prefix) (netip.Prefix, bool) {
	const mapped = 96 // bits of ::ffff:0:0
	switch {
	case !p.IsValid() || p.Addr().Is4In6() && p.Bits() < mapped:
		return *p, false
	case p.Addr().Is4In6():
		return netip.PrefixFrom(p.Addr().Unmap(), p.Bits()-mapped), true
	}
	return *p, true
}

// isTrusted reports whether a peer is one of the proxies. A peer without an address
// came through a Unix listener, and counts as a proxy if there are any.
func isTrusted(a *netip.Addr, trusted []netip.Prefix) bool {
	if !a.IsValid() {
		return len(trusted) > 0
	}
	for i := range trusted {
		if trusted[i].Contains(*a) {
			return true
		}
	}
	return false
}

// forwardedFor lists the hops that proxies noted, nearest last. A hop without an
// address is listed too: it is unknown, so what was noted before it cannot be
// trusted.
func forwardedFor(h http.Header) []string {
	if values := h.Values("X-Forwarded-For"); len(values) > 0 {
		return strings.Split(strings.Join(values, ","), ",")
	}
	var hops []string
	for _, element := range strings.Split(strings.Join(h.Values("Forwarded"), ","), ",") {
		hop := ""
		for _, pair := range strings.Split(element, ";") {
			// RFC 7239, section 4: for=192.0.2.43, for="[2001:db8::1]:4711".
			name, value, ok := strings.Cut(strings.TrimSpace(pair), "=")
			if ok && strings.EqualFold(name, "for") {
				hop = strings.Trim(value, `"`)
			}
		}
		hops = append(hops, hop)
	}
	return hops
}

// hostAddr reads an address with or without port, brackets and zone.
func hostAddr(s string) netip.Addr {
	s = strings.TrimSpace(s)
	if ap, err := netip.ParseAddrPort(s); err == nil {
		return ap.Addr().Unmap().WithZone("")
	}
	s = strings.TrimSuffix(strings.TrimPrefix(s, "["), "]")
	a, err := netip.ParseAddr(s)
	if err != nil {
		return netip.Addr{}
	}
	return a.Unmap().WithZone("")
}
