package client_test

import (
	"reflect"
	"strings"
	"testing"
	"testing/synctest"

	"sotto/client"
)

// kept collects what a value holds and refers to of this module's types but the
// wire's, which the relay knows: strings, and runs of 32 bytes.
func kept(v reflect.Value, found, visited map[any]bool) {
	switch v.Kind() {
	case reflect.String:
		found[v.String()] = true
	case reflect.Interface:
		kept(v.Elem(), found, visited)
	case reflect.Pointer:
		if !v.IsNil() && !visited[v.Pointer()] && strings.HasPrefix(v.Type().Elem().PkgPath(), "sotto/") {
			visited[v.Pointer()] = true
			kept(v.Elem(), found, visited)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			kept(v.Field(i), found, visited)
		}
	case reflect.Array, reflect.Slice:
		if v.Type().Elem().Kind() != reflect.Uint8 {
			for i := range v.Len() {
				kept(v.Index(i), found, visited)
			}
			return
		}
		var run [32]byte
		if v.Len() != len(run) || v.Type().PkgPath() == "sotto/wire" {
			return
		}
		for i := range run {
			run[i] = byte(v.Index(i).Uint())
		}
		if run != [32]byte{} {
			found[run] = true
		}
	}
}

// However a session of a private number ends: who still has it has no key of it,
// and no text. What there was is overwritten: see TestEnd of package blind.
func TestPrivateEndForgets(t *testing.T) {
	for name, end := range map[string]func(t *testing.T, w *world, a, b *client.Session){
		"closed": func(_ *testing.T, _ *world, a, _ *client.Session) { a.Close() },
		"moved": func(_ *testing.T, w *world, _, _ *client.Session) {
			w.mustPrivate(alicePIN, client.EntryEnter, true)
		},
		"wiped": func(t *testing.T, _ *world, _, b *client.Session) {
			if err := b.Expire(t.Context()); err != nil {
				t.Error(err)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				w := newWorld(t)
				a, _ := w.mustPrivate(alicePIN, client.EntryCreate, true)
				b, _ := w.mustPrivate(bobPIN, client.EntryInvited, true)
				reaches(t, b)
				w.send(b, "a question")
				shows(t, a, says("a question"))
				w.send(a, "an answer")
				shows(t, b, says("an answer"))
				synctest.Wait()
				before, after := map[any]bool{}, map[any]bool{}
				kept(reflect.ValueOf(a), before, map[any]bool{})
				if !before["an answer"] || !before[[32]byte{0: 'k', 31: 'x'}] || len(before) < 8 {
					t.Fatalf("found only %d secrets: the search is broken", len(before))
				}
				end(t, w, a, b)
				for err := error(nil); err == nil; {
					_, err = a.Next(t.Context())
				}
				a.Close()
				synctest.Wait()
				kept(reflect.ValueOf(a), after, map[any]bool{})
				for secret := range before {
					if text, ok := secret.(string); after[secret] && (!ok || strings.Contains(text, "answer")) {
						t.Errorf("%T is still there", secret)
					}
				}
			})
		})
	}
}
