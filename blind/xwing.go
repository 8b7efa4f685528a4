package blind

import (
	"crypto/ecdh"
	"crypto/mlkem"
	"crypto/sha256"
	"crypto/sha3"
	"fmt"
	"io"
)

// Sizes of X-Wing, the hybrid of ML-KEM-768 and X25519 of
// draft-connolly-cfrg-xwing-kem, which HPKE calls KEM 0x647a.
const (
	seedSize      = 32
	PublicKeySize = mlkem.EncapsulationKeySize768 + curveSize
	EncSize       = mlkem.CiphertextSize768 + curveSize

	curveSize  = 32
	sharedSize = 32
	xwingLabel = `\.//^\`
)

type (
	// keySeed is a private key.
	keySeed [seedSize]byte
	// PublicKey is what others make secrets for.
	PublicKey [PublicKeySize]byte
	// Enc is what carries a secret to who has the seed.
	Enc [EncSize]byte
	// KeyID names a public key. Nothing rests on it.
	KeyID [8]byte
)

// ID returns the name of the key.
func (pk *PublicKey) ID() KeyID {
	sum := sha256.Sum256(pk[:])
	return KeyID(sum[:])
}

// kem is a key encapsulation: X-Wing, or in simulations one that costs nothing.
type kem interface {
	publicKey(seed *keySeed) *PublicKey
	// encapsulate makes a secret and what carries it. It returns ErrKey when pk
	// is no key.
	encapsulate(pk *PublicKey, random io.Reader) (*Enc, []byte, error)
	// decapsulate returns the secret. Of an enc made for another key it returns
	// some other secret, or ErrKey.
	decapsulate(seed *keySeed, enc *Enc) ([]byte, error)
}

// xwing is X-Wing. The half that is ML-KEM draws its own coins, since
// crypto/mlkem takes none; tests put something in its place.
type xwing struct {
	encapsulate768 func(ek *mlkem.EncapsulationKey768, random io.Reader) (shared, ct []byte)
}

func newXWing() xwing {
	return xwing{func(ek *mlkem.EncapsulationKey768, _ io.Reader) (shared, ct []byte) { return ek.Encapsulate() }}
}

func expand(seed *keySeed) (*mlkem.DecapsulationKey768, *ecdh.PrivateKey) {
	expanded := sha3.SumSHAKE256(seed[:], mlkem.SeedSize+curveSize)
	defer clear(expanded)
	m, err := mlkem.NewDecapsulationKey768(expanded[:mlkem.SeedSize])
	if err != nil {
		panic("blind: expand seed: " + err.Error()) // refuses sizes only
	}
	x, err := ecdh.X25519().NewPrivateKey(expanded[mlkem.SeedSize:])
	if err != nil {
		panic("blind: expand seed: " + err.Error()) // likewise
	}
	return m, x
}

func (xwing) publicKey(seed *keySeed) *PublicKey {
	m, x := expand(seed)
	pk := PublicKey(append(m.EncapsulationKey().Bytes(), x.PublicKey().Bytes()...))
	return &pk
}

func (k xwing) encapsulate(pk *PublicKey, random io.Reader) (*Enc, []byte, error) {
	ek, err := mlkem.NewEncapsulationKey768(pk[:mlkem.EncapsulationKeySize768])
	if err != nil {
		return nil, nil, fmt.Errorf("read public key: %w", ErrKey)
	}
	other, err := ecdh.X25519().NewPublicKey(pk[mlkem.EncapsulationKeySize768:])
	if err != nil {
		return nil, nil, fmt.Errorf("read public key: %w", ErrKey)
	}
	sharedM, ct := k.encapsulate768(ek, random)
	var coins [curveSize]byte
	draw(random, coins[:])
	defer clear(coins[:])
	ephemeral, err := ecdh.X25519().NewPrivateKey(coins[:])
	if err != nil {
		panic("blind: make ephemeral key: " + err.Error()) // refuses sizes only
	}
	sharedX, err := ephemeral.ECDH(other)
	if err != nil { // the result is all zeros
		return nil, nil, fmt.Errorf("use public key: %w", ErrKey)
	}
	enc := Enc(append(ct, ephemeral.PublicKey().Bytes()...))
	return &enc, combine(sharedM, sharedX, ephemeral.PublicKey(), other), nil
}

func (xwing) decapsulate(seed *keySeed, enc *Enc) ([]byte, error) {
	m, x := expand(seed)
	sharedM, err := m.Decapsulate(enc[:mlkem.CiphertextSize768])
	if err != nil {
		return nil, fmt.Errorf("decapsulate: %w", ErrKey)
	}
	ephemeral, err := ecdh.X25519().NewPublicKey(enc[mlkem.CiphertextSize768:])
	if err != nil {
		return nil, fmt.Errorf("decapsulate: %w", ErrKey)
	}
	sharedX, err := x.ECDH(ephemeral)
	if err != nil { // the result is all zeros
		return nil, fmt.Errorf("decapsulate: %w", ErrKey)
	}
	return combine(sharedM, sharedX, ephemeral, x.PublicKey()), nil
}

// combine makes one secret of two and overwrites these.
func combine(sharedM, sharedX []byte, ephemeral, static *ecdh.PublicKey) []byte {
	h := sha3.New256()
	for _, part := range [][]byte{sharedM, sharedX, ephemeral.Bytes(), static.Bytes(), []byte(xwingLabel)} {
		_, _ = h.Write(part)
	}
	clear(sharedM)
	clear(sharedX)
	return h.Sum(nil)
}

// draw fills b with random bytes. A source that fails is misuse: crypto/rand's
// never does.
func draw(random io.Reader, b []byte) {
	if _, err := io.ReadFull(random, b); err != nil {
		panic("blind: read randomness: " + err.Error())
	}
}
