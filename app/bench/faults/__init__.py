"""`madoguchi bench faults`: the product under load while everything around it breaks, and its promises recounted.

Real processes, real clients, and a driver that kills, freezes, cuts, fills and misleads; which fault when follows
from the seed. Afterwards the ledger of the clients is compared with the database, with what the other side
received and with what stands on the screens.

Nothing is imported here: every process of the installation under test is started through this package.
"""
