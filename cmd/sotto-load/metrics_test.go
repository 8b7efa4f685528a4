package main

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"sotto/loadtest"
)

func TestMetrics(t *testing.T) {
	var said strings.Builder
	m, err := serveMetrics("127.0.0.1:0", &said)
	if err != nil {
		t.Fatal(err)
	}
	defer m.close()
	var url string
	if _, err := fmt.Sscanf(said.String(), "metrics at %s", &url); err != nil {
		t.Fatalf("%q: %v", said.String(), err)
	}
	for messages, want := range []string{
		"sotto_load_accepted_messages_total 0\n",
		"# TYPE sotto_load_accepted_messages_total counter\nsotto_load_accepted_messages_total 1\n",
		"sotto_load_delivery_p99_seconds 2.5\n",
	} {
		if messages > 0 {
			m.update(loadtest.Progress{Messages: messages, P99: 2500 * time.Millisecond})
		}
		resp, err := http.Get(url)
		if err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(resp.Body)
		_ = resp.Body.Close()
		if err != nil || !strings.Contains(string(got), want) {
			t.Errorf("after %d messages, %v:\n%s", messages, err, got)
		}
	}
	if _, err := serveMetrics("127.0.0.1:nowhere", io.Discard); err == nil {
		t.Error("a bad address is fine")
	}
}
