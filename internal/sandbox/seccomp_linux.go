//go:build linux

package sandbox

import (
	"fmt"
	"runtime"
	"unsafe"

	"golang.org/x/sys/unix"
)

// auditArch names the system-call tables the filter knows. On the others
// sockets come by other calls too.
var auditArch = map[string]uint32{
	"amd64":   unix.AUDIT_ARCH_X86_64,
	"arm64":   unix.AUDIT_ARCH_AARCH64,
	"riscv64": unix.AUDIT_ARCH_RISCV64,
}

// x32 is set in the numbers of amd64's other table.
const x32 = 0x40000000

// denySockets makes socket(2) fail with EACCES on all threads. Accepting
// connections makes sockets by another call. It needs no_new_privs.
//
// The filter is classic BPF over struct seccomp_data, whose first fields are
// the number of the call and the architecture; see seccomp(2).
func (linux) denySockets() error {
	arch, ok := auditArch[runtime.GOARCH]
	if !ok {
		return fmt.Errorf("a socket filter for %s is %w", runtime.GOARCH, ErrUnsupported)
	}
	const (
		offNumber = 0
		offArch   = 4
		load      = unix.BPF_LD | unix.BPF_W | unix.BPF_ABS
		equal     = unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K
		atLeast   = unix.BPF_JMP | unix.BPF_JGE | unix.BPF_K
		answer    = unix.BPF_RET | unix.BPF_K
	)
	filter := []unix.SockFilter{
		{Code: load, K: offArch},
		{Code: equal, K: arch, Jf: 3}, // else: deny
		{Code: load, K: offNumber},
		{Code: atLeast, K: x32, Jt: 1}, // then: deny
		{Code: equal, K: unix.SYS_SOCKET, Jf: 1},
		{Code: answer, K: unix.SECCOMP_RET_ERRNO | uint32(unix.EACCES)},
		{Code: answer, K: unix.SECCOMP_RET_ALLOW},
	}
	program := unix.SockFprog{Len: uint16(len(filter)), Filter: &filter[0]} //nolint:gosec // 7
	thread, _, errno := unix.Syscall(unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER,
		unix.SECCOMP_FILTER_FLAG_TSYNC, uintptr(unsafe.Pointer(&program))) //nolint:gosec // seccomp takes a pointer
	if errno != 0 {
		return errno
	}
	if thread != 0 {
		return fmt.Errorf("thread %d has a filter of its own", thread)
	}
	return nil
}
