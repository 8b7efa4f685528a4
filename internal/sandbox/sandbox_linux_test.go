package sandbox

import (
	"encoding/json"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
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
			pid, result, canary := runTrial(t, cgo)
			for _, m := range Measures() {
				checkHeld(t, result, m, abi)
			}
			for name, met := range result.Attempts {
				checkAttempt(t, name, met, abi)
			}
			if got, err := os.ReadFile(canary); err != nil || string(got) != "canary" {
				t.Errorf("the file outside is now %q, %v", got, err)
			}
			checkThreads(t, pid)
			checkLimits(t, pid)
		})
	}
}

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
func checkAttempt(t *testing.T, name string, met []string, abi int) {
	t.Helper()
	may := map[string]bool{"read allowed": true, "write to a pipe": true}
	least := 1
	switch name {
	case "write to an open file", "connect out", "bind a port", "connect by Multipath TCP", "send a datagram":
		least = 0 // not by Landlock
	case "truncate":
		least = abiTruncate
	}
	if !may[name] && abi < least {
		t.Logf("%s is not tried: Landlock ABI %d of this kernel is below %d", name, abi, least)
		return
	}
	for thread, err := range met {
		if (err == "") != may[name] {
			t.Errorf("%s on thread %d met %q; allowed: %v", name, thread, err, may[name])
		}
	}
}

// memoryCanBeLocked reports whether this machine lets a process of ours have
// unlimited locked memory.
func memoryCanBeLocked() bool {
	return exec.Command("sh", "-c", "ulimit -l unlimited").Run() == nil
}

func runTrial(t *testing.T, cgo string) (pid int, result trialResult, canary string) {
	t.Helper()
	dir := t.TempDir()
	program := filepath.Join(dir, "trial")
	build := exec.Command("go", "build", "-o", program, "./trial")
	build.Env = append(os.Environ(), "CGO_ENABLED="+cgo)
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	canary = filepath.Join(dir, "canary")
	allowed := t.TempDir()
	for path, text := range map[string]string{canary: "canary", filepath.Join(allowed, "cert"): "a certificate"} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })

	cmd := exec.Command(program, listener.Addr().String(), canary, allowed)
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
	return cmd.Process.Pid, result, canary
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
		if os.IsNotExist(err) {
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

func checkLimits(t *testing.T, pid int) {
	t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/limits", pid))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"Max file size", "Max core file size"} {
		found := false
		for line := range strings.Lines(string(text)) {
			if rest, ok := strings.CutPrefix(line, name); ok && strings.HasPrefix(strings.Join(strings.Fields(rest), " "), "0 0 ") {
				found = true
			}
		}
		if !found {
			t.Errorf("%s is not 0:\n%s", name, text)
		}
	}
}
