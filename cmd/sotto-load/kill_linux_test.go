package main

import (
	"bufio"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"sotto/loadtest/tun"
)

// A run that is killed takes its relay and its namespaces with it.
func TestKilledRunLeavesNothing(t *testing.T) {
	if n, err := tun.Open(); errors.Is(err, tun.ErrUnavailable) {
		t.Skipf("not tried: %v", err)
	} else if err != nil {
		t.Fatal(err)
	} else {
		n.Close()
	}
	program := filepath.Join(t.TempDir(), "sotto-load")
	if out, err := exec.Command("go", "build", "-o", program, ".").CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	cmd := exec.Command(program, "run", "--net=tun", "--profile", "loopback", "--pairs", "1", "--duration", "1h", "--slo", "off")
	stderr, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if !bufio.NewScanner(stderr).Scan() { // it is under way
		t.Error("the run said nothing")
	}
	mine, err := os.Readlink("/proc/self/ns/net")
	if err != nil {
		t.Fatal(err)
	}
	made := make(map[string]bool)
	for space := range spaces(t, program) {
		if space != mine {
			made[space] = true
		}
	}
	if len(made) != 2 {
		t.Errorf("%d network namespaces, want the phones' and the relay's", len(made))
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait() // killed
	for len(spaces(t, program)) > 0 {
		select {
		case <-t.Context().Done():
			t.Fatal("processes are left")
		case <-time.After(10 * time.Millisecond):
		}
	}
}

// spaces returns the network namespaces of every thread of a program.
func spaces(t *testing.T, program string) map[string]bool {
	t.Helper()
	exes, err := filepath.Glob("/proc/*/exe")
	if err != nil {
		t.Fatal(err)
	}
	found := make(map[string]bool)
	for _, exe := range exes {
		if name, err := os.Readlink(exe); err != nil || name != program {
			continue
		}
		tasks, err := filepath.Glob(filepath.Join(filepath.Dir(exe), "task/*/ns/net"))
		if err != nil {
			t.Fatal(err)
		}
		for _, task := range tasks {
			if space, err := os.Readlink(task); err == nil { // else it has ended
				found[space] = true
			}
		}
	}
	return found
}
