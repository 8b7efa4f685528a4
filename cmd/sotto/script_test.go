package main

import (
	"crypto/tls"
	"io"
	"net/http"
	"os"
	"regexp"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// awaitLine waits until a file has a line that matches, and sets $found to its
// first group: await FILE REGEXP.
func awaitLine(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: await FILE REGEXP")
	}
	re := regexp.MustCompile(args[1])
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); <-time.After(10 * time.Millisecond) {
		text, err := os.ReadFile(ts.MkAbs(args[0]))
		if err != nil {
			continue
		}
		if m := re.FindSubmatch(text); m != nil {
			if len(m) > 1 {
				ts.Setenv("found", string(m[1]))
			}
			return
		}
	}
	ts.Fatalf("%s never matched %q:\n%s", args[0], args[1], ts.ReadFile(args[0]))
}

// getURL fetches a URL, checks the status and writes the body to stdout's
// place, the file body: get STATUS URL.
func getURL(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: get STATUS URL")
	}
	client := http.Client{Timeout: patience, Transport: &http.Transport{
		DisableKeepAlives: true,
		TLSClientConfig:   &tls.Config{InsecureSkipVerify: true},
	}}
	res, err := client.Get(args[1])
	ts.Check(err)
	defer func() { _ = res.Body.Close() }()
	body, err := io.ReadAll(res.Body)
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs("body"), body, 0o600))
	if got := res.Status[:3]; got != args[0] {
		ts.Fatalf("%s: %s; want %s", args[1], res.Status, args[0])
	}
}
