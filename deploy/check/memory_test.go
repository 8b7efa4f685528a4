package check

import (
	"regexp"
	"strconv"
	"testing"
)

// Every way to run the relay says what memory it may have, to what holds it
// to that and to Go: nine tenths of it, or a little less.
func TestMemoryLimitsGoTogether(t *testing.T) {
	for file, limit := range map[string]string{
		"container/compose.yaml": `(?m)^    mem_limit: (\S+)$`,
		"systemd/sotto.service":  `(?m)^MemoryMax=(\S+)$`,
	} {
		t.Run(file, func(t *testing.T) {
			all, gos := quantity(t, file, limit), quantity(t, file, `GOMEMLIMIT(?:=|: |, value: )(\w+)`)
			if gos > all*9/10 || gos < all*8/10 {
				t.Errorf("the limit is %d bytes, GOMEMLIMIT %d", all, gos)
			}
		})
	}
}

// quantity reads a number of bytes, which systemd and Compose call g where it is
// Gi, and Go GiB.
func quantity(t *testing.T, file, pattern string) int64 {
	t.Helper()
	found := regexp.MustCompile(pattern).FindSubmatch(read(t, file))
	if found == nil {
		t.Fatalf("there is no %s", pattern)
	}
	number := regexp.MustCompile(`^(\d+)([mMgG])i?B?$`).FindSubmatch(found[1])
	if number == nil {
		t.Fatalf("%s is no size", found[1])
	}
	unit := map[byte]int64{'m': 1 << 20, 'M': 1 << 20, 'g': 1 << 30, 'G': 1 << 30}[number[2][0]]
	n, err := strconv.ParseInt(string(number[1]), 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return n * unit
}
