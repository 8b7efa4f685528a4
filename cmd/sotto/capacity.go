package main

import (
	"fmt"
	"io/fs"
	"math"
	"os"
	"path"
	"runtime/debug"
	"strconv"
	"strings"

	"sotto/relay"
	"sotto/wire"
)

// What a host has to reckon with, in bytes; README.md says so too, and
// TestMemoryCeiling holds it.
const (
	memoryBase   = 64 << 20
	memorySocket = 20 << 10
	memoryTLS    = 40 << 10 // a socket more, where the relay ends TLS itself
	memoryRoom   = 8 << 10  // beside its message
)

const (
	// ownFiles are kept for the admin listener, certificates and the runtime, when
	// strangers have taken all others.
	ownFiles = 32
	// spareFiles are not for sockets: ownFiles, and the connections that the relay
	// takes beside sockets.
	spareFiles = ownFiles + relay.ConnReserve
	// One part in slotShare of the memory that nothing was asked for goes to large
	// messages, where --max-slot-memory is left open.
	slotShare = 8
	// roomsUnbounded is --max-rooms where nothing says how much memory there is.
	roomsUnbounded = 100_000
)

// fit fills in the limits for sockets and rooms that are left open: as many
// sockets as the limit of open files and half of the memory allow, and rooms for
// the rest, after an eighth for large messages. There are never more sockets than files, as newcomers would have to
// wait where they can be refused. memory is what the process may take, 0 if that
// is not known.
func (o *options) fit(cfg *relay.Config, memory int64) error {
	mostConns := relay.DefaultMaxConns
	if files, ok := fileLimit(); ok {
		mostConns = max(1, int(min(files, 1<<30))-spareFiles)
	}
	conns, rooms := cfg.MaxConns, cfg.MaxRooms
	if conns <= 0 || conns > mostConns {
		conns = mostConns
	}
	if memory == 0 {
		cfg.MaxConns = conns
		if rooms == 0 {
			cfg.MaxRooms = roomsUnbounded
		}
		return nil
	}
	socket, room := o.memoryFor(cfg)
	free := memory - memoryBase
	if cfg.MaxSlotMemory == 0 {
		asked := int64(max(0, cfg.MaxConns))*socket + int64(max(0, rooms))*room
		cfg.MaxSlotMemory = max(1, (free-asked)/slotShare)
	}
	free -= slotMemory(cfg)
	if cfg.MaxConns <= 0 {
		forSockets := free / 2
		if rooms > 0 {
			forSockets = free - int64(rooms)*room
		}
		conns = int(min(int64(conns), forSockets/socket))
	}
	if rooms == 0 {
		rooms = int((free - int64(conns)*socket) / room)
	}
	if conns < 1 || rooms == 0 || rooms < 0 && cfg.MaxRooms == 0 {
		return fmt.Errorf("%d MiB of memory (GOMEMLIMIT, or the control group's limit) are too little: give --max-conns and --max-rooms, or more", memory>>20)
	}
	cfg.MaxConns, cfg.MaxRooms = conns, rooms
	return nil
}

// memoryFor returns what a socket and a room may take, in bytes.
func (o *options) memoryFor(cfg *relay.Config) (socket, room int64) {
	socket, room = memorySocket, int64(memoryRoom+min(cfg.MaxCiphertextBytes, wire.StdCiphertext))
	if o.servesTLS() {
		socket += memoryTLS
	}
	return socket, room
}

// slotMemory returns what large messages may take, in bytes, 0 where they are off
// or have no limit.
func slotMemory(cfg *relay.Config) int64 {
	if cfg.MaxCiphertextBytes <= wire.StdCiphertext {
		return 0
	}
	return max(0, cfg.MaxSlotMemory)
}

// reckoned returns what a relay that is full takes at most, in bytes, not
// counting rooms and large messages whose limit is off.
func (o *options) reckoned(cfg *relay.Config) int64 {
	socket, room := o.memoryFor(cfg)
	return memoryBase + slotMemory(cfg) + int64(cfg.MaxConns)*socket + int64(max(0, cfg.MaxRooms))*room
}

// memoryLimit returns how much memory the process may take, in bytes: what
// GOMEMLIMIT is nine tenths of, or else the limit of the control group, of which
// nine tenths become Go's limit. It returns 0 where neither is set.
func memoryLimit() int64 {
	if set := debug.SetMemoryLimit(-1); set != math.MaxInt64 {
		return set / 9 * 10
	}
	limit := groupLimit(os.DirFS("/"))
	if limit > 0 {
		debug.SetMemoryLimit(limit / 10 * 9)
	}
	return limit
}

// groupLimit returns the least limit of memory among this process's control
// group and those around it, version 2 or 1, or 0.
func groupLimit(root fs.FS) (limit int64) {
	groups, _ := fs.ReadFile(root, "proc/self/cgroup") // no Linux, no limit
	for line := range strings.Lines(string(groups)) {
		// cgroups(7): hierarchy-ID:controllers:path, without controllers in version 2.
		part := strings.SplitN(strings.TrimSpace(line), ":", 3)
		if len(part) < 3 {
			continue
		}
		var top, file string
		switch part[1] {
		case "":
			top, file = "sys/fs/cgroup", "memory.max"
		case "memory":
			top, file = "sys/fs/cgroup/memory", "memory.limit_in_bytes"
		default:
			continue
		}
		for group := path.Clean("/" + part[2]); ; group = path.Dir(group) {
			const none = 1 << 60 // version 1 says a figure beyond
			text, _ := fs.ReadFile(root, path.Join(top, group, file))
			if n, err := strconv.ParseInt(strings.TrimSpace(string(text)), 10, 64); err == nil && n > 0 && n < none && (limit == 0 || n < limit) {
				limit = n
			}
			if group == "/" {
				break
			}
		}
	}
	return limit
}
