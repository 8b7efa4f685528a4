package client_test

import (
	"encoding/hex"
	"errors"
	"strings"
	"testing"

	"sotto/client"
	"sotto/internal/vectors"
	"sotto/wire"
)

func TestVectors(t *testing.T) {
	for _, v := range vectors.Std1() {
		t.Run(v.Normalised, func(t *testing.T) {
			t.Parallel()
			if got := client.Digits(v.Phone); got != v.Normalised {
				t.Errorf("Digits = %s, want %s", got, v.Normalised)
			}
			id, err := client.Derive(v.Phone, v.PIN)
			if err != nil {
				t.Fatal(err)
			}
			code, err := client.ParsePairingCode(v.OTP)
			if err != nil {
				t.Fatal(err)
			}
			for name, pair := range map[string][2]string{
				"room_hash":      {id.Room().Reveal(), v.RoomHash},
				"access_hash":    {id.Access().Reveal(), v.AccessHash},
				"sender_hash":    {id.Sender().Reveal(), v.SenderHash},
				"otp_hash":       {code.Hash().Reveal(), v.OTPHash},
				"otp_normalised": {strings.ReplaceAll(code.Reveal(), "-", ""), v.OTPNormalised},
			} {
				if pair[0] != pair[1] {
					t.Errorf("%s = %s, want %s", name, pair[0], pair[1])
				}
			}

			room, ok := wire.ParseUUID[wire.RoomID](v.RoomID)
			if !ok {
				t.Fatal("room_id is no UUID")
			}
			derived := id.KeyOfLife(room)
			raw, err := hex.DecodeString(v.EncKey)
			if err != nil {
				t.Fatal(err)
			}
			given := client.NewKey(raw)
			for i, m := range v.Messages {
				sealed := client.Sealed{IV: [wire.IVSize]byte(m.IV), Ciphertext: m.Ciphertext}
				for name, key := range map[string]*client.Key{"derived": derived, "given": given} {
					if got, err := key.Open(sealed); err != nil || string(got) != m.Plaintext {
						t.Errorf("message %d does not open with the %s key: %v", i, name, err)
					}
				}
			}
		})
	}
}

func TestDeriveRefuses(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		number, pin string
		want        error
	}{
		"no number":                    {"", "1234", client.ErrNumber},
		"no digits":                    {"+()- abc", "1234", client.ErrNumber},
		"digits of other scripts only": {"٠١٢３４", "1234", client.ErrNumber},
		"no PIN":                       {"+44 7700 900123", "", client.ErrPIN},
	} {
		if _, err := client.Derive(test.number, test.pin); !errors.Is(err, test.want) {
			t.Errorf("%s: %v, want %v", name, err, test.want)
		}
	}
}

func TestSealOpen(t *testing.T) {
	t.Parallel()
	key, other := client.NewKey(make([]byte, 32)), client.NewKey([]byte(strings.Repeat("x", 32)))
	for _, text := range []string{"", "hello", strings.Repeat("é", 4000)} {
		sealed, again := key.Seal([]byte(text)), key.Seal([]byte(text))
		if sealed.IV == again.IV {
			t.Error("two messages share an iv")
		}
		if len(sealed.Ciphertext) != len(text)+client.Overhead {
			t.Errorf("%d bytes seal to %d", len(text), len(sealed.Ciphertext))
		}
		if got, err := key.Open(sealed); err != nil || string(got) != text {
			t.Errorf("opens as %d bytes, %v", len(got), err)
		}
		sealed.Ciphertext[0] ^= 1
		if _, err := key.Open(sealed); !errors.Is(err, client.ErrSealed) {
			t.Errorf("changed: %v", err)
		}
		sealed.Ciphertext[0] ^= 1
		if _, err := other.Open(sealed); !errors.Is(err, client.ErrSealed) {
			t.Errorf("other key: %v", err)
		}
	}
}

func TestParsePairingCode(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"P2K4-9H7M":       "P2K4-9H7M",
		"p2k4 9h7m":       "P2K4-9H7M",
		" p-2.k_4\n9h7m ": "P2K4-9H7M",
		"IP2LK4O9UH7M":    "P2K4-9H7M", // letters outside the alphabet are dropped
		"":                "",
		"P2K4-9H7":        "",
		"P2K4-9H7MM":      "",
		"ILOU-ILOU":       "",
	} {
		code, err := client.ParsePairingCode(in)
		if code.Reveal() != want || (want == "") != errors.Is(err, client.ErrCode) || code.Set() != (want != "") {
			t.Errorf("%q reads as %q, %v; want %q", in, code.Reveal(), err, want)
		}
	}
}

// Every character of the alphabet appears, evenly: 64,000 draws over 32
// characters have a standard deviation of 44, so six of them is 264.
func TestNewPairingCodeIsUniform(t *testing.T) {
	t.Parallel()
	counts := map[rune]int{}
	for range 8000 {
		code := client.NewPairingCode()
		if again, err := client.ParsePairingCode(code.Reveal()); err != nil || again != code {
			t.Fatal("a new code does not read back")
		}
		for _, r := range strings.ReplaceAll(code.Reveal(), "-", "") {
			counts[r]++
		}
	}
	if len(counts) != 32 {
		t.Errorf("%d characters in use, want 32", len(counts))
	}
	for r, n := range counts {
		if n < 2000-264 || n > 2000+264 {
			t.Errorf("%c appears %d times of 64,000", r, n)
		}
	}
}
