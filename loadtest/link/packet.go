package link

import (
	"encoding/binary"
	"net/netip"
)

// Headers are what a Route has to know of a TCP packet over IPv4.
type Headers struct {
	Src, Dst netip.AddrPort
	Seq, Ack uint32
	SYN      bool
	Bytes    int // of data
}

// Lengths and places in headers without options.
const (
	ipHeader, tcpHeader = 20, 20
	protocolTCP         = 6
	flagSYN, flagRST    = 0x02, 0x04
	timeToLive          = 64
)

// ParseHeaders reads the headers of a packet, and reports whether it is TCP over
// IPv4, and whole. Checksums are not looked at: the receiver does.
func ParseHeaders(p []byte) (Headers, bool) {
	if len(p) < ipHeader || p[0]>>4 != 4 || p[9] != protocolTCP {
		return Headers{}, false
	}
	fragmented := binary.BigEndian.Uint16(p[6:])&0x3fff != 0
	start, end := int(p[0]&0xf)*4, int(binary.BigEndian.Uint16(p[2:]))
	if fragmented || start < ipHeader || end > len(p) || end < start+tcpHeader {
		return Headers{}, false
	}
	t := p[start:end]
	data := int(t[12]>>4) * 4
	if data < tcpHeader || data > len(t) {
		return Headers{}, false
	}
	src, dst := [4]byte(p[12:16]), [4]byte(p[16:20])
	return Headers{
		Src: netip.AddrPortFrom(netip.AddrFrom4(src), binary.BigEndian.Uint16(t[0:])),
		Dst: netip.AddrPortFrom(netip.AddrFrom4(dst), binary.BigEndian.Uint16(t[2:])),
		Seq: binary.BigEndian.Uint32(t[4:]), Ack: binary.BigEndian.Uint32(t[8:]),
		SYN: t[13]&flagSYN != 0, Bytes: len(t) - data,
	}, true
}

// reset makes the packet with which a NAT answers one it has no mapping for.
func reset(to Headers) []byte {
	p := make([]byte, ipHeader+tcpHeader)
	src, dst := to.Dst.Addr().As4(), to.Src.Addr().As4()
	p[0], p[8], p[9] = 0x45, timeToLive, protocolTCP
	binary.BigEndian.PutUint16(p[2:], ipHeader+tcpHeader)
	copy(p[12:], src[:])
	copy(p[16:], dst[:])
	binary.BigEndian.PutUint16(p[10:], checksum(0, p[:ipHeader]))
	t := p[ipHeader:]
	binary.BigEndian.PutUint16(t[0:], to.Dst.Port())
	binary.BigEndian.PutUint16(t[2:], to.Src.Port())
	t[12], t[13] = tcpHeader/4<<4, flagRST
	binary.BigEndian.PutUint32(t[4:], to.Ack)
	pseudo := sum(0, p[12:20]) + protocolTCP + tcpHeader
	binary.BigEndian.PutUint16(t[16:], checksum(pseudo, t))
	return p
}

// sum adds the words of an even number of bytes.
func sum(start uint32, p []byte) uint32 {
	for i := 0; i < len(p); i += 2 {
		start += uint32(binary.BigEndian.Uint16(p[i:]))
	}
	return start
}

func checksum(start uint32, p []byte) uint16 {
	s := sum(start, p)
	s = s&0xffff + s>>16
	s += s >> 16
	return ^uint16(s) //nolint:gosec // the rest is the carry, which has been added
}
