package roomactor

// MailboxSize is how many commands wait for a room before its connections do.
const MailboxSize = mailboxSize
