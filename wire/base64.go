package wire

// base64Digits holds the value of each digit of standard base64, and 0xff for
// every other byte.
var base64Digits = func() (t [256]byte) {
	for i := range t {
		t[i] = 0xff
	}
	for i, c := range []byte("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/") {
		t[c] = byte(i)
	}
	return t
}()

// decodeBase64 decodes standard base64 with padding where it stands and
// returns the front part of b that holds the result. It takes the one spelling
// an encoder writes and no other: no line breaks (which encoding/base64 skips
// even when strict), no bits behind the end.
func decodeBase64(b []byte) ([]byte, bool) {
	if len(b)%4 != 0 {
		return nil, false
	}
	pad := 0
	for pad < 2 && pad < len(b) && b[len(b)-1-pad] == '=' {
		pad++
	}
	whole := len(b)
	if pad > 0 {
		whole -= 4
	}
	to := 0
	var all byte // every value seen, or'ed: a high bit is a foreign byte
	for from := 0; from < whole; from += 4 {
		q := b[from : from+4 : from+4]
		v0, v1, v2, v3 := base64Digits[q[0]], base64Digits[q[1]], base64Digits[q[2]], base64Digits[q[3]]
		all |= v0 | v1 | v2 | v3
		d := b[to : to+3 : to+3]
		d[0], d[1], d[2] = v0<<2|v1>>4, v1<<4|v2>>2, v2<<6|v3
		to += 3
	}
	if pad > 0 {
		v0, v1 := base64Digits[b[whole]], base64Digits[b[whole+1]]
		all |= v0 | v1
		b[to] = v0<<2 | v1>>4
		to++
		behind := v1 << 4
		if pad == 1 {
			v2 := base64Digits[b[whole+2]]
			all |= v2
			b[to] = v1<<4 | v2>>2
			to++
			behind = v2 << 6
		}
		if behind != 0 {
			return nil, false
		}
	}
	return b[:to:to], all < 64
}
