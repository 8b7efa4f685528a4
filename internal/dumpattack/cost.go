package dumpattack

import (
	"crypto/sha256"
	"fmt"
	"math"
	"time"

	"sotto/blind"
)

// Cost is what one processor of this machine was measured to need.
type Cost struct {
	// Number is for trying one telephone number: a hash.
	Number time.Duration
	// Code is for trying one code against all rooms of a dump: PBKDF2.
	Code time.Duration
}

// freeDigits of a code's 25 are random; the last follows from them.
const freeDigits = 24

// Measure takes some seconds.
func Measure() Cost {
	const hashes, codes = 1_000_000, 3
	var c Cost
	number := []byte("441632960000")
	start := time.Now()
	for range hashes {
		room := std1Room(number)
		number[0] = '0' + room[0]%10 // so that none is left out
	}
	c.Number = time.Since(start) / hashes
	code := blind.NewCode(sha256.Sum256(number))
	for range codes {
		start = time.Now()
		code.Root().Room()
		if took := time.Since(start); c.Code == 0 || took < c.Code {
			c.Code = took
		}
	}
	return c
}

// Years is how long one processor takes on average until it has the code of
// one of so many rooms.
func (c Cost) Years(rooms int) float64 {
	const year = 365.25 * 24 * time.Hour
	return math.Pow10(freeDigits) / float64(1+rooms) * (c.Code.Hours() / year.Hours())
}

// String says it in words.
func (c Cost) String() string {
	const million = 1_000_000
	return fmt.Sprintf("a number takes %v, a million of them %v; a code takes %v, one room of sotto-2 (2^%.1f codes) %.1e years, any of a million rooms %.1e",
		c.Number, million*c.Number, c.Code.Round(time.Millisecond), freeDigits*math.Log2(10), c.Years(1), c.Years(million))
}
