//go:build !linux

package loadtest

import (
	"runtime/metrics"
	"time"
)

// ownCPU is the runtime's estimate.
func ownCPU() time.Duration {
	s := []metrics.Sample{{Name: "/cpu/classes/total:cpu-seconds"}, {Name: "/cpu/classes/idle:cpu-seconds"}}
	metrics.Read(s)
	return time.Duration((s[0].Value.Float64() - s[1].Value.Float64()) * float64(time.Second))
}

// ownRSS is what the runtime has mapped and not given back.
func ownRSS() uint64 {
	s := []metrics.Sample{{Name: "/memory/classes/total:bytes"}, {Name: "/memory/classes/heap/released:bytes"}}
	metrics.Read(s)
	return s[0].Value.Uint64() - s[1].Value.Uint64()
}

// Kernel returns the release of the kernel, and nothing where it is not known.
func Kernel() string { return "" }

// Congestion returns the congestion control of TCP, and nothing where it is not
// known.
func Congestion() string { return "" }

// fileLimit returns 0: not known.
func fileLimit() int { return 0 }
