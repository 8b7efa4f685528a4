package blind

import (
	"fmt"
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
	h, before := Header{Left: left, Page: page, Next: *s.kem.publicKey(&attackerSeed)}, chain(testLife)
	if pk != nil {
		has, _ := s.known()
		h.To = pk.ID()
		if own := s.pages[seat].page.own; own != nil && own.id == h.To && has[own.c] {
			before = own.c
		}
	}
	m, c, _ := s.forgery(by, &h, pk, before)
	s.forged[m.IV] = true
	s.knows[c] = true
	s.pages[seat].step(MessageReceived{m})
}

// forgery is a message in somebody's name behind a chain value, for a key unless it
// is left, with the chain value and the key that it makes.
func (w *world) forgery(by int, h *Header, pk *PublicKey, before chain) (m Message, c chain, k messageKey) {
	sender, life := w.relay.senders[by], NewLifeKey(testLife)
	if h.Left {
		c, k = leftChain(before, sender, h.Marshal()), life.leftKey(sender, h.Marshal())
	} else {
		enc, shared, err := w.kem.encapsulate(pk, w.random)
		if err != nil {
			w.t.Fatal(err)
		}
		h.Enc = *enc
		c, k = sealedKeys(before, shared, sender, h.Marshal())
	}
	body, err := (&Body{Content: Content{Kind: KindText, Text: "forged"}}).Marshal()
	if err != nil {
		w.t.Fatal(err)
	}
	m.Sender = sender
	draw(w.random, m.IV[:])
	draw(w.random, m.ID[:])
	m.Bytes = k.seal(h.Marshal(), m.IV, body)
	return m, c, k
}
