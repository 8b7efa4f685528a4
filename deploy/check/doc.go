// Package check holds the tests of what is configuration under deploy: rules,
// dashboards and manifests, against the relay's program and against the code
// of those who read them. It is a module of its own so that their code does
// not become a dependency of the relay.
package check
