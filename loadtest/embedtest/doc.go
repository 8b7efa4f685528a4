// Package embedtest is another module whose tests load a relay of its own: how
// a service with a relay in it tells whether it still serves phones on bad
// networks.
package embedtest
