// Package web serves the page: one document a language with its style and
// script inside, a few small files it loads when they are asked for, and two
// pages of plain text, /about and /security. All of it is built from src and
// pages by go generate, committed in dist and embedded, so that a relay needs
// nothing on disk and serves exactly the bytes that dist/MANIFEST lists.
//
//	mux.Handle("/notes/", http.StripPrefix("/notes", web.Handler(web.Config{})))
//
// Everything in it refers to other files relatively, so it works under a path
// prefix that ends in a slash. It sets no cookie, and it never answers with
// anything a request said.
package web

import (
	"net/http"
	"strconv"

	"sotto/internal/secheaders"
)

//go:generate go run ./build

// Config says what the handler can't see for itself. The zero value is right
// for a relay that terminates TLS itself or is spoken to over plain HTTP.
type Config struct {
	// BehindTLS says that every request came over TLS to a proxy in front
	// of this process, so that Strict-Transport-Security is sent although
	// http.Request.TLS is nil.
	BehindTLS bool
}

// Handler returns the handler of the page. It answers GET and HEAD, 405 to
// other methods, and 404 to every path it does not know. It may be used by any
// number of goroutines and never fails after it was made.
func Handler(c Config) http.Handler {
	return &handler{config: c, routes: routes()}
}

// DocumentHash returns the first 12 hex digits of the SHA-256 of the English
// document, index.en.html in dist/MANIFEST. The page's help shows the same, so
// that a person can compare what a relay served with what was built.
func DocumentHash() string {
	return routes()["/"].files[fallback].variants[identity].hash
}

type handler struct {
	config Config
	routes map[string]*route // by path; read only
}

func (h *handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	secheaders.Set(w.Header(), r.TLS != nil || h.config.BehindTLS)
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		// Every path allows the same, so this tells nothing about which
		// paths there are.
		w.Header().Set("Allow", "GET, HEAD")
		fail(w, r, http.StatusMethodNotAllowed, "method not allowed\n")
		return
	}
	if r.URL.Path == "/x" {
		panicRoute(w, r)
		return
	}
	route, ok := h.routes[r.URL.Path]
	if !ok {
		fail(w, r, http.StatusNotFound, "not found\n")
		return
	}
	route.serve(w, r)
}

// panicRoute is where clients of the reference relay send a person who must be
// gone at once. Sotto's own page does not use it: a navigation would leave a
// row in the history.
//
// The wish to clear is sent only for a navigation, as a picture on some other
// page could ask for it otherwise, and not for one that another origin began,
// be it of the same site: it empties the origin of whatever else lives there.
func panicRoute(w http.ResponseWriter, r *http.Request) {
	mode, site := r.Header.Get("Sec-Fetch-Mode"), r.Header.Get("Sec-Fetch-Site")
	if (mode == "" || mode == "navigate") && (site == "" || site == "none" || site == "same-origin") {
		w.Header().Set("Clear-Site-Data", `"cache", "storage"`)
	}
	// Not http.Redirect: it would make the address absolute, without the
	// prefix this handler may be mounted under.
	w.Header().Set("Location", "./")
	w.Header().Set("Content-Length", "0")
	w.WriteHeader(http.StatusSeeOther)
}

func fail(w http.ResponseWriter, r *http.Request, code int, text string) {
	h := w.Header()
	h.Set("Content-Type", "text/plain; charset=utf-8")
	h.Set("Content-Length", strconv.Itoa(len(text)))
	w.WriteHeader(code)
	if r.Method != http.MethodHead {
		// The peer may be gone; there is nobody to tell.
		_, _ = w.Write([]byte(text))
	}
}

// serve answers with the variant that the request asks for.
//
// Every answer is no-store, the lazily loaded files too, although their names
// carry a hash and could be kept for ever: what a browser keeps, it keeps on
// disk, and a number table in the cache of a phone tells what the phone was
// used for. They are a few kilobytes, loaded when somebody makes a channel or
// asks for help, so the cache would win little. The validators still serve
// proxies, and whoever compares a relay with MANIFEST.
func (rt *route) serve(w http.ResponseWriter, r *http.Request) {
	f := rt.files[rt.language(r.Header.Values("Accept-Language"))]
	v := &f.variants[encoding(r.Header.Values("Accept-Encoding"))]
	h := w.Header()
	if f.policy != "" {
		h.Set("Content-Security-Policy", f.policy)
	}
	h.Set("Vary", rt.vary)
	h.Set("ETag", v.etag)
	if matches(r.Header.Values("If-None-Match"), v.etag) {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	h.Set("Content-Type", f.contentType)
	if v.encoding != "" {
		h.Set("Content-Encoding", v.encoding)
	}
	h.Set("Content-Length", strconv.Itoa(len(v.body)))
	w.WriteHeader(http.StatusOK)
	if r.Method != http.MethodHead {
		_, _ = w.Write(v.body)
	}
}
