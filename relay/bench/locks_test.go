package bench

import (
	"cmp"
	"fmt"
	"runtime"
	"runtime/metrics"
	"slices"
	"strings"
	"time"
)

// watchLocks, sent to a child, has it note from now on where goroutines wait for a
// lock.
const watchLocks = "locks"

// lockWaits is how long goroutines have waited for locks, all together.
func lockWaits() time.Duration {
	sample := []metrics.Sample{{Name: "/sync/mutex/wait/total:seconds"}}
	metrics.Read(sample)
	return time.Duration(sample[0].Value.Float64() * float64(time.Second))
}

// topLocks returns the functions that gave up the locks that most was waited for,
// each with its share.
func topLocks(most int) []string {
	records := make([]runtime.BlockProfileRecord, 10_000)
	n, _ := runtime.MutexProfile(records)
	records = records[:min(n, len(records))]
	waits, all := make(map[string]int64), int64(0)
	for i := range records {
		waits[holder(records[i].Stack())] += records[i].Cycles
		all += records[i].Cycles
	}
	var top []string
	for name := range waits {
		top = append(top, name)
	}
	slices.SortFunc(top, func(a, b string) int { return cmp.Compare(waits[b], waits[a]) })
	top = top[:min(most, len(top))]
	for i, name := range top {
		top[i] = fmt.Sprintf("%d%% %s", 100*waits[name]/max(1, all), name)
	}
	return top
}

// holder is the first function of a stack that is no lock itself; for a lock of the
// runtime, its outermost function.
func holder(stack []uintptr) (name string) {
	frames := runtime.CallersFrames(stack)
	for more := true; more; {
		var f runtime.Frame
		f, more = frames.Next()
		if f.Function == "" {
			break
		}
		name = f.Function
		if !strings.HasPrefix(name, "sync.") && !strings.HasPrefix(name, "internal/sync.") && !strings.HasPrefix(name, "runtime.") {
			break
		}
	}
	return name
}
