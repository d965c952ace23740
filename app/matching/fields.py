"""The fields two records are compared by, and the levels at which they may agree.

Each field has its levels, from the same to different, and for each level how likely it is between two records of one
person (`same`), between strangers (`strangers`) and between different people of one household (`household`). A list
teaches better ones (:mod:`app.matching.model`); these are what is believed beforehand, and all that a comparison of
two single records has.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Field:
    """One field. On its first `exact` levels, agreeing is worth more the rarer the value is. `most`: however a list
    looks, so many of the records of one person differ in this at the most; else namesakes pass for one person."""

    name: str
    levels: tuple[str, ...]
    same: tuple[float, ...]
    strangers: tuple[float, ...]
    household: tuple[float, ...]
    exact: int = 1
    most: float = 1.0


_PART = ("same", "sound", "guessed", "near", "initial", "far", "different")

FIELDS = (
    Field(
        "surname",
        _PART,
        (0.80, 0.05, 0.02, 0.07, 0.01, 0.02, 0.03),
        (0.004, 0.001, 0.001, 0.004, 0.010, 0.080, 0.900),
        (0.85, 0.03, 0.01, 0.02, 0.01, 0.01, 0.07),
        exact=3,
        most=0.12,
    ),
    Field(
        "given",
        _PART,
        (0.78, 0.06, 0.02, 0.07, 0.03, 0.02, 0.02),
        (0.006, 0.002, 0.002, 0.008, 0.030, 0.100, 0.852),
        (0.010, 0.004, 0.003, 0.015, 0.040, 0.100, 0.828),
        exact=3,
        most=0.08,
    ),
    Field(
        "name",
        ("same", "sound", "guessed", "near", "half", "different"),
        (0.62, 0.09, 0.05, 0.15, 0.085, 0.005),
        (0.0005, 0.0002, 0.0002, 0.001, 0.030, 0.9681),
        (0.010, 0.002, 0.002, 0.030, 0.606, 0.350),
        most=0.015,
    ),
    Field(
        "email",
        ("same", "local", "near", "different"),
        (0.60, 0.08, 0.12, 0.20),
        (0.0002, 0.0003, 0.002, 0.9975),
        (0.05, 0.01, 0.04, 0.90),
    ),
    Field(
        "phone",
        ("same", "near", "different"),
        (0.70, 0.08, 0.22),
        (0.0002, 0.0010, 0.9988),
        (0.45, 0.03, 0.52),
    ),
    Field(
        "external_id",
        ("same", "near", "different"),
        (0.85, 0.10, 0.05),
        (0.00005, 0.0020, 0.99795),
        (0.001, 0.005, 0.994),
    ),
    Field(
        "birth",
        ("same", "near", "part", "different"),
        (0.85, 0.10, 0.03, 0.02),
        (0.0001, 0.0020, 0.045, 0.9529),
        (0.02, 0.005, 0.045, 0.93),
        most=0.15,
    ),
    Field(
        "street",
        ("same", "near", "part", "different"),
        (0.58, 0.17, 0.10, 0.15),
        (0.0005, 0.0010, 0.015, 0.9835),
        (0.70, 0.15, 0.08, 0.07),
    ),
    Field(
        "place",
        ("same", "near", "part", "different"),
        (0.65, 0.15, 0.08, 0.12),
        (0.002, 0.003, 0.010, 0.985),
        (0.72, 0.16, 0.08, 0.04),
    ),
)
NAMED = {field.name: field for field in FIELDS}
