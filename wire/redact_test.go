package wire_test

import (
	"bytes"
	"encoding"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/rs/zerolog"

	"sotto/wire"
)

const redacted = "[redacted]"

// canary is the byte that all secrets of these tests are full of, in every
// form in which package fmt or a marshaller could write it.
const canary = 0xc5

var canaryForms = []string{"c5", "C5", "197", "305", "11000101", "Å", "xcXF", "\xc5"}

func fill(b []byte) { copy(b, bytes.Repeat([]byte{canary}, len(b))) }

// secrets returns one value of every type that holds what a client sent.
func secrets(t testing.TB) map[string]any {
	t.Helper()
	var h [32]byte
	var u [16]byte
	fill(h[:])
	fill(u[:])
	message := wire.Message{ID: u, Sender: h, Ciphertext: h[:], IV: [wire.IVSize]byte(h[:])}
	return map[string]any{
		"RoomHash":    wire.RoomHash(h),
		"AccessHash":  wire.AccessHash(h),
		"SenderHash":  wire.SenderHash(h),
		"GateHash":    wire.GateHash(h),
		"ResumeToken": wire.ResumeToken(h),
		"RoomID":      wire.RoomID(u),
		"MessageID":   wire.MessageID(u),
		"Ref":         wire.NewRef("ÅÅc5C5c5"),
		"Nonce":       nonce(t, strings.Repeat("c5", 10)),
		"Message":     message,
		"Joined":      wire.Joined{RoomID: u, Resume: h, Message: &message},
		"Request": wire.Request{
			Ref: wire.NewRef("c5"), MessageID: u, Ciphertext: h[:], Join: wire.Join{Access: h}, Hello: h[:],
		},
		"Response": wire.Response{Ref: wire.NewRef("c5"), MessageID: u, Message: &message, Hello: h[:]},
	}
}

// verbs are those that package fmt lets a type answer. It never asks about %p
// and hands %w to errors only.
const verbs = "vbcdoOqxXUeEfFgGstz"

func TestSecretsPrintRedacted(t *testing.T) {
	t.Parallel()
	for name, secret := range secrets(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, verb := range verbs {
				for _, flags := range []string{"", "+", "#", "-", " ", "0", "# ", "+#", "80", "-80", ".3", "3.1"} {
					format := "%" + flags + string(verb)
					if got := fmt.Sprintf(format, secret); got != redacted {
						t.Errorf("%s prints something else", format)
					}
					if got := fmt.Errorf("x: "+format, secret).Error(); got != "x: "+redacted {
						t.Errorf("%s prints something else in an error", format)
					}
				}
			}
			for got := range map[string]bool{
				fmt.Sprint(secret):                      true,
				strings.TrimSpace(fmt.Sprintln(secret)): true,
				string(fmt.Append(nil, secret)):         true,
				secret.(fmt.Stringer).String():          true,
				secret.(fmt.GoStringer).GoString():      true,
			} {
				if got != redacted {
					t.Error("prints something else without a verb")
				}
			}
			if got := fmt.Sprintf("%T", secret); !strings.Contains(got, "wire.") {
				t.Errorf("%%T prints %s, not the type", got)
			}
		})
	}
}

// contain returns what a secret gets printed in by accident, with fields of its
// own type.
func contain(v any) any {
	of := reflect.TypeOf(v)
	field := func(name string, typ reflect.Type) reflect.StructField {
		return reflect.StructField{Name: name, Type: typ}
	}
	fields := []reflect.StructField{
		field("Value", of), field("Pointer", reflect.PointerTo(of)), field("Any", reflect.TypeFor[any]()),
		field("Slice", reflect.SliceOf(of)), field("Values", reflect.MapOf(reflect.TypeFor[string](), of)),
	}
	if of.Comparable() {
		fields = append(fields, field("Keys", reflect.MapOf(of, reflect.TypeFor[bool]())))
	}
	value, c := reflect.ValueOf(v), reflect.New(reflect.StructOf(fields)).Elem()
	c.Field(0).Set(value)
	c.Field(1).Set(reflect.New(of))
	c.Field(1).Elem().Set(value)
	c.Field(2).Set(value)
	c.Field(3).Set(reflect.Append(c.Field(3), value))
	c.Field(4).Set(reflect.MakeMap(fields[4].Type))
	c.Field(4).SetMapIndex(reflect.ValueOf("k"), value)
	if of.Comparable() {
		c.Field(5).Set(reflect.MakeMap(fields[5].Type))
		c.Field(5).SetMapIndex(value, reflect.ValueOf(true))
	}
	return c.Addr().Interface()
}

// checkRedacted fails when text has any form of the canary, and when it has
// no secret in it that could have been redacted.
func checkRedacted(t *testing.T, how, text string) {
	t.Helper()
	for _, form := range canaryForms {
		if strings.Contains(text, form) {
			t.Errorf("%s shows the secret", how)
			return
		}
	}
	if !strings.Contains(text, "redacted") {
		t.Errorf("%s shows no secret at all", how)
	}
}

func TestSecretsInContainersPrintRedacted(t *testing.T) {
	t.Parallel()
	for name, secret := range secrets(t) {
		c := contain(secret)
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, verb := range verbs {
				for _, flags := range []string{"", "+", "#"} {
					format := "%" + flags + string(verb)
					checkRedacted(t, format, fmt.Sprintf(format, c))
				}
			}
		})
	}
}

func TestSecretsMarshalRedacted(t *testing.T) {
	t.Parallel()
	marshallers := map[string]func(any) ([]byte, error){
		"json":             json.Marshal,
		"json of a holder": func(v any) ([]byte, error) { return json.Marshal(contain(v)) },
		"xml":              xml.Marshal,
		"binary":           func(v any) ([]byte, error) { return v.(encoding.BinaryMarshaler).MarshalBinary() },
		"zerolog": func(v any) ([]byte, error) {
			var out bytes.Buffer
			log := zerolog.New(&out)
			log.Log().Any("k", v).Interface("k", v).Stringer("k", v.(fmt.Stringer)).
				Fields(map[string]any{"k": v}).Msgf("%v", v)
			return out.Bytes(), nil
		},
	}
	for name, marshal := range marshallers {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for kind, secret := range secrets(t) {
				out, err := marshal(secret)
				if err != nil {
					t.Errorf("%s: %v", kind, err)
				}
				checkRedacted(t, kind, string(out))
			}
		})
	}
}
