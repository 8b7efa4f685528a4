// Command peer is the other person without a page: it speaks through package
// client, so that the browser tests can see both clients understand each other.
//
// It reads lines of JSON from standard input and writes lines of JSON. The
// first line in says where and who, each further one a text to send; it reads
// every message that comes, and leaves when its input ends.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"sotto/blind"
	"sotto/client"
	"sotto/wire"
)

// who is the first line in.
type who struct {
	URL    string `json:"url"`
	Number string `json:"number"`
	PIN    string `json:"pin"`
	Ref    string `json:"ref"`
	Create bool   `json:"create"`
	// Code is a private number's, in place of Number and Ref.
	Code string `json:"code"`
}

// said is a line out: what happened, and the text that came with it.
type said struct {
	Event string `json:"event"`
	Text  string `json:"text,omitempty"`
}

func main() {
	if err := run(context.Background(), os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "peer:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, in io.Reader, out io.Writer) error {
	lines := bufio.NewScanner(in)
	if !lines.Scan() {
		return errors.New("nobody said who I am")
	}
	var me who
	if err := json.Unmarshal(lines.Bytes(), &me); err != nil {
		return fmt.Errorf("read who I am: %w", err)
	}
	s, err := open(ctx, me)
	if err != nil {
		return err
	}
	defer s.Close()
	sent := make(chan error, 1)
	go func() { // ends with the input, or the session; awaited below
		defer s.Close()
		sent <- send(ctx, s, lines)
	}()
	return errors.Join(listen(ctx, s, json.NewEncoder(out)), <-sent)
}

func open(ctx context.Context, me who) (*client.Session, error) {
	if me.Code != "" {
		return openPrivate(ctx, me)
	}
	id, err := client.Derive(me.Number, me.PIN)
	if err != nil {
		return nil, err
	}
	code, err := client.ParsePairingCode(me.Ref)
	if err != nil {
		return nil, err
	}
	intent := wire.IntentEnter
	if me.Create {
		intent = wire.IntentAny
	}
	return client.Open(ctx, client.Config{URL: me.URL, Identity: id, Code: code, Intent: intent, Presence: true})
}

func openPrivate(ctx context.Context, me who) (*client.Session, error) {
	code, err := blind.FindCode(me.Code)
	if err != nil {
		return nil, err
	}
	id, err := client.DerivePrivate(code.Root(), me.PIN)
	if err != nil {
		return nil, err
	}
	entry := client.EntryInvited
	if me.Create {
		entry = client.EntryCreate
	}
	return client.Open(ctx, client.Config{URL: me.URL, Identity: id, Entry: entry})
}

// send sends each text, until there are no more.
func send(ctx context.Context, s *client.Session, lines *bufio.Scanner) error {
	for lines.Scan() {
		var text string
		if err := json.Unmarshal(lines.Bytes(), &text); err != nil {
			return fmt.Errorf("read what to send: %w", err)
		}
		if _, err := s.Send(ctx, text); err != nil {
			return fmt.Errorf("send: %w", err)
		}
	}
	return lines.Err()
}

// listen tells what happens, until the session ends.
func listen(ctx context.Context, s *client.Session, out *json.Encoder) error {
	for {
		event, err := s.Next(ctx)
		if errors.Is(err, client.ErrClosed) {
			return nil
		}
		if errors.Is(err, client.ErrRoomExpired) {
			return out.Encode(said{Event: "ended"})
		}
		if err != nil {
			return err
		}
		var line said
		switch e := event.(type) {
		case client.State:
			line.Event = "in"
			if e.Message != nil && !e.Message.Mine {
				err = s.MarkRead(ctx, e.Message.ID)
				line.Text = e.Message.Text
			}
		case client.NewMessage:
			if e.Message.Mine {
				continue
			}
			err = s.MarkRead(ctx, e.Message.ID)
			line = said{"message", e.Message.Text}
		case client.MessageEdited:
			line = said{"edited", e.Message.Text}
		case client.MessageRead:
			line.Event = "read"
		default:
			continue
		}
		if err = errors.Join(err, out.Encode(line)); err != nil {
			return err
		}
	}
}
