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
}

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
	// read outside ReadDirs (Landlock, ABI 3).
	Files Measure = "files"
	// Network: no new socket of any kind, so no connection out and no new port
	// (seccomp; Landlock from ABI 4 on says the same of TCP, but not of
	// Multipath TCP). Accepting goes on.
	Network Measure = "network"
)

// Measures returns all measures.
func Measures() []Measure {
	return []Measure{FileSize, CoreDumps, Dumpable, Memory, Capabilities, NewPrivileges, Files, Network}
}

// Report says which measures hold.
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
	limitFileSize() error
	limitCore() error
	undump() error
	lockMemory() error
	dropCapabilities() error
	noNewPrivileges() error
	// landlockABI is 0 without Landlock.
	landlockABI() int
	landlock(readDirs []string) error
	denySockets() error
}

// abiTruncate is the version of Landlock that can deny truncation.
const abiTruncate = 3

// enforce takes the measures of p in an order in which none prevents another.
func enforce(k kernel, p Policy) Report {
	var r Report
	r.note(FileSize, k.limitFileSize())
	r.note(CoreDumps, k.limitCore())
	r.note(Dumpable, k.undump())
	if p.LockMemory {
		r.note(Memory, k.lockMemory())
	}
	r.note(Capabilities, k.dropCapabilities())
	r.note(NewPrivileges, k.noNewPrivileges())

	r.note(Files, restrictFiles(k, p.ReadDirs))
	r.note(Network, k.denySockets())
	return r
}

func restrictFiles(k kernel, readDirs []string) error {
	abi := k.landlockABI()
	if abi == 0 {
		return fmt.Errorf("landlock is %w", ErrUnsupported)
	}
	if err := k.landlock(readDirs); err != nil {
		return err
	}
	if abi < abiTruncate {
		return fmt.Errorf("denying truncation is %w: landlock has ABI %d, not %d", ErrUnsupported, abi, abiTruncate)
	}
	return nil
}
