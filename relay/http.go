package relay

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"net/http"
	"strconv"
	"strings"
	"time"

	"sotto/internal/secheaders"
	"sotto/wire"
)

// ServeHTTP serves the relay's own paths and hands all others to Config.Page.
// A socket outlives the call.
func (rl *Relay) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	// A path with escapes is not one of ours: a proxy that routes by the room in
	// the path must see the same path as the relay.
	path := r.URL.Path
	if r.URL.RawPath != "" {
		path = ""
	}
	switch {
	case strings.HasPrefix(path, "/room/") && strings.HasSuffix(path, "/ws"):
		rl.serveOwn(w, r, rl.serveRoom, between(path, "/room/", "/ws"))
	case strings.HasPrefix(path, "/api/room/") && strings.HasSuffix(path, "/exists"):
		rl.serveOwn(w, r, rl.serveExists, between(path, "/api/room/", "/exists"))
	case path == "/api/config":
		rl.serveOwn(w, r, rl.serveConfig, "")
	case path == "/healthz":
		rl.serveOwn(w, r, rl.serveHealth, "")
	case rl.cfg.Page == nil:
		rl.refuse(w, r, httpNothingHere)
	case rl.fromElsewhere(w, r):
	case rl.mayAsk(w, r):
		// A proxy in front may have read what follows chunks as something else.
		if len(r.TransferEncoding) > 0 {
			w.Header().Set("Connection", "close")
		}
		rl.cfg.Page.ServeHTTP(w, r)
	}
}

// serveOwn serves a path of the relay's own, of which name is a part. Requests that
// no client of ours sends draw on no allowance: a hostile page's visitor has it.
func (rl *Relay) serveOwn(w http.ResponseWriter, r *http.Request, serve func(http.ResponseWriter, *http.Request, string), name string) {
	switch {
	case rl.fromElsewhere(w, r):
	case r.ContentLength != 0:
		// After an upgrade a body would be read as frames. Without a deadline
		// net/http would wait for the rest of it.
		_ = http.NewResponseController(w).SetReadDeadline(time.Now()) // without it the server's own deadline holds
		rl.refuse(w, r, httpBody)
	default:
		serve(w, r, name)
	}
}

// fromElsewhere reports whether a page of another site makes the request, unless
// it only navigates here: it would use up its visitor's allowances. It answers
// when it returns true.
func (rl *Relay) fromElsewhere(w http.ResponseWriter, r *http.Request) bool {
	if originAllowed(r, &rl.cfg) {
		return false
	}
	rl.refuse(w, r, httpForeignPage)
	return true
}

// addr is the address whose allowances the request draws on.
func (rl *Relay) addr(r *http.Request) addrKey {
	return rl.limits.key(new(clientAddr(r, rl.cfg.TrustedProxies)))
}

// mayAsk draws on the allowance for requests of any kind. It answers when it
// returns false.
func (rl *Relay) mayAsk(w http.ResponseWriter, r *http.Request) bool {
	wait := rl.limits.takeRequest(rl.addr(r))
	if wait > 0 {
		rl.tooMany(w, r, httpTooManyRequests, wait)
	}
	return wait == 0
}

func between(s, prefix, suffix string) string {
	if len(s) < len(prefix)+len(suffix) {
		return ""
	}
	return s[len(prefix) : len(s)-len(suffix)]
}

// serveRoom opens a socket. What can be refused without cost is refused first.
func (rl *Relay) serveRoom(w http.ResponseWriter, r *http.Request, name string) {
	if !rl.allowMethods(w, r, http.MethodGet) {
		return
	}
	hash, ok := parseRoom(name)
	switch {
	case !ok:
		rl.refuse(w, r, httpInvalidRoom)
		return
	case !isUpgrade(r):
		rl.refuse(w, r, httpNoUpgrade)
		return
	}
	addr := rl.addr(r)
	if !rl.admit(w, r, addr) {
		return
	}
	switch ok, closing := rl.reserve(); {
	case closing:
		rl.refuseFor(w, r, httpRestart, restartRetry)
		return
	case !ok:
		rl.refuseFor(w, r, httpFull, connsRetry)
		return
	}
	rl.open(w, r, &hash, addr)
}

// How long a client that was refused is told to wait.
const (
	restartRetry = 5 * time.Second
	connsRetry   = 30 * time.Second
)

// open upgrades and starts the socket, for which there is a reservation.
func (rl *Relay) open(w http.ResponseWriter, r *http.Request, hash *wire.RoomHash, addr addrKey) {
	started := false
	defer func() {
		if !started {
			rl.release()
		}
	}()
	defer rl.recoverUpgrade()
	ws, shaken, refused := rl.accept(w, r)
	if ws == nil {
		rl.refuse(w, r, refused)
		return
	}
	g := guard{log: &rl.cfg.Logger, mark: rand.Uint32()} //nolint:gosec // a mark, not a secret
	c := &conn{
		outbox: newOutbox(ws, shaken.conn, shaken.out, rl.metrics, g),
		relay:  rl,
		addr:   addr,
		born:   time.Now(),
	}
	c.hash = *hash
	started = true // it has the reservation now
	rl.start(c)
}

// admit draws on the upgrade allowance and asks Config.Admit. It answers when
// it returns false.
func (rl *Relay) admit(w http.ResponseWriter, r *http.Request, addr addrKey) bool {
	if wait := rl.limits.takeUpgrade(addr); wait > 0 {
		rl.tooMany(w, r, httpTooManyUpgrades, wait)
		return false
	}
	if rl.cfg.Admit != nil && rl.cfg.Admit(r) != nil {
		rl.refuse(w, r, httpNotAdmitted)
		return false
	}
	return true
}

// tooMany refuses a request of an address that has used up an allowance.
func (rl *Relay) tooMany(w http.ResponseWriter, r *http.Request, a answer, wait time.Duration) {
	rl.limits.tookRefusal(rl.addr(r))
	rl.refuseFor(w, r, a, wait)
}

func (rl *Relay) serveExists(w http.ResponseWriter, r *http.Request, name string) {
	if !rl.allowMethods(w, r, http.MethodGet, http.MethodHead) {
		return
	}
	hash, ok := parseRoom(name)
	if !ok {
		rl.refuse(w, r, httpInvalidHash)
		return
	}
	if !rl.admit(w, r, rl.addr(r)) {
		return
	}
	writeJSON(w, r, http.StatusOK, struct {
		Exists bool `json:"exists"`
	}{rl.rooms.Exists(&hash)})
}

// serveConfig answers what std-1 clients ask for. The relay sells nothing, so the
// fields about money are zero.
func (rl *Relay) serveConfig(w http.ResponseWriter, r *http.Request, _ string) {
	if !rl.allowMethods(w, r, http.MethodGet, http.MethodHead) || !rl.mayAsk(w, r) {
		return
	}
	days := int(math.Round(rl.cfg.RoomTTL.Hours() / 24))
	writeJSON(w, r, http.StatusOK, struct {
		MonetizationEnabled bool     `json:"monetization_enabled"`
		FreeTTLDays         int      `json:"free_ttl_days"`
		PaidTTLDays         int      `json:"paid_ttl_days"`
		PriceCents          int      `json:"price_cents"`
		Currency            string   `json:"currency"`
		CFCountry           string   `json:"cf_country"`
		RoomTTLSeconds      int64    `json:"room_ttl_seconds"`
		MaxCiphertextBytes  int      `json:"max_ciphertext_bytes"`
		MaxLargeBytes       int      `json:"max_large_bytes"`
		Protocols           []string `json:"protocols"`
	}{
		FreeTTLDays: days, PaidTTLDays: days, Currency: "USD",
		RoomTTLSeconds:     int64(rl.cfg.RoomTTL / time.Second),
		MaxCiphertextBytes: rl.cfg.stdCiphertext(),
		MaxLargeBytes:      rl.cfg.MaxCiphertextBytes,
		Protocols:          protocols(rl.cfg.MaxCiphertextBytes),
	})
}

// protocols are those whose messages fit: sotto-2's are up to 8,192 bytes.
func protocols(maxCiphertext int) []string {
	if maxCiphertext < wire.StdCiphertext {
		return []string{"sTELgano-std-1"}
	}
	return []string{"sTELgano-std-1", "sotto-2"}
}

// serveHealth draws on the allowance for requests like any other path, unless a
// trusted proxy or this machine asks for itself. The connection ends with it.
func (rl *Relay) serveHealth(w http.ResponseWriter, r *http.Request, _ string) {
	if !rl.allowMethods(w, r, http.MethodGet, http.MethodHead) {
		return
	}
	if !isOwnCheck(r, rl.cfg.TrustedProxies) && !rl.mayAsk(w, r) {
		return
	}
	w.Header().Set("Connection", "close")
	secheaders.Set(w.Header(), r.TLS != nil)
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, _ = w.Write([]byte("ok"))
}

func parseRoom(name string) (wire.RoomHash, bool) {
	return wire.ParseHash[wire.RoomHash](name)
}

// allowMethods answers 405 and returns false for any other method.
func (rl *Relay) allowMethods(w http.ResponseWriter, r *http.Request, methods ...string) bool {
	for _, m := range methods {
		if r.Method == m {
			return true
		}
	}
	w.Header().Set("Allow", strings.Join(methods, ", "))
	rl.refuse(w, r, httpWrongMethod)
	return false
}

// refuseFor is refuse with a time after which to try again, at least a second.
func (rl *Relay) refuseFor(w http.ResponseWriter, r *http.Request, a answer, wait time.Duration) {
	w.Header().Set("Retry-After", strconv.Itoa(max(1, int(math.Ceil(wait.Seconds())))))
	rl.refuse(w, r, a)
}

// refuse counts a row of the catalogue, logs it, and answers {"error": reason}.
// It never repeats anything of the request. The connection ends with it, or asking
// would cost less than refusing. An answer without a status is only counted.
func (rl *Relay) refuse(w http.ResponseWriter, r *http.Request, a answer) {
	rl.metrics.count(a)
	if a.counter == countLimits {
		rl.limitHit(a.label)
	}
	if a.status == 0 {
		return
	}
	w.Header().Set("Connection", "close")
	if a.status == http.StatusUpgradeRequired {
		w.Header().Add("Connection", "Upgrade") // second, as net/http looks only at the first
		w.Header().Set("Upgrade", "websocket")
	}
	writeJSON(w, r, a.status, struct {
		Error string `json:"error"`
	}{a.reason})
}

func writeJSON(w http.ResponseWriter, r *http.Request, status int, v any) {
	body, err := json.Marshal(v)
	if err != nil {
		panic("relay: marshal an answer: " + err.Error()) // of plain structs
	}
	secheaders.Set(w.Header(), r.TLS != nil)
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	if r.Method != http.MethodHead {
		_, _ = w.Write(body) // the client may be gone
	}
}
