package main

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"golang.org/x/net/idna"
)

// plain drops the function name and input that strconv and time repeat.
func plain(err error) error {
	var num *strconv.NumError
	if errors.As(err, &num) {
		return fmt.Errorf("is not a whole number: %w", num.Err)
	}
	return err
}

func parseListen(v string) (string, error) {
	if _, port, err := net.SplitHostPort(v); err != nil {
		return "", errors.New("is not host:port")
	} else if _, err := net.LookupPort("tcp", port); err != nil {
		return "", errors.New("has no usable port")
	}
	return v, nil
}

func parseListenOrOff(v string) (string, error) {
	if v == "off" {
		return "", nil
	}
	return parseListen(v)
}

func parseOnOff(v string) (bool, error) {
	if v != "on" && v != "off" {
		return false, errors.New("is neither on nor off")
	}
	return v == "on", nil
}

// parseHosts reads host names and addresses, without ports.
func parseHosts(v string) ([]string, error) {
	var hosts []string
	for _, s := range splitList(v) {
		host := hostOf(s)
		if _, err := netip.ParseAddr(host); err != nil && (host != strings.ToLower(s) || strings.ContainsAny(s, "*:/")) {
			return nil, fmt.Errorf("has %q, which is neither a name nor an address", s)
		}
		hosts = append(hosts, host)
	}
	return hosts, nil
}

// parseDomains reads host names with a dot, in lower case and Punycode.
func parseDomains(v string) ([]string, error) {
	var domains []string
	for _, s := range splitList(v) {
		name, err := idna.Lookup.ToASCII(s)
		if err != nil || !strings.Contains(strings.Trim(name, "."), ".") || strings.ContainsAny(name, "*:/") || net.ParseIP(name) != nil {
			return nil, fmt.Errorf("has %q, which is no domain", s)
		}
		domains = append(domains, strings.ToLower(strings.TrimSuffix(name, ".")))
	}
	return domains, nil
}

// parseLimit reads a positive number, or off.
func parseLimit(v string) (int, error) {
	n, err := parseLimitOrZero(v)
	if err == nil && n == 0 {
		return 0, errors.New("is 0: use off for no limit")
	}
	return n, err
}

func parseLimitOrZero(v string) (int, error) {
	if v == "off" {
		return -1, nil
	}
	return strconv.Atoi(v)
}

func parsePositive(v string) (time.Duration, error) {
	d, err := time.ParseDuration(v)
	if err != nil {
		return 0, errNotDuration
	}
	if d <= 0 {
		return 0, errors.New("is not more than 0")
	}
	return d, nil
}

var errNotDuration = errors.New("is not a duration such as 500ms, 30m or 24h")

// parseDurationOrOff reads a positive duration, or off, or a negative one,
// which means off.
func parseDurationOrOff(v string) (time.Duration, error) {
	if v == "off" {
		return -1, nil
	}
	d, err := time.ParseDuration(v)
	if err != nil {
		return 0, errNotDuration
	}
	if d == 0 {
		return 0, errors.New("is 0: use off")
	}
	return d, nil
}

func parsePrefixes(v string) ([]netip.Prefix, error) {
	var prefixes []netip.Prefix
	for _, s := range splitList(v) {
		p, err := netip.ParsePrefix(s)
		if err != nil {
			a, err := netip.ParseAddr(s)
			if err != nil {
				return nil, fmt.Errorf("has %q, which is neither CIDR nor address", s)
			}
			p = netip.PrefixFrom(a, a.BitLen())
		}
		prefixes = append(prefixes, p)
	}
	return prefixes, nil
}

// text writes a default as people do: 24h, not 24h0m0s.
func text(d time.Duration) string {
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}

func splitList(v string) []string {
	var out []string
	for _, s := range strings.Split(v, ",") {
		if s = strings.TrimSpace(s); s != "" {
			out = append(out, s)
		}
	}
	return out
}
