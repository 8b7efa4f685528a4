package relay_test

import (
	"errors"
	"math"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"sotto/lockout"
	"sotto/relay"
)

func years(n time.Duration) time.Duration { return n * 365 * 24 * time.Hour }

// Every fault is named at once.
func TestConfig_Faults(t *testing.T) {
	for name, tt := range map[string]struct {
		cfg  relay.Config
		want []string
	}{
		"none": {relay.Config{}, nil},
		"all that may be off": {relay.Config{
			MaxRooms: -1, MaxConns: -1, MaxConnsPerAddress: -1, PingInterval: -1, CreateRate: -1, UpgradeRate: -1, JoinFloor: -1,
			Lockout: lockout.Policy{Attempts: -1},
		}, nil},
		"other bounds": {relay.Config{MaxCiphertextBytes: 64 << 10}, nil},
		"RoomTTL":      {relay.Config{RoomTTL: -1}, []string{"RoomTTL"}},
		"UnpairedTTL":  {relay.Config{UnpairedTTL: -time.Second}, []string{"UnpairedTTL"}},
		"Lockout.For":  {relay.Config{Lockout: lockout.Policy{For: -1}}, []string{"Lockout.For"}},
		"the longest times": {relay.Config{
			RoomTTL: years(50), UnpairedTTL: years(50), JoinFloor: 15 * time.Second, Lockout: lockout.Policy{For: years(50)},
		}, nil},
		"times that no sum holds": {
			relay.Config{RoomTTL: math.MaxInt64, UnpairedTTL: math.MaxInt64, Lockout: lockout.Policy{For: years(50) + 1}},
			[]string{"RoomTTL", "UnpairedTTL", "Lockout.For"},
		},
		"JoinFloor":            {relay.Config{JoinFloor: 15*time.Second + 1}, []string{"JoinFloor"}},
		"ciphertext too small": {relay.Config{MaxCiphertextBytes: 511}, []string{"MaxCiphertextBytes 511"}},
		"ciphertext too large": {relay.Config{MaxCiphertextBytes: 64<<10 + 1}, []string{"MaxCiphertextBytes 65537"}},
		"bad origins": {
			relay.Config{AllowedOrigins: []string{"a.example", "https://a.example/", "*", "", "https://a.example/x", "https://u@a.example", "null", "https://"}},
			[]string{`"a.example"`, `"https://a.example/"`, `"*"`, `""`, `"https://a.example/x"`, `"https://u@a.example"`, `"null"`, `"https://"`},
		},
		"mapped prefixes": {relay.Config{TrustedProxies: []netip.Prefix{
			netip.MustParsePrefix("::ffff:10.0.0.0/104"), netip.MustParsePrefix("::ffff:0:0/96"),
		}}, nil},
		"an invalid prefix": {relay.Config{TrustedProxies: []netip.Prefix{{}}}, []string{"TrustedProxies"}},
		"a mapped prefix that is too wide": {
			relay.Config{TrustedProxies: []netip.Prefix{netip.MustParsePrefix("::ffff:10.0.0.0/95")}},
			[]string{"TrustedProxies: ::ffff:10.0.0.0/95"},
		},
		"all at once": {
			relay.Config{
				RoomTTL: -1, UnpairedTTL: -1, MaxCiphertextBytes: 1, Lockout: lockout.Policy{For: -1},
				AllowedOrigins: []string{"x", "y"}, TrustedProxies: []netip.Prefix{{}, {}},
			},
			[]string{"RoomTTL", "UnpairedTTL", "Lockout.For", "MaxCiphertextBytes", `"x"`, `"y"`, "TrustedProxies", "TrustedProxies"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			err := tt.cfg.Validate()
			if tt.want == nil {
				want(t, "Validate", err, nil)
				return
			}
			if !errors.Is(err, relay.ErrConfig) {
				t.Fatalf("Validate: %v; want ErrConfig", err)
			}
			lines := strings.Split(err.Error(), "\n")
			if len(lines) != len(tt.want) {
				t.Fatalf("%d faults are named; want %d:\n%v", len(lines), len(tt.want), err)
			}
			for i, part := range tt.want {
				if !strings.Contains(lines[i], part) {
					t.Errorf("fault %d is %q; want one of %s", i+1, lines[i], part)
				}
			}
		})
	}
	if rl, err := relay.New(relay.Config{RoomTTL: -1}); !errors.Is(err, relay.ErrConfig) || rl != nil {
		t.Errorf("New = %v, %v; want ErrConfig", rl, err)
	}
}

// An IPv4-mapped prefix means the IPv4 one, and peers are compared unmapped.
func TestConfig_TrustedProxies(t *testing.T) {
	rl, err := relay.New(relay.Config{TrustedProxies: []netip.Prefix{
		netip.MustParsePrefix("::ffff:10.0.0.0/104"), netip.MustParsePrefix("2001:db8::/32"),
	}})
	if err != nil {
		t.Fatal(err)
	}
	defer closeRelay(t, rl)
	for peer, trusted := range map[string]bool{
		"10.1.2.3:80": true, "10.1.2.3": true, "[::ffff:10.1.2.3]:80": true, "[2001:db8::1%eth0]:80": true,
		"11.0.0.1:80": false, "[2001:db9::1]:80": false,
		"": true, "@": true, // of a Unix listener
	} {
		if rl.TrustsProxy(peer) != trusted {
			t.Errorf("%q is trusted: %v", peer, !trusted)
		}
	}
}

// Two relays on one registry would mix their counts: the second is refused,
// and leaves nothing behind. With a prefix, or labels for each, both fit.
func TestConfig_OneRegistry(t *testing.T) {
	reg := prometheus.NewRegistry()
	first, err := relay.New(relay.Config{Registerer: reg})
	if err != nil {
		t.Fatal(err)
	}
	defer closeRelay(t, first)
	before := metricsText(t, reg)
	var already prometheus.AlreadyRegisteredError
	if second, err := relay.New(relay.Config{Registerer: reg}); !errors.As(err, &already) || second != nil {
		t.Errorf("New = %v, %v; want an AlreadyRegisteredError", second, err)
	}
	if after := metricsText(t, reg); after != before {
		t.Errorf("the second left something behind:\n%s", after)
	}
	for _, other := range []prometheus.Registerer{
		prometheus.WrapRegistererWithPrefix("third_", reg),
		prometheus.WrapRegistererWith(prometheus.Labels{"relay": "one"}, prometheus.NewRegistry()),
	} {
		rl, err := relay.New(relay.Config{Registerer: other})
		if err != nil {
			t.Fatal(err)
		}
		closeRelay(t, rl)
	}
	// One name that someone else has taken is enough: a scrape must not meet half a relay.
	half := prometheus.NewRegistry()
	half.MustRegister(prometheus.NewGauge(prometheus.GaugeOpts{Name: "sotto_connections", Help: "Something else."}))
	if _, err := relay.New(relay.Config{Registerer: half}); err == nil || len(gather(t, half)) != 1 {
		t.Errorf("New: %v, with %d metrics; want an error, and the one from before", err, len(gather(t, half)))
	}
}

func closeRelay(t *testing.T, rl *relay.Relay) {
	t.Helper()
	if err := rl.Close(); err != nil {
		t.Errorf("Close: %v", err)
	}
}
