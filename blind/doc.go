// Package blind is the core of sotto-2, with which two people talk over a relay
// that can read nothing of it. They share a [Code] of 25 digits, which is
// written on a contact card as a telephone number's extension. All that a relay
// sees of a room comes from it through [Code.Root].
package blind
