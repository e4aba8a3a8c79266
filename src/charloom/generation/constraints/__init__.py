"""Constraints on generated names, as values, and the automata that they are compiled to."""

from .bounds import RuleError as RuleError
from .compiled import CompiledConstraints as CompiledConstraints
from .values import Block as Block
from .values import Chars as Chars
from .values import Contains as Contains
from .values import End as End
from .values import Length as Length
from .values import Regex as Regex
from .values import Rule as Rule
from .values import Rules as Rules
from .values import Start as Start
from .values import compile_rules as compile_rules
