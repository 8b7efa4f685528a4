//go:build linux

package sandbox

import (
	"errors"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"unsafe"

	"github.com/landlock-lsm/go-landlock/landlock"
	lsys "github.com/landlock-lsm/go-landlock/landlock/syscall"
	"golang.org/x/sys/unix"
	"kernel.org/pub/linux/libs/security/libcap/psx"
)

// Enforce takes every measure of p that this kernel offers. It can't be undone.
// Call it once, with all listeners open. What it does not hold is in the
// report; a directory in ReadDirs that is not there makes Files missing.
func Enforce(p Policy) Report { return enforce(linux{}, p) }

type linux struct{}

// limitFileSize makes writing to a regular file beyond so many bytes fail with
// EFBIG; the signal that comes with it would end the process.
func (linux) limitFileSize(bytes uint64) error {
	signal.Ignore(syscall.SIGXFSZ)
	return unix.Setrlimit(unix.RLIMIT_FSIZE, &unix.Rlimit{Cur: bytes, Max: bytes})
}

func (linux) limitCore() error { return unix.Setrlimit(unix.RLIMIT_CORE, &unix.Rlimit{}) }

// undump is of the whole process, as is lockMemory.
func (linux) undump() error { return unix.Prctl(unix.PR_SET_DUMPABLE, 0, 0, 0, 0) }

// lockMemory locks pages as they come into use: Go reserves far more. With a
// limit the process would fail at the first mapping over it, once the
// capability that overrides limits is gone.
func (linux) lockMemory() error {
	unlimited := unix.Rlimit{Cur: unix.RLIM_INFINITY, Max: unix.RLIM_INFINITY}
	if err := unix.Setrlimit(unix.RLIMIT_MEMLOCK, &unlimited); err != nil {
		return fmt.Errorf("set the limit of locked memory (it must be unlimited): %w", err)
	}
	return unix.Mlockall(unix.MCL_CURRENT | unix.MCL_FUTURE | unix.MCL_ONFAULT)
}

// dropCapabilities takes all capabilities from every thread, and from whatever
// it might execute. Without any it has nothing to do.
func (linux) dropCapabilities() error {
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var data [2]unix.CapUserData
	if err := unix.Capget(&header, &data[0]); err != nil {
		return fmt.Errorf("read capabilities: %w", err)
	}
	const setpcap = 1 << unix.CAP_SETPCAP
	if data[0].Effective&setpcap != 0 {
		for c := uintptr(0); c <= unix.CAP_LAST_CAP; c++ {
			if err := allThreads(unix.SYS_PRCTL, unix.PR_CAPBSET_DROP, c, 0); err != nil && !errors.Is(err, unix.EINVAL) {
				return fmt.Errorf("drop a bounding capability: %w", err)
			}
		}
	}
	if err := allThreads(unix.SYS_PRCTL, unix.PR_CAP_AMBIENT, unix.PR_CAP_AMBIENT_CLEAR_ALL, 0); err != nil {
		return fmt.Errorf("clear ambient capabilities: %w", err)
	}
	header.Pid = 0
	data = [2]unix.CapUserData{}
	//nolint:gosec // capset takes pointers; unix.Capset is for one thread
	err := allThreads(unix.SYS_CAPSET, uintptr(unsafe.Pointer(&header)), uintptr(unsafe.Pointer(&data[0])), 0)
	if err != nil {
		return fmt.Errorf("drop capabilities: %w", err)
	}
	return nil
}

func (linux) noNewPrivileges() error {
	return allThreads(unix.SYS_PRCTL, unix.PR_SET_NO_NEW_PRIVS, 1, 0)
}

func (linux) landlockABI() int {
	abi, err := lsys.LandlockGetABIVersion()
	if err != nil {
		return 0
	}
	return abi
}

// landlock denies everything Landlock knows of but what p names.
func (linux) landlock(p Policy) error {
	for _, dir := range p.ReadDirs {
		if _, err := os.Stat(dir); err != nil {
			return err
		}
	}
	rules := []landlock.Rule{landlock.RODirs(p.ReadDirs...)}
	if p.WriteDir != "" {
		rules = append(rules, landlock.PathAccess(keepFiles, p.WriteDir))
	}
	if len(p.ConnectPorts) > 0 {
		rules = append(rules,
			landlock.ROFiles(resolverFiles...).IgnoreIfMissing(), landlock.RODirs(resolverDirs()...).IgnoreIfMissing(),
			landlock.ConnectTCP(portDNS), landlock.ConnectSendUDP(portDNS), landlock.BindUDP(0))
		for _, port := range p.ConnectPorts {
			rules = append(rules, landlock.ConnectTCP(port))
		}
	}
	return landlock.V11.BestEffort().Restrict(rules...)
}

// keepFiles is what it takes to keep small files in a directory, replacing
// each by rename.
const keepFiles = lsys.AccessFSReadFile | lsys.AccessFSReadDir | lsys.AccessFSWriteFile |
	lsys.AccessFSTruncate | lsys.AccessFSMakeReg | lsys.AccessFSRemoveFile

const portDNS = 53

// resolverFiles are what Go's own resolver reads.
var resolverFiles = []string{"/etc/resolv.conf", "/etc/hosts", "/etc/nsswitch.conf"}

// resolverDirs returns the directories outside /etc that these files are links
// into, such as /run/systemd/resolve: there the file is replaced by rename. One
// in /etc that is replaced can't be read any more: whoever changes it restarts
// the relay.
func resolverDirs() []string {
	var dirs []string
	for _, file := range resolverFiles {
		target, err := filepath.EvalSymlinks(file)
		if dir := filepath.Dir(target); err == nil && dir != "/etc" && dir != "/" {
			dirs = append(dirs, dir)
		}
	}
	return dirs
}

// allThreads makes a system call on every thread: Linux keeps privileges for
// each, and Go moves goroutines between them. psx does what the syscall
// package can't in builds with cgo.
func allThreads(trap, a, b, c uintptr) error {
	if _, _, errno := psx.Syscall6(trap, a, b, c, 0, 0, 0); errno != 0 {
		return errno
	}
	return nil
}
