// Package link puts a phone's network between the two ends of a connection.
//
// A [Link] is what one phone has: a rate each way, a distance, jitter, loss, a
// radio that falls asleep, a NAT that forgets. [Link.DialContext] makes
// connections that suffer it. They are shaped below TLS and WebSocket, and carry
// every byte in order: what the emulator imposes is when bytes pass.
//
// # What is modelled
//
//   - Rate: a segment occupies its direction for as long as its bytes and 40
//     more of headers take. All connections of a link share it.
//   - Distance: half of the round trip each way, and jitter, drawn for each
//     segment from a log-normal distribution with a sigma of 1: skewed to the
//     right, its median six tenths of its mean.
//   - Loss: every packet sent while the direction is in a burst or a gap is
//     lost. Bursts are clocked by time, with exponential lengths. A loss shows as
//     the stall a TCP sender would suffer: see below.
//   - The radio: the first packet after silence, in either direction, waits for
//     it to wake.
//   - NAT: a connection on which nothing passed for long enough is forgotten.
//     Its packets vanish, or the phone's next one is answered by a reset.
//   - Gaps: nothing passes. Some cut the phone's connections at their end, as a
//     change of network does; the relay does not hear of it.
//   - Connecting takes a round trip, and a second for a lost first packet, then
//     two, then four.
//
// # What TCP makes of loss
//
// A lost segment is sent again after the retransmission time-out of RFC 6298, of
// which four deviations count as 200 ms at least, as on Linux, then after twice
// that, and so on. The burst that took the first may take the next. What follows
// waits behind it. A round trip ends with the segment that carries the
// acknowledgement, the answer, so that one that was lost makes the next loss
// dearer.
//
// A sender begins with ten segments under way and sends two for each that is
// acknowledged (slow start), up to 64 KiB; after a time-out it begins with one.
//
// Package calibrate holds the model against a kernel over packets, within 25 %.
// Left out, each of these puts a figure outside of that: slow start, its new
// beginning after a time-out, the deviations, the 200 ms, and the round trip that
// ends with the answer. Doubling decides how long gaps last. Other details of Linux
// move no figure by a tenth, and are not there: the probe of RFC 8985, its own
// estimator, delayed acknowledgements, coarse timers.
//
// Not modelled: fast retransmission of segments that others follow within the
// same flight, windows that become smaller without a time-out, acknowledgements
// that are lost when they travel alone, and competition between phones.
//
// A [Route] has the same weather for the packets of a kernel, whose TCP then is
// real.
package link
