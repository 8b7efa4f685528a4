package lockout

import "testing"

func unheld(*Token) bool { return false }

// Every array that held tokens is overwritten when they leave it.
func TestTokensAreOverwritten(t *testing.T) {
	var s Tokens
	var arrays [][]Token
	for n := range byte(3 * MaxTokens) {
		s.Add(&Token{0: 1 + n, 31: 0xff}, unheld)
		if last := len(arrays) - 1; last < 0 || &arrays[last][0] != &s.list[0] {
			arrays = append(arrays, s.list[:cap(s.list)])
		}
		for _, old := range arrays[:len(arrays)-1] {
			for _, token := range old {
				if token != (Token{}) {
					t.Fatalf("after %d tokens one is left in an array that was left", 1+n)
				}
			}
		}
		if kept := min(int(1+n), MaxTokens); len(s.list) != kept {
			t.Fatalf("%d tokens of %d are kept; want %d", len(s.list), 1+n, kept)
		}
	}
	array := s.list[:cap(s.list)]
	s.Forget()
	for _, token := range array {
		if token != (Token{}) {
			t.Fatal("a token is left after Forget")
		}
	}
	if s.Has(&Token{}) || len(s.list) != 0 {
		t.Error("something is kept after Forget")
	}
	s.Add(&Token{1}, unheld)
	if !s.Has(&Token{1}) {
		t.Error("nothing is kept any more after Forget")
	}
	new(Tokens).Forget() // of nothing
}
