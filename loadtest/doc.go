// Package loadtest lets pairs of phones talk over a relay through the networks
// they would have, keeps a ledger of every message, and reports.
//
//	report, err := loadtest.Run(ctx, loadtest.Config{URL: srv.URL, Profile: "edge"})
//	if err != nil { … } // the harness could not do its work
//	if report.Verdict != loadtest.Passed {
//		report.WriteText(os.Stderr)
//	}
//
// Phones are sessions of package client and speak sotto-2, or std-1: see
// [Protocol]. They seal for real; only what a code or a number is stretched to is
// not paid for by every phone. Package link is the network each has,
// package ledger the account, package relayproc a relay in a process of its
// own. Networks come from [Profiles], and each says its sources. With package tun
// connections are the kernel's, and package calibrate compares both. Package proxy
// gives other services the same networks, and package scenario reads a Config
// from a file.
//
// # What is measured
//
// Latency is from the planned time of a send to the moment when the other phone
// has the message: a send that is late because the last one was slow, or because
// there was no connection, counts from when a person would have pressed the
// button. It is kept apart for radios awake (hot), radios that had to wake
// (cold), and messages that met a fault or a phone that was not there
// (disturbed, not judged).
//
// Relay-added is what is left without the emulated network: from handing the
// message's last segment to the relay's socket until the first bytes of its frame
// are taken from the other phone's. It has the harness's own scheduling in it. Of
// some messages one of the two is not known; the report counts them.
//
// # Verdicts
//
// A run fails, be the harness as late as it may, when
//
//   - the ledger finds an offence: see package ledger;
//   - a stranger is let into a room, or a room is gone that nobody ended;
//   - the relay refuses anything that the scenario does not have it refuse.
//
// It is invalid when the harness was the bottleneck, no message was delivered, or
// no bound had enough samples: then nothing is proved. Else it fails when
//
//   - a phone is not in its room at the end, a message is not answered, or nobody
//     in a room has anything to answer, though the last gap or fault of the network
//     was 50 seconds ago: see [Service];
//   - a quantile misses its bound by more than chance, or the relay holds more than
//     one in a thousand messages for 50 ms: see [SLO].
//
// Bounds are what a network measures by itself, a quarter more, and the relay's
// share, so that only a relay can miss them. [Certainty] says what the ledger's
// counts leave possible.
package loadtest
