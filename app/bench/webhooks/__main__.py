"""See the package."""

import json
import sys
from dataclasses import asdict

from app.bench.webhooks.accounts import make

print(json.dumps([asdict(make(kind)) for kind in sys.argv[1:]]))
