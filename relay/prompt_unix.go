//go:build unix

package relay

import (
	"errors"
	"net"
	"syscall"
)

// promptSocket returns the prompt of a socket of the kernel, or nil. A type that
// merely embeds one may have a Read or Write of its own, so it is not taken.
func promptSocket(conn net.Conn) prompt {
	var raw syscall.RawConn
	var err error
	switch c := conn.(type) {
	case *net.TCPConn:
		raw, err = c.SyscallConn()
	case *net.UnixConn:
		raw, err = c.SyscallConn()
	default:
		return nil
	}
	if err != nil {
		return nil
	}
	k := &kernelSocket{raw: raw}
	k.read.once, k.write.once = k.readOnce, k.writeOnce
	return k
}

// kernelSocket reads and writes a socket that does not block. It has one reader
// and one writer at a time.
type kernelSocket struct {
	raw         syscall.RawConn
	read, write attempt
	lender      lender // of the read under way
}

// attempt is one system call. It is kept here, as what is passed to a RawConn
// would else be allocated each time.
type attempt struct {
	once func(fd uintptr) bool
	p    []byte
	n    int
	err  error
}

// result ends an attempt. What it was made with is let go of.
func (a *attempt) result(err error) (int, error) {
	n := max(0, a.n)
	if err == nil {
		err = a.err
	}
	a.p, a.n, a.err = nil, 0, nil
	return n, err
}

func (k *kernelSocket) ReadReady(from lender) (int, error) {
	k.lender = from
	err := k.raw.Read(k.read.once)
	k.lender = nil
	return k.read.result(err)
}

// readOnce reports whether waiting is over.
func (k *kernelSocket) readOnce(fd uintptr) bool {
	a := &k.read
	a.n, a.err = retry(int(fd), k.lender.Lend(), syscall.Read)
	if errors.Is(a.err, syscall.EAGAIN) {
		k.lender.TakeBack() // it may be long
		a.err = nil
		return false
	}
	return true
}

func (k *kernelSocket) WriteReady(p []byte) (int, error) {
	k.write.p = p
	return k.write.result(k.raw.Write(k.write.once))
}

// writeOnce never waits, and so reports that it is done.
func (k *kernelSocket) writeOnce(fd uintptr) bool {
	a := &k.write
	a.n, a.err = retry(int(fd), a.p, syscall.Write)
	if errors.Is(a.err, syscall.EAGAIN) {
		a.n, a.err = 0, nil
	}
	return true
}

// retry makes a system call until no signal has interrupted it.
func retry(fd int, p []byte, call func(int, []byte) (int, error)) (int, error) {
	for {
		n, err := call(fd, p)
		if !errors.Is(err, syscall.EINTR) {
			return n, err
		}
	}
}
