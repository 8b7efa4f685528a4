package dumpattack

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"os"
	"slices"
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

// Pieces are three pieces of the canary, which has at least 15 bytes, in each of
// their forms.
func Pieces(canary []byte) (needles []Needle) {
	const piece = 15 // 20 characters of base64
	for _, at := range []int{0, len(canary) / 6 * 3, (len(canary) - piece) / 3 * 3} {
		at = min(at, len(canary)-piece)
		needles = append(needles, Forms(fmt.Sprintf("from byte %d", at), canary[at:at+piece])...)
	}
	return needles
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

// Read copies all writable memory of a process but pages of zeros, which are
// most of it and end a region.
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
	buffer := make([]byte, 256*pageSize)
	lines := bufio.NewScanner(maps)
	for lines.Scan() {
		var from, to uint64
		var perms string
		if _, err := fmt.Sscanf(lines.Text(), "%x-%x %s", &from, &to, &perms); err != nil || !strings.HasPrefix(perms, "rw") {
			continue
		}
		for from < to {
			pages := buffer[:min(to-from, uint64(len(buffer)))]
			if _, err := mem.ReadAt(pages, int64(from)); err != nil { //nolint:gosec // an address of user space
				break // pages of the kernel's
			}
			memory = appendWritten(memory, from, pages)
			from += uint64(len(pages))
		}
	}
	return memory, lines.Err()
}

const pageSize = 4096

// appendWritten appends what is written of pages that begin at an address.
func appendWritten(memory []Region, address uint64, pages []byte) []Region {
	var zeros [pageSize]byte
	for page := range slices.Chunk(pages, pageSize) {
		if !bytes.Equal(page, zeros[:]) {
			n := len(memory)
			if n == 0 || memory[n-1].Address+uint64(len(memory[n-1].Bytes)) != address {
				memory = append(memory, Region{Address: address})
				n++
			}
			memory[n-1].Bytes = append(memory[n-1].Bytes, page...)
		}
		address += pageSize
	}
	return memory
}
