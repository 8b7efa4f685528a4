package blind

import (
	"math/big"
	"strings"
)

const (
	codeDigits  = 25
	groupDigits = 5
)

// Code is the secret that two people share: 24 random digits and one that
// makes the Luhn sum right. It prints as "[redacted]". The zero Code is none.
type Code struct {
	secret
	digits string
}

// NewCode makes a code of 32 random bytes. They are taken as one number modulo
// 10^24, which favours some codes by less than 2^-176.
func NewCode(random [32]byte) Code {
	modulus := new(big.Int).Exp(big.NewInt(10), big.NewInt(codeDigits-1), nil)
	n := new(big.Int).SetBytes(random[:])
	text := n.Mod(n, modulus).String()
	text = strings.Repeat("0", codeDigits-1-len(text)) + text
	sum := luhn(text + "0")
	return Code{digits: text + string(rune('0'+(10-sum)%10))}
}

// luhn returns the Luhn sum of ASCII digits modulo 10. It is zero for a code.
func luhn(digits string) int {
	sum := 0
	for i := range len(digits) {
		d := int(digits[len(digits)-1-i] - '0')
		if i%2 == 1 {
			d *= 2
			d = d/10 + d%10
		}
		sum += d
	}
	return sum % 10
}

// Set reports whether c is a code, not the zero value.
func (c Code) Set() bool { return c.digits != "" }

// Reveal returns the 25 digits in five groups, as they are shown and said.
func (c Code) Reveal() string {
	if !c.Set() {
		return ""
	}
	groups := make([]string, 0, codeDigits/groupDigits)
	for at := 0; at < codeDigits; at += groupDigits {
		groups = append(groups, c.digits[at:at+groupDigits])
	}
	return strings.Join(groups, " ")
}
