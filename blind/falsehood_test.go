package blind

import (
	"fmt"

	"sotto/wire"
)

// falsehoods returns everything that the attacker can make a page believe.
func (s *state) falsehoods(seat int) map[string]func(*state) {
	all := map[string]func(*state){}
	p := s.pages[seat].page
	for i := range s.records {
		all[fmt.Sprint("repeat ", i, " to ", seat)] = func(s *state) {
			m := s.records[i].m
			s.pages[seat].step(MessageReceived{m})
		}
		all[fmt.Sprint("reflect ", i, " to ", seat)] = func(s *state) {
			m := s.records[i].m
			m.Sender = s.relay.senders[1-seat]
			s.pages[seat].step(MessageReceived{m})
		}
	}
	if !s.code {
		return all
	}
	var keys []*PublicKey
	if p.own != nil && p.own.id != (KeyID{}) {
		keys = append(keys, s.kem.publicKey(&p.own.seed))
	}
	if p.hello != nil {
		keys = append(keys, s.kem.publicKey(&p.hello.seed))
	}
	pages := []PageID{{'x'}}
	if p.peer != nil {
		pages = append(pages, p.peer.page)
	}
	for _, page := range pages {
		all[fmt.Sprint("hello of ", page[:2], " to ", seat)] = func(s *state) {
			s.pages[seat].step(HelloReceived{Hello: (&Hello{
				Page: page, Sender: s.relay.senders[1-seat], Key: *s.kem.publicKey(&attackerSeed),
			}).Marshal(NewLifeKey(testLife))})
		}
		for i, pk := range keys {
			for _, left := range []bool{false, true} {
				all[fmt.Sprint("forge for key ", i, " of ", page[:2], " left ", left, " to ", seat)] = func(s *state) {
					s.forge(seat, 1-seat, page, left, pk)
				}
			}
		}
		all[fmt.Sprint("forge for nobody of ", page[:2], " to ", seat)] = func(s *state) { s.forge(seat, 1-seat, page, true, nil) }
	}
	all[fmt.Sprint("forge one's own to ", seat)] = func(s *state) { s.forge(seat, seat, PageID{'x'}, true, nil) }
	return all
}

var attackerSeed = keySeed{'a', 't', 't'}

// forge gives a page a message in somebody's name that the attacker made as well
// as they could: with the chain value of the key if they know it, or else with
// the life key.
func (s *state) forge(seat, by int, page PageID, left bool, pk *PublicKey) {
	has, _ := s.known()
	sender, life := s.relay.senders[by], NewLifeKey(testLife)
	h := Header{Left: left, Page: page, Next: *s.kem.publicKey(&attackerSeed)}
	r := record{before: chain(testLife), text: "forged"}
	if pk != nil {
		h.To = pk.ID()
		if own := s.pages[seat].page.own; own != nil && own.id == h.To && has[own.c] {
			r.before = own.c
		}
	}
	if left {
		header := h.Marshal()
		r.c, r.k = leftChain(r.before, sender, header), life.leftKey(sender, header)
	} else {
		enc, shared, err := s.kem.encapsulate(pk, s.random)
		if err != nil {
			s.t.Fatal(err)
		}
		h.Enc = *enc
		r.c, r.k = sealedKeys(r.before, shared, sender, h.Marshal())
	}
	body, err := (&Body{Content: Content{Kind: KindText, Text: "forged"}}).Marshal()
	if err != nil {
		s.t.Fatal(err)
	}
	var iv IV
	var id wire.MessageID
	draw(s.random, iv[:])
	draw(s.random, id[:])
	s.forged[iv] = true
	s.knows[r.c] = true
	s.pages[seat].step(MessageReceived{Message{ID: id, Sender: sender, Bytes: r.k.seal(h.Marshal(), iv, body), IV: iv}})
}
