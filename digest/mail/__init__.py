"""Letters out and in: rendering, the wire format, signatures, SMTP, mailboxes."""
