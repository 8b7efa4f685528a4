//go:build !unix

package relay

import "net"

// promptSocket returns nil: there is no such call here.
func promptSocket(net.Conn) prompt { return nil }
