// Package ansible tests the role beside it, as far as that goes without a machine
// to set up.
package ansible

import (
	"os"
	"os/exec"
	"testing"
)

func TestRole(t *testing.T) {
	for _, command := range [][]string{
		{"ansible-playbook", "--syntax-check", "-i", "localhost,", "site.yml"},
		{"ansible-lint", "--offline", "--profile", "production", "site.yml", "roles"},
	} {
		cmd := exec.Command(command[0], command[1:]...)
		// It keeps what it finds out in a folder of its own.
		cmd.Env = append(os.Environ(), "HOME="+t.TempDir(), "ANSIBLE_HOME="+t.TempDir(), "LC_ALL=C.UTF-8")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("%q: %v\n%s", command, err, out)
		}
	}
}
