package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"

	"sotto/loadtest/proxy"
)

// Two phones before an echo, changed while a connection lasts.
func TestProxy(t *testing.T) {
	echo, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = echo.Close() }()
	go func() { // ends with the listener
		for {
			c, err := echo.Accept()
			if err != nil {
				return
			}
			go func() { _, _ = io.Copy(c, c) }() // ends with its client
		}
	}()

	ctx, cancel := context.WithCancel(t.Context())
	out, stdout := io.Pipe()
	ended := make(chan int, 1)
	go func() {
		ended <- run(ctx, []string{
			"proxy", "--listen", "127.0.0.1:0", "--listen", "127.0.0.1:0=edge", "--profile", "loopback",
			"--to", echo.Addr().String(), "--api", "127.0.0.1:0", "--seed", "7",
		}, stdout, t.Output())
		_ = stdout.Close()
	}()
	lines := bufio.NewScanner(out)
	said := func(format string, into ...any) {
		t.Helper()
		if !lines.Scan() {
			t.Fatal("the proxy said nothing")
		}
		if _, err := fmt.Sscanf(lines.Text(), format, into...); err != nil {
			t.Fatalf("%q: %v", lines.Text(), err)
		}
	}
	var quick, slow, target, profile, api string
	said("%s to %s %s", &quick, &target, &profile)
	said("%s to %s edge", &slow, &target)
	said("changes at %s", &api)
	said("seed 7")

	c, err := net.Dial("tcp", quick)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	if _, err := c.Write([]byte("hello")); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(c, make([]byte, 5)); err != nil {
		t.Fatal(err)
	}
	_, port, _ := strings.Cut(quick, ":")
	resp, err := http.Post(api+"/"+port+"/cut", "", nil)
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	if _, err := c.Read(make([]byte, 1)); err == nil {
		t.Error("the connection outlived its network")
	}
	if resp, err = http.Get(api); err != nil {
		t.Fatal(err)
	}
	var all []proxy.Status
	if err := json.NewDecoder(resp.Body).Decode(&all); err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	if len(all) != 2 || all[0].Listen != quick || all[0].Accepted != 1 || all[1].Listen != slow || all[1].Profile != "edge" {
		t.Errorf("%+v", all)
	}
	cancel()
	if code := <-ended; code != exitOK {
		t.Errorf("ended with %d", code)
	}
}
