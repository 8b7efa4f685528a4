package statuspage

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// relay is a registry as a relay fills it.
type relay struct {
	reg                    *prometheus.Registry
	rooms, sockets         prometheus.Gauge
	sys, released          prometheus.Gauge
	messages, joins, locks *prometheus.CounterVec
	sandbox                *prometheus.GaugeVec
	limited, other         *prometheus.CounterVec
}

func newRelay() *relay {
	r := &relay{reg: prometheus.NewRegistry()}
	gauge := func(name string) prometheus.Gauge {
		g := prometheus.NewGauge(prometheus.GaugeOpts{Name: name})
		r.reg.MustRegister(g)
		return g
	}
	vec := func(name, label string) *prometheus.CounterVec {
		v := prometheus.NewCounterVec(prometheus.CounterOpts{Name: name}, []string{label})
		r.reg.MustRegister(v)
		return v
	}
	r.rooms, r.sockets = gauge("sotto_rooms"), gauge("sotto_connections")
	r.sys, r.released = gauge("go_memstats_sys_bytes"), gauge("go_memstats_heap_released_bytes")
	r.messages, r.joins = vec("sotto_messages_total", "event"), vec("sotto_joins_total", "result")
	r.locks, r.limited = vec("sotto_lockouts_total", "kind"), vec("sotto_rate_limited_total", "limit")
	r.other = vec("something_else_total", "canary")
	r.sandbox = prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "sotto_sandbox"}, []string{"measure"})
	r.reg.MustRegister(r.sandbox)
	return r
}

// running keeps a history of the relay while f runs, in a bubble where time
// passes at no cost.
func running(t *testing.T, f func(r *relay, h *History)) {
	synctest.Test(t, func(*testing.T) {
		r := newRelay()
		h := New(r.reg, "v1.2.3")
		ctx, stop := context.WithCancel(context.Background())
		done := make(chan struct{})
		go func() {
			defer close(done)
			h.Run(ctx)
		}()
		f(r, h)
		stop()
		<-done
	})
}

func page(h *History, target string) (*http.Response, string) {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, target, nil))
	return w.Result(), w.Body.String()
}

// cardOf returns a card's figure, what is told of its line, and the line.
func cardOf(t *testing.T, body, name string) (now, label, points string) {
	t.Helper()
	m := regexp.MustCompile(`<h2>` + name + `</h2><p class="now">([^<]*)</p><svg role="img" aria-label="([^"]*)".*?points="([^"]*)"`).FindStringSubmatch(body)
	if m == nil {
		t.Fatalf("no card %q", name)
	}
	return m[1], m[2], m[3]
}

// What happened is what the page says.
func TestFiguresAreRight(t *testing.T) {
	running(t, func(r *relay, h *History) {
		r.joins.WithLabelValues("created").Add(5) // before the last hour
		time.Sleep(30*time.Minute + time.Second)  // not when a sample is taken
		for minute := range 60 {
			r.rooms.Set(float64(100 * minute))
			r.sockets.Set(float64(60 - minute))
			r.messages.WithLabelValues("send_message").Add(float64(minute))
			r.messages.WithLabelValues("read_receipt").Add(1000)
			r.joins.WithLabelValues("created").Inc()
			r.joins.WithLabelValues("unauthorized").Add(2)
			r.sys.Set(20 << 20)
			r.released.Set(8<<20 + 1<<19)
			time.Sleep(time.Minute)
		}
		r.locks.WithLabelValues("began").Add(3)
		r.locks.WithLabelValues("refused").Add(1000)
		r.sandbox.WithLabelValues("file_size").Set(1)
		r.sandbox.WithLabelValues("locked_memory").Set(0)
		time.Sleep(Interval + 9*time.Second) // a sample, and 10 s
		r.messages.WithLabelValues("send_message").Add(40)

		_, body := page(h, "/")
		for name, want := range map[string][2]string{
			"Rooms":             {"5\u202f900", "at most 5\u202f900"},
			"Sockets":           {"1", "at most 60"},
			"Messages a minute": {"60", "at most 118"}, // 40 in 40 s; 59 in 30 s
			"Joins a minute":    {"0", "at most 6"},
			"Lockouts a minute": {"4.5", "at most 6"},
			"Memory":            {"11.5 MiB", "at most 11.5 MiB"},
		} {
			now, label, points := cardOf(t, body, name)
			if now != want[0] || !strings.HasSuffix(label, want[1]) {
				t.Errorf("%s: %q, %q; want %q", name, now, label, want)
			}
			if n := len(strings.Fields(points)); n < kept-2 || n > kept+1 {
				t.Errorf("%s: %d points", name, n)
			}
		}
		for _, row := range []string{
			// The last hour is counted from its first sample.
			"created</th><td>59</td><td>65", "unauthorized</th><td>118</td><td>120",
			"began</th><td>3</td><td>3", "refused</th><td>1\u202f000</td><td>1\u202f000", "none yet",
			"Running for 1 h 30 min, version v1.2.3", "enforced by the kernel: file size. Not in force: locked memory.",
		} {
			if !strings.Contains(body, row) {
				t.Errorf("the page lacks %q", row)
			}
		}
	})
}

// The line of a value that rises evenly is a straight one, from the left edge
// to the right, and stays inside the drawing.
func TestLineIsDrawnToScale(t *testing.T) {
	running(t, func(r *relay, h *History) {
		time.Sleep(time.Second)
		for i := range 240 { // two hours: the first is forgotten
			r.rooms.Set(float64(i))
			time.Sleep(Interval)
		}
		h.mu.Lock()
		n := len(h.samples)
		h.mu.Unlock()
		if n != kept {
			t.Fatalf("%d samples are kept; want %d", n, kept)
		}
		_, body := page(h, "/")
		_, _, points := cardOf(t, body, "Rooms")
		var last [2]float64
		for i, p := range strings.Fields(points) {
			var x, y float64
			if _, err := fmt.Sscanf(p, "%f,%f", &x, &y); err != nil {
				t.Fatal(err)
			}
			value := (height - 2 - y) / (height - 4) * 239
			if want := 120 + x/width*119; value < want-3 || value > want+3 {
				t.Errorf("point %d, %s, stands for %.0f; want %.0f", i, p, value, want)
			}
			if x < last[0] || x > width || y < 0 || y > height {
				t.Errorf("point %d, %s, after %v", i, p, last)
			}
			last = [2]float64{x, y}
		}
		if last[0] != width {
			t.Errorf("the line ends at %v", last)
		}
	})
}

func TestPageIsLocked(t *testing.T) {
	running(t, func(r *relay, h *History) {
		r.other.WithLabelValues("canary-label").Inc()
		r.joins.WithLabelValues("<b>").Inc()
		res, body := page(h, "/")
		style := regexp.MustCompile(`(?s)<style>(.*?)</style>`).FindStringSubmatch(body)
		if style == nil {
			t.Fatal("no style")
		}
		sum := sha256.Sum256([]byte(style[1]))
		csp := res.Header.Get("Content-Security-Policy")
		if !strings.HasPrefix(csp, "default-src 'none'; style-src 'sha256-"+base64.StdEncoding.EncodeToString(sum[:])+"'; ") ||
			strings.Contains(csp, "unsafe") {
			t.Errorf("policy %q", csp)
		}
		for _, never := range []string{"<script", "<b>", "canary", "style=", "http-equiv", "src=", "NaN", "Inf"} {
			if strings.Contains(body, never) {
				t.Errorf("the page has %q", never)
			}
		}
		if got := res.Header.Get("Cache-Control"); got != "no-store" {
			t.Errorf("Cache-Control %q", got)
		}
		if got := res.Header.Get("Refresh"); got != "30" {
			t.Errorf("Refresh %q", got)
		}
		res, body = page(h, "/?still")
		if got := res.Header.Get("Refresh"); got != "" || !strings.Contains(body, `href="./"`) {
			t.Errorf("standing still it has Refresh %q, or no way back", got)
		}
	})
}
