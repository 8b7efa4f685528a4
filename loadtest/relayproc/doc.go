// Package relayproc runs a relay in a process of its own, so that what it uses
// can be told from what its load takes, and so that it can be restarted.
//
// The program that loads it is started again to be the relay: its main function
// calls [Serve] under a hidden command, and [Start] is told that command.
package relayproc
