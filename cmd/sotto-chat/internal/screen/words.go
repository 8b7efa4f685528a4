package screen

// What people read, but for what package entry says of errors. The page has the
// same sentences where it has the same things to say.
const (
	wordNumber     = "Number, or the message you were sent"
	wordMotto      = "One person, one message at a time. Nothing is kept."
	wordPasted     = "Pasted, and not shown: "
	wordAPrivate   = "a private number."
	wordAShort     = "a short number."
	wordAShortRef  = "a short number with its ref."
	wordNew        = "Their number for you"
	wordNewHint    = "Save it as a contact, or send the invitation: both are in the menu once you are in."
	wordShortHint  = "Works with other programs. The relay can read it. It may be somebody's: do not call it."
	wordPIN        = "PIN"
	wordPINNew     = "Choose 6 to 12 digits that you use nowhere else. They can't be recovered."
	wordDeriving   = "Computing the key"
	wordOpening    = "Waiting for the relay"
	wordLong       = "No answer yet. Is there a network?"
	wordIsMine     = "If it is yours, press y."
	wordConnected  = "connected"
	wordLost       = "not connected"
	wordRetry      = "Reconnecting in %d s. Your text is kept here."
	wordRetrying   = "Reconnecting… Your text is kept here."
	wordHere       = "they are here"
	wordAway       = "they are not here"
	wordNotCome    = "not here yet"
	wordYou        = "you"
	wordThey       = "they"
	wordNothing    = "Nobody has written."
	wordWaiting    = "Waiting for the answer."
	wordSending    = "waiting here"
	wordTyping     = "writing…"
	wordOnRelay    = "on the relay"
	wordOnlyTheirs = "on the relay · only their open page can read it"
	wordWaits      = "waits under the number · who has the card can open it"
	wordWasLeft    = "was left under the number"
	wordSealed     = "sealed"
	wordRead       = "read"
	wordDeleted    = "Deleted"
	wordElsewhere  = "your message from another page"
	wordElseSealed = "You wrote this on another page. Only they can read it."
	wordBeing      = "Being locked for this page…"
	wordAskAgain   = "Ask them to write it again."
	wordLockedAway = "There is a message for a page that was closed. It opens when they come back, if their page is still open."
	wordReadElse   = "You have read this on another page."
	wordCantOpen   = "This message can't be opened."
	wordUnseen     = "They answered without having seen your last words."
	wordAnew       = "They opened the page anew at %s."
	wordKeysAnew   = "Keys start anew here, %s."
	wordWritten    = "written %s"
	wordPaired     = "They have come."
	wordWillWait   = "They are not here: Enter leaves it under the number alone."
	wordWaitsHere  = "They are not here. Your text waits here."
	wordTooLong    = "Too long by %d bytes."
	wordBytesLeft  = "%d bytes left."
	wordAnswered   = "They answered in the meantime. Your text is still here."
	wordEditing    = "Editing. Enter saves, Esc leaves it as it is."
	wordDoneDelete = "Deleted."
	wordCantChange = "There is nothing of yours to change."
	wordSittingOn  = "This sitting only: on. Nothing is left behind."
	wordSittingOff = "This sitting only: off. What they have not read can wait."
	wordEndsSoon   = "This ends at %s."

	wordMenu       = "More"
	wordInvitation = "Invitation"
	wordCopied     = "Handed to the terminal's clipboard, if it takes that."
	wordNoQR       = "The QR code needs a window of %d×%d."
	wordNoInvite   = "They have come: the number is not kept here any more."
	wordCompare    = "Compare"
	wordCompareHow = "Say these digits to each other some other way than this. The same on both: nobody sits in between, since the first message."
	wordNoCompare  = "Nothing to compare yet: it takes a sealed message that both have seen."
	wordWipe       = "Wipe for both"
	wordWipeHow    = "Everything ends, for both, at once. Type the word wipe and press Enter."
	wordWiping     = "Wiping for both. Keep this open."
	wordWiped      = "Wiped for both."
	wordLeaving    = "Leaving…"

	wordCurtain   = "PIN"
	wordWrong     = "Wrong PIN, %d tries left."
	wordForgotten = "Everything was forgotten."
	wordSmall     = "The window is too small."
	wordMissing   = "This system does not offer: "
	wordHelp      = "Help"
)

// The line of keys, by screen.
const (
	keysNumber     = "Enter  ^N new  ^T short  ? help  ^C quit"
	keysNew        = "Enter go on  ^N other  Esc back  ^C quit"
	keysPIN        = "Enter open  ^R show  Esc back  ^C quit"
	keysOpening    = "Esc stop  ^C quit"
	keysTake       = "Enter take it  Esc type the PIN again"
	keysMine       = "Enter another PIN  y it is mine"
	keysNobody     = "^N make a new number  Esc back"
	keysChat       = "Enter send  ^O more  ^L hide  ? help"
	keysLeaveIt    = "Enter leave it  ^O more  ^L hide  ? help"
	keysEdit       = "Enter save  Esc not  ^L hide"
	keysSheet      = "Esc back"
	keysHelp       = "PgDn, PgUp turn  Esc back"
	keysInvitation = "c copy  Esc back"
	keysWipe       = "Enter wipe  Esc not"
	keysCurtain    = "Enter go on  ^X forget everything"
	keysEnded      = "Enter start again  ^C quit"
)

// help is what ? shows.
var help = []string{
	"One message at a time: each answer takes the place of what it answers. What is under it says where it is.",
	"Enter sends; Alt-Enter or ^J begins a line. PgUp and PgDn turn a long message.",
	"^O shows what else there is: edit, delete, invitation, compare, this sitting only, wipe, leave.",
	"^L draws the curtain, and two idle minutes do; the PIN lifts it. Five wrong PINs, or ten minutes, forget everything. ^H draws it too where the terminal can tell it from Backspace, which many can't.",
	"Esc twice is for alarm: keys and screen are emptied at once, and this ends.",
	"^R shows the PIN while you type it. Pasted numbers and PINs are not shown.",
	"^Z draws the curtain before it stops, and instead if another program, as go run, stands between this and the shell; ^C leaves and ends.",
	"To begin a message with ?, press ? here once more.",
	"Nothing is written to a file. What the terminal, tmux or a recorder around it keeps is not in this program's hands.",
}
