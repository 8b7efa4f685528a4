// Package entry is how somebody gets into a room, whatever they see of it: it
// finds a number in a text, makes new ones, opens a session, and says what went
// wrong in words for people and in codes for programs.
//
// Nothing in it keeps anything, and everything is safe for concurrent use but
// [Door].
package entry
