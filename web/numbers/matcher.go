package numbers

import (
	"fmt"
	"math"
	"regexp/syntax"
	"slices"
)

// matcher counts the digit strings that a pattern matches, exactly, by walking
// all of them at once: a set of states of the compiled pattern stands for
// every string that leads there. Sampling would make the table depend on a
// seed, and miss small gaps.
type matcher struct {
	prog *syntax.Prog
	memo map[string]float64 // by digits left and state set
}

func compile(pattern string) (*matcher, error) {
	re, err := syntax.Parse(pattern, syntax.Perl)
	if err != nil {
		return nil, fmt.Errorf("parse pattern: %w", err)
	}
	prog, err := syntax.Compile(re.Simplify())
	if err != nil {
		return nil, fmt.Errorf("compile pattern: %w", err)
	}
	return &matcher{prog: prog, memo: make(map[string]float64)}, nil
}

// leads returns the digit strings of the given length after which enough
// numbers of n digits are valid.
func (m *matcher) leads(n, length int) []string {
	var found []string
	var walk func(states []int, lead []byte)
	walk = func(states []int, lead []byte) {
		if len(states) == 0 {
			return
		}
		if len(lead) == length {
			if m.count(states, n-length)/math.Pow10(n-length) >= hit {
				found = append(found, string(lead))
			}
			return
		}
		for d := byte('0'); d <= '9'; d++ {
			walk(m.step(states, rune(d)), append(lead, d))
		}
	}
	walk(m.start(), nil)
	return found
}

// share returns which share of the numbers of n digits with this lead is valid.
func (m *matcher) share(lead string, n int) float64 {
	states := m.start()
	for _, d := range lead {
		states = m.step(states, d)
	}
	return m.count(states, n-len(lead)) / math.Pow10(n-len(lead))
}

// count returns how many strings of left digits match from these states.
func (m *matcher) count(states []int, left int) float64 {
	if len(states) == 0 {
		return 0
	}
	if left == 0 {
		for _, pc := range states {
			if m.prog.Inst[pc].Op == syntax.InstMatch {
				return 1
			}
		}
		return 0
	}
	key := fmt.Append(nil, left, states)
	if n, ok := m.memo[string(key)]; ok {
		return n
	}
	var n float64
	for d := '0'; d <= '9'; d++ {
		n += m.count(m.step(states, d), left-1)
	}
	m.memo[string(key)] = n
	return n
}

func (m *matcher) start() []int {
	return m.closure([]int{m.prog.Start})
}

// step returns the states after one more digit.
func (m *matcher) step(states []int, d rune) []int {
	var next []int
	for _, pc := range states {
		i := &m.prog.Inst[pc]
		switch i.Op {
		case syntax.InstRune, syntax.InstRune1, syntax.InstRuneAny, syntax.InstRuneAnyNotNL:
			if i.MatchRune(d) {
				next = append(next, int(i.Out))
			}
		}
	}
	return m.closure(next)
}

// closure adds what is reached without a digit, and sorts. The patterns of the
// metadata have no anchors or word boundaries: an empty-width assertion would
// be passed as if it held.
func (m *matcher) closure(states []int) []int {
	seen := make(map[int]bool)
	var all []int
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
		case syntax.InstFail:
		default:
			all = append(all, pc)
		}
	}
	for _, pc := range states {
		visit(pc)
	}
	slices.Sort(all)
	return all
}
