//go:build linux

package main

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"
)

// assertNothingLeft finds secrets on the screen, and above it.
func assertNothingLeft(t *testing.T, term *terminal, secrets ...string) {
	t.Helper()
	for _, seen := range []string{term.screen(), term.all()} {
		for _, secret := range secrets {
			if strings.Contains(seen, secret) {
				t.Errorf("%q is still there:\n%s", secret, seen)
			}
		}
	}
}

// pid is the process of the program in the terminal.
func (term *terminal) pid() int {
	term.t.Helper()
	shell := strings.TrimSpace(term.tmux("display-message", "-p", "#{pane_pid}"))
	children := readFile(term.t, fmt.Sprintf("/proc/%s/task/%s/children", shell, shell))
	pid, err := strconv.Atoi(strings.TrimSpace(children))
	if err != nil {
		term.t.Fatal(err)
	}
	return pid
}

// TestNothingStays: however a conversation ends, the terminal shows nothing of
// it, nor can it be scrolled back to; with an alternate screen and without.
func TestNothingStays(t *testing.T) {
	url := startRelay(t).url
	for _, alternate := range []string{"on", "off"} {
		for name, end := range map[string]func(*terminal){
			"^C":      func(term *terminal) { term.types("C-c") },
			"Esc Esc": func(term *terminal) { term.types("Escape", "Escape", "Escape") }, // should a second pass between two
			"SIGINT":  func(term *terminal) { term.signal("INT") },
			"SIGTERM": func(term *terminal) { term.signal("TERM") },
			"SIGHUP":  func(term *terminal) { term.signal("HUP") },
		} {
			t.Run(name+", alternate screen "+alternate, func(t *testing.T) {
				term := open(t, 60, 14, "set -g alternate-screen "+alternate)
				term.enters(url, "", annsPIN)
				made := strings.TrimPrefix(term.made(), "My other number: ")
				term.types("Nobody may read this", "Enter")
				term.sees("Waiting for the answer.")
				term.types("half a draft")
				term.sees("half a draft")
				end(term)
				term.until("for the shell", func(seen string) bool { return strings.Count(seen, "shell:") > 0 && !strings.Contains(seen, "^O more") })
				term.types("C-u", "echo left with $?", "Enter")
				term.sees("left with 0")
				assertNothingLeft(t, term, "Nobody may", "half a draft", "connected", annsPIN, made[:12], made[len(made)-5:])
			})
		}
	}
}

func (term *terminal) signal(name string) {
	term.t.Helper()
	command(term.t, "kill", "-"+name, strconv.Itoa(term.pid()))
}

// TestTerminalGoes: when its window is closed, the program ends, and what was
// sealed is left before.
func TestTerminalGoes(t *testing.T) {
	url := startRelay(t).url
	ann, ben := open(t, 60, 14), open(t, 60, 14)
	ann.enters(url, "", annsPIN)
	ben.enters(url, ann.made(), bensPIN)
	ben.types("C-l")
	ben.sees("Enter go on")
	ann.sees("they are here")
	ann.types("Sealed", "Enter")
	ann.sees("only their open page can read it")
	stat := fmt.Sprintf("/proc/%d/stat", ann.pid())
	ann.tmux("new-window", "-d", "sleep 1000")
	ann.tmux("kill-pane")
	// What Ben reads before she is gone is read, and left no more.
	ann.until("for the program's end", func(string) bool {
		text, err := os.ReadFile(stat)
		return err != nil || strings.Contains(string(text), ") Z ")
	})
	ben.types(bensPIN, "Enter")
	ben.sees("they are not here", "Sealed", "was left under the number")
}

// TestSuspend: who stops the program sees the shell and nothing else; who goes
// on finds the curtain. What was sealed is left before.
func TestSuspend(t *testing.T) {
	url := startRelay(t).url
	ann, ben := open(t, 60, 14), open(t, 60, 14)
	ann.enters(url, "", annsPIN)
	ben.enters(url, ann.made(), bensPIN)
	for name, stop := range map[string]func(){
		"^Z":      func() { ann.types("C-z") },
		"SIGTSTP": func() { ann.signal("TSTP") },
	} {
		t.Run(name, func(t *testing.T) {
			ben.types("C-l") // what Ann writes stays unread
			ben.sees("Enter go on")
			ann.sees("they are here")
			ann.types("Sealed "+strings.Trim(name, "^"), "Enter")
			ann.sees("only their open page can read it")
			stop()
			ann.sees("Stopped")
			assertNothingLeft(t, ann, "Sealed", "connected")
			ben.types(bensPIN, "Enter")
			ben.sees("Sealed "+strings.Trim(name, "^"), "was left under the number")
			ben.types("Answered", "Enter")
			ben.sees("Answered", "Waiting for the answer.")
			ann.types("fg", "Enter")
			ann.sees("PIN", "forget everything")
			ann.types(annsPIN, "Enter")
			ann.sees("Answered", "sealed")
			ben.wasRead()
		})
	}
}

// TestSuspendBehindAnother: where the shell would not come back, the curtain is
// drawn and nothing stops.
func TestSuspendBehindAnother(t *testing.T) {
	url := startRelay(t).url
	ann := open(t, 60, 14)
	ann.types("function sotto-chat { sh -c 'command sotto-chat \"$0\"; true' \"$@\"; }", "Enter")
	ann.enters(url, "", annsPIN)
	ann.types("C-z")
	ann.sees("PIN", "forget everything")
	ann.types(annsPIN, "Enter")
	ann.sees("connected")
}

// TestRestart: after a restart of the relay number and text are still there, and
// the PIN opens the room anew.
func TestRestart(t *testing.T) {
	house := startRelay(t)
	ann, ben := open(t, 60, 14), open(t, 60, 14)
	ann.enters(house.url, "", annsPIN)
	ben.enters(house.url, ann.made(), bensPIN)
	ann.sees("they are here")
	ann.types("C-o")
	ann.sees("this sitting only: off")
	ann.types("s")
	ann.sees("This sitting only: on.")
	ann.types("half a draft")
	ann.sees("> half a draft")
	house.restart()
	for _, term := range []*terminal{ann, ben} {
		term.sees("The relay restarted", "Enter start again")
		term.types("Enter")
		term.sees("PIN", "Enter open")
	}
	ann.types("000000", "Enter") // the draft is not for who has the terminal
	ann.sees("Wrong PIN, 4 tries left.")
	ann.types(annsPIN, "Enter")
	ann.sees("not here yet", "> half a draft")
	ann.types("C-o")
	ann.sees("this sitting only: on")
	ann.types("i")
	ann.sees("the number is not kept here any more")
	ann.types("Escape")
	ann.sees("> half a draft")
	ben.types(bensPIN, "Enter")
	ben.sees("they are here")
	ann.types("Enter")
	ben.sees("half a draft")
}

// TestRefused: what is wrong with number or PIN is said where it can be mended,
// and takes nobody's seat.
func TestRefused(t *testing.T) {
	url := startRelay(t).url
	ann, ben := open(t, 60, 14), open(t, 60, 14)
	ann.enters(url, "", annsPIN)
	made := ann.made()
	code := strings.ReplaceAll(made[strings.Index(made, ",,")+2:], " ", "")

	ben.types("sotto-chat "+url, "Enter")
	ben.sees("Number, or")
	ben.types("12345", "Enter")
	ben.sees("There is no number in this.")
	ben.types("BSpace", "BSpace", "BSpace", "BSpace", "BSpace")
	ben.types(code[:24]+string('0'+(code[24]-'0'+1)%10), "Enter")
	ben.sees("A digit of the long number is wrong or missing.")
	ben.types("BSpace", code[24:], "Enter")
	ben.sees("PIN", "Enter open")
	ben.types("12345", "Enter")
	ben.sees("The PIN needs 6 to 12 digits.")
	ben.types(bensPIN, "Enter")
	ben.sees("Nobody is here with this PIN; one place is free.")
	ben.types("Escape")
	ben.sees("Enter open")
	ben.types("C-c")
	ben.sees("shell:")

	// Invited, and by chance with the creator's PIN.
	ben.types("clear; sotto-chat "+url, "Enter")
	ben.sees("Number, or")
	ben.pastes(made)
	ben.sees("Pasted")
	ben.types("Enter")
	ben.sees("Enter open")
	ben.types(annsPIN, "Enter")
	ben.sees("That PIN is already the other's.")
	ben.types("Enter")
	ben.sees("Enter open")
	ben.pastes(bensPIN)
	if seen := ben.sees("> ••••••"); strings.Contains(seen, bensPIN) {
		t.Errorf("a pasted PIN is shown:\n%s", seen)
	}
	ben.types("Enter")
	ben.sees("they are here")
	ann.sees("they are here")
}
