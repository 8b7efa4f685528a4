package client

// NewKey makes a key of 32 bytes, for tests that do not derive one.
var NewKey = newKey
