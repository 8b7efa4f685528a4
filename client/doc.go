// Package client speaks sTELgano-std-1 to a relay.
package client
