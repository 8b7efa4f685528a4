package numbers

import (
	"fmt"
	"math"
	"regexp/syntax"
	"slices"
	"strconv"
)

// matcher counts the digit strings that a pattern matches, exactly, by walking
// all of them at once: it makes a deterministic automaton of the pattern as it
// goes. Sampling would make the table depend on a seed, and miss small gaps.
type matcher struct {
	prog   *syntax.Prog
	ids    map[string]int // of states, by their places in the program
	states []state
}

// state stands for all strings that lead to the same places in the program.
type state struct {
	places  []int
	matches bool    // the strings that lead here match
	next    [10]int // state after one more digit; 0 is not known yet
	counts  []float64
}

const digits = "0123456789"

// dead is the state that nothing leads out of; start is where strings begin.
const (
	unknown = iota
	dead
	start
)

func compile(pattern string) (*matcher, error) {
	re, err := syntax.Parse(pattern, syntax.Perl)
	if err != nil {
		return nil, fmt.Errorf("parse pattern: %w", err)
	}
	prog, err := syntax.Compile(re.Simplify())
	if err != nil {
		return nil, fmt.Errorf("compile pattern: %w", err)
	}
	m := &matcher{prog: prog, ids: make(map[string]int), states: make([]state, 1)}
	m.add(nil)
	m.add([]int{prog.Start})
	return m, nil
}

// leads returns the digit strings of the given length after which enough
// numbers of n digits are valid.
func (m *matcher) leads(n, length int) []string {
	var found []string
	var walk func(s int, lead []byte)
	walk = func(s int, lead []byte) {
		if s == dead {
			return
		}
		if len(lead) == length {
			if m.count(s, n-length)/math.Pow10(n-length) >= hit {
				found = append(found, string(lead))
			}
			return
		}
		for d := range 10 {
			walk(m.step(s, d), append(lead, digits[d]))
		}
	}
	walk(start, nil)
	return found
}

// share returns which share of the numbers of n digits with this lead is valid.
func (m *matcher) share(lead string, n int) float64 {
	s := start
	for _, d := range lead {
		s = m.step(s, int(d-'0'))
	}
	return m.count(s, n-len(lead)) / math.Pow10(n-len(lead))
}

// count returns how many strings of left digits match from a state on.
func (m *matcher) count(s, left int) float64 {
	if s == dead {
		return 0
	}
	if left == 0 {
		if m.states[s].matches {
			return 1
		}
		return 0
	}
	for len(m.states[s].counts) < left {
		var sum float64
		for d := range 10 {
			sum += m.count(m.step(s, d), len(m.states[s].counts))
		}
		m.states[s].counts = append(m.states[s].counts, sum)
	}
	return m.states[s].counts[left-1]
}

// step returns the state after one more digit.
func (m *matcher) step(s, d int) int {
	if m.states[s].next[d] == unknown {
		var places []int
		for _, pc := range m.states[s].places {
			i := &m.prog.Inst[pc]
			switch i.Op {
			case syntax.InstRune, syntax.InstRune1, syntax.InstRuneAny, syntax.InstRuneAnyNotNL:
				if i.MatchRune(rune(digits[d])) {
					places = append(places, int(i.Out))
				}
			}
		}
		next := m.add(places)
		m.states[s].next[d] = next
	}
	return m.states[s].next[d]
}

// add returns the state of these places and of those reached from them without
// a digit. The patterns of the metadata have no anchors or word boundaries: an
// empty-width assertion is passed as if it held.
func (m *matcher) add(places []int) int {
	seen := make(map[int]bool)
	var made state
	var visit func(pc int)
	visit = func(pc int) {
		if seen[pc] {
			return
		}
		seen[pc] = true
		i := &m.prog.Inst[pc]
		switch i.Op {
		case syntax.InstAlt, syntax.InstAltMatch:
			visit(int(i.Out))
			visit(int(i.Arg))
		case syntax.InstCapture, syntax.InstNop, syntax.InstEmptyWidth:
			visit(int(i.Out))
		case syntax.InstMatch:
			made.matches = true
			made.places = append(made.places, pc)
		case syntax.InstFail:
		default:
			made.places = append(made.places, pc)
		}
	}
	for _, pc := range places {
		visit(pc)
	}
	slices.Sort(made.places)
	var key []byte
	for _, pc := range made.places {
		key = append(strconv.AppendInt(key, int64(pc), 36), ' ')
	}
	id, ok := m.ids[string(key)]
	if !ok {
		id = len(m.states)
		m.ids[string(key)] = id
		m.states = append(m.states, made)
	}
	return id
}
