// Package client speaks sTELgano-std-1 and sotto-2: two people who know the same number
// meet in a room on a relay that holds one message at a time and can read none.
//
// [Derive] turns number and PIN into an [Identity]; [Identity.Key] gives the
// key of a room, which seals and opens. These are pure and know no network.
//
// [Open] joins a room and returns a [Session], which stays in the room through
// bad networks: it dials again with jittered back-off, returns to the same life
// of the room with its resume token, sends again what was not answered, marked
// so that the relay does it once, and hands over what happens as typed events:
//
//	s, err := client.Open(ctx, client.Config{URL: "https://relay.example", Identity: id})
//	if err != nil { … }
//	defer s.Close()
//	for {
//		event, err := s.Next(ctx)
//		if err != nil {
//			return err // why the session ended, or why ctx did
//		}
//		switch e := event.(type) {
//		case client.State: // e.Message waits, or nobody has written
//		case client.NewMessage: // e.Message.Text
//		…
//		}
//	}
//
// A session never pretends. When the room is gone it ends with [ErrRoomLost] or
// [ErrRoomExpired], and every call that waits returns that; it never enters
// another room in its place. A message goes out as the answer to what the
// caller has taken from [Session.Next]: when the relay holds anything else by
// then, [Session.Send] returns [ErrStale], nothing has changed, and the text is
// still the caller's. Where [ErrUnanswered] is beside it, the text may go out yet.
//
// # Private numbers
//
// An identity of [DerivePrivate] chooses sotto-2, see package blind, behind the
// same calls. A message is sealed for the other's open page or, where they are
// away and the mode is can wait, left for whoever has the code; [Message] says
// which, and [Reach] what the next one will be. [Entry] lists how the first join
// gets in and what is to be asked. A session is one page: it ends with [ErrMoved]
// when the same person opens another, and its keys are overwritten at the end.
// Where the relay can't do it, or tells what can't be, the session ends with
// [ErrNoPrivate] or [ErrFault]: it never speaks std-1 instead.
//
// # Concurrency
//
// Every method of Session is safe for concurrent use. A session has goroutines of
// its own, which [Session.Close] waits for. It keeps at most 64 events: a caller
// who takes them too slowly gets a [State] in their place and is never waited for.
// Time is the time package's, so that sessions run in testing/synctest bubbles,
// over a [Config.HTTPClient] with a transport that does.
package client
