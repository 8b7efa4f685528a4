package main

import (
	"bytes"
	"strings"
	"testing"
)

// TestOneTable: help, manual and completion each name every flag. That groff and
// bash understand them, package manual sees to.
func TestOneTable(t *testing.T) {
	for _, args := range []string{"--help", "--man", "--completion bash", "--completion zsh", "--completion=fish"} {
		o, err := parseOptions(strings.Fields(args))
		if err != nil {
			t.Fatal(err)
		}
		var b bytes.Buffer
		o.print(&b)
		for _, opt := range optionTable() {
			plain := strings.ReplaceAll(b.String(), `\-`, "-")
			if !strings.Contains(plain, "--"+opt.name) && !strings.Contains(plain, "-l "+opt.name+" ") {
				t.Errorf("%s does not name --%s:\n%s", args, opt.name, b.String())
			}
		}
	}
}

// TestRefusedArguments: every fault is named, and what could be a secret is not
// repeated.
func TestRefusedArguments(t *testing.T) {
	for args, want := range map[string][]string{
		"":                                {"address is missing"},
		"https://a.example +447700900123": {"number and PIN are no arguments"},
		"https://a.example 271828":        {"number and PIN are no arguments"},
		"http://a.example":                {"does not begin with https"},
		"https://a.example/?number=5":     {"is not https://host"},
		"https://user:pw@a.example":       {"is not https://host"},
		"--nonsense --idle=1s --sandbox off --man=x": {"--nonsense", "less than 10s", "none of on, require", "--man has no value"},
		"--idle": {"needs a value"},
	} {
		_, err := parseOptions(strings.Fields(args))
		if err == nil {
			t.Errorf("%q was taken", args)
			continue
		}
		for _, w := range want {
			if !strings.Contains(err.Error(), w) {
				t.Errorf("%q: %v, without %q", args, err, w)
			}
		}
		for _, secret := range []string{"447700900123", "271828", "pw@"} {
			if strings.Contains(err.Error(), secret) {
				t.Errorf("%q is repeated: %v", secret, err)
			}
		}
	}
	for _, good := range []string{"https://a.example", "https://a.example:8443/chat", "http://localhost:8080", "http://[::1]:1", "http://abcdef.onion"} {
		if o, err := parseOptions([]string{good}); err != nil || o.url != good {
			t.Errorf("%s: %v", good, err)
		}
	}
}

// TestPorts: the sandbox leaves the relay's port open, or its proxy's.
func TestPorts(t *testing.T) {
	for url, want := range map[string]uint16{"https://a.example": 443, "http://a.onion": 80, "https://a.example:8443/x": 8443} {
		if got, err := ports(url); err != nil || len(got) != 1 || got[0] != want {
			t.Errorf("%s: %v, %v", url, got, err)
		}
	}
}
