package blind

import (
	"fmt"
	"io"
)

const redacted = "[redacted]"

// secret makes the struct that embeds it print and marshal as "[redacted]".
type secret struct{}

func (secret) String() string               { return redacted }
func (secret) GoString() string             { return redacted }
func (secret) MarshalText() ([]byte, error) { return []byte(redacted), nil }
func (secret) Format(f fmt.State, _ rune)   { _, _ = io.WriteString(f, redacted) }
