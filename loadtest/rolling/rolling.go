// Package rolling reckons what a rolling restart does to many phones: how many
// pairs have to open their rooms again, and how long phones take to come back. It
// has the page's rules for dialling and the routing of deploy/haproxy, in virtual
// time, without sockets; what a relay can do in a second is a figure it is given.
package rolling

import (
	"math/rand/v2"
	"time"
)

// Config is a cluster and its people. All must be positive; Run panics
// otherwise.
type Config struct {
	// Phones are two for each pair, all connected.
	Phones, Nodes int
	// JoinsPerSecond is how many phones a node takes in a second, TLS included.
	JoinsPerSecond int
	// Detect is how long the proxy sends phones to a node that is gone.
	Detect time.Duration
	// Away is how long a node is gone, more than Detect.
	Away time.Duration
	Seed uint64
}

// Result is what came of it.
type Result struct {
	// Reopened are the rooms that were lost, over all restarts: a pair counts as
	// often as it had to open anew.
	Reopened int
	// Storms are two for each node: its end, and its return.
	Storms []Storm
}

// Storm is what follows when many sockets end at one moment.
type Storm struct {
	Phones int // that dialled again
	Dials  int // it took
	// Half and Last are when half and all of the phones were back.
	Half, Last time.Duration
}

// The page's rules, as web/src/session has them.
const (
	firstWait = 1000 * ms
	mostWait  = 8000 * ms
	patience  = 20_000 * ms
	ms        = 1
)

// phone is what there is to know of one: which node its room falls to, and to
// which while that is away.
type phone struct {
	home, other int32
	tries       uint8
}

// Run restarts every node once, one after the other, each when all phones are
// back.
func Run(c Config) Result {
	if c.Phones <= 0 || c.Nodes <= 1 || c.JoinsPerSecond <= 0 || c.Detect <= 0 || c.Away <= c.Detect {
		panic("rolling: Config without a figure")
	}
	random := rand.New(rand.NewPCG(c.Seed, 0)) //nolint:gosec // chance that can be repeated, not a secret
	phones := make([]phone, c.Phones/2*2)
	for i := 0; i < len(phones); i += 2 {
		home := random.IntN(c.Nodes)
		other := (home + 1 + random.IntN(c.Nodes-1)) % c.Nodes
		phones[i] = phone{home: int32(home), other: int32(other)} //nolint:gosec // as small as Nodes
		phones[i+1] = phones[i]
	}
	var r Result
	everyone := make([]int32, len(phones))
	for i := range everyone {
		everyone[i] = int32(i)
	}
	for node := range int32(c.Nodes) { //nolint:gosec // as small as Nodes
		var its []int32
		for i := range phones {
			if phones[i].home == node {
				its = append(its, int32(i))
			}
		}
		// Rooms of the node are lost; who met elsewhere meanwhile loses that room
		// when it is back.
		r.Reopened += len(its)
		r.Storms = append(r.Storms, c.storm(random, phones, its, node), c.storm(random, phones, everyone, -1))
	}
	return r
}

// storm has phones dial until all are back. gone is the node that has ended, -1
// for none.
func (c *Config) storm(random *rand.Rand, phones []phone, dialling []int32, gone int32) Storm {
	s := Storm{Phones: len(dialling)}
	var queue calendar
	for _, i := range dialling {
		phones[i].tries = 0
		queue.add(wait(random, &phones[i]), i)
	}
	each := max(1, 1_000_000/c.JoinsPerSecond) // µs of a node's time
	free := make([]int, c.Nodes)               // when it has time again, in µs
	detect, back := int(c.Detect/time.Millisecond), 0
	for at := 0; back < len(dialling); at++ {
		for _, i := range queue.take(at) {
			s.Dials++
			p := &phones[i]
			node := p.home
			if node == gone {
				if at < detect {
					queue.add(at+wait(random, p), i) // refused at once
					continue
				}
				node = p.other
			}
			done := max(at*1000, free[node]) + each
			if done > (at+patience)*1000 {
				queue.add(at+patience+wait(random, p), i) // the page gives it up
				continue
			}
			free[node] = done
			if back++; back == (len(dialling)+1)/2 {
				s.Half = time.Duration(done) * time.Microsecond
			}
			s.Last = max(s.Last, time.Duration(done)*time.Microsecond)
		}
	}
	return s
}

// wait is how long the page waits before it dials, in ms: half of it is chance.
func wait(random *rand.Rand, p *phone) int {
	most := min(mostWait, firstWait<<min(p.tries, 8))
	p.tries++
	return max(firstWait, most/2+random.IntN(most/2))
}

// calendar has phones by the millisecond at which they dial.
type calendar struct{ days [][]int32 }

func (c *calendar) add(at int, i int32) {
	for len(c.days) <= at {
		c.days = append(c.days, nil)
	}
	c.days[at] = append(c.days[at], i)
}

func (c *calendar) take(at int) (due []int32) {
	if at < len(c.days) {
		due, c.days[at] = c.days[at], nil
	}
	return due
}
