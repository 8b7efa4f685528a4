// Package blind is the core of sotto-2, with which two people talk over a relay
// that can read nothing of it. This comment is the protocol's specification.
// The frames that carry it are package wire's, and std-1's but for what is said
// under "What the relay adds".
//
// The package is pure: no network, no clock, no goroutine, and no randomness
// but what it is handed, with one exception that [Page.Step] names. Nothing in
// it is safe for concurrent use but [Code], [FindCode] and the derivations.
//
// # Idea
//
// Two people share a code of 25 digits, which stands on a contact card as the
// extension of a telephone number. Everything that the relay sees comes from
// the code, through a slow hash, so that a copy of the relay's memory leads
// nowhere. Over the code as a shared secret, two open pages exchange fresh
// keys, and every message brings a new one. A "page" is one life of a browser
// document or of a client.
//
// A message is either sealed, so that one open page and no other can read it,
// or left, so that whoever has the code can. Once a sealed message was
// answered, and both pages know, no key that opens it is anywhere.
//
// # Notation
//
// || joins bytes. Numbers are big-endian. SHA is SHA-256. Hex is lower case.
//
//	kdf(ikm, label, context, n) = HKDF-SHA256 of ikm, without salt,
//	  info = "sotto-2 " || label || 0x00 || context, n bytes
//	id(pk) = the first 8 bytes of SHA(pk)
//
// The key encapsulation is X-Wing (draft-connolly-cfrg-xwing-kem, HPKE's KEM
// 0x647a): a hybrid of ML-KEM-768 and X25519, so that both have to be broken. A
// private key is a seed of 32 bytes, a public key has 1,216, what carries a
// secret (enc) 1,120, and a secret 32. A public key that is not reduced, and
// an X25519 result of zeros, are refused.
//
// # Code and card
//
// A code is 24 random digits and one that makes the Luhn sum of all 25 a
// multiple of 10. It is shown in five groups of five. There are 2^79.7 codes,
// and trying one takes 2^21.2 runs of SHA-256, so finding the code of one room
// takes 2^100.9, and of any of a million rooms 2^81: both are out of reach. 25
// digits are five fives, which can be said in half a minute. One mistyped
// digit is always noticed.
//
// The card is "NUMBER,,CODE". Any number will do, nothing is derived from it.
// A vCard and a tel: link have the digits without groups.
//
// In a text, of which the first 4,000 UTF-16 code units count, decimal digits
// of all scripts are read as 0 to 9, every dash as "-", every space as " ", and
// format characters as nothing. Then, in this order:
//
//  1. the first five groups of five digits, with nothing, one space or one dash
//     between them and no further digit beside them, whose Luhn sum is right,
//     are the code;
//  2. of the longest run of digits, with at most four of " .-()/,;#*~+pwxPWX"
//     between two of them, the last 25 are the code if their sum is right (a
//     wrong run of that length passes one time in ten: then nobody has opened
//     that room);
//  3. a run of more than 15 digits is a mistyped code: nothing is sent;
//  4. anything else may be a number of std-1.
//
// So no relay is ever asked which protocol a number is for, and nothing of
// std-1 is computed from a code.
//
// # What is derived
//
//	K            PBKDF2-HMAC-SHA-256(the 25 digits, salt "sotto-2 code", 600,000, 32 bytes)
//	room_hash    hex kdf(K, "room", "", 32)
//	access_hash  hex kdf(K, "access", PIN, 32), the PIN being 6 to 12 digits
//	otp_hash     hex kdf(K, "gate", "", 32)
//	R            kdf(K, "life", room_id as 36 lower-case characters, 32)
//
// K is kept while a room is in use, the code is not. The PIN guards the seat at
// the relay, which allows 10 tries in 30 minutes, and the curtain of a page. It
// opens no message: who has code and a copy of the relay finds it at once. The
// sender_hash is random: a seat's is the one of its first join, and the relay
// tells it to each later page. R is the key of one life of the room. A page
// names itself by 8 random bytes, drawn anew for each room_id.
//
// # Formats
//
// There is no negotiation: any other version, suite, size or flag is a fault.
//
//	hello   1,292 bytes
//	  02 01 03 00 | page 8 | sender 32 | pk 1216 | mac 32
//	  mac = kdf(R, "hello", SHA(what is before it), 32), compared in constant time
//
//	header  2,356 bytes
//	  02 01 T 00 | page 8 | to 8 | enc 1120 | next 1216
//	  T = 01, sealed: to = id(pk), (enc, s) = encapsulate(pk)
//	    c | k = kdf(c' || s, "step", SHA(sender || header), 64)
//	  T = 02, left: to = id(pk) or zeros, enc is zeros
//	    c = kdf(c', "leave", SHA(sender || header), 32)
//	    k = kdf(R, "left", SHA(sender || header), 32)
//
//	body    1,724 or 5,820 bytes; a voice note 14,012, 30,396 or 63,164
//	  kind 1 | ack 8 | sent 4 | length 2 | payload | zeros
//	  kind 0: empty, without a payload
//	  kind 1: a text in strict UTF-8
//	  kind 2: a voice note: milliseconds 4 | length 1 | media type | data
//
//	message = header || AES-256-GCM(k, iv, the header as associated data, body)
//	        = 4,096, 8,192, 16,384, 32,768 or 65,536 bytes
//
// c' belongs to pk. It is R if pk was told in a hello, or if there is no pk, and
// else the c of the message whose next pk was. So whoever can't know the chain
// of keys can't use the public keys on it, though they are in the clear. A left
// message opens by R alone, but what it offers as next is of use on its chain
// only.
//
// ack is the first 8 bytes of the iv of the variant that is answered, or zeros
// if there is none, or if that variant did not open. sent is seconds since 1970
// by the writer's clock; an edit keeps that of the message. A body has the
// smallest size that it fits in, so there is one way to write each; the sizes
// tell little. A text has at most 5,805 bytes. A media type is 1 to 255
// printable ASCII characters.
//
// An edit has the same header and key and a fresh random iv. A deletion is an
// edit to kind 0: the slot stays the author's.
//
// # What a page knows
//
//	hello   its newest key that was told in a hello, with c = R
//	peer    the other's newest hello
//	own     its newest message: the seed of its next, c, header, k, iv, and the
//	        key that it went on from
//	theirs  the other's message in the slot, once it opened: next, c, header, k
//	job     the one send or edit under way, as own
//
// # Rules
//
// Which key. A message is sealed to the next of theirs, if its c is known and
// its page is peer's or there is no peer; else to peer's key. A message that is
// left goes on from theirs, or from nothing.
//
// Hello. A page says hello after each join, with the newest key or a new one,
// and sends nothing until that is answered. It says hello whenever there is a
// peer but no hello key, and either there is no own, or own is not for peer's
// page, or its key was erased. A wrong mac, one's own sender and
// another sender than before are faults.
//
// A new page. If peer's page is another one, the person is told. If own is
// sealed, unread and in the slot, but not for peer's page, or for a hello's key
// that is not peer's newest, it is sealed anew to peer: an edit with a new
// header, at most one in 2 seconds.
//
// Accepted. A job is done when the relay says so, when its iv is in the slot, or
// when the other answers it. Then it is own. After a send, hello and theirs are
// erased. If the slot has the other's next message by then, that stays and own's
// k and header go.
//
// One's own message in the slot has own's or job's header and iv. Otherwise it
// is from another page of this seat, which has answered: then the keys in own,
// hello and theirs go too, for they open what that page has replaced, and an
// edit under way is given back, for that page's words are newer. A left
// one is shown. An edit may take its place.
//
// The other's message in the slot. First own's k and header are erased: what was
// replaced cannot be opened. to names own's or hello's key, or job's, which is
// accepted thereby. The header of theirs means another variant, with the same
// keys. What does not go on from own makes own's key useless, so it is erased;
// and if it came while the page was away, hello's too, as another page of this
// seat may have answered something that these open. A sealed message for no
// known key is locked. A left one opens by R; its
// c is not known if its to is not. A locked or empty message is never marked as
// read, and may be answered. An edit under way was in time if ack says so, else
// its text is the person's again. Another ack than own's means that they have
// not seen the last words. A message that does not open although its key is
// known is a fault. Each variant is opened once, and 16 that do not open, in one
// life of the room, are a fault.
//
// The chain starts anew when there is an own, and something is sealed or left,
// by either, with c' = R or for a key that is not known. The person is told each
// time. So whoever has code and relay but no page can neither write into a chat
// nor read its answers unseen, once it has been answered.
//
// Left by oneself. In the mode "can wait" a message is sealed while the other is
// there and left otherwise. A sealed one that is unread is left, as an edit with
// a new header, when the other goes and when one's own page is hidden or left:
// it goes on from the same key as before, so the chain stays. In "open pages
// only" nothing is left unless the person says so; a text waits with them.
//
// Refused. The keys of a job that the relay refuses are erased, and its text is
// the person's again. After a drop the same bytes are sent with the same nonce.
// A text that waits for a connection answers, or changes, what was seen when it
// was written.
//
// The end, which a fault brings too, overwrites all keys.
//
// # What the relay adds to std-1
//
// The event hello keeps 1 to 2,048 opaque bytes in a seat, lets every other
// socket of the seat leave in the same step, tells the other seat if the bytes
// are new, and is answered with the other seat's. That a socket leaves in that
// step is what a page rests on when it sends again: nothing that an earlier
// connection sent is done later. The ok of a join has the seat's sender_hash.
// send_message may name the iv of what it replaces, so that an answer is an
// answer to what was seen.
//
// # What it promises
//
//   - A copy of the relay, or a record of all that came by it, opens nothing
//     without the code. That holds for quantum computers to come, as far as
//     ML-KEM-768 does.
//   - With the code, later: left messages open. Sealed ones that were answered
//     do not.
//   - With both pages, later: the message in the slot opens, if it is sealed,
//     and no other sealed one.
//   - A page stolen once, by somebody who then listens: the message in the slot
//     and the next answer open; nothing after the victim's next send.
//   - A relay that lies: it can drop, delay, repeat left messages to a new page,
//     and lie about presence and receipts, which has messages left instead of
//     sealed in the mode "can wait". It can't read, change or invent one.
//   - A relay that lies, with the code: it can leave messages in a person's name,
//     which are shown as left, and start the chain anew, which is told. People
//     who compare the 20 digits of [View] find somebody in between.
//
// It does not promise: that a message sealed to a page that closes unread is
// ever read, if its author's page closes too; more than one page a person;
// anything against who was sent the invitation as well, before the two have met;
// nor anything against a page that the relay itself has served.
package blind
