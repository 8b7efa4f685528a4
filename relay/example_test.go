package relay_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"

	"sotto/relay"
)

// A relay under a path of another service, with its own admission check.
func Example() {
	rl, err := relay.New(relay.Config{
		Admit: func(r *http.Request) error {
			if r.Header.Get("X-Member") == "" {
				return fmt.Errorf("not a member")
			}
			return nil
		},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	mux := http.NewServeMux()
	mux.Handle("/private/", http.StripPrefix("/private", rl))
	mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, "the service")
	})
	srv := httptest.NewServer(mux)
	defer srv.Close()
	// A server's own Shutdown does not wait for sockets: the relay's does.
	defer func() { _ = rl.Shutdown(context.Background()) }()

	for _, path := range []string{"/", "/private/healthz", "/private/room/no-hash/ws"} {
		resp, err := http.Get(srv.URL + path)
		if err != nil {
			fmt.Println(err)
			return
		}
		body, _ := io.ReadAll(resp.Body)
		_ = resp.Body.Close()
		fmt.Println(resp.StatusCode, string(body))
	}
	// Output:
	// 200 the service
	// 200 ok
	// 400 {"error":"invalid_room"}
}
