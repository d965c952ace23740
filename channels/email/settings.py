"""What is asked of who connects a mailbox."""

from dataclasses import dataclass

from channels.settings import setting

SECURITY = (("tls", "TLS"), ("starttls", "STARTTLS"), ("none", "None (inside your own network only)"))
OAUTH = (("", "With a password"), ("google", "Google"), ("microsoft", "Microsoft"))
MAILBOX, IN, OUT = "Mailbox", "Receiving (IMAP)", "Sending (SMTP)"
SIGN_IN, WRITING, BOT, MORE = "Signing in with Google or Microsoft", "What we write", "Bot", "More"
DETAILS = "More about receiving and sending"


@dataclass(frozen=True)
class EmailSettings:
    address: str = setting(
        "Email address",
        help="Customers write here, and answers come from here.",
        required=True,
        placeholder="support@example.jp",
        maximum=254,
        group=MAILBOX,
    )
    name: str = setting(
        "Name of the sender",
        help="What customers see before the address.",
        placeholder="ひだまり商店",
        maximum=100,
        group=MAILBOX,
    )
    user: str = setting("User name", help="Empty: the email address.", maximum=254, group=MAILBOX)
    password: str = setting("Password", secret=True, maximum=500, group=MAILBOX)
    aliases: tuple[str, ...] = setting(
        "Other addresses of this mailbox",
        help="One a line. What comes from them is our own.",
        default=(),
        group=MAILBOX,
    )
    imap_host: str = setting(
        "Server",
        help="Empty: mail is not fetched; it can still be pushed to the webhook address.",
        placeholder="imap.example.jp",
        maximum=253,
        group=IN,
    )
    imap_port: int = setting("Port", default=993, minimum=1, maximum=65535, group=IN)
    imap_security: str = setting("Encryption", default="tls", choices=SECURITY, group=IN)
    since_days: int = setting(
        "Fetch the last days",
        help="How many days of old mail are taken in when the mailbox is connected.",
        default=7,
        minimum=0,
        maximum=3650,
        group=IN,
    )
    smtp_host: str = setting(
        "Server", help="Empty: nothing can be sent.", placeholder="smtp.example.jp", maximum=253, group=OUT
    )
    smtp_port: int = setting("Port", default=587, minimum=1, maximum=65535, group=OUT)
    smtp_security: str = setting("Encryption", default="starttls", choices=SECURITY, group=OUT)
    signature: str = setting(
        "Signature of the shop",
        help="Below each answer, under the agent's own.",
        multiline=True,
        maximum=2000,
        group=WRITING,
    )
    name_agents: bool = setting("Show the agent's name to the customer", default=False, group=WRITING)
    quote_history: bool = setting("Quote what is answered below the answer", default=False, group=WRITING)
    html: bool = setting(
        "Send HTML beside the plain text",
        help="Formatting and pictures need it and switch it on by themselves.",
        default=True,
        group=WRITING,
    )
    provider: str = setting("How to sign in", default="", choices=OAUTH, group=SIGN_IN, folded=True)
    client_id: str = setting("Client ID", maximum=500, group=SIGN_IN, folded=True)
    client_secret: str = setting("Client secret", secret=True, maximum=500, group=SIGN_IN, folded=True)
    tenant: str = setting(
        "Tenant",
        help="Of Microsoft only; “common” for all.",
        default="common",
        maximum=100,
        group=SIGN_IN,
        folded=True,
    )
    refresh_token: str = setting(
        "Refresh token",
        help="Filled in when you sign in there.",
        secret=True,
        maximum=5000,
        group=SIGN_IN,
        folded=True,
    )
    open_days: int = setting(
        "Days of old mail that open cases",
        help="Older ones stand in the thread as history: no case, no notice, no bot.",
        default=3,
        minimum=0,
        maximum=3650,
        group=DETAILS,
        folded=True,
    )
    sent_folder: str = setting(
        "Folder of sent mail",
        help="Answers written with other programs are shown, too. Empty: it is found by itself.",
        maximum=200,
        group=DETAILS,
        folded=True,
    )
    append_sent: bool = setting(
        "Put a copy into the folder of sent mail",
        help="Google and Microsoft do it by themselves.",
        default=False,
        group=DETAILS,
        folded=True,
    )
    poll_seconds: int = setting(
        "Look every … seconds",
        help="Where the server does not tell of new mail by itself.",
        default=60,
        minimum=15,
        maximum=3600,
        group=DETAILS,
        folded=True,
    )
    max_mb: int = setting(
        "Largest mail that is fetched, in MB",
        help="Of larger ones only the text comes, and the names of the files.",
        default=50,
        minimum=1,
        maximum=150,
        group=DETAILS,
        folded=True,
    )
    any_certificate: bool = setting(
        "Accept any certificate",
        help="Only for a server of your own inside your network.",
        default=False,
        group=DETAILS,
        folded=True,
    )
    bot_answers: bool = setting(
        "The bot answers mail by itself",
        help="Otherwise it suggests answers to agents.",
        default=False,
        group=BOT,
        folded=True,
    )
    bot_certainty: int = setting(
        "How sure it must be, in percent", default=90, minimum=50, maximum=100, group=BOT, folded=True
    )
    trusted_server: str = setting(
        "Name of your mail server in Authentication-Results",
        help="It says whether a sender is who they claim to be. "
        "Empty: no sender is confirmed, and no mail is marked for it.",
        placeholder="mx.example.jp",
        maximum=253,
        group=MORE,
        folded=True,
    )
    plus: bool = setting(
        "The server takes name+anything@ for this mailbox",
        help="Then answers find their way even where a mail program drops what it answers.",
        default=False,
        group=MORE,
        folded=True,
    )
    push_secret: str = setting(
        "Secret of the webhook address",
        help="For services that push mail: the password of the address, or a bearer token.",
        secret=True,
        generate=True,
        minimum=16,
        maximum=200,
        group=MORE,
        folded=True,
    )
