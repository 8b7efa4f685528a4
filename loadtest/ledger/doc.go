// Package ledger keeps account of every message: who sent it, whether the relay
// accepted it, and what the other phone saw. It finds what must not be:
//
//   - lost: accepted, and never seen by the other seat while its room lived, though the
//     relay answered it afterwards;
//   - duplicated: seen twice as new, or under two ids;
//   - reordered: seen after a later one of the same author;
//   - misdelivered: seen in another room, by the wrong seat, or not readable;
//   - two in a slot: accepted or seen while the slot held another message that
//     had not been answered or deleted.
//
// A message carries its [Stamp] in its text, so that whoever sees it knows whose
// it is, whatever the relay says.
package ledger
