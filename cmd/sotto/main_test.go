package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"sotto/relay"
)

func TestMain(m *testing.M) {
	testscript.Main(tests{m}, map[string]func(){"sotto": main})
}

// TestScripts runs the program as its users do; the scripts are in testdata.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:  "testdata",
		Cmds: map[string]func(*testscript.TestScript, bool, []string){"await": awaitLine, "get": getURL},
	})
}

// The help and README.md's table have every flag, and the table no other.
func TestFlagsAreTold(t *testing.T) {
	readme, err := os.ReadFile(filepath.Join("..", "..", "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	var help bytes.Buffer
	printHelp(&help)
	for _, o := range optionTable {
		value := o.value
		if value != "" {
			value = "`" + value + "`"
		}
		if row := "| `--" + o.name + "` | " + value + " | " + o.help + " |\n"; !bytes.Contains(readme, []byte(row)) {
			t.Errorf("README.md lacks the row\n%s", row)
		}
		if !strings.Contains(help.String(), "--"+o.name+" ") {
			t.Errorf("the help lacks --%s", o.name)
		}
	}
	if rows := bytes.Count(readme, []byte("| `--")); rows != len(optionTable) {
		t.Errorf("README.md has %d rows of flags, the help %d", rows, len(optionTable))
	}
}

func noEnv(string) (string, bool) { return "", false }

func TestFlagOverEnvironmentOverDefault(t *testing.T) {
	env := func(name string) (string, bool) {
		v, ok := map[string]string{"SOTTO_MAX_ROOMS": "5", "SOTTO_CREATE_RATE": "off", "SOTTO_LISTEN": ":1"}[name]
		return v, ok
	}
	o, _, err := parseOptions([]string{"--listen=:2", "--ping", "-1s"}, env)
	if err != nil {
		t.Fatal(err)
	}
	if o.listen != ":2" {
		t.Errorf("listen = %q; the flag must win", o.listen)
	}
	if o.relay.MaxRooms != 5 || o.relay.CreateRate != -1 {
		t.Errorf("max-rooms %d, create-rate %d; the environment must win over the default", o.relay.MaxRooms, o.relay.CreateRate)
	}
	if o.relay.UpgradeRate != relay.DefaultUpgradeRate || o.relay.RoomTTL != relay.DefaultRoomTTL {
		t.Errorf("upgrade-rate = %d, room-ttl %v; want the defaults", o.relay.UpgradeRate, o.relay.RoomTTL)
	}
	if o.relay.PingInterval >= 0 {
		t.Errorf("ping = %v; a negative value must turn it off", o.relay.PingInterval)
	}
}

func TestUnfitValuesAreAllNamed(t *testing.T) {
	args := []string{
		"--listen", "nonsense", "--room-ttl", "-1h", "--unpaired-ttl", "soon", "--max-rooms", "x",
		"--max-conns", "x", "--max-ciphertext", "many", "--create-rate", "0", "--upgrade-rate", "1.5",
		"--frame-rate", "0", "--admin-hosts", "a:b:c", "--pprof", "yes", "--ping", "0", "--join-floor", "x", "--lockout-attempts", "0", "--lockout-for", "0s",
		"--trusted-proxies", "10.0.0.0/33", "--log-format", "xml", "--log-level", "loud",
		"--tls-cert", "c.pem", "--admin-listen", "here", "--unknown", "x", "--also-unknown=y", "stray",
		"--log-level", "info",
	}
	_, _, err := parseOptions(args, noEnv)
	if err == nil {
		t.Fatal("everything was taken")
	}
	lines := strings.Split(err.Error(), "\n")
	for _, want := range []string{
		"--listen", "--room-ttl", "--unpaired-ttl", "--max-rooms", "--max-conns", "--max-ciphertext",
		"--create-rate", "--upgrade-rate", "--ping", "--join-floor", "--lockout-attempts", "--lockout-for",
		"--frame-rate", "--admin-hosts", "--pprof", "--trusted-proxies", "--log-format", "--tls-cert and --tls-key", "--admin-listen",
		"unknown flag --unknown", "unknown flag --also-unknown", `unexpected argument "stray"`,
		"--log-level is given twice",
	} {
		n := 0
		for _, l := range lines {
			if strings.Contains(l, want) {
				n++
			}
		}
		if n != 1 {
			t.Errorf("%q is named %d times in:\n%v", want, n, err)
		}
	}
}

// What only the library finds unfit is a usage error too.
func TestLibraryFaultsAreUsageErrors(t *testing.T) {
	var out, errs bytes.Buffer
	code := run(context.Background(), []string{"--max-ciphertext", "1", "--allowed-origins", "ftp"}, noEnv, &out, &errs)
	if code != exitUsage || !strings.Contains(errs.String(), "MaxCiphertextBytes") || !strings.Contains(errs.String(), "AllowedOrigins") {
		t.Errorf("exit %d: %s", code, errs.String())
	}
}
