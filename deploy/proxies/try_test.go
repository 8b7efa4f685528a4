package proxies_test

import (
	"net"
	"net/http"
	"syscall"
	"testing"
	"time"

	"sotto/deploy/internal/program"
)

// The script for a first look starts a relay and a proxy, and leaves nothing
// behind.
func TestTry(t *testing.T) {
	for n, proxy := range []string{"caddy", "nginx"} {
		t.Run(proxy, func(t *testing.T) {
			t.Parallel()
			front, behind := program.Loopback(10+2*n), program.Loopback(11+2*n)
			try, err := program.Start("env", "PROXY="+front, "RELAY="+behind, "./try", proxy)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = try.Stop(syscall.SIGTERM) })
			if err := try.Answers("http://"+front+":8000/api/config", http.StatusOK); err != nil {
				t.Fatal(err)
			}
			if err := try.Stop(syscall.SIGTERM); err != nil {
				t.Errorf("%v: %s", err, try.Output())
			}
			for _, address := range []string{front + ":8000", behind + ":8080", behind + ":8081"} {
				if c, err := net.DialTimeout("tcp", address, 5*time.Second); err == nil {
					_ = c.Close()
					t.Errorf("something still listens on %s", address)
				}
			}
		})
	}
}
