//go:build linux

package main

import (
	"regexp"
	"strings"
	"testing"
)

const (
	number     = "+44 7700 900123"
	code       = "48219 93701 64227 85310 42912"
	invitation = "My other number: " + number + ",," + code
	annsPIN    = "271828"
	bensPIN    = "314159"
)

// enters brings somebody into the room of invitation, or a new one.
func (term *terminal) enters(url, pasted, pin string) {
	term.t.Helper()
	term.types("sotto-chat "+url, "Enter")
	term.sees("Number, or the message you were sent")
	if pasted == "" {
		term.types("C-n")
		term.sees("Their number for you")
	} else {
		term.pastes(pasted)
		if seen := term.sees("Pasted, and not shown: a private number."); strings.Contains(seen, pasted[len(pasted)-5:]) {
			term.t.Errorf("what was pasted is shown:\n%s", seen)
		}
	}
	term.types("Enter")
	term.sees("PIN", "> ", "Enter open")
	term.types(pin)
	term.sees("••••••")
	term.types("Enter")
	term.sees("connected")
}

var readLine = regexp.MustCompile(`(?m)^read$`)

// wasRead waits until one's own message was read.
func (term *terminal) wasRead() {
	term.t.Helper()
	term.until("until it was read", readLine.MatchString)
}

// made reads the invitation off the screen.
func (term *terminal) made() string {
	term.t.Helper()
	term.types("C-o")
	term.sees("invitation, QR code")
	term.types("i")
	seen := spaces.ReplaceAllString(term.sees("My other number"), " ")
	term.types("Escape")
	term.sees("not here yet")
	return regexp.MustCompile(`My other number: [+\d ,]+\d`).FindString(seen)
}

// TestConversation leads two people through all screens, in the smallest
// terminal that is meant and in a large one.
func TestConversation(t *testing.T) {
	url := startRelay(t).url
	ann, ben := open(t, 40, 12), open(t, 120, 40)

	ann.types("sotto-chat "+url, "Enter")
	ann.sees("Number, or the message you were sent")
	ann.types("?")
	ann.sees("Help", "Esc back")
	ann.types("Escape")
	ann.sees("Nothing is kept.")
	ann.types("C-n")
	ann.sees("Their number for you", "+44 7700 900")
	ann.types("Enter")
	ann.sees("Choose 6 to 12 digits")
	ann.types(annsPIN)
	ann.sees("••••••")
	if seen := ann.screen(); strings.Contains(seen, annsPIN) {
		t.Errorf("the PIN is shown:\n%s", seen)
	}
	ann.types("C-r")
	ann.sees("> " + annsPIN)
	ann.types("C-r")
	ann.sees("••••••")
	ann.types("Enter")
	ann.sees("connected", "not here yet", "Nobody has written.")
	made := ann.made()
	ann.types("C-o", "i")
	ann.sees("The QR code needs a window of")
	ann.types("Escape")
	ann.sees("not here yet") // Escape and a letter at once are Alt and the letter

	ann.types("Left before you came", "Enter")
	ann.sees("waits under the number", "Waiting for the answer.")

	ben.enters(url, made, bensPIN)
	ben.sees("they are here", "Left before you came", "was left under the number")
	ann.wasRead()

	ben.types("Sealed for you", "Enter")
	ann.sees("Sealed for you", "sealed")
	ben.wasRead()
	for _, term := range []*terminal{ann, ben} {
		term.types("C-o")
		term.sees("compare")
		term.types("c")
		term.sees("Say these digits to each other")
	}
	digits := regexp.MustCompile(`(\d{4} ){4}\d{4}`)
	anns, bens := ann.until("for the digits", digits.MatchString), ben.until("for the digits", digits.MatchString)
	if a, b := digits.FindString(anns), digits.FindString(bens); a != b {
		t.Errorf("they compare %q and %q", a, b)
	}
	for _, term := range []*terminal{ann, ben} {
		term.types("Escape")
		term.sees("Sealed for you")
	}

	// Ann draws the curtain: what comes stays unread, and can be edited.
	ann.types("C-l")
	ann.sees("Enter go on")
	ann.types("half a draft") // is no PIN
	if seen := ann.screen(); strings.Contains(seen, "Sealed") {
		t.Errorf("the curtain shows:\n%s", seen)
	}
	ann.types("000000", "Enter")
	ann.sees("Wrong PIN, 4 tries left.")
	ann.types(annsPIN, "Enter")
	ann.sees("Sealed for you")
	ann.types("At fuor", "Enter")
	ben.sees("At fuor")
	ann.wasRead()
	ben.types("C-l")
	ben.sees("Enter go on")
	ann.sees("Waiting for the answer.")
	ben.types(bensPIN, "Enter")
	ben.sees("At fuor")
	ann.types("C-l") // from here on she does not read
	ann.sees("Enter go on")
	ben.types("At five", "Enter")
	ben.sees("At five", "only their open page can read it")
	ben.types("C-o")
	ben.sees("wipe for both")
	ben.types("e")
	ben.sees("Editing.", "> At five")
	ben.types(" sharp", "Enter")
	ben.sees("At five sharp", "Waiting for the answer.")
	ben.types("C-o")
	ben.sees("delete")
	ben.types("d")
	ben.sees("they are here", "Deleted")
	ben.types("At six", "Enter")
	ben.sees("At six", "only their open page")
	ben.types("C-o")
	ben.sees("this sitting only: off")
	ben.types("s")
	ben.sees("This sitting only: on.")
	ann.types(annsPIN, "Enter")
	ann.sees("At six")
	ben.wasRead()

	ann.types("C-o")
	ann.sees("wipe for both")
	ann.types("w")
	ann.sees("Type the word wipe")
	ann.types("wipe", "Enter")
	ann.sees("Wiped for both.")
	ben.sees("This has ended. Nothing is left of it.")
	for _, term := range []*terminal{ann, ben} {
		term.types("C-c")
		term.sees("shell:")
	}
}

// TestNoColours: nothing but bold, faint and reverse is sent to the terminal.
func TestNoColours(t *testing.T) {
	url := startRelay(t).url
	ann := open(t, 80, 24)
	ann.enters(url, "", annsPIN)
	seen := ann.tmux("capture-pane", "-p", "-e")
	if !strings.Contains(seen, "\x1b[") {
		t.Fatal("the capture has no attributes at all")
	}
	if found := regexp.MustCompile(`\x1b\[[0-9;]*\b([34][0-8]|9[0-7]|10[0-7])[;m]`).FindString(seen); found != "" {
		t.Errorf("a colour: %q", found)
	}
}

// TestClipboard: the terminal is handed the invitation when somebody asks for
// that, and nothing else at any time.
func TestClipboard(t *testing.T) {
	url := startRelay(t).url
	ann := open(t, 80, 24, "set -g set-clipboard on")
	ann.enters(url, "", annsPIN)
	ann.types("C-o")
	ann.sees("invitation")
	ann.types("i")
	ann.sees("c copy")
	if buffers := ann.tmux("list-buffers"); buffers != "" {
		t.Errorf("the clipboard has, unasked: %s", buffers)
	}
	ann.types("c")
	ann.sees("Handed to the terminal's clipboard")
	ann.until("for the clipboard", func(string) bool { return ann.tmux("list-buffers") != "" }) // what is shown may come first
	if got := ann.tmux("show-buffer"); !strings.HasPrefix(got, "My other number: +44 7700 900") {
		t.Errorf("the clipboard has %q", got)
	}
}
