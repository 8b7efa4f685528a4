// Package embedtest is another service that has a relay in it: a module of its
// own, which sees of sotto what any importer sees. It mounts the relay under
// /private/ beside its other routes, with its own logger, registry and
// admission check. Its test is the proof that this works.
package embedtest
