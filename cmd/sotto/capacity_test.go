package main

import (
	"testing"
	"testing/fstest"

	"sotto/relay"
)

// Limits that are left open follow from files and memory, by what README.md
// tells hosts to reckon with.
func TestLimitsFitWhatThereIs(t *testing.T) {
	files, ok := fileLimit()
	if !ok {
		t.Fatal("the limit of files is not known")
	}
	most := int(min(files, 1<<30)) - spareFiles
	const gib = 1 << 30
	for name, tt := range map[string]struct {
		memory      int64
		conns       int // asked for, as all that follows
		rooms       int
		slots       int64
		noLarge     bool
		tls         bool
		wantConns   int
		wantRooms   int
		wantTooFull bool
		tooMuch     bool
	}{
		"nothing is known":                {wantConns: most, wantRooms: roomsUnbounded},
		"limits off":                      {conns: -1, rooms: -1, wantConns: most, wantRooms: -1},
		"more sockets than files":         {conns: most + 1, rooms: 5, wantConns: most, wantRooms: 5},
		"asked for":                       {memory: gib, conns: 1, rooms: 1, wantConns: 1, wantRooms: 1},
		"asked for, beyond what there is": {memory: 1 << 20, conns: 100, rooms: 100, wantConns: 100, wantRooms: 100, tooMuch: true},
		"rooms open":                      {memory: gib, conns: 5120, wantConns: 5120, wantRooms: 48160},
		"rooms open, no large messages":   {memory: gib, conns: 5120, noLarge: true, wantConns: 5120, wantRooms: 55040},
		"rooms open, slots asked for":     {memory: gib, conns: 5120, slots: 240 << 20, wantConns: 5120, wantRooms: 39680},
		"rooms open, TLS":                 {memory: gib, conns: 5120, tls: true, wantConns: 5120, wantRooms: 36960},
		"sockets open":                    {memory: gib, rooms: 61000, wantConns: 308, wantRooms: 61000},
		"sockets open, rooms off":         {memory: 128 << 20, rooms: -1, wantConns: 1433, wantRooms: -1},
		"both open":                       {memory: 128 << 20, wantConns: 1433, wantRooms: 1792},
		"too little":                      {memory: memoryBase, wantTooFull: true},
		"too little for rooms":            {memory: 128 << 20, conns: 4000, wantTooFull: true},
		"too little for sockets":          {memory: 128 << 20, rooms: 4096, wantTooFull: true},
	} {
		t.Run(name, func(t *testing.T) {
			o := new(options)
			if tt.tls {
				o.tlsCert = "cert.pem"
			}
			cfg := relay.Config{MaxConns: tt.conns, MaxRooms: tt.rooms, MaxCiphertextBytes: relay.DefaultMaxCiphertextBytes, MaxSlotMemory: tt.slots}
			if tt.noLarge {
				cfg.MaxCiphertextBytes = 8192
			}
			err := o.fit(&cfg, tt.memory)
			if tt.wantTooFull {
				if err == nil {
					t.Errorf("%d sockets and %d rooms fit", cfg.MaxConns, cfg.MaxRooms)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if cfg.MaxConns != tt.wantConns || cfg.MaxRooms != tt.wantRooms {
				t.Errorf("%d sockets and %d rooms; want %d and %d", cfg.MaxConns, cfg.MaxRooms, tt.wantConns, tt.wantRooms)
			}
			// What was asked for is warned of, and what follows always fits.
			if over := tt.memory > 0 && o.reckoned(&cfg) > tt.memory; over != tt.tooMuch {
				t.Errorf("full it takes %d bytes, of %d", o.reckoned(&cfg), tt.memory)
			}
		})
	}
}

func TestMemoryOfTheControlGroup(t *testing.T) {
	for name, tt := range map[string]struct {
		files map[string]string
		want  int64
	}{
		"no control groups": {nil, 0},
		"version 2": {map[string]string{
			"proc/self/cgroup": "0::/a/b\n", "sys/fs/cgroup/a/b/memory.max": "1000\n", "sys/fs/cgroup/a/memory.max": "max\n",
		}, 1000},
		"of a group around it": {map[string]string{
			"proc/self/cgroup": "0::/a/b\n", "sys/fs/cgroup/a/b/memory.max": "1000\n", "sys/fs/cgroup/a/memory.max": "900\n",
		}, 900},
		"in a container":  {map[string]string{"proc/self/cgroup": "0::/\n", "sys/fs/cgroup/memory.max": "1000\n"}, 1000},
		"without a limit": {map[string]string{"proc/self/cgroup": "0::/a\n", "sys/fs/cgroup/a/memory.max": "max\n"}, 0},
		"version 1": {map[string]string{
			"proc/self/cgroup": "5:cpu:/x\n4:memory:/a\n0::/\n",
			"sys/fs/cgroup/memory/a/memory.limit_in_bytes": "1000\n",
			"sys/fs/cgroup/memory/memory.limit_in_bytes":   "9223372036854771712\n",
			"sys/fs/cgroup/x/memory.max":                   "1\n",
		}, 1000},
		"garbage": {map[string]string{"proc/self/cgroup": "0\n0::..\n", "sys/fs/cgroup/memory.max": "-5\n"}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			root := fstest.MapFS{}
			for file, text := range tt.files {
				root[file] = &fstest.MapFile{Data: []byte(text)}
			}
			if got := groupLimit(root); got != tt.want {
				t.Errorf("the limit is %d; want %d", got, tt.want)
			}
		})
	}
}
