// Package secheaders holds the security headers that every HTTP answer of a
// relay carries, whoever gives it: the page, the relay itself, an error.
//
// It is a package of its own because relay and web must send the same values
// and neither imports the other.
package secheaders

import "net/http"

// Strict is the Content-Security-Policy of an answer that is not a document
// with a script or style: it may load nothing, post nowhere and be framed by
// nobody.
const Strict = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// hsts lasts two years. It leaves out includeSubDomains: whoever hosts a relay
// at example.org did not mean to make promises about all of its subdomains.
const hsts = "max-age=63072000"

// common lists the headers that do not depend on the answer. Keys are in
// canonical form, so that Set can assign them without looking at them again.
//
// Permissions-Policy names what a page could do harm with; the page alone may
// ask for the camera, to read an invitation's QR code, and for the microphone, to
// record a voice note. Denying everything there is would cost 900 bytes, and break
// copying and sharing.
var common = [...]struct{ key, value string }{
	{"Content-Security-Policy", Strict},
	{"X-Content-Type-Options", "nosniff"},
	{"Referrer-Policy", "no-referrer"},
	{"Cross-Origin-Opener-Policy", "same-origin"},
	{"Cross-Origin-Embedder-Policy", "require-corp"},
	{"Cross-Origin-Resource-Policy", "same-origin"},
	{"Origin-Agent-Cluster", "?1"},
	{"X-Frame-Options", "DENY"},
	{"Permissions-Policy", "camera=(self), microphone=(self), geolocation=(), display-capture=(), usb=(), serial=(), bluetooth=(), payment=()"},
	{"X-Robots-Tag", "noindex"},
	{"Cache-Control", "no-store"},
}

// Set puts the headers into h, replacing what is there under the same names.
// The policy is Strict; a handler of documents sets its own after this call.
// Strict-Transport-Security is added when tls is true, that is when the
// request came over TLS: over plain HTTP browsers ignore it, and a relay on a
// LAN address must not ask for what it can't give.
//
// Set only touches h, so it is as safe for concurrent use as h itself.
func Set(h http.Header, tls bool) {
	for _, c := range &common {
		h[c.key] = []string{c.value}
	}
	if tls {
		SetHSTS(h)
	}
}

// SetHSTS adds Strict-Transport-Security alone, where something else than the
// handler knows that the client speaks TLS, to a proxy. A later Set leaves it.
func SetHSTS(h http.Header) { h["Strict-Transport-Security"] = []string{hsts} }
