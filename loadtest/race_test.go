//go:build race

package loadtest

// raced: the race detector watches, and everything takes ten times as long. Races
// show with the first of what many seeds and networks are run for.
const raced = true
