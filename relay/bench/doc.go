// Package bench measures the relay beside bare coder/websocket servers, in the
// same run and on the same machine, so that what it reports are ratios. It has
// only benchmarks: see make bench.
//
// Servers run in a child process (this test binary again), so that their
// memory can be told from the clients'. Two bare servers are compared with:
// echo sends every frame back; fan-out, the least that a relay has to do,
// writes a frame to both sockets of a pair and an acknowledgement to its
// sender, without any rules.
package bench
