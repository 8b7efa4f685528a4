package relay_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"sotto/relay"
)

// In a service that speaks HTTP/2 there are no sockets over it, and what is refused breaks nothing.
func TestAttack_HTTP2(t *testing.T) {
	rl, err := relay.New(relay.Config{})
	if err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewUnstartedServer(rl)
	srv.EnableHTTP2 = true
	srv.StartTLS()
	t.Cleanup(func() {
		srv.Close()
		if err := errors.Join(rl.Close(), rl.Check()); err != nil {
			t.Error(err)
		}
	})
	room, exists := roomPath("room"), "/api/room/"+hash("room")+"/exists"
	for range 3 { // a refusal ends the connection, and the next is answered
		for name, tt := range map[string]struct {
			method, path, body string
			status             int
		}{
			"exists":      {"GET", exists, "", 200},
			"a socket":    {"GET", room, "", 426},
			"with a body": {"POST", exists, strings.Repeat("x", 1<<20), 400},
		} {
			req, err := http.NewRequestWithContext(t.Context(), tt.method, srv.URL+tt.path, strings.NewReader(tt.body))
			if err != nil {
				t.Fatal(err)
			}
			resp, err := srv.Client().Do(req)
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			want(t, name+": status", resp.StatusCode, tt.status)
			want(t, name+": HTTP", resp.ProtoMajor, 2)
			if err := resp.Body.Close(); err != nil {
				t.Error(err)
			}
		}
	}
}
