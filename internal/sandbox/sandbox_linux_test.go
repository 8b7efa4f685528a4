package sandbox

import (
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	lsys "github.com/landlock-lsm/go-landlock/landlock/syscall"
)

// trialResult is what the trial program prints.
type trialResult struct {
	Held     []Measure
	Missing  map[Measure]string
	Attempts map[string][]string
}

// TestNothingGetsOut runs the trial in a build with cgo and in one without:
// they reach their threads in different ways.
func TestNothingGetsOut(t *testing.T) {
	abi, err := lsys.LandlockGetABIVersion()
	if err != nil {
		abi = 0
	}
	for _, cgo := range []string{"0", "1"} {
		t.Run("CGO_ENABLED="+cgo, func(t *testing.T) {
			pid, result := runTrial(t, cgo, false)
			for _, m := range Measures() {
				checkHeld(t, result, m, abi)
			}
			may := map[string]bool{"read allowed": true, "write to a pipe": true}
			for name, met := range result.Attempts {
				checkAttempt(t, name, met, may[name], abi)
			}
			checkThreads(t, pid)
			checkLimits(t, pid, "0")
		})
	}
}

// TestAllowancesAreNoDoors gives the trial what ACME needs: it gets that and
// nothing beside it.
func TestAllowancesAreNoDoors(t *testing.T) {
	abi, err := lsys.LandlockGetABIVersion()
	if err != nil {
		abi = 0
	}
	pid, result := runTrial(t, "0", true)
	for _, m := range Measures() {
		if m != FileSize && m != Files && m != Network {
			checkHeld(t, result, m, abi)
		} else if (Report{Held: result.Held}).Holds(m) || abi >= abiTruncate && !strings.Contains(result.Missing[m], ErrAllowed.Error()) {
			t.Errorf("%s: missing for %q; want what is allowed", m, result.Missing[m])
		}
	}
	may := map[string]bool{
		"read allowed": true, "write to a pipe": true, "read resolv.conf": true,
		"connect where allowed": true, "ask a name server": true, "keep a file": true,
	}
	for name, met := range result.Attempts {
		switch {
		case (name == "connect out" || name == "connect by Multipath TCP") && abi < abiTCP, name == "send a datagram" && abi < abiUDP:
			t.Logf("%s is not tried: Landlock ABI %d of this kernel knows no such ports", name, abi)
		case name == "write to an open file": // within the limit of its size
		default:
			checkAttempt(t, name, met, may[name], abi)
		}
	}
	checkThreads(t, pid)
	checkLimits(t, pid, strconv.Itoa(WriteSize))
}

// Versions of Landlock that know ports.
const (
	abiTCP = 4
	abiUDP = 10
)

// checkHeld demands every measure but for what this kernel's Landlock lacks.
func checkHeld(t *testing.T, result trialResult, m Measure, abi int) {
	t.Helper()
	needs := 0
	if m == Files {
		needs = abiTruncate
	}
	held := Report{Held: result.Held}.Holds(m)
	if m == Memory && !memoryCanBeLocked() {
		t.Logf("locked_memory is not tried: RLIMIT_MEMLOCK can't be made unlimited here")
		if held || !strings.Contains(result.Missing[m], "unlimited") {
			t.Errorf("locked_memory: held %v, missing for %q", held, result.Missing[m])
		}
		return
	}
	switch {
	case abi < needs && held:
		t.Errorf("%s is said to hold with Landlock ABI %d", m, abi)
	case abi >= needs && !held:
		t.Errorf("%s does not hold: %s", m, result.Missing[m])
	}
}

// checkAttempt looks at what every thread met.
func checkAttempt(t *testing.T, name string, met []string, may bool, abi int) {
	t.Helper()
	least := 0 // not by Landlock
	switch name {
	case "create", "create allowed", "append", "rename", "remove", "mkdir", "read /etc/passwd", "read resolv.conf",
		"read outside", "execute", "keep a file", "make a folder to keep":
		least = 1
	case "truncate":
		least = abiTruncate
	}
	if !may && abi < least {
		t.Logf("%s is not tried: Landlock ABI %d of this kernel is below %d", name, abi, least)
		return
	}
	for thread, err := range met {
		if (err == "") != may {
			t.Errorf("%s on thread %d met %q; allowed: %v", name, thread, err, may)
		}
	}
}

// memoryCanBeLocked reports whether this machine lets a process of ours have
// unlimited locked memory.
func memoryCanBeLocked() bool {
	return exec.Command("sh", "-c", "ulimit -l unlimited").Run() == nil
}

// runTrial runs the trial, with what ACME needs if allowance, until the test
// ends.
func runTrial(t *testing.T, cgo string, allowance bool) (pid int, result trialResult) {
	t.Helper()
	dir := t.TempDir()
	program := filepath.Join(dir, "trial")
	build := exec.Command("go", "build", "-o", program, "./trial")
	build.Env = append(os.Environ(), "CGO_ENABLED="+cgo)
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	canary := filepath.Join(dir, "canary")
	allowed := t.TempDir()
	for path, text := range map[string]string{canary: "canary", filepath.Join(allowed, "cert"): "a certificate"} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	listen := func() string {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = l.Close() })
		return l.Addr().String()
	}
	args := []string{listen(), canary, allowed}
	if allowance {
		args = append(args, listen(), t.TempDir())
	}

	cmd := exec.Command(program, args...)
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = in.Close()
		if err := cmd.Wait(); err != nil {
			t.Errorf("the trial ended with %v", err)
		}
	})
	if err := json.NewDecoder(out).Decode(&result); err != nil {
		t.Fatal(err)
	}
	want := "canary"
	if allowance {
		want = "xanary" // it was open, and did not grow
	}
	if got, err := os.ReadFile(canary); err != nil || string(got) != want {
		t.Errorf("the file outside is now %q, %v", got, err)
	}
	return cmd.Process.Pid, result
}

// checkThreads looks at every thread's own status.
func checkThreads(t *testing.T, pid int) {
	t.Helper()
	tasks, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/status", pid))
	if err != nil || len(tasks) < 2 {
		t.Fatalf("%d threads, %v", len(tasks), err)
	}
	for _, task := range tasks {
		text, err := os.ReadFile(task)
		if errors.Is(err, os.ErrNotExist) || errors.Is(err, syscall.ESRCH) {
			continue // the thread ended
		}
		if err != nil {
			t.Fatal(err)
		}
		fields := make(map[string]string)
		for line := range strings.Lines(string(text)) {
			if name, value, ok := strings.Cut(line, ":"); ok {
				fields[name] = strings.TrimSpace(value)
			}
		}
		if fields["NoNewPrivs"] != "1" {
			t.Errorf("%s: NoNewPrivs %s", task, fields["NoNewPrivs"])
		}
		for _, set := range []string{"CapInh", "CapPrm", "CapEff", "CapAmb"} {
			if strings.Trim(fields[set], "0") != "" {
				t.Errorf("%s: %s %s", task, set, fields[set])
			}
		}
		if os.Geteuid() == 0 && strings.Trim(fields["CapBnd"], "0") != "" {
			t.Errorf("%s: CapBnd %s", task, fields["CapBnd"])
		}
		if fields["VmLck"] == "0 kB" && memoryCanBeLocked() {
			t.Errorf("%s: no memory is locked", task)
		}
	}
}

func checkLimits(t *testing.T, pid int, fileSize string) {
	t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/limits", pid))
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{"Max file size": fileSize, "Max core file size": "0"} {
		found := false
		for line := range strings.Lines(string(text)) {
			rest, ok := strings.CutPrefix(line, name)
			if ok && strings.HasPrefix(strings.Join(strings.Fields(rest), " "), want+" "+want+" ") {
				found = true
			}
		}
		if !found {
			t.Errorf("%s is not %s:\n%s", name, want, text)
		}
	}
}
