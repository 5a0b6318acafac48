"""What mail servers answer of addresses, by what it means; in their words and forms."""

HARD = """
550 5.1.1 The email account that you tried to reach does not exist. Please try double-checking
550 Invalid Recipient
551 x@reader.example belongs to a deactivated mailbox
550 no mail box available for x
550 BAD_RECIPIENT (see our help pages)
Invalid final delivery userid: x@reader.example
554 delivery error: dd This user doesn't have a reader.example account (x@reader.example) [0]
554 delivery error: dd This account has been disabled or discontinued [#102].
550 5.1.1 RESOLVER.ADR.RecipNotFound; not found
550 5.4.1 [x@reader.example]: Recipient address rejected: Access denied
550 5.4.1 Recipient address rejected: Access denied. AS(201806281)
550 Unrouteable address
511 sorry, no mailbox here by that name (#5.1.1 - chkuser)
550 sorry, no mailbox here by that name. (#5.7.17)
553 sorry, this recipient is not in my validrcptto list (#5.7.1)
550 Mailbox not found
550 No such recipient
550 Unknown address
550 x@reader.example: User unknown in local recipient table
550 <x@reader.example> is not a valid mailbox
550 5.5.0 Requested action not taken: mailbox unavailable
550 Not our Customer
550 This account is not available
550 recipient no longer on server: x@reader.example
550 unknown or illegal alias: x@reader.example
550 Utilisateur inconnu
550 Benutzer unbekannt
550 unknown local part x in <x@reader.example>
550 That user does not live here
550 Host unknown (Name server: reader.example: host not found)
Host or domain name not found. Name service error for name=reader.example type=A: Host not found
all relevant MX records point to non-existent hosts
Sorry, I couldn't find any host named reader.example. (#5.1.2)
user unknown. Command output: Invalid user specified.
User x (x@reader.example) not listed in Domino Directory
The recipient name is not recognized
550 5.4.310 DNS domain reader.example does not exist
550 5.7.1 <x@reader.example>: Recipient address rejected: user x does not exist
Domain reader.example does not accept mail (nullMX)
x wasn't found at reader.example
he no longer works here
La cuenta de correo no existe
ユーザーが見つかりません
550 No account by this name
553 5.3.0 <x@reader.example>... Addressee unknown, relay=[192.0.2.7]
550 5.2.1 mailbox disabled
smtp; 5.5.0 Requested action not taken: mailbox unavailable
an MX or SRV record indicated no SMTP service
"""

SOFT = """
550 this person has too many messages on the server
550 closed user group
550-5.2.1 The user you are trying to contact is receiving mail at a rate that prevents more
550 5.2.1 Mailbox temporarily disabled
550 5.1.1 User lookup failed: temporary directory failure
552 5.2.2 mailbox full
user is over quota
552 Requested mail action aborted: exceeded storage allocation
550 5.1.1 mailbox full
450 4.1.1 <x@reader.example>: Recipient address rejected: unverified address
451 4.7.1 Greylisting in action, please come back later
retry timeout exceeded
connect to mx.reader.example[192.0.2.7]:25: Connection timed out
Sorry, I wasn't able to establish an SMTP connection. (#4.4.1)
Name service error for name=reader.example type=MX: Host not found, try again
550 Administrative prohibition
mail forwarding loop for x@reader.example
can't create (user) output file
554 5.3.0 Service unavailable
554 5.3.4 Message size exceeds fixed limit
450 Requested mail action not taken: mailbox unavailable
The mailbox is temporarily disabled
Not enough storage space in user's mailbox
454 4.4.4 [internal] no MX or A for domain
Delivery time expired
550 <nosuchuser@reader.example>: sorry
550 see https://reader.example/user-unknown
"""

POLICY = """
501 5.1.7 Bad sender address syntax
550 Sender address not found in member list
550 5.7.1 The sender's mailbox is unknown
550 Cannot verify sender: mailbox of sender does not exist
550 Message rejected: return path address does not exist
550 Your email address is not recognized
550 invalid address in From header
550 5.7.1 Your domain does not exist
550 5.1.0 <d@papers.example.org> sender rejected
550 Sender address rejected: User unknown
553 5.1.8 <d@papers.example.org>... Domain of sender address d@papers.example.org does not exist
550 unknown domain (in reply to MAIL FROM command)
550 HELO not valid: host unknown
550 High probability of spam
550 5.7.1 Service unavailable; Client host [192.0.2.1] blocked using dnsbl.example
521 5.2.1 :  MAIL.EXAMPLE will not accept delivery of this message.
550 5.7.1 the message was rejected by organization policy
550 5.7.26 This mail is unauthenticated, which poses a security risk to the sender
550 SPF check failed
550 5.7.25 The IP address sending this message does not have a PTR record
554 The message was rejected because it contains a virus
550 5.7.1 message refused
550 5.1.1 blocked as spam
554 5.7.1 <x@reader.example>: Relay access denied
550 relay not permitted
"""


def lines(text: str) -> list[str]:
    return text.strip().split("\n")
