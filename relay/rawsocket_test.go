package relay_test

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
)

// Opcodes of RFC 6455, section 5.2.
const (
	opContinuation = 0x0
	opText         = 0x1
	opBinary       = 0x2
	opClose        = 0x8
	opPing         = 0x9
	opPong         = 0xa
)

// Bits of the first byte of a frame.
const (
	finBit  = 0x80
	rsv1Bit = 0x40
)

// mask is the masking key of every frame: randomness protects proxies, of
// which there are none here.
var mask = [4]byte{0xde, 0xad, 0xbe, 0xef}

// frameBytes is a whole masked frame. first is the first byte: opcode and bits.
func frameBytes(first byte, payload []byte) []byte {
	out := frameHeader(first, uint64(len(payload)))
	for i, b := range payload {
		out = append(out, b^mask[i%4])
	}
	return out
}

// frameHeader is the header of a masked frame that claims size bytes.
func frameHeader(first byte, size uint64) []byte {
	out := []byte{first}
	switch {
	case size < 126:
		out = append(out, 0x80|byte(size))
	case size < 1<<16:
		out = binary.BigEndian.AppendUint16(append(out, 0x80|126), uint16(size))
	default:
		out = binary.BigEndian.AppendUint64(append(out, 0x80|127), size)
	}
	return append(out, mask[:]...)
}

// textFrame is a whole text frame as bytes.
func textFrame(text string) []byte { return frameBytes(finBit|opText, []byte(text)) }

// readFrame reads one frame from the relay, which never masks or fragments.
func readFrame(r io.Reader) (op byte, payload []byte, err error) {
	var head [8]byte
	if _, err := io.ReadFull(r, head[:2]); err != nil {
		return 0, nil, err
	}
	if head[0]&0xf0 != finBit || head[1]&0x80 != 0 {
		return 0, nil, fmt.Errorf("frame header % x is fragmented, masked or has reserved bits", head[:2])
	}
	op = head[0] & 0x0f
	size := uint64(head[1])
	switch size {
	case 126:
		if _, err := io.ReadFull(r, head[:2]); err != nil {
			return 0, nil, err
		}
		size = uint64(binary.BigEndian.Uint16(head[:]))
	case 127:
		if _, err := io.ReadFull(r, head[:8]); err != nil {
			return 0, nil, err
		}
		size = binary.BigEndian.Uint64(head[:])
	}
	if size > 1<<20 {
		return 0, nil, fmt.Errorf("the relay sends a frame of %d bytes", size)
	}
	payload = make([]byte, size)
	_, err = io.ReadFull(r, payload)
	return op, payload, err
}

// handshakeText is an upgrade request, with more header lines.
func handshakeText(target string, lines ...string) string {
	return "GET " + target + " HTTP/1.1\r\n" +
		"Host: relay.test\r\n" +
		"Connection: keep-alive, Upgrade\r\n" +
		"Upgrade: websocket\r\n" +
		"Sec-WebSocket-Version: 13\r\n" +
		"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n" +
		strings.Join(append(lines, ""), "\r\n") + "\r\n"
}

// acceptOfKey answers the key above: RFC 6455, section 1.3.
const acceptOfKey = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="

// handshake sends an upgrade request with first behind it, in one write, and
// returns the answer.
func handshake(conn net.Conn, first []byte, target string, lines ...string) (*http.Response, *bufio.Reader, error) {
	all := append([]byte(handshakeText(target, lines...)), first...)
	if _, err := conn.Write(all); err != nil {
		return nil, nil, err
	}
	br := bufio.NewReader(conn)
	resp, err := http.ReadResponse(br, nil)
	if err != nil {
		return nil, nil, err
	}
	if resp.StatusCode == http.StatusSwitchingProtocols {
		return resp, br, nil
	}
	body, err := io.ReadAll(resp.Body)
	resp.Body = io.NopCloser(bytes.NewReader(body))
	return resp, br, err
}
