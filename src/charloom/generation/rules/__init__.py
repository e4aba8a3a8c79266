"""What strings must obey: rules as values, and the automata that they become."""

from ..demand import Compiled as Compiled
from .bounds import RuleError as RuleError
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
