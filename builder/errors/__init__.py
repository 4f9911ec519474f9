"""Every error a user can meet, in one table.

Each entry says what happened, why, and what to do next. `code` is the stable number that C# and JavaScript see,
`exit_code` what the command returns. `docs/errors.md`, the runtime's TypeScript and the C# error codes are rendered
from `CATALOGUE`; texts hold `{named}` fields that a `Problem` fills in.
"""

# ruff: noqa: F403  a new row is written once, in its section, and found here by its name
from __future__ import annotations

from builder.errors.catalogue import CATALOGUE as CATALOGUE
from builder.errors.catalogue import EXIT_BAD_BUILD as EXIT_BAD_BUILD
from builder.errors.catalogue import EXIT_BAD_INPUT as EXIT_BAD_INPUT
from builder.errors.catalogue import EXIT_CASE_FAILED as EXIT_CASE_FAILED
from builder.errors.catalogue import EXIT_NO_BROWSER as EXIT_NO_BROWSER
from builder.errors.catalogue import ErrorKind as ErrorKind
from builder.errors.evaluate import *
from builder.errors.folder import *
from builder.errors.in_game import *
from builder.errors.model import *
from builder.errors.onnx import *
from builder.errors.options import *
from builder.errors.parity import *
from builder.errors.problems import Problem as Problem
from builder.errors.problems import UserError as UserError
from builder.errors.problems import fail as fail
from builder.errors.problems import problem as problem
from builder.errors.project import *
from builder.errors.toolchain import *
from builder.errors.verify import *
