package haproxy_test

import (
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"

	"sotto/deploy/internal/kit"
	"sotto/internal/program"
)

// sotto is the relay's program.
var sotto string

func TestMain(m *testing.M) { os.Exit(program.Main("../..", &sotto, m.Run)) }

// cluster is an HAProxy with relays behind it, on loopback addresses of its
// own and otherwise as deployed.
type cluster struct {
	t      *testing.T
	first  int // number of its first address; the proxy has it, relay n the n-th after
	url    string
	edge   *program.Process
	config string
	relays map[int]*program.Process
	flags  []string
}

// addresses are handed out to the clusters of this process.
var addresses struct {
	sync.Mutex
	used int
}

func newCluster(t *testing.T, relays int, edit func(*cluster, string) string, flags ...string) *cluster {
	t.Helper()
	addresses.Lock()
	// From 16 to 63, eight for each; clients have those from 64 on.
	c := &cluster{t: t, first: 16 + addresses.used%48, relays: make(map[int]*program.Process), flags: flags}
	addresses.used += 8
	addresses.Unlock()
	c.url = "http://" + c.address(0) + ":8000"
	t.Cleanup(c.end)
	for n := 1; n <= relays; n++ {
		c.startRelay(n)
	}
	dir := t.TempDir()
	c.config = filepath.Join(dir, "haproxy.cfg")
	kit.Write(t, filepath.Join(dir, "together.lua"), read(t, "together.lua"))
	kit.Write(t, c.config, c.derive(edit(c, read(t, "haproxy.cfg"))))
	edge, err := program.Start("haproxy", "-W", "-f", c.config)
	if err != nil {
		t.Fatal(err)
	}
	c.edge = edge
	c.must(edge.Listens(c.address(0) + ":8000"))
	return c
}

// unchanged is for newCluster: the configuration as it is.
func unchanged(_ *cluster, config string) string { return config }

// derive replaces addresses in a configuration, and times so that the test is
// quick; nothing else.
func (c *cluster) derive(config string) string {
	c.t.Helper()
	config = kit.Swap(c.t, config, "bind :80\n", "bind "+c.address(0)+":8000\n")
	config = kit.Swap(c.t, config, "hard-stop-after 10s", "hard-stop-after 1s")
	// A busy machine is not to have a relay given up that lives.
	config = kit.Swap(c.t, config, "timeout check 5s", "timeout check 2m")
	config = swapBoth(c.t, config, "inter 2s fastinter 1s", "inter 200ms fastinter 100ms")
	for n := range c.relays {
		config = swapBoth(c.t, config, fmt.Sprintf("relay%d.internal:8080", n), c.address(n)+":8080")
	}
	if os.Geteuid() != 0 { // what only root can do
		config = kit.Swap(c.t, config, "    user haproxy\n    group haproxy\n    chroot /var/lib/haproxy\n", "")
	}
	return config
}

// swapBoth replaces what both lists of relays have.
func swapBoth(t *testing.T, text, old, replacement string) string {
	t.Helper()
	if n := strings.Count(text, old); n != 2 {
		t.Fatalf("%q is there %d times, not twice", old, n)
	}
	return strings.ReplaceAll(text, old, replacement)
}

func (c *cluster) end() {
	if c.edge != nil {
		_ = c.edge.Stop(syscall.SIGTERM)
	}
	for _, relay := range c.relays {
		_ = relay.Stop(syscall.SIGKILL)
	}
	if c.t.Failed() && c.edge != nil {
		c.t.Logf("haproxy wrote: %s", c.edge.String())
	}
}

func (c *cluster) address(n int) string { return program.Loopback(c.first + n) }

func (c *cluster) startRelay(n int) {
	c.t.Helper()
	relay, err := program.Start(sotto, append([]string{
		"--listen", c.address(n) + ":8080", "--admin-listen", c.address(n) + ":8081",
		"--trusted-proxies", "127.0.0.1/32",
	}, c.flags...)...)
	c.must(err)
	c.relays[n] = relay
	c.must(relay.Answers(c.ready(n), http.StatusOK))
}

func (c *cluster) ready(n int) string { return "http://" + c.address(n) + ":8081/readyz" }

// addRelay starts one more and reloads HAProxy with it.
func (c *cluster) addRelay(n int) {
	c.t.Helper()
	c.startRelay(n)
	last := fmt.Sprintf("    server relay%[1]d relay%[1]d.internal:8080 id %[1]d\n", n-1)
	next := fmt.Sprintf("    server relay%[1]d relay%[1]d.internal:8080 id %[1]d\n", n)
	kit.Write(c.t, c.config, c.derive(swapBoth(c.t, read(c.t, "haproxy.cfg"), last, last+next)))
	c.must(c.edge.Signal(syscall.SIGUSR2))
}

// says waits until HAProxy has written something.
func (c *cluster) says(what string) {
	c.t.Helper()
	_, err := c.edge.Await(what)
	c.must(err)
}

func (c *cluster) must(err error) {
	c.t.Helper()
	if err != nil {
		c.t.Fatal(err)
	}
}

// from returns a client whose requests come from another address of this
// machine: 1 to 190.
func from(n int) *http.Client {
	dialer := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(program.Loopback(64 + n))}}
	return &http.Client{Transport: &http.Transport{DialContext: dialer.DialContext, DisableKeepAlives: true}}
}

func read(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
