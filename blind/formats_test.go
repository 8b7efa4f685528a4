package blind

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"strings"
	"testing"

	"sotto/internal/vectors"
	"sotto/wire"
)

// Every message of the vectors opens with the keys that the vectors tell, and
// marshals to the same bytes again.
func TestVectors(t *testing.T) {
	t.Parallel()
	v := vectors.ReadBlind()
	life := NewLifeKey([32]byte(v.Life))
	k := newXWing()

	hello, err := ParseHello(life, v.HelloB)
	if err != nil {
		t.Fatal(err)
	}
	hb := keySeed(v.Seeds.HB)
	if hello.Sender != wire.SenderHash(v.SenderB) || hello.Key != *k.publicKey(&hb) {
		t.Error("the hello is of somebody else, or its key is not the seed's")
	}
	if !bytes.Equal(hello.Marshal(life), v.HelloB) {
		t.Error("the hello marshals to other bytes")
	}

	// The chain value that goes with each seed's key.
	chains := map[string]chain{"hb": life.chainStart(), "": life.chainStart()}
	seeds := map[string]keySeed{"hb": hb, "a1": keySeed(v.Seeds.A1), "b1": keySeed(v.Seeds.B1), "a2": keySeed(v.Seeds.A2)}
	senders := map[string]wire.SenderHash{"A": wire.SenderHash(v.SenderA), "B": wire.SenderHash(v.SenderB)}
	sizes, sealed := map[int]int{}, 0
	var last *Body
	for i, m := range v.Messages {
		if sum := sha256.Sum256(m.Message); !bytes.Equal(sum[:], m.SHA256) {
			t.Fatalf("message %d: the bytes are not those of the hash", i)
		}
		h, _, err := ParseHeader(m.Message)
		if err != nil {
			t.Fatalf("message %d: %v", i, err)
		}
		header := m.Message[:HeaderSize]
		if !bytes.Equal(h.Marshal(), header) {
			t.Errorf("message %d: the header marshals to other bytes", i)
		}
		before, ok := chains[m.To]
		if !ok {
			t.Fatalf("message %d is for %q, whose chain value is not known", i, m.To)
		}
		if seed, ok := seeds[m.To]; ok && k.publicKey(&seed).ID() != h.To {
			t.Errorf("message %d names another key than %s's", i, m.To)
		}
		var c chain
		var key messageKey
		if h.Left {
			c, key = leftChain(before, senders[m.From], header), life.leftKey(senders[m.From], header)
		} else {
			sealed++
			seed := seeds[m.To]
			shared, err := k.decapsulate(&seed, &h.Enc)
			if err != nil {
				t.Fatal(err)
			}
			c, key = sealedKeys(before, shared, senders[m.From], header)
			if m.From == "B" && c.check() != v.Check {
				t.Errorf("the check code is %s, want %s", c.check(), v.Check)
			}
		}
		if !bytes.Equal(c[:], m.C) || !bytes.Equal(key[:], m.K) {
			t.Errorf("message %d: c or k differ", i)
		}
		body, err := key.open(m.Message, IV(m.IV))
		if err != nil {
			t.Fatalf("message %d: %v", i, err)
		}
		marshalled, err := body.Marshal()
		if err != nil || !bytes.Equal(key.seal(header, IV(m.IV), marshalled), m.Message) {
			t.Errorf("message %d marshals to other bytes, %v", i, err)
		}
		if last != nil && m.From == "B" && body.Ack != IV(v.Messages[0].IV).ack() {
			t.Errorf("message %d answers another variant", i)
		}
		sizes[len(m.Message)]++
		last = body
		for name, seed := range seeds {
			if *k.publicKey(&seed) == h.Next {
				chains[name] = c
			}
		}
	}
	if sealed != 3 || sizes[4096] != 3 || sizes[8192] != 2 {
		t.Errorf("%d messages are sealed; sizes %v", sealed, sizes)
	}
}

// change returns b with the byte at a place xored.
func change(b []byte, at int, with byte) []byte {
	b = bytes.Clone(b)
	if at < 0 {
		at += len(b)
	}
	b[at] ^= with
	return b
}

func TestHelloRefused(t *testing.T) {
	t.Parallel()
	v := vectors.ReadBlind()
	life, good := NewLifeKey([32]byte(v.Life)), []byte(v.HelloB)
	for name, test := range map[string]struct {
		bytes []byte
		want  error
	}{
		"empty":        {nil, ErrFormat},
		"short":        {good[:HelloSize-1], ErrFormat},
		"long":         {append(bytes.Clone(good), 0), ErrFormat},
		"version":      {change(good, 0, 1), ErrFormat},
		"suite":        {change(good, 1, 3), ErrFormat},
		"a sealed one": {change(good, 2, 2), ErrFormat},
		"a left one":   {change(good, 2, 1), ErrFormat},
		"flag":         {change(good, 3, 0x80), ErrFormat},
		"page":         {change(good, 4, 1), ErrForged},
		"sender":       {change(good, 12, 1), ErrForged},
		"key":          {change(good, 44, 1), ErrForged},
		"last of key":  {change(good, helloSigned-1, 1), ErrForged},
		"first of mac": {change(good, helloSigned, 1), ErrForged},
		"last of mac":  {change(good, -1, 0x80), ErrForged},
	} {
		if _, err := ParseHello(life, test.bytes); !errors.Is(err, test.want) {
			t.Errorf("%s: %v, want %v", name, err, test.want)
		}
	}
	if _, err := ParseHello(NewLifeKey([32]byte{1}), good); !errors.Is(err, ErrForged) {
		t.Errorf("of another life: %v", err)
	}
}

func TestHeaderRefused(t *testing.T) {
	t.Parallel()
	v := vectors.ReadBlind()
	sealed, left := []byte(v.Messages[0].Message), []byte(v.Messages[3].Message)
	for name, b := range map[string][]byte{
		"empty":            nil,
		"header alone":     sealed[:HeaderSize],
		"short":            sealed[:len(sealed)-1],
		"long":             append(bytes.Clone(sealed), 0),
		"between sizes":    append(bytes.Clone(sealed), make([]byte, 2048)...),
		"above the sizes":  make([]byte, 2*65_536),
		"version":          change(sealed, 0, 3),
		"suite":            change(sealed, 1, 1),
		"type 0":           change(sealed, 2, 1),
		"a hello":          change(sealed, 2, 2),
		"flag":             change(sealed, 3, 1),
		"left with enc":    change(sealed, 2, 3),
		"left, first byte": change(left, startSize+pageIDSize+8, 1),
		"left, last byte":  change(left, HeaderSize-PublicKeySize-1, 1),
	} {
		if _, _, err := ParseHeader(b); !errors.Is(err, ErrFormat) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, size := range []int{4096, 8192, 16_384, 32_768, 65_536} {
		if _, _, err := ParseHeader(append(bytes.Clone(sealed[:HeaderSize]), make([]byte, size-HeaderSize)...)); err != nil {
			t.Errorf("a message of %d bytes: %v", size, err)
		}
	}
}

// A body of text, of the smaller size.
func textBody(t *testing.T, text string) []byte {
	t.Helper()
	b, err := (&Body{Content: Content{Kind: KindText, Text: text}, Ack: Ack{1}, Sent: 7}).Marshal()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func voiceBody(t *testing.T, data int) []byte {
	t.Helper()
	b, err := (&Body{Content: Content{
		Kind: KindVoice, Milliseconds: 1500, MediaType: "audio/webm", Data: bytes.Repeat([]byte{9}, data),
	}}).Marshal()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func with(b []byte, at int, bytes ...byte) []byte {
	b = append([]byte(nil), b...)
	copy(b[at:], bytes)
	return b
}

func TestBodyRefused(t *testing.T) {
	t.Parallel()
	text, voice := textBody(t, "hello"), voiceBody(t, 5)
	const length, payload = bodyStart - 2, bodyStart
	empty := make([]byte, textSizes[0])
	for name, b := range map[string][]byte{
		"none":                 nil,
		"start alone":          text[:bodyStart],
		"short":                text[:len(text)-1],
		"kind":                 with(text, 0, 3),
		"empty with text":      with(text, 0, 0),
		"empty, larger size":   make([]byte, textSizes[1]),
		"empty as voice":       make([]byte, voiceSizes[0]),
		"tail":                 with(text, len(text)-1, 1),
		"tail begins":          with(text, payload+5, 1),
		"len too small":        with(text, length, 0, 4),
		"len past the end":     with(empty, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x06, 0xae),
		"len far past the end": with(text, length, 0xff, 0xff),
		"not utf-8":            with(text, payload, 0xff),
		"overlong":             with(text, payload, 0xc0, 0x80),
		"surrogate":            with(text, payload, 0xed, 0xa0, 0x80),
		"cut character":        with(text, payload+4, 0xc3),
		"larger than needed":   append(bytes.Clone(text), make([]byte, textSizes[1]-textSizes[0])...),
		"text as voice":        append(bytes.Clone(text), make([]byte, voiceSizes[0]-textSizes[0])...),
		"voice as text":        voice[:textSizes[0]],
		"voice larger":         append(bytes.Clone(voice), make([]byte, voiceSizes[1]-voiceSizes[0])...),
		"voice without start":  with(with(make([]byte, voiceSizes[0]), 0, 2), length, 0, 4),
		"media past the end":   with(voice, payload+4, 16),
		"no media type":        with(with(make([]byte, voiceSizes[0]), 0, 2), length, 0, 5),
		"media not ascii":      with(voice, payload+5, 0x80),
		"media with control":   with(voice, payload+5, '\n'),
	} {
		if _, err := ParseBody(b); !errors.Is(err, ErrFormat) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, test := range map[string]struct {
		content Content
		want    error
		size    int
	}{
		"empty":         {Content{}, nil, 1724},
		"small":         {Content{Kind: KindText, Text: strings.Repeat("a", 1709)}, nil, 1724},
		"large":         {Content{Kind: KindText, Text: strings.Repeat("a", 1710)}, nil, 5820},
		"longest":       {Content{Kind: KindText, Text: strings.Repeat("a", MaxText)}, nil, 5820},
		"too long":      {Content{Kind: KindText, Text: strings.Repeat("a", MaxText+1)}, ErrTooLong, 0},
		"not utf-8":     {Content{Kind: KindText, Text: "\xff"}, ErrFormat, 0},
		"voice":         {Content{Kind: KindVoice, MediaType: "a", Data: make([]byte, 1)}, nil, 14_012},
		"longest voice": {Content{Kind: KindVoice, MediaType: "a", Data: make([]byte, MaxVoice-1)}, nil, 63_164},
		"voice too big": {Content{Kind: KindVoice, MediaType: "a", Data: make([]byte, MaxVoice)}, ErrTooLong, 0},
		"no media":      {Content{Kind: KindVoice}, ErrFormat, 0},
		"long media":    {Content{Kind: KindVoice, MediaType: strings.Repeat("a", 256)}, ErrFormat, 0},
		"other kind":    {Content{Kind: 3}, ErrFormat, 0},
	} {
		b, err := (&Body{Content: test.content}).Marshal()
		if !errors.Is(err, test.want) || len(b) != test.size {
			t.Errorf("%s: %d bytes, %v; want %d, %v", name, len(b), err, test.size, test.want)
		}
	}
}

func FuzzHello(f *testing.F) {
	life := NewLifeKey([32]byte(vectors.ReadBlind().Life))
	f.Fuzz(func(t *testing.T, b []byte) {
		if len(b) == helloSigned { // a fuzzer can't guess the mac
			b = append(b[:len(b):len(b)], life.helloMAC(b)...)
		}
		if h, err := ParseHello(life, b); err == nil && !bytes.Equal(h.Marshal(life), b) {
			t.Error("marshals to other bytes")
		} else if err != nil && !errors.Is(err, ErrFormat) && !errors.Is(err, ErrForged) {
			t.Error(err)
		}
	})
}

func FuzzHeader(f *testing.F) {
	f.Fuzz(func(t *testing.T, b []byte) {
		if len(b) == HeaderSize {
			b = append(b[:len(b):len(b)], make([]byte, textSizes[0]+tagSize)...)
		}
		if h, _, err := ParseHeader(b); err == nil && !bytes.Equal(h.Marshal(), b[:HeaderSize]) {
			t.Error("marshals to other bytes")
		} else if err != nil && !errors.Is(err, ErrFormat) {
			t.Error(err)
		}
	})
}

func FuzzBody(f *testing.F) {
	f.Fuzz(func(t *testing.T, start []byte, size uint16) {
		b := make([]byte, size)
		copy(b, start)
		body, err := ParseBody(b)
		if err != nil {
			if !errors.Is(err, ErrFormat) {
				t.Error(err)
			}
			return
		}
		if again, err := body.Marshal(); err != nil || !bytes.Equal(again, b) {
			t.Errorf("marshals to other bytes, %v", err)
		}
	})
}
