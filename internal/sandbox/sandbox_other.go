//go:build !linux

package sandbox

// Enforce has nothing to enforce with here: every measure is missing.
func Enforce(p Policy) Report { return enforce(none{}, p) }

type none struct{}

func (none) limitFileSize(_ uint64) error { return ErrUnsupported }
func (none) limitCore() error             { return ErrUnsupported }
func (none) undump() error                { return ErrUnsupported }
func (none) lockMemory() error            { return ErrUnsupported }
func (none) dropCapabilities() error      { return ErrUnsupported }
func (none) noNewPrivileges() error       { return ErrUnsupported }
func (none) landlockABI() int             { return 0 }
func (none) landlock(_ Policy) error      { return ErrUnsupported }
func (none) filterSockets(_ bool) error   { return ErrUnsupported }
