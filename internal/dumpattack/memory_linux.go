package dumpattack

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"os"
	"strings"
)

// Needle is what is looked for, in one of the forms that it may have.
type Needle struct {
	Name string
	Text []byte
}

// Forms are a few bytes raw, as base64 and as hex. Their number is to be a
// multiple of 3: then the base64 of the whole, which they begin or go on, has
// that of them.
func Forms(name string, part []byte) []Needle {
	return []Needle{
		{name + ", raw", part},
		{name + ", base64", []byte(base64.StdEncoding.EncodeToString(part))},
		{name + ", hex", []byte(hex.EncodeToString(part))},
	}
}

// Search looks for three pieces of the canary, which has at least 15 bytes, in
// all writable memory of a process and says where it found which.
func Search(pid int, canary []byte) (found []string, err error) {
	const piece = 15 // 20 characters of base64
	var needles []Needle
	for _, at := range []int{0, len(canary) / 6 * 3, (len(canary) - piece) / 3 * 3} {
		at = min(at, len(canary)-piece)
		needles = append(needles, Forms(fmt.Sprintf("from byte %d", at), canary[at:at+piece])...)
	}
	memory, err := Read(pid)
	return Find(memory, needles), err
}

// Find says where which needle is, once a region.
func Find(memory []Region, needles []Needle) (found []string) {
	for _, region := range memory {
		for _, n := range needles {
			if at := bytes.Index(region.Bytes, n.Text); at >= 0 {
				found = append(found, fmt.Sprintf("%s, at %x", n.Name, region.Address+uint64(at)))
			}
		}
	}
	return found
}

// Read copies all writable memory of a process.
func Read(pid int) (memory []Region, err error) {
	maps, err := os.Open(fmt.Sprintf("/proc/%d/maps", pid))
	if err != nil {
		return nil, err
	}
	defer func() { _ = maps.Close() }()
	mem, err := os.Open(fmt.Sprintf("/proc/%d/mem", pid))
	if err != nil {
		return nil, err
	}
	defer func() { _ = mem.Close() }()
	lines := bufio.NewScanner(maps)
	for lines.Scan() {
		var from, to uint64
		var perms string
		if _, err := fmt.Sscanf(lines.Text(), "%x-%x %s", &from, &to, &perms); err != nil || !strings.HasPrefix(perms, "rw") {
			continue
		}
		region := make([]byte, to-from)
		if _, err := mem.ReadAt(region, int64(from)); err != nil {
			continue // pages of the kernel's
		}
		memory = append(memory, Region{Address: from, Bytes: region})
	}
	return memory, lines.Err()
}
