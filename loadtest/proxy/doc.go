// Package proxy puts the networks of phones before any TCP service: what listens
// here reaches it as over a bad network, and people or tests change that network
// while connections last.
//
// A [Phone] is one phone: all connections to its listener share a rate, a radio
// and a NAT, as package link has them. Connecting to the listener itself costs
// nothing; the network's connection is made after it, so that its first byte
// waits for what connecting costs.
//
// [Proxy.Handler] is the interface for changes, over HTTP. N is the port of a
// listener, D a duration such as 1.5s. What is changed answers as GET /N does.
//
//	GET  /                        all phones
//	GET  /N                       one, with its counters
//	POST /N/profile?name=edge     another network from now on
//	POST /N/blackout?for=D        nothing passes; &cut=true: connections end with it
//	POST /N/cut                   the network changes: connections end for the client,
//	                              the service's ends stay for minutes
//	POST /N/forget                the NAT forgets the connections there are
//	POST /N/freeze?for=D          the client neither reads nor writes; 0s: it does again
//
// An unknown port is 404, a mistake 400, what a page of another site sends 403.
// A phone is counted by what it sent and did; whence clients connect is neither
// counted nor said.
package proxy
