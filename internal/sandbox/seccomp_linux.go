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

// filterSockets makes socket(2) fail with EACCES on all threads, and
// io_uring_setup(2), by which sockets could be made too. Accepting connections
// makes sockets by another call. With connect, sockets of TCP and UDP over IP
// can be made, but none can be given a port or listen; Multipath TCP, of whose
// ports Landlock knows nothing, stays denied. It needs no_new_privs.
//
// The filter is classic BPF over struct seccomp_data; see seccomp(2).
func (linux) filterSockets(connect bool) error {
	arch, ok := auditArch[runtime.GOARCH]
	if !ok {
		return fmt.Errorf("a socket filter for %s is %w", runtime.GOARCH, ErrUnsupported)
	}
	var f filter
	f.load(offArch)
	f.unless(arch, deny)
	f.load(offNumber)
	f.add(unix.BPF_JMP|unix.BPF_JGE|unix.BPF_K, x32, 0, 1)
	f.deny()
	f.when(unix.SYS_IO_URING_SETUP, deny)
	if connect {
		f.when(unix.SYS_BIND, deny)
		f.when(unix.SYS_LISTEN, deny)
		f.unless(unix.SYS_SOCKET, allow)
		f.load(offArgs) // domain
		f.either(unix.AF_INET, unix.AF_INET6)
		f.load(offArgs + 8) // type, beside flags
		f.add(unix.BPF_ALU|unix.BPF_AND|unix.BPF_K, sockTypeMask, 0, 0)
		f.either(unix.SOCK_STREAM, unix.SOCK_DGRAM)
		f.load(offArgs + 16) // protocol: what goes with the type
		f.unless(0, deny)
	} else {
		f.when(unix.SYS_SOCKET, deny)
	}
	f.allow()

	program := unix.SockFprog{Len: uint16(len(f)), Filter: &f[0]} //nolint:gosec // some twenty
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

// Offsets in struct seccomp_data. Arguments have 64 bits each; every
// architecture in auditArch keeps the low half first.
const (
	offNumber = 0
	offArch   = 4
	offArgs   = 16
)

// sockTypeMask leaves flags out of socket(2)'s type.
const sockTypeMask = 0xf

// What the filter answers.
const (
	deny  = unix.SECCOMP_RET_ERRNO | uint32(unix.EACCES)
	allow = unix.SECCOMP_RET_ALLOW
)

// filter is a program that is written line by line; jumps reach over the next
// one or two.
type filter []unix.SockFilter

func (f *filter) add(code uint16, k uint32, then, otherwise uint8) {
	*f = append(*f, unix.SockFilter{Code: code, K: k, Jt: then, Jf: otherwise})
}

func (f *filter) load(offset uint32) { f.add(unix.BPF_LD|unix.BPF_W|unix.BPF_ABS, offset, 0, 0) }
func (f *filter) deny()              { f.add(unix.BPF_RET|unix.BPF_K, deny, 0, 0) }
func (f *filter) allow()             { f.add(unix.BPF_RET|unix.BPF_K, allow, 0, 0) }

// when answers if what was loaded is k.
func (f *filter) when(k, answer uint32) {
	f.add(unix.BPF_JMP|unix.BPF_JEQ|unix.BPF_K, k, 0, 1)
	f.add(unix.BPF_RET|unix.BPF_K, answer, 0, 0)
}

// unless answers if what was loaded is not k.
func (f *filter) unless(k, answer uint32) {
	f.add(unix.BPF_JMP|unix.BPF_JEQ|unix.BPF_K, k, 1, 0)
	f.add(unix.BPF_RET|unix.BPF_K, answer, 0, 0)
}

// either denies what is neither a nor b.
func (f *filter) either(a, b uint32) {
	f.add(unix.BPF_JMP|unix.BPF_JEQ|unix.BPF_K, a, 2, 0)
	f.add(unix.BPF_JMP|unix.BPF_JEQ|unix.BPF_K, b, 1, 0)
	f.deny()
}
