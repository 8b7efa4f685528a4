package main

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"sotto/internal/dumpattack"
)

// TestMemoryForgets reads the memory of a running relay: while a message waits
// it is there, or this test sees nothing; once it was replaced and hundreds of
// others have passed, no part of it is left, raw or as base64. So it is with
// hellos, and what lets people in is never there.
func TestMemoryForgets(t *testing.T) {
	dir := t.TempDir()
	writePair(t, dir, 1)
	for name, args := range map[string][]string{
		"plain": nil,
		"TLS":   {"--tls-cert", filepath.Join(dir, "cert.pem"), "--tls-key", filepath.Join(dir, "key.pem")},
	} {
		t.Run(name, func(t *testing.T) {
			args = slices.Concat(args, noRates, []string{"--frame-rate", "off"})
			if os.Geteuid() != 0 {
				args = append(args, "--sandbox", "off") // it keeps even its parent from looking
			}
			c := startChild(t, nil, args...)
			room := strings.Repeat("6", 64)
			ann, ben := c.join(t, room, 'a'), c.join(t, room, 'b')
			for _, size := range []int{300, 8000} {
				t.Run(fmt.Sprintf("%d bytes", size), func(t *testing.T) {
					forgets(t, c, ann, ben, size)
				})
			}
			t.Run("hello", func(t *testing.T) { forgetsHello(t, c, ann, ben) })
			t.Run("bearers", func(t *testing.T) { keepsHashesOnly(t, c) })
			t.Run("sotto-2", func(t *testing.T) { staysBlind(t, c) })
		})
	}
}

// forgets sends a canary, sees it in memory, replaces it, exchanges a hundred
// messages and sees it no more. The slot is empty before and after.
func forgets(t *testing.T, c *child, ann, ben *seat, size int) {
	t.Helper()
	canary := make([]byte, size)
	_, _ = rand.Read(canary)
	ann.ask("send_message", sealed(canary))
	if found := search(t, c.PID(), canary); len(found) == 0 {
		t.Fatal("the waiting message is nowhere in memory: the search is broken")
	}
	ben.ask("send_message", sealed(make([]byte, 100))) // replaces it
	passes(t, c, canary, func(i int) {
		ann.ask("send_message", sealed(bytes.Repeat([]byte{byte(i)}, 20+7*i)))
		ben.ask("send_message", sealed(bytes.Repeat([]byte{byte(i)}, 30+9*i)))
	})
	ben.ask("delete_message", map[string]any{"message_id": ben.lastID})
}

// forgetsHello is forgets with a hello, which is kept until the next.
func forgetsHello(t *testing.T, c *child, ann, ben *seat) {
	t.Helper()
	say := func(s *seat, hello []byte) {
		s.ask("hello", map[string]any{"hello": base64.StdEncoding.EncodeToString(hello)})
	}
	canary := make([]byte, 1300)
	_, _ = rand.Read(canary)
	say(ann, canary)
	if found := search(t, c.PID(), canary); len(found) == 0 {
		t.Fatal("the hello is nowhere in memory: the search is broken")
	}
	passes(t, c, canary, func(i int) {
		say(ann, bytes.Repeat([]byte{byte(i)}, 1+40*i))
		say(ben, bytes.Repeat([]byte{byte(i)}, 1+39*i))
	})
}

// passes lets a hundred others pass, and more until nothing of the canary is left.
func passes(t *testing.T, c *child, canary []byte, pair func(i int)) {
	t.Helper()
	for i := range 50 {
		pair(i)
	}
	c.forgotten(t, dumpattack.Pieces(canary), pair)
}

// forgotten has people come and go, and pairs pass, until none of the needles is left.
// Go's TLS lets go of its buffers, and the runtime of stacks, without overwriting
// them; they are used again once newcomers have made the runtime collect.
func (c *child) forgotten(t *testing.T, needles []dumpattack.Needle, pair func(i int)) {
	t.Helper()
	var found []string
	for round := range 100 {
		if found = dumpattack.Find(readMemory(t, c.PID()), needles); len(found) == 0 {
			return
		}
		for i := range 20 {
			pair((20*round + i) % 50) // no larger than those before, as some have a bound
			_ = c.open(t, strings.Repeat("9", 64)).ws.CloseNow()
		}
	}
	for _, where := range found {
		t.Errorf("still in memory: %s", where)
	}
}

// keepsHashesOnly joins, and returns with a token. What lets a person in is then
// in memory as its SHA-256 alone, once the stacks it passed over are used again.
func keepsHashesOnly(t *testing.T, c *child) {
	t.Helper()
	access := make([]byte, 32)
	_, _ = rand.Read(access)
	join := map[string]any{"access_hash": hex.EncodeToString(access), "sender_hash": strings.Repeat("5", 64)}
	token, err := hex.DecodeString(c.enter(t, join))
	if err != nil {
		t.Fatal(err)
	}
	join["resume"] = hex.EncodeToString(token)
	c.enter(t, join)
	for name, secret := range map[string][]byte{"access hash": access, "resume token": token} {
		sum := sha256.Sum256(secret)
		if found := search(t, c.PID(), sum[:]); len(found) == 0 {
			t.Errorf("the hash of the %s is nowhere in memory: the search is broken, or something else is kept", name)
		}
		c.forgotten(t, dumpattack.Pieces(secret), func(int) {})
	}
}

// enter joins a room of its own and returns the token.
func (c *child) enter(t *testing.T, join map[string]any) (token string) {
	t.Helper()
	s := c.open(t, strings.Repeat("7", 64))
	token, _ = s.ask("join", join)["resume"].(string)
	return token
}

func sealed(ciphertext []byte) map[string]any {
	return map[string]any{
		"ciphertext": base64.StdEncoding.EncodeToString(ciphertext),
		"iv":         base64.StdEncoding.EncodeToString(make([]byte, 12)),
	}
}

// search looks for pieces of the canary in all writable memory of a process
// and says where it found which.
func search(t *testing.T, pid int, canary []byte) []string {
	t.Helper()
	return dumpattack.Find(readMemory(t, pid), dumpattack.Pieces(canary))
}

// readMemory copies all writable memory of a process.
func readMemory(t *testing.T, pid int) []dumpattack.Region {
	t.Helper()
	memory, err := dumpattack.Read(pid)
	if err != nil {
		t.Fatal(err)
	}
	return memory
}
