package blind

import (
	"bytes"
	"crypto/hpke"
	"crypto/mlkem"
	"crypto/mlkem/mlkemtest"
	"encoding/hex"
	"errors"
	"io"
	"math/rand/v2"
	"testing"
)

// knownXWing is X-Wing whose coins all come from random, in the order of the
// draft's eseed.
func knownXWing() xwing {
	return xwing{func(ek *mlkem.EncapsulationKey768, random io.Reader) (shared, ct []byte) {
		var coins [32]byte
		draw(random, coins[:])
		shared, ct, err := mlkemtest.Encapsulate768(ek, coins[:])
		if err != nil {
			panic(err)
		}
		return shared, ct
	}}
}

// seeded returns the same bytes each time.
func seeded(seed uint64) io.Reader {
	var key [32]byte
	for i := range 8 {
		key[i] = byte(seed >> (8 * i))
	}
	return rand.NewChaCha8(key)
}

func unhex(t *testing.T, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// The three vectors of draft-connolly-cfrg-xwing-kem, appendix C. A secret is
// a hash over both halves of it, the ephemeral and the static key: with the
// right one everything before it was right.
func TestXWingVectors(t *testing.T) {
	t.Parallel()
	for name, v := range map[string]struct{ seed, coins, shared string }{
		"1": {
			"7f9c2ba4e88f827d616045507605853ed73b8093f6efbc88eb1a6eacfa66ef26",
			"3cb1eea988004b93103cfb0aeefd2a686e01fa4a58e8a3639ca8a1e3f9ae57e2" +
				"35b8cc873c23dc62b8d260169afa2f75ab916a58d974918835d25e6a435085b2",
			"d2df0522128f09dd8e2c92b1e905c793d8f57a54c3da25861f10bf4ca613e384",
		},
		"2": {
			"badfd6dfaac359a5efbb7bcc4b59d538df9a04302e10c8bc1cbf1a0b3a5120ea",
			"17cda7cfad765f5623474d368ccca8af0007cd9f5e4c849f167a580b14aabdef" +
				"aee7eef47cb0fca9767be1fda69419dfb927e9df07348b196691abaeb580b32d",
			"f2e86241c64d60f6649fbc6c5b7d17180b780a3f34355e64a85749949c45f150",
		},
		"3": {
			"ef58538b8d23f87732ea63b02b4fa0f4873360e2841928cd60dd4cee8cc0d4c9",
			"22a96188d032675c8ac850933c7aff1533b94c834adbb69c6115bad4692d8619" +
				"f90b0cdf8a7b9c264029ac185b70b83f2801f2f4b3f70c593ea3aeeb613a7f1b",
			"953f7f4e8c5b5049bdc771d1dffada0dd961477d1a2ae0988baa7ea6898d893f",
		},
	} {
		seed, k := keySeed(unhex(t, v.seed)), knownXWing()
		enc, shared, err := k.encapsulate(k.publicKey(&seed), bytes.NewReader(unhex(t, v.coins)))
		if err != nil {
			t.Fatal(err)
		}
		if got := hex.EncodeToString(shared); got != v.shared {
			t.Errorf("vector %s: encapsulating gives %s, want %s", name, got, v.shared)
		}
		if got, err := newXWing().decapsulate(&seed, enc); err != nil || !bytes.Equal(got, shared) {
			t.Errorf("vector %s: decapsulating gives %x, %v", name, got, err)
		}
	}
}

// The public keys are those of the standard library's HPKE, and what is
// encapsulated with random coins comes out again.
func TestXWingAgainstHPKE(t *testing.T) {
	t.Parallel()
	k, random := newXWing(), seeded(1)
	for range 20 {
		var seed keySeed
		draw(random, seed[:])
		other, err := hpke.MLKEM768X25519().NewPrivateKey(seed[:])
		if err != nil {
			t.Fatal(err)
		}
		pk := k.publicKey(&seed)
		if !bytes.Equal(pk[:], other.PublicKey().Bytes()) {
			t.Fatal("the public key differs from HPKE's")
		}
		enc, shared, err := k.encapsulate(pk, random)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := k.decapsulate(&seed, enc); err != nil || !bytes.Equal(got, shared) {
			t.Fatalf("decapsulating gives another secret, or %v", err)
		}
		enc[7] ^= 1
		if got, err := k.decapsulate(&seed, enc); err != nil || bytes.Equal(got, shared) {
			t.Fatalf("a changed enc gives the same secret, or %v", err)
		}
	}
}

// smallPoints are two of the points of X25519 that give zeros whatever the scalar.
var smallPoints = []string{
	"0000000000000000000000000000000000000000000000000000000000000000",
	"e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
}

func TestXWingRefuses(t *testing.T) {
	t.Parallel()
	k, seed := newXWing(), keySeed{1}
	good := k.publicKey(&seed)
	enc, _, err := k.encapsulate(good, seeded(1))
	if err != nil {
		t.Fatal(err)
	}
	for _, point := range smallPoints {
		pk, bad := *good, *enc
		copy(pk[PublicKeySize-32:], unhex(t, point))
		copy(bad[EncSize-32:], unhex(t, point))
		if _, _, err := k.encapsulate(&pk, seeded(1)); !errors.Is(err, ErrKey) {
			t.Errorf("a key with the point %s: %v", point, err)
		}
		if _, err := k.decapsulate(&seed, &bad); !errors.Is(err, ErrKey) {
			t.Errorf("an enc with the point %s: %v", point, err)
		}
	}
	pk := *good
	pk[0], pk[1] = 0xff, 0xff // a coefficient above the modulus
	if _, _, err := k.encapsulate(&pk, seeded(1)); !errors.Is(err, ErrKey) {
		t.Errorf("a key that is not reduced: %v", err)
	}
}
