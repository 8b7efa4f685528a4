// Package tun carries the phones' packets between two network namespaces, so
// that both ends of every connection are the kernel's own TCP: time-outs, slow
// start, half-open sockets and resets are real, and only the wire is emulated.
//
// [Open] makes one namespace for the relay and one for the phones, each with a
// TUN device. Between them, this process holds every packet for as long as the
// phone's [link.Route] says, or drops it. Phones have an address each, out of
// 198.18.0.0/16, and the relay is at 198.19.0.1: addresses for benchmarks (RFC
// 2544), which are nobody's.
//
// The namespaces have no names and hang on files, sockets and devices of this
// process, and on the relay's process: they vanish with these, however they end.
//
// It needs Linux, /dev/net/tun, and the right to make network namespaces: root,
// or a user namespace, in which [Again] starts the program anew.
package tun
