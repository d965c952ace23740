"""Meta: the Graph API and its webhooks both ways (developers.facebook.com/docs), for an Instagram account, a Facebook
page and a WhatsApp number. One `graph` answers for all of them; the access token tells whom a call is for."""

from app.sandbox.meta.graph import App, Graph
from app.sandbox.meta.instagram import Instagram
from app.sandbox.meta.messenger import Messenger
from app.sandbox.meta.whatsapp import WhatsApp

__all__ = ["App", "Graph", "Instagram", "Messenger", "WhatsApp"]
