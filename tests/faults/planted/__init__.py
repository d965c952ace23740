"""Bugs of the kinds that must never be, one a module: imported into the processes of a fault run, never by the product.

Each shows that the run finds its kind: `madoguchi bench faults --also tests.faults.planted.lost …`.
"""
