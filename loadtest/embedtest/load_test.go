package embedtest

import (
	"context"
	"net/http"
	"net/http/httptest"
	"os"
	"testing"
	"time"

	"sotto/loadtest"
	"sotto/relay"
)

// A service mounts a relay under a path, and ten phones on a slow network talk
// over it until they have exchanged some messages.
func TestPhonesTalkOverThisService(t *testing.T) {
	rl, err := relay.New(relay.Config{
		CreateRate: -1, UpgradeRate: -1, // all phones have one address
	})
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.Handle("/private/", http.StripPrefix("/private", rl))
	srv := httptest.NewServer(mux)
	defer srv.Close()
	defer func() {
		if err := rl.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
		if err := rl.Check(); err != nil {
			t.Errorf("check: %v", err)
		}
	}()

	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	report, err := loadtest.Run(ctx, loadtest.Config{
		URL:      srv.URL + "/private",
		Profile:  "fast-4g",
		Pairs:    5,
		Duration: time.Hour,
		Ramp:     time.Second,
		Think:    500 * time.Millisecond,
		Seed:     1,
		Progress: func(p loadtest.Progress) {
			if p.Messages >= 20 { // as long as that takes
				cancel()
			}
		},
		// A machine that tests other things at the same time proves no latency;
		// the ledger holds everywhere.
		Targets: new(loadtest.Targets),
	})
	if err != nil {
		t.Fatal(err)
	}
	if report.Verdict == loadtest.Failed || !report.Ledger.Fine() || report.Ledger.Delivered == 0 {
		if err := report.WriteText(os.Stderr); err != nil {
			t.Error(err)
		}
		t.Errorf("the verdict is %s", report.Verdict)
	}
	if least := 60.; report.Profiles[0].Hot.Count > 0 && report.Profiles[0].Hot.P50 < least {
		t.Errorf("hot p50 is %v ms, below the network's round trip", report.Profiles[0].Hot.P50)
	}
}
