"""The tables, one noun a file. Only storage reads and writes them."""

from storage.tables.announcements import announcements, channel_leases, deliveries
from storage.tables.audit import audit_entries
from storage.tables.base import metadata
from storage.tables.committee import coordinators, invites
from storage.tables.conversations import conversations
from storage.tables.decisions import decisions
from storage.tables.duplicates import merges, pairs
from storage.tables.heartbeats import heartbeats
from storage.tables.help_requests import help_requests
from storage.tables.imports import imports
from storage.tables.inbox import inbox, parked
from storage.tables.outbox import outbox
from storage.tables.people import addresses, codes, consents, people
from storage.tables.signups import associations, centres, signups

__all__ = [
    "addresses",
    "announcements",
    "associations",
    "audit_entries",
    "centres",
    "channel_leases",
    "codes",
    "consents",
    "conversations",
    "coordinators",
    "decisions",
    "deliveries",
    "heartbeats",
    "help_requests",
    "imports",
    "inbox",
    "invites",
    "merges",
    "metadata",
    "outbox",
    "pairs",
    "parked",
    "people",
    "signups",
]
