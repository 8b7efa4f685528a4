// Package loadtest lets pairs of phones talk over a relay through the networks
// they would have, keeps a ledger of every message, and reports.
package loadtest
