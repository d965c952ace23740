"""Mail providers to choose from: what is filled in for each, and what to do there.

Sources: support.google.com/mail/answer/7126229 (Gmail), Microsoft's "POP, IMAP, and SMTP settings for Outlook.com" and
"Authenticate an IMAP, POP or SMTP connection using OAuth", the help pages of Yahoo! Mail (Japan), the mail settings
of Sakura Internet and of Xserver.
"""

from channels.base import Preset

TLS, STARTTLS = "tls", "starttls"


def _servers(imap: str, smtp: str, smtp_port: int, **more: object) -> dict[str, object]:
    return {
        "imap_host": imap,
        "imap_port": 993,
        "imap_security": TLS,
        "smtp_host": smtp,
        "smtp_port": smtp_port,
        "smtp_security": STARTTLS if smtp_port == 587 else TLS,
        **more,
    }


PRESETS = (
    Preset(
        "google",
        "Gmail, Google Workspace",
        _servers("imap.gmail.com", "smtp.gmail.com", 587, plus=True, trusted_server="mx.google.com"),
        (
            "Switch on 2-step verification for the account: myaccount.google.com/security.",
            "Make an app password at myaccount.google.com/apppasswords and enter it here as the password.",
            "Or sign in with Google: enter the client ID and secret of your project in the Google Cloud console, "
            "and allow the address below as its redirect URI.",
        ),
    ),
    Preset(
        "microsoft",
        "Microsoft 365, Outlook.com",
        _servers("outlook.office365.com", "smtp.office365.com", 587, provider="microsoft", plus=True),
        (
            "Microsoft takes no passwords from programs. Register an application in the Microsoft Entra admin center "
            "and copy its client ID.",
            "Allow it IMAP.AccessAsUser.All, SMTP.Send and offline_access, and enter the address below as its "
            "redirect URI (platform: Web).",
            "Make a client secret, enter it here, save, and sign in.",
            "In the Microsoft 365 admin center, “Authenticated SMTP” must be switched on for this mailbox.",
        ),
    ),
    Preset(
        "yahoo-japan",
        "Yahoo! JAPAN",
        _servers("imap.mail.yahoo.co.jp", "smtp.mail.yahoo.co.jp", 465),
        (
            "Open the settings of Yahoo! Mail, “IMAP/POP/SMTP access and forwarding”, and allow access from other "
            "programs.",
            "Enter the Yahoo! JAPAN ID as the user name (what stands before @yahoo.co.jp) and the password for mail "
            "programs that is shown there.",
        ),
    ),
    Preset(
        "sakura",
        "Sakura Internet",
        _servers("", "", 587),
        (
            "The server is the first domain of your contract, such as example.sakura.ne.jp. It stands in the mail that "
            "told you of the registration, and in the control panel.",
            "Enter it for receiving and for sending. The user name is the whole email address.",
        ),
    ),
    Preset(
        "xserver",
        "Xserver",
        _servers("", "", 465),
        (
            "The server is the host name of your contract, such as sv123.xserver.jp. It stands in the server panel "
            "under “Server information”.",
            "Enter it for receiving and for sending. The user name is the whole email address.",
        ),
    ),
    Preset(
        "other",
        "Another provider",
        _servers("", "", 587),
        (
            "Ask your provider for the names of the servers for receiving (IMAP) and sending (SMTP), their ports and "
            "their encryption. 993 with TLS and 587 with STARTTLS are usual.",
        ),
    ),
)
