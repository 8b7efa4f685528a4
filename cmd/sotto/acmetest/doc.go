// Package acmetest is another module, whose tests run the relay against Pebble,
// the small ACME server that Let's Encrypt tests clients with. It is apart so
// that the relay's own module does not depend on any of it.
package acmetest
