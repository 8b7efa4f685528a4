package loadtest

import "fmt"

// Files that a phone needs: its socket, with a ghost now and then.
const filesPerPhone = 1.25

// spareFiles are what the process needs beside phones.
const spareFiles = 64

// FileWarning says what to change if so many pairs need more open files than
// this process may have, and is empty if they do not.
func FileWarning(pairs int) string {
	limit, need := fileLimit(), int(2*float64(pairs)*filesPerPhone)+spareFiles
	if limit == 0 || need <= limit {
		return ""
	}
	return fmt.Sprintf("warning: %d phones need about %d open files, and %d are allowed: "+
		"use at most %d pairs, or raise the limit with ulimit -n %d (as root, or in limits.conf)",
		2*pairs, need, limit, int(float64(limit-spareFiles)/2/filesPerPhone), need)
}
