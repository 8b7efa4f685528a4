package sandbox

import (
	"errors"
	"slices"
	"strings"
	"testing"
)

// lesser is a kernel that lacks things.
type lesser struct {
	abi     int
	lacking map[string]error
	asked   []string
}

func (l *lesser) ask(what string) error {
	l.asked = append(l.asked, what)
	return l.lacking[what]
}

func (l *lesser) limitFileSize(bytes uint64) error { return l.ask("file size") }
func (l *lesser) limitCore() error                 { return l.ask("core") }
func (l *lesser) undump() error                    { return l.ask("dump") }
func (l *lesser) lockMemory() error                { return l.ask("mlock") }
func (l *lesser) dropCapabilities() error          { return l.ask("capabilities") }
func (l *lesser) noNewPrivileges() error           { return l.ask("privileges") }
func (l *lesser) landlockABI() int                 { return l.abi }
func (l *lesser) landlock(Policy) error            { return l.ask("landlock") }
func (l *lesser) filterSockets(bool) error         { return l.ask("sockets") }

var errLacking = errors.New("lacking")

func TestLesserKernels(t *testing.T) {
	tests := map[string]struct {
		kernel  lesser
		policy  Policy
		missing []Measure
	}{
		"all there":                   {kernel: lesser{abi: 7}, policy: Policy{LockMemory: true}},
		"memory not asked for":        {kernel: lesser{abi: 3, lacking: map[string]error{"mlock": errLacking}}},
		"no landlock":                 {kernel: lesser{}, missing: []Measure{Files}},
		"landlock without truncation": {kernel: lesser{abi: 2}, missing: []Measure{Files}},
		"landlock fails": {
			kernel: lesser{abi: 7, lacking: map[string]error{"landlock": errLacking}}, missing: []Measure{Files},
		},
		"no seccomp": {kernel: lesser{abi: 7, lacking: map[string]error{"sockets": errLacking}}, missing: []Measure{Network}},
		"what ACME needs": {
			kernel: lesser{abi: 7}, policy: Policy{ConnectPorts: []uint16{443}, WriteDir: "/"},
			missing: []Measure{FileSize, Files, Network},
		},
		"no memory to lock": {
			kernel: lesser{abi: 7, lacking: map[string]error{"mlock": errLacking}},
			policy: Policy{LockMemory: true}, missing: []Measure{Memory},
		},
		"nothing at all": {
			kernel: lesser{lacking: map[string]error{
				"file size": errLacking, "core": errLacking, "dump": errLacking, "mlock": errLacking,
				"capabilities": errLacking, "privileges": errLacking, "sockets": errLacking,
			}},
			policy: Policy{LockMemory: true}, missing: Measures(),
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			r := enforce(&tt.kernel, tt.policy)
			for _, m := range Measures() {
				want := !slices.Contains(tt.missing, m)
				if m == Memory && !tt.policy.LockMemory {
					want = false
				}
				if r.Holds(m) != want {
					t.Errorf("%s holds: %v; want %v", m, r.Holds(m), want)
				}
			}
			err := r.Err()
			if (err != nil) != (len(tt.missing) > 0) {
				t.Fatalf("Err = %v with %v missing", err, tt.missing)
			}
			for _, m := range tt.missing {
				if !strings.Contains(err.Error(), string(m)) || !errors.Is(err, ErrIncomplete) {
					t.Errorf("%v does not name %s", err, m)
				}
			}
			// A kernel that lacks one thing is still asked for all others.
			if !slices.Contains(tt.kernel.asked, "sockets") || (tt.kernel.abi > 0) != slices.Contains(tt.kernel.asked, "landlock") {
				t.Errorf("asked for %v only", tt.kernel.asked)
			}
		})
	}
}
