"""Bounces as mail servers write them, made by hand: the form is theirs, names are not.

Each is (what it looks like, headers, body, wanted), wanted as `address=class` by spaces.
"""

from typing import NamedTuple

DAEMON = "From: MAILER-DAEMON@relay.example.net\nTo: bounces@papers.example.org\n"
COPY = """Received: from papers.example.org by relay.example.net; Fri, 20 Mar 2026 07:30:00 +0000
Return-Path: <bounces@papers.example.org>
From: Papers <digest@papers.example.org>
To: {to}
Subject: Your papers of today
Message-ID: <k3y@papers.example.org>

Ten papers for you.
"""


class Notice(NamedTuple):
    form: str
    headers: str
    body: str
    wanted: str

    @property
    def raw(self) -> bytes:
        return (self.headers + "\n" + self.body).encode()


def _text(form: str, subject: str, body: str, wanted: str, sender: str = DAEMON) -> Notice:
    return Notice(form, f"{sender}Subject: {subject}\n", body, wanted)


_ADA = COPY.format(to="ada@reader.example")
_TWO = COPY.format(to="ada@reader.example, bob@reader.example")

FREE_TEXT = [
    _text(
        "qmail, unknown user",
        "failure notice",
        f"""Hi. This is the qmail-send program at relay.example.net.
I'm afraid I wasn't able to deliver your message to the following addresses.
This is a permanent error; I've given up. Sorry it didn't work out.

<ada@reader.example>:
192.0.2.7 does not like recipient.
Remote host said: 550 no such user here
Giving up on 192.0.2.7.

--- Below this line is a copy of the message.

{_ADA}""",
        "ada@reader.example=hard",
    ),
    _text(
        "qmail, no host",
        "failure notice",
        f"""Hi. This is the qmail-send program at relay.example.net.
I'm afraid I wasn't able to deliver your message to the following addresses.
This is a permanent error; I've given up. Sorry it didn't work out.

<ada@reader.example>:
Sorry, I couldn't find any host named reader.example. (#5.1.2)

<bob@reader.example>:
Sorry, I wasn't able to establish an SMTP connection. (#4.4.1)

--- Below this line is a copy of the message.

{_TWO}""",
        "ada@reader.example=hard bob@reader.example=soft",
    ),
    _text(
        "Exim, two recipients with different fates",
        "Mail delivery failed: returning message to sender",
        f"""This message was created automatically by mail delivery software.

A message that you sent could not be delivered to one or more of its
recipients. This is a permanent error. The following address(es) failed:

  ada@reader.example
    SMTP error from remote mail server after RCPT TO:<ada@reader.example>:
    host mx.reader.example [192.0.2.7]: 550 Unknown user
  bob@reader.example
    mailbox is full: retry timeout exceeded

------ This is a copy of the message, including all the headers. ------

{_TWO}""",
        "ada@reader.example=hard bob@reader.example=soft",
    ),
    _text(
        "Exim, no route",
        "Mail delivery failed: returning message to sender",
        f"""This message was created automatically by mail delivery software.

A message that you sent could not be delivered to one or more of its
recipients. This is a permanent error. The following address(es) failed:

  ada@reader.example
    Unrouteable address

------ This is a copy of your message, including all the headers. ------

{_ADA}""",
        "ada@reader.example=hard",
    ),
    _text(
        "Exim, a warning",
        "Warning: message 1abcDE-000000-00 delayed 24 hours",
        """This message was created automatically by mail delivery software.
A message that you sent has not yet been delivered to one or more of its
recipients after more than 24 hours on the queue on relay.example.net.

The address to which the message has not yet been delivered is:

  ada@reader.example
    Delay reason: connection timed out

No action is required on your part. Delivery attempts will continue for
some time, and this warning may be repeated at intervals if the message
remains undelivered.
""",
        "ada@reader.example=soft",
    ),
    _text(
        "DragonFly, unknown user",
        "Mail delivery failed",
        f"""This is the DragonFly Mail Agent v0.13 at relay.example.net.

There was an error delivering your mail to <ada@reader.example>.

mx.reader.example [192.0.2.7] did not like our RCPT TO:
550 5.1.1 <ada@reader.example>: Recipient address rejected: User unknown

Message headers follow.

{_ADA}""",
        "ada@reader.example=hard",
        "From: MAILER-DAEMON <>\nTo: bounces@papers.example.org\n",
    ),
    _text(
        "DragonFly, gave up",
        "Mail delivery failed",
        f"""This is the DragonFly Mail Agent v0.13 at relay.example.net.

There was an error delivering your mail to <ada@reader.example>.

Could not connect to mx.reader.example: connection timed out. Gave up after 5 days.

Message headers follow.

{_ADA}""",
        "ada@reader.example=soft",
        "From: MAILER-DAEMON <>\nTo: bounces@papers.example.org\n",
    ),
    _text(
        "OpenSMTPD, full",
        "Delivery status notification: error",
        f"""        Hi !

        This is the MAILER-DAEMON, please DO NOT REPLY to this email.

        An error has occurred while attempting to deliver a message for
        the following list of recipients:

ada@reader.example: 550 5.2.2 <ada@reader.example>... Mailbox Full
bob@reader.example: No MX found for domain

        Below is a copy of the original message:

{_TWO}""",
        "ada@reader.example=soft bob@reader.example=hard",
    ),
    _text(
        "a mobile carrier, by multimedia message",
        "Undeliverable Message",
        f"""Message could not be delivered to mobile.
Error: No valid recipients for this MM

Original Message:
{_ADA}""",
        "ada@reader.example=hard",
        "From: post_master@carrier.example\nTo: bounces@papers.example.org\n",
    ),
    _text(
        "a mobile carrier, by text message",
        "Undeliverable Message",
        """Your message to ada@reader.example could not be delivered.

Message: Ten papers for you.
Error: unknown subscriber
""",
        "ada@reader.example=hard",
        "From: Carrier System <sysadmin@carrier.example>\nTo: bounces@papers.example.org\n",
    ),
    _text(
        "a Japanese carrier",
        "Mail System Error - Returned Mail",
        f"""The user(s) account is disabled.

<ada@reader.example>: 550 user unknown (in reply to RCPT TO command)

--------------------------------------------------

{_ADA}""",
        "ada@reader.example=hard",
        "From: Postmaster@carrier.example\nTo: bounces@papers.example.org\n",
    ),
    _text(
        "a Japanese carrier, limited for a time",
        "Mail System Error - Returned Mail",
        f"""The following recipients did not receive this message:

<ada@reader.example>
The user(s) account is temporarily limited.

--------------------------------------------------

{_ADA}""",
        "ada@reader.example=soft",
        "From: Postmaster@carrier.example\nTo: bounces@papers.example.org\n",
    ),
    _text(
        "old Sendmail",
        "Returned mail: User unknown",
        f"""   ----- Transcript of session follows -----
While talking to mx.reader.example:
>>> RCPT To:<ada@reader.example>
<<< 550 <ada@reader.example>... User unknown
550 <ada@reader.example>... User unknown

   ----- Unsent message follows -----
{_ADA}""",
        "ada@reader.example=hard",
    ),
    _text(
        "Sendmail with reasons",
        "Returned mail: see transcript for details",
        f"""The original message was received at Fri, 20 Mar 2026 07:30:00 GMT
from papers.example.org [192.0.2.1]

   ----- The following addresses had permanent fatal errors -----
<ada@reader.example>
    (reason: 550 5.1.1 <ada@reader.example>... User unknown)
<bob@reader.example>
    (reason: 552 5.2.2 mailbox full)

   ----- Transcript of session follows -----
... while talking to mx.reader.example.:

   ----- Original message follows -----

{_TWO}""",
        "ada@reader.example=hard bob@reader.example=soft",
    ),
    _text(
        "Exchange 5.5",
        "Undeliverable: Your papers of today",
        """Your message

  To:      ada@reader.example
  Subject: Your papers of today
  Sent:    Fri, 20 Mar 2026 07:30:00 +0000

did not reach the following recipient(s):

ada@reader.example on Fri, 20 Mar 2026 07:31:00 +0000
    The recipient name is not recognized
\tThe MTS-ID of the original message is: c=us;a= ;p=reader;l=MX0000
    MSEXCH:IMS:READER:SITE:MX 0 (000C05A6) Unknown Recipient
""",
        "ada@reader.example=hard",
        "From: System Administrator <postmaster@reader.example>\nTo: bounces@papers.example.org\n",
    ),
    _text(
        "Exchange 2007",
        "Undeliverable: Your papers of today",
        f"""Delivery has failed to these recipients or distribution lists:

ada@reader.example
The recipient's e-mail address was not found in the recipient's e-mail system. Microsoft Exchange
will not try to redeliver this message for you.

________________________________
Sent by Microsoft Exchange Server 2007

Diagnostic information for administrators:

Generating server: mx.reader.example

ada@reader.example
#550 5.1.1 RESOLVER.ADR.RecipNotFound; not found ##

Original message headers:

{_ADA}""",
        "ada@reader.example=hard",
        "From: Microsoft Exchange <exchange1@reader.example>\nTo: bounces@papers.example.org\n",
    ),
    _text(
        "Domino, without a report",
        "DELIVERY FAILURE: User ada (ada@reader.example) not listed in Domino Directory",
        """Your message

  Subject: Your papers of today

was not delivered to:

  ada@reader.example

because:

  User ada (ada@reader.example) not listed in Domino Directory
""",
        "ada@reader.example=hard",
        "From: Postmaster@reader.example\nTo: bounces@papers.example.org\n",
    ),
    _text(
        "GroupWise",
        "Message status - undeliverable",
        """The message that you sent was undeliverable to the following:
\tada@reader.example (user unknown)
""",
        "ada@reader.example=hard",
        "From: Mailer-Daemon@gw.reader.example\nTo: bounces@papers.example.org\n",
    ),
    _text(
        "Yahoo",
        "Delivery failure",
        f"""Message from mail.example.
Unable to deliver message to the following address(es).

<ada@reader.example>:
This user doesn't have a reader.example account (ada@reader.example) [-5]

--- Original message follows.

{_ADA}""",
        "ada@reader.example=hard",
    ),
    _text(
        "James",
        "[BOUNCE] Your papers of today",
        """Hi. This is the James mail server at relay.example.net.
I'm afraid I wasn't able to deliver your message to the following addresses.
This is a permanent error; I've given up. Sorry it didn't work out.  Below
I include the list of recipients and the reason why I was unable to deliver
your message.

Failed recipient(s):
ada@reader.example

Error message:
550 - Requested action not taken: no such user here
""",
        "ada@reader.example=hard",
        "From: postmaster@relay.example.net\nTo: bounces@papers.example.org\n",
    ),
    _text(
        "IMail",
        "Undeliverable Mail",
        f"""User mailbox exceeds allowed size: ada@reader.example

Original message follows.

{_ADA}""",
        "ada@reader.example=soft",
        "From: Postmaster <postmaster@relay.example.net>\nTo: bounces@papers.example.org\n",
    ),
    _text(
        "MailMarshal",
        'Undeliverable Mail: "Your papers of today"',
        f"""Your message:
   From:    digest@papers.example.org
   Subject: Your papers of today

Could not be delivered because of

550 5.1.1 User unknown

The following recipients were affected:
    ada@reader.example

Additional Information
======================

{_ADA}""",
        "ada@reader.example=hard",
        "From: Mail Filter <postmaster@relay.example.net>\nTo: bounces@papers.example.org\n",
    ),
    _text(
        "German",
        "Zustellung Ihrer E-Mail fehlgeschlagen: nicht zugestellt",
        """Ihre Nachricht konnte nicht an folgende Adresse zugestellt werden:

ada@reader.example

Grund: Empfänger unbekannt
""",
        "ada@reader.example=hard",
    ),
    _text(
        "French",
        "Échec de la remise",
        """Votre message n'a pas pu être remis à :

<ada@reader.example> : utilisateur inconnu
""",
        "ada@reader.example=hard",
    ),
    _text(
        "Japanese",
        "配信エラーのお知らせ",
        """以下の宛先にメールを配信できませんでした。

宛先: ada@reader.example
理由: メールボックスの容量が一杯です。
""",
        "ada@reader.example=soft",
    ),
    _text(
        "accused of spam",
        "Undelivered Mail Returned to Sender",
        f"""I'm sorry to have to inform you that your message could not be delivered.

<ada@reader.example>: host mx.reader.example[192.0.2.7] said: 554 Service unavailable;
    Client host [192.0.2.1] blocked using dnsbl.example (in reply to RCPT TO command)

{_ADA}""",
        "ada@reader.example=policy",
    ),
    _text(
        "refused as a sender",
        "Undelivered Mail Returned to Sender",
        f"""I'm sorry to have to inform you that your message could not be delivered.

<ada@reader.example>: host mx.reader.example[192.0.2.7] said: 550 unknown domain
    (in reply to MAIL FROM command)

{_ADA}""",
        "ada@reader.example=policy",
    ),
    _text(
        "addresses within sentences, two of them",
        "Undelivered Mail Returned to Sender",
        f"""This message was created automatically by mail delivery software.
A message that you sent could not be delivered to one or more of its recipients.

ada@reader.example Invalid Address, ERROR_CODE :550, ERROR_CODE :5.1.1
bob@reader.example Mailbox full, ERROR_CODE :552

Received: from papers.example.org
{_TWO}""",
        "ada@reader.example=hard bob@reader.example=soft",
    ),
    _text(
        "addresses behind stars",
        "Undeliverable mail",
        f"""The following message was not delivered to someone because it was undeliverable.
This is the error message:

     * ada@reader.example
        550 Recipient unknown
     * bob@reader.example
        452 try again later

-------- Original mail --------
{_TWO}""",
        "ada@reader.example=hard bob@reader.example=soft",
    ),
    _text(
        "a gateway that tells what it was told",
        "Delivery Failure",
        f"""We had trouble delivering your message. Full details follow:

Subject: 'Your papers of today'
Date: 'Fri, 20 Mar 2026 07:30:00 +0000'

1 error(s):

SMTP Server <mx.reader.example> rejected recipient <ada@reader.example>
  (Error following RCPT command). It responded as follows: [550 unknown user <ada@reader.example>]

{_ADA}""",
        "ada@reader.example=hard",
    ),
    _text(
        "a full mailbox at a carrier",
        "Mail could not be delivered",
        f"""Your mail sent on: Fri, 20 Mar 2026 07:30:00 +0900
Could not be delivered to:
<ada@reader.example>
As their mailbox is full.

{_ADA}""",
        "ada@reader.example=soft",
    ),
    _text(
        "a mail filter that was told no",
        "Returned Mail: Your papers of today",
        f"""The server mx.reader.example could not deliver mail to ada@reader.example.
No further attempts will be made.

-------server message
>>> RCPT TO:<ada@reader.example>
<<< 550 no such user here

-----------------------original mail info
{_ADA}""",
        "ada@reader.example=hard",
    ),
    _text(
        "a list of recipients with the limit of one",
        "Returned mail: delivery problems",
        f"""   ----- The following addresses had delivery problems -----
ada@reader.example

   ----- Non-delivered information -----
The number of messages in recipient's mailbox exceeded the local limit.

{_ADA}""",
        "ada@reader.example=soft",
    ),
    _text(
        "a gateway that names the mail, and below it whom it did not reach",
        "Undeliverable: Seven papers",
        """Your message

  To:      papers@list.example
  Cc:      carl@list.example
  Subject: Seven papers
  Sent:    Fri, 20 Mar 2026 07:30:00 +0000

did not reach the following recipient(s):

ada@reader.example on Fri, 20 Mar 2026 07:31:00 +0000
    The recipient name is not recognized
""",
        "ada@reader.example=hard",
    ),
    _text(
        "a gateway that says who got no copy",
        "Permanent delivery failure",
        f"""The attached message had fatal delivery errors!

The following addresses did NOT receive a copy of your message:

> ada@reader.example

--- Session Transcript ---
 RCPT To:<ada@reader.example>
 550 no such user here

{_ADA}""",
        "ada@reader.example=hard",
    ),
]
