package proxy

import (
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"time"

	"sotto/loadtest"
)

var errMix = fmt.Errorf("%w: a phone has one network: %s is several", loadtest.ErrConfig, loadtest.Mix)

// Status is what GET says of a phone.
type Status struct {
	Listen  string `json:"listen"`
	To      string `json:"to"`
	Profile string `json:"profile"`
	Frozen  bool   `json:"frozen"`
	// Open, Accepted and Failed count connections; those that failed did not
	// reach the service or ended otherwise than by both ends' closing them.
	Open     int `json:"open"`
	Accepted int `json:"accepted"`
	Failed   int `json:"failed"`
	// UpBytes and DownBytes count headers of 40 bytes a segment, too.
	UpBytes    int64 `json:"up_bytes"`
	DownBytes  int64 `json:"down_bytes"`
	RadioWakes int   `json:"radio_wakes"`
	RadioOnMS  int64 `json:"radio_on_ms"`
}

// Status returns how the phone is now.
func (ph *Phone) Status() Status {
	ph.mu.Lock()
	defer ph.mu.Unlock()
	s := ph.link.Stats()
	return Status{
		Listen: ph.listener.Addr().String(), To: ph.to, Profile: ph.profile, Frozen: time.Now().Before(ph.frozen),
		Open: len(ph.clients), Accepted: ph.accepted, Failed: ph.failed,
		UpBytes: s.UpBytes, DownBytes: s.DownBytes, RadioWakes: s.RadioWakes, RadioOnMS: s.RadioOn.Milliseconds(),
	}
}

// Become gives the phone another network, from now on. Errors are as Add's.
func (ph *Phone) Become(profile string) error {
	params, err := ph.proxy.params(profile)
	if err != nil {
		return err
	}
	ph.mu.Lock()
	defer ph.mu.Unlock()
	ph.link.Become(params)
	ph.profile = profile
	return nil
}

// change is what a POST does. It reads the fields of the request.
type change func(ph *Phone, field func(string) string) error

var changes = map[string]change{
	"profile": func(ph *Phone, field func(string) string) error { return ph.Become(field("name")) },
	"cut":     func(ph *Phone, _ func(string) string) error { ph.link.Cut(); return nil },
	"forget":  func(ph *Phone, _ func(string) string) error { ph.link.ForgetNAT(); return nil },
	"freeze": func(ph *Phone, field func(string) string) error {
		long, err := duration(field("for"))
		if err == nil {
			ph.Freeze(long)
		}
		return err
	},
	"blackout": func(ph *Phone, field func(string) string) error {
		long, err := duration(field("for"))
		if err != nil {
			return err
		}
		cut := false
		if s := field("cut"); s != "" {
			if cut, err = strconv.ParseBool(s); err != nil {
				return fmt.Errorf("cut is true or false, not %q", s)
			}
		}
		ph.link.Gap(long, cut)
		return nil
	},
}

func duration(s string) (time.Duration, error) {
	d, err := time.ParseDuration(s)
	if err != nil || d < 0 {
		return 0, fmt.Errorf("for is a duration such as 1.5s, not %q", s)
	}
	return d, nil
}

// Handler is the interface that the package describes.
func (p *Proxy) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) {
		p.mu.Lock()
		all := make([]Status, len(p.phones))
		for i, ph := range p.phones {
			all[i] = ph.Status()
		}
		p.mu.Unlock()
		answer(w, all)
	})
	mux.HandleFunc("GET /{port}", func(w http.ResponseWriter, r *http.Request) {
		if ph := p.find(w, r); ph != nil {
			answer(w, ph.Status())
		}
	})
	for name, do := range changes {
		mux.HandleFunc("POST /{port}/"+name, func(w http.ResponseWriter, r *http.Request) {
			ph := p.find(w, r)
			if ph == nil {
				return
			}
			if err := do(ph, r.FormValue); err != nil {
				http.Error(w, err.Error(), http.StatusBadRequest)
				return
			}
			answer(w, ph.Status())
		})
	}
	return http.NewCrossOriginProtection().Handler(mux)
}

// find returns the phone a request is about; nil once it has said that there is
// none.
func (p *Proxy) find(w http.ResponseWriter, r *http.Request) *Phone {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, ph := range p.phones {
		if _, port, _ := net.SplitHostPort(ph.listener.Addr().String()); port == r.PathValue("port") {
			return ph
		}
	}
	http.Error(w, "nothing listens at this port", http.StatusNotFound)
	return nil
}

func answer(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(v) // to a client that has gone
}
