// Package ledger keeps account of every message: who sent, edited and deleted
// it, what the relay answered, and what each phone saw. It compares every view
// of the slot with a model, and finds what must not be:
//
//   - lost: accepted, and never seen by the other seat while its room lived, though the
//     relay answered it afterwards;
//   - duplicated: seen twice as new, or under two ids;
//   - reordered: seen after a later one of the same author;
//   - misdelivered: seen in another room, by the wrong seat, not readable, or
//     with a text that nobody wrote;
//   - two in a slot: accepted or seen while the slot held another message that
//     had not been answered or deleted;
//   - rolled back: seen again, by a seat that had seen or done what came after it;
//   - not done: an edit or a deletion to which the relay said yes and that the
//     other seat did not see before what came after;
//   - wrong receipt: one that did not come, or came though nobody had read.
//
// A message carries its [Stamp] in its text, so that whoever sees it knows whose
// it is, whatever the relay says.
//
// With sotto-2 a message may be sealed for one page of the other's. When that
// page and the author's are both gone, nobody can open it and the client says
// so: such messages are counted as closed, and nothing else may be missing.
package ledger
