// Package relay serves sTELgano-std-1 rooms over WebSocket from memory alone.
//
// A [Relay] is an http.Handler. Mount it at the root or, with
// http.StripPrefix, under a path of another service:
//
//	rl, err := relay.New(relay.Config{})
//	if err != nil { … }
//	mux.Handle("/private/", http.StripPrefix("/private", rl))
//	…
//	err = rl.Shutdown(ctx) // http.Server.Shutdown does not wait for sockets
//
// Any listener will do for its http.Server; one of [Relay.Listener] bounds the
// connections that an address has, and all together, before HTTP.
//
// It owns the paths /room/{hash}/ws, /api/room/{hash}/exists, /api/config and
// /healthz; [Config.Page] serves everything else.
//
// Nothing is written to disk and nothing identifying is logged, labelled or
// echoed: no hash, ciphertext, address, User-Agent or Origin. Several relays
// in one process do not meet.
//
// Goroutines: one a socket, which reads, works on the room and writes what the
// network takes at once; a second one while the socket has more to write or a ping
// under way; and one for each command that waits for its room. Each is owned by the
// Relay, whose Shutdown waits for all of them.
package relay
