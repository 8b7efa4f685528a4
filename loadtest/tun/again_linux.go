package tun

import (
	"os"
	"os/exec"
	"syscall"
)

// againEnv tells a program that it was started again.
const againEnv = "SOTTO_LOAD_USER_NAMESPACE"

// Again prepares cmd, which is this program with its arguments, to run as root
// of a user namespace of its own, where Open may succeed after it has failed for
// want of rights. It reports false if that has been tried already. The process
// ends with the thread that starts it, which therefore should be kept.
func Again(cmd *exec.Cmd) bool {
	if os.Getenv(againEnv) != "" {
		return false
	}
	env := cmd.Env
	if env == nil {
		env = os.Environ()
	}
	cmd.Env = append(env, againEnv+"=1")
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags:  syscall.CLONE_NEWUSER,
		Pdeathsig:   syscall.SIGKILL,
		UidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getuid(), Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getgid(), Size: 1}},
	}
	return true
}
