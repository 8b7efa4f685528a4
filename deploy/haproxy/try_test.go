package haproxy_test

import (
	"fmt"
	"net"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"

	"sotto/internal/program"
)

// The script for a first look starts all of it, and leaves nothing behind.
func TestTry(t *testing.T) {
	t.Parallel()
	prefix := strings.TrimSuffix(program.Loopback(1), ".1")
	// The other clusters here begin behind the numbers this one takes.
	try, err := program.Start("env", "NET="+prefix, "./try")
	if err != nil {
		t.Fatal(err)
	}
	stopped := false
	defer func() {
		if !stopped {
			_ = try.Stop(syscall.SIGTERM)
		}
	}()
	for n := 1; n <= 3; n++ {
		if err := try.Answers(fmt.Sprintf("http://%s.%d:8081/readyz", prefix, n), http.StatusOK); err != nil {
			t.Fatal(err)
		}
	}
	if err := try.Answers("http://"+prefix+".10:8000/api/config", http.StatusOK); err != nil {
		t.Fatal(err)
	}
	stopped = true
	if err := try.Stop(syscall.SIGTERM); err != nil {
		t.Errorf("%v: %s", err, try.String())
	}
	for _, address := range []string{".10:8000", ".1:8080", ".2:8080", ".3:8080"} {
		if c, err := net.DialTimeout("tcp", prefix+address, 5*time.Second); err == nil {
			_ = c.Close()
			t.Errorf("something still listens on %s", address)
		}
	}
}
