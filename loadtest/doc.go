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
// (cold), and messages that met a fault (disturbed, not judged).
//
// Relay-added is what is left without the emulated network: from handing the
// message's last segment to the relay's socket until it is taken from the other
// phone's. It has the harness's own scheduling in it.
//
// # Verdicts
//
// A run fails when the ledger finds a message that is not where it should be,
// when a stranger is let into a room, or when a quantile with enough samples is
// above its bound. It is invalid, whatever else, when the harness was the
// bottleneck: then nothing is proved.
package loadtest
