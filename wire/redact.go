package wire

import (
	"fmt"
	"io"
)

// redacted is what everything a client sent prints as, whatever the verb.
const redacted = "[redacted]"

// Redacted makes the struct that embeds it print and marshal as "[redacted]".
type Redacted struct{}

type secret = Redacted

func (Redacted) String() string                 { return redacted }
func (Redacted) GoString() string               { return redacted }
func (Redacted) MarshalText() ([]byte, error)   { return []byte(redacted), nil }
func (Redacted) MarshalBinary() ([]byte, error) { return []byte(redacted), nil }
func (Redacted) Format(f fmt.State, _ rune)     { _, _ = io.WriteString(f, redacted) }

// The identifiers are arrays, which cannot embed: they repeat it.

func (Hash[K]) String() string                 { return redacted }
func (Hash[K]) GoString() string               { return redacted }
func (Hash[K]) MarshalText() ([]byte, error)   { return []byte(redacted), nil }
func (Hash[K]) MarshalBinary() ([]byte, error) { return []byte(redacted), nil }
func (Hash[K]) Format(f fmt.State, _ rune)     { _, _ = io.WriteString(f, redacted) }

func (UUID[K]) String() string                 { return redacted }
func (UUID[K]) GoString() string               { return redacted }
func (UUID[K]) MarshalText() ([]byte, error)   { return []byte(redacted), nil }
func (UUID[K]) MarshalBinary() ([]byte, error) { return []byte(redacted), nil }
func (UUID[K]) Format(f fmt.State, _ rune)     { _, _ = io.WriteString(f, redacted) }
