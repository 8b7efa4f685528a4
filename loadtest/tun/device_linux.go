package tun

import (
	"errors"
	"fmt"
	"net/netip"
	"os"

	"golang.org/x/sys/unix"
)

const (
	devicePath = "/dev/net/tun"
	deviceName = "phones0"
	loopback   = "lo"
	maxPacket  = 1500 // what a device takes at once, in bytes
)

// device makes a TUN device in the calling thread's namespace, with an address
// on it, and returns the end that packets are read from and written to.
func device(path string, prefix netip.Prefix) (*os.File, error) {
	fd, err := unix.Open(path, unix.O_RDWR|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, fmt.Errorf("%w: open %s: %w", ErrUnavailable, path, err)
	}
	err = func() error {
		request, err := unix.NewIfreq(deviceName)
		if err != nil {
			return err
		}
		request.SetUint16(unix.IFF_TUN | unix.IFF_NO_PI)
		if err := unix.IoctlIfreq(fd, unix.TUNSETIFF, request); err != nil {
			return fmt.Errorf("%w: make a TUN device: %w", ErrUnavailable, err)
		}
		return raise(deviceName, prefix)
	}()
	if err != nil {
		return nil, errors.Join(err, unix.Close(fd))
	}
	return os.NewFile(uintptr(fd), path), nil
}

// raise gives an interface of the calling thread's namespace an address and
// takes it up. On a loopback interface every address of the prefix is one that
// sockets may have.
func raise(name string, prefix netip.Prefix) error {
	s, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return fmt.Errorf("open a socket: %w", err)
	}
	defer func() { _ = unix.Close(s) }()
	request, err := unix.NewIfreq(name)
	if err != nil {
		return err
	}
	set := func(what string, ioctl uint, addr []byte) error {
		if err := request.SetInet4Addr(addr); err != nil {
			return err
		}
		if err := unix.IoctlIfreq(s, ioctl, request); err != nil {
			return fmt.Errorf("set %s of %s: %w", what, name, err)
		}
		return nil
	}
	mask := ^uint32(0) << (32 - prefix.Bits())
	if err := errors.Join(
		set("the address", unix.SIOCSIFADDR, prefix.Addr().AsSlice()),
		set("the mask", unix.SIOCSIFNETMASK, []byte{byte(mask >> 24), byte(mask >> 16), byte(mask >> 8), byte(mask)}), //nolint:gosec // its bytes
	); err != nil {
		return err
	}
	request.SetUint16(unix.IFF_UP)
	if err := unix.IoctlIfreq(s, unix.SIOCSIFFLAGS, request); err != nil {
		return fmt.Errorf("take %s up: %w", name, err)
	}
	return nil
}
