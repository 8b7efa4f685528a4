package loadtest_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"time"

	"sotto/loadtest"
	"sotto/relay"
)

// A service mounts a relay under a path, and ten phones on a phone network talk
// over it until they have exchanged some messages.
func Example() {
	rl, err := relay.New(relay.Config{CreateRate: -1, UpgradeRate: -1}) // all phones have one address
	if err != nil {
		fmt.Println(err)
		return
	}
	mux := http.NewServeMux()
	mux.Handle("/private/", http.StripPrefix("/private", rl))
	srv := httptest.NewServer(mux)
	defer srv.Close()

	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	report, err := loadtest.Run(ctx, loadtest.Config{
		URL:      srv.URL + "/private",
		Profile:  "fast-4g",
		Pairs:    5,
		Duration: time.Hour,
		Ramp:     time.Second,
		Think:    500 * time.Millisecond,
		Seed:     1,
		Targets:  new(loadtest.Targets), // none: this machine does other things as well
		Progress: func(now loadtest.Progress) {
			if now.Messages >= 20 {
				cancel()
			}
		},
	})
	fmt.Println(err, report.Ledger.Fine(), report.Ledger.Delivered > 0, report.Verdict != loadtest.Failed)
	fmt.Println(rl.Close(), rl.Check())
	// Output:
	// <nil> true true true
	// <nil> <nil>
}
