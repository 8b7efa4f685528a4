package embedtest

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"

	"sotto/client"
	"sotto/wire"
)

// patience bounds every wait: to derive keys takes seconds on a busy machine.
const patience = 5 * time.Minute

// withPass adds what the service's admission check asks for.
type withPass struct{ http.RoundTripper }

func (w withPass) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.Header.Set("X-Pass", "let me in")
	return w.RoundTripper.RoundTrip(r)
}

func TestRelayInsideAnotherService(t *testing.T) {
	var logs bytes.Buffer
	reg := prometheus.NewRegistry()
	svc, err := newService(zerolog.New(zerolog.SyncWriter(&logs)), reg)
	if err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewServer(svc)
	defer srv.Close()

	for path, want := range map[string]struct {
		status int
		body   string
	}{
		"/":                    {http.StatusOK, "the shop"},
		"/private/":            {http.StatusOK, "<!doctype html>"},
		"/private/healthz":     {http.StatusOK, "ok"},
		"/private/api/config":  {http.StatusOK, `"monetization_enabled":false`},
		"/private/no/such":     {http.StatusNotFound, ""},
		existsPath("/private"): {http.StatusForbidden, `{"error":"forbidden"}`},
		existsPath(""):         {http.StatusOK, "the shop"}, // the relay is under its prefix only
	} {
		status, body := get(t, srv.URL+path)
		if status != want.status || !strings.Contains(strings.ToLower(body), strings.ToLower(want.body)) {
			t.Errorf("%s: %d %.80q; want %d with %q", path, status, body, want.status, want.body)
		}
		if strings.Contains(body, errNoPass.Error()) {
			t.Errorf("%s tells the text of Admit's error", path)
		}
	}

	text := talk(t, srv.URL+"/private")
	if text != "see you at ten" {
		t.Errorf("the message arrived as %q", text)
	}

	families, err := reg.Gather()
	if err != nil {
		t.Fatal(err)
	}
	found := false
	for _, f := range families {
		found = found || f.GetName() == "shop_sotto_messages_total"
	}
	if !found {
		t.Error("the service's registry lacks the relay's metrics under the service's prefix")
	}

	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if err := svc.relay.Shutdown(ctx); err != nil {
		t.Errorf("shutdown: %v", err)
	}
	if err := svc.relay.Check(); err != nil {
		t.Errorf("check: %v", err)
	}
	if got := logs.String(); !strings.Contains(got, "socket closed") {
		t.Errorf("the service's logger got %q", got)
	}
}

func existsPath(prefix string) string {
	return prefix + "/api/room/" + strings.Repeat("0", 64) + "/exists"
}

func get(t *testing.T, url string) (int, string) {
	t.Helper()
	res, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, string(body)
}

// talk sends one message between two clients and returns what arrived.
func talk(t *testing.T, url string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	open := func(pin string) *client.Session {
		id, err := client.Derive("+44 7700 900123", pin)
		if err != nil {
			t.Fatal(err)
		}
		s, err := client.Open(ctx, client.Config{
			URL: url, Identity: id,
			HTTPClient: &http.Client{Transport: withPass{http.DefaultTransport}},
		})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { s.Close() })
		return s
	}
	ann, ben := open("428613"), open("906217")
	var none wire.MessageID
	if id, err := ann.Send(ctx, "see you at ten"); err != nil || id == none {
		t.Fatal(err)
	}
	for {
		event, err := ben.Next(ctx)
		if err != nil {
			t.Fatal(err)
		}
		switch e := event.(type) {
		case client.State:
			if e.Message != nil {
				return e.Message.Text
			}
		case client.NewMessage:
			return e.Message.Text
		}
	}
}
