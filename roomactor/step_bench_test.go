package roomactor

import (
	"testing"

	"sotto/wire"
)

// BenchmarkStepSend is one send of the rules alone: turns of two people, each
// message in the memory of the one before.
func BenchmarkStepSend(b *testing.B) {
	s := newStage(b)
	paired(s)
	text := make([]byte, 200)
	var turns [2]*command
	for i, who := range []string{"a", "b"} {
		turns[i] = &command{kind: cmdRequest, from: s.member(who), req: &wire.Request{
			Event: wire.EventSend, Ref: wire.NewRef(testRef), Ciphertext: text,
		}}
	}
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		if out := s.state.step(moment{s.now, epoch}, turns[i%2]); out.accepted != wire.EventSend {
			b.Fatal("a send was refused")
		}
	}
}
