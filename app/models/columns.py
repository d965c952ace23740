"""Column shorthands the tables share."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from sqlalchemy import String, Text
from sqlalchemy.orm import mapped_column

from app.db import BigInt, Json, Timestamp, now

Id = Annotated[int, mapped_column(BigInt, primary_key=True, autoincrement=True)]
Ref = Annotated[int, mapped_column(BigInt)]
Word = Annotated[str, mapped_column(String(64))]
Line = Annotated[str, mapped_column(String(512))]
Body = Annotated[str, mapped_column(Text)]
At = Annotated[datetime, mapped_column(Timestamp)]
Made = Annotated[datetime, mapped_column(Timestamp, default=now)]
Object = Annotated[dict[str, Any], mapped_column(Json, default=dict)]
Array = Annotated[list[Any], mapped_column(Json, default=list)]
