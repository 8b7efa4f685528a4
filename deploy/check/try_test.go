package check

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"

	"sotto/internal/program"
)

// A real Prometheus scrapes a real relay by the files here, evaluates every
// rule, and raises nothing.
func TestPrometheusWatchesARelay(t *testing.T) {
	prometheus := program.Loopback(4)
	try, err := program.Start("env", "RELAY="+program.Loopback(3), "PROMETHEUS="+prometheus, "INTERVAL=1s", "../prometheus/try")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := try.Stop(syscall.SIGTERM); err != nil {
			t.Errorf("%v: %s", err, try.String())
		}
	})
	if err := try.Answers("http://"+prometheus+":9090/-/ready", http.StatusOK); err != nil {
		t.Fatal(err)
	}

	const patience = 4 * time.Minute
	ask := time.NewTicker(200 * time.Millisecond)
	defer ask.Stop()
	for deadline := time.After(patience); ; {
		missing := watching(t, "http://"+prometheus+":9090/api/v1/")
		if len(missing) == 0 {
			return
		}
		select {
		case <-ask.C:
		case <-deadline:
			t.Fatalf("%s: %s", strings.Join(missing, "; "), try.String())
		}
	}
}

// watching returns what Prometheus does not do as it should.
func watching(t *testing.T, api string) (missing []string) {
	t.Helper()
	var evaluated struct {
		Data struct {
			Groups []struct {
				Rules []struct {
					Name, Health, State, LastError string
				}
			}
		}
	}
	fetch(t, api+"rules", &evaluated)
	healthy := 0
	for _, g := range evaluated.Data.Groups {
		for _, r := range g.Rules {
			if r.Health == "ok" && (r.State == "" || r.State == "inactive") {
				healthy++
			} else {
				missing = append(missing, fmt.Sprintf("%s is %s %s %s", r.Name, r.Health, r.State, r.LastError))
			}
		}
	}
	if want := len(rules(t)); healthy != want {
		missing = append(missing, fmt.Sprintf("%d of %d rules are well", healthy, want))
	}
	// What a rule records is there a moment after its relay was first scraped.
	for _, query := range []string{`up{job="sotto"}`, "sotto_rooms_limit", "sotto:memory_bytes"} {
		var found struct {
			Data struct{ Result []any }
		}
		if fetch(t, api+"query?query="+query, &found); len(found.Data.Result) != 1 {
			missing = append(missing, fmt.Sprintf("%d results for %s", len(found.Data.Result), query))
		}
	}
	return missing
}

func fetch(t *testing.T, url string, into any) {
	t.Helper()
	res, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close() //nolint:errcheck // read
	if err := json.NewDecoder(res.Body).Decode(into); err != nil {
		t.Fatal(err)
	}
}
