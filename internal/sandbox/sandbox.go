// Package sandbox takes from this process, for good, what a relay does not
// need once it serves: files, outgoing connections, new ports, privileges,
// core dumps. What it promises is enforced by the kernel, on every thread, in
// builds with cgo and without.
//
// It is Linux's. Elsewhere, and where a kernel lacks a feature, the report says
// what does not hold.
package sandbox

import (
	"errors"
	"fmt"
	"strings"
)

// Policy is what stays allowed.
type Policy struct {
	// ReadDirs are directories whose files may still be read, for certificates
	// that are replaced while the relay runs.
	ReadDirs []string
	// LockMemory keeps all memory of the process out of swap.
	LockMemory bool

	// ConnectPorts are TCP ports that may be connected to, with name servers
	// (port 53, TCP and UDP) and the files that say where those are. nil: no
	// connection out. Where Landlock has no say over ports (below ABI 4 for
	// TCP, 10 for UDP), all are open. With it, Network does not hold.
	ConnectPorts []uint16
	// WriteDir is a directory whose files may be created, written and removed,
	// each of at most WriteSize bytes. "": none. With it, neither FileSize nor
	// Files holds.
	WriteDir string
}

// WriteSize is how large a file in WriteDir may grow, and with one any other
// that is open for writing: a certificate, its key, an account.
const WriteSize = 64 << 10

// Measure is one thing the kernel enforces.
type Measure string

// The measures, in the order in which they are taken.
const (
	// FileSize: no regular file can grow (RLIMIT_FSIZE 0).
	FileSize Measure = "file_size"
	// CoreDumps: none are written (RLIMIT_CORE 0).
	CoreDumps Measure = "core_dumps"
	// Dumpable: no other process of the same user can read the memory
	// (PR_SET_DUMPABLE 0).
	Dumpable Measure = "not_dumpable"
	// Memory is locked into RAM (mlockall); only if asked for.
	Memory Measure = "locked_memory"
	// Capabilities: root's are gone.
	Capabilities Measure = "no_capabilities"
	// NewPrivileges: executing a program can't bring any back.
	NewPrivileges Measure = "no_new_privileges"
	// Files: none can be created, written, truncated, renamed or removed, nor
	// read outside what the policy names (Landlock, ABI 3).
	Files Measure = "files"
	// Network: no new socket of any kind, so no connection out and no new port
	// (seccomp, which denies io_uring too, as it makes sockets of its own;
	// Landlock from ABI 4 on says the same of TCP, but not of Multipath TCP).
	// Accepting goes on.
	Network Measure = "network"
)

// Measures returns all measures.
func Measures() []Measure {
	return []Measure{FileSize, CoreDumps, Dumpable, Memory, Capabilities, NewPrivileges, Files, Network}
}

// Report says which measures hold. What the policy allows is missing with
// ErrAllowed; the rest of that measure is in force nevertheless.
type Report struct {
	Held    []Measure
	Missing map[Measure]error
}

// Holds reports whether the measure was taken.
func (r Report) Holds(m Measure) bool {
	for _, h := range r.Held {
		if h == m {
			return true
		}
	}
	return false
}

// Err returns nil when every measure asked for holds, or an error that names
// each that does not. It wraps ErrIncomplete.
func (r Report) Err() error {
	var faults []error
	for _, m := range Measures() {
		if err, ok := r.Missing[m]; ok {
			faults = append(faults, fmt.Errorf("%s: %w", m, err))
		}
	}
	if len(faults) == 0 {
		return nil
	}
	return fmt.Errorf("%w: %w", ErrIncomplete, errors.Join(faults...))
}

// Words lists measures for one line of a log.
func Words(measures []Measure) string {
	words := make([]string, len(measures))
	for i, m := range measures {
		words[i] = string(m)
	}
	return strings.Join(words, " ")
}

var (
	// ErrIncomplete reports that some measure does not hold. What was taken
	// before can't be given back.
	ErrIncomplete = errors.New("sandbox: incomplete")
	// ErrUnsupported is why a measure is missing: this system does not have it.
	ErrUnsupported = errors.New("not supported by this system")
	// ErrAllowed is why a measure is missing: the policy asked for an exception,
	// which the error names. Nothing beyond it is allowed.
	ErrAllowed = errors.New("but for what was asked for")
)

func (r *Report) note(m Measure, err error) {
	if err == nil {
		r.Held = append(r.Held, m)
		return
	}
	if r.Missing == nil {
		r.Missing = make(map[Measure]error)
	}
	r.Missing[m] = err
}

// kernel is what measures are asked of; tests put a lesser one in its place.
type kernel interface {
	limitFileSize(bytes uint64) error
	limitCore() error
	undump() error
	lockMemory() error
	dropCapabilities() error
	noNewPrivileges() error
	// landlockABI is 0 without Landlock.
	landlockABI() int
	landlock(p Policy) error
	// filterSockets denies new sockets, or all but those that connect out.
	filterSockets(connect bool) error
}

// abiTruncate is the version of Landlock that can deny truncation.
const abiTruncate = 3

// enforce takes the measures of p in an order in which none prevents another.
func enforce(k kernel, p Policy) Report {
	var r Report
	size, writes := uint64(0), error(nil)
	if p.WriteDir != "" {
		size, writes = WriteSize, fmt.Errorf("denied, %w: files of up to %d KiB in one folder", ErrAllowed, WriteSize>>10)
	}
	r.note(FileSize, orElse(k.limitFileSize(size), writes))
	r.note(CoreDumps, k.limitCore())
	r.note(Dumpable, k.undump())
	if p.LockMemory {
		r.note(Memory, k.lockMemory())
	}
	r.note(Capabilities, k.dropCapabilities())
	r.note(NewPrivileges, k.noNewPrivileges())

	r.note(Files, orElse(restrictFiles(k, p), writes))
	var connects error
	if len(p.ConnectPorts) > 0 {
		connects = fmt.Errorf("denied, %w: connections out, to name servers and TCP ports %v", ErrAllowed, p.ConnectPorts)
	}
	r.note(Network, orElse(k.filterSockets(connects != nil), connects))
	return r
}

// orElse returns the first error that there is.
func orElse(err, other error) error {
	if err != nil {
		return err
	}
	return other
}

func restrictFiles(k kernel, p Policy) error {
	abi := k.landlockABI()
	if abi == 0 {
		return fmt.Errorf("landlock is %w", ErrUnsupported)
	}
	if err := k.landlock(p); err != nil {
		return err
	}
	if abi < abiTruncate {
		return fmt.Errorf("denying truncation is %w: landlock has ABI %d, not %d", ErrUnsupported, abi, abiTruncate)
	}
	return nil
}
