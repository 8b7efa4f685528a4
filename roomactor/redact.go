package roomactor

import (
	"fmt"
	"io"
)

// A room and its supervisor hold hashes in unexported fields, which package fmt
// would print; so they print as their names.

func (*Room) Format(f fmt.State, _ rune)       { _, _ = io.WriteString(f, "roomactor.Room") }
func (*Supervisor) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "roomactor.Supervisor") }
